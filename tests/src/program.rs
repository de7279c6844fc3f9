//! Programs written in Rust: a small assembler over `isa::encode`.

use isa::{Insn, IsaConfig, Opcode, encode};
use machine::{Config, Machine};

/// Where programs begin.
pub const BASE: u64 = abi::memory_map::RAM_BASE;
/// Where their data may stand, on pages of their own.
pub const DATA: u64 = BASE + 0x1_0000;

/// A program under construction. Each program ends in `wfi` with everything masked: the machine then
/// stops, and the test looks at its registers.
#[derive(Clone, Debug, Default)]
pub struct Program {
    words: Vec<u32>,
}

/// Register numbers by ABI name.
#[must_use]
pub fn x(name: &str) -> u8 {
    isa::reg::x_number(name).expect("a register's name")
}

impl Program {
    /// An empty program.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Address of the next instruction.
    #[must_use]
    pub fn here(&self) -> u64 {
        BASE + 4 * self.words.len() as u64
    }

    /// Adds an encoding as it stands.
    #[must_use]
    pub fn word(mut self, word: u32) -> Self {
        self.words.push(word);
        self
    }

    /// Adds an instruction.
    ///
    /// # Panics
    /// When it has no encoding.
    #[must_use]
    pub fn insn(self, insn: Insn) -> Self {
        let word = encode(&insn).expect("an instruction that can be encoded");
        self.word(word)
    }

    /// `op rd, rs1, rs2`
    #[must_use]
    pub fn r(self, op: Opcode, rd: &str, rs1: &str, rs2: &str) -> Self {
        let mut insn = Insn::new(op);
        (insn.rd, insn.rs1, insn.rs2) = (x(rd), x(rs1), x(rs2));
        self.insn(insn)
    }

    /// `op rd, rs1, imm`, and loads as `op rd, imm(rs1)`
    #[must_use]
    pub fn i(self, op: Opcode, rd: &str, rs1: &str, imm: i32) -> Self {
        let mut insn = Insn::new(op);
        (insn.rd, insn.rs1, insn.imm) = (x(rd), x(rs1), imm);
        self.insn(insn)
    }

    /// Stores and branches: `op rs2, imm(rs1)`, `op rs1, rs2, distance`
    #[must_use]
    pub fn s(self, op: Opcode, rs1: &str, rs2: &str, imm: i32) -> Self {
        let mut insn = Insn::new(op);
        (insn.rs1, insn.rs2, insn.imm) = (x(rs1), x(rs2), imm);
        self.insn(insn)
    }

    /// An instruction without operands.
    #[must_use]
    pub fn op(self, op: Opcode) -> Self {
        self.insn(Insn::new(op))
    }

    /// `csrrw rd, csr, rs1`, by name
    #[must_use]
    pub fn csrrw(self, rd: &str, csr: &str, rs1: &str) -> Self {
        let number = isa::csr::number(csr).expect("a CSR's name");
        self.i(Opcode::Csrrw, rd, rs1, i32::from(number))
    }

    /// `csrrs rd, csr, rs1`, by name
    #[must_use]
    pub fn csrrs(self, rd: &str, csr: &str, rs1: &str) -> Self {
        let number = isa::csr::number(csr).expect("a CSR's name");
        self.i(Opcode::Csrrs, rd, rs1, i32::from(number))
    }

    /// Loads a 64-bit constant, in eight instructions whatever it is.
    #[must_use]
    pub fn li(mut self, rd: &str, value: u64) -> Self {
        self = self.i(Opcode::Addi, rd, "zero", (value >> 55) as i32);
        for shift in [44, 33, 22, 11, 0] {
            self = self.i(Opcode::Slli, rd, rd, 11);
            let part = (value >> shift & 0x7ff) as i32;
            self = self.i(Opcode::Ori, rd, rd, part);
        }
        self
    }

    /// Writes a constant to a CSR, by way of t6.
    #[must_use]
    pub fn set_csr(self, csr: &str, value: u64) -> Self {
        self.li("t6", value).csrrw("zero", csr, "t6")
    }

    /// Pads with `nop`s up to an address.
    #[must_use]
    pub fn up_to(mut self, address: u64) -> Self {
        while self.here() < address {
            self = self.i(Opcode::Addi, "zero", "zero", 0);
        }
        self
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    /// Runs the program by both engines, with `wfi` behind it, and returns the machine of one after
    /// checking that the other's is the same.
    ///
    /// # Panics
    /// When the engines differ or the program does not end within a million steps.
    #[must_use]
    pub fn run(self, isa: IsaConfig) -> Machine {
        self.run_with(isa, |_| {})
    }

    /// The same, with memory or registers prepared before the first step.
    ///
    /// # Panics
    /// When the engines differ or the program does not end within a million steps.
    #[must_use]
    pub fn run_with(self, isa: IsaConfig, prepare: impl Fn(&mut Machine)) -> Machine {
        let program = self.op(Opcode::Wfi).i(Opcode::Jal, "zero", "zero", -4);
        let run = |plain_engine| {
            let config = Config {
                memory: 16 << 20,
                isa,
                plain_engine,
                ..Config::default()
            };
            let mut machine = Machine::new(config).expect("a small machine");
            machine.bus_mut().ram.write(BASE, &program.bytes());
            prepare(&mut machine);
            let stop = machine.run(1_000_000);
            assert!(matches!(stop, machine::Stop::Stuck(_)), "{stop:?}");
            machine
        };
        let (threaded, plain) = (run(false), run(true));
        assert_eq!(threaded.steps(), plain.steps());
        assert_eq!(threaded.state_hash(), plain.state_hash());
        threaded
    }
}

/// An integer register of hart 0, by name.
#[must_use]
pub fn reg(machine: &Machine, name: &str) -> u64 {
    machine.harts()[0].reg(x(name))
}

/// A CSR of hart 0, by name.
///
/// # Panics
/// When there is none of that name.
#[must_use]
pub fn csr(machine: &Machine, name: &str) -> u64 {
    let number = isa::csr::number(name).expect("a CSR's name");
    machine.harts()[0]
        .peek_csr(machine.bus(), number)
        .expect("a CSR of the hart")
}
