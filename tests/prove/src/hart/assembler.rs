//! A small assembler with labels, over `isa::encode`.

use isa::{Insn, Opcode, encode};

/// A place in the code that may not be known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// Code under construction.
pub struct Assembler {
    base: u64,
    words: Vec<u32>,
    labels: Vec<Option<u64>>,
    fixups: Vec<(usize, Insn, Label)>,
}

/// An integer register by its name.
pub fn x(name: &str) -> u8 {
    isa::reg::x_number(name).expect("the name of an integer register")
}

/// A CSR by its name.
pub fn csr(name: &str) -> i32 {
    i32::from(isa::csr::number(name).expect("the name of a CSR"))
}

/// `op` with its operands.
pub fn insn(op: Opcode, rd: u8, rs1: u8, rs2: u8, imm: i32) -> Insn {
    let mut insn = Insn::new(op);
    (insn.rd, insn.rs1, insn.rs2, insn.imm) = (rd, rs1, rs2, imm);
    insn
}

/// The shortest usual sequence that loads a constant.
pub fn load_constant(rd: u8, value: u64) -> Vec<Insn> {
    let signed = value as i64;
    if let Ok(word) = i32::try_from(signed) {
        let low = word << 20 >> 20;
        let high = word.wrapping_sub(low);
        if high == 0 {
            return vec![insn(Opcode::Addi, rd, 0, 0, low)];
        }
        let mut sequence = vec![insn(Opcode::Lui, rd, 0, 0, high)];
        if low != 0 {
            sequence.push(insn(Opcode::Addiw, rd, rd, 0, low));
        }
        return sequence;
    }
    let low = (value as i32) << 20 >> 20;
    let rest = signed.wrapping_sub(i64::from(low));
    let shift = rest.trailing_zeros();
    let mut sequence = load_constant(rd, (rest >> shift) as u64);
    sequence.push(insn(Opcode::Slli, rd, rd, 0, shift as i32));
    if low != 0 {
        sequence.push(insn(Opcode::Addi, rd, rd, 0, low));
    }
    sequence
}

impl Assembler {
    pub fn new(base: u64) -> Self {
        Self {
            base,
            words: Vec::new(),
            labels: Vec::new(),
            fixups: Vec::new(),
        }
    }

    pub fn here(&self) -> u64 {
        self.base + 4 * self.words.len() as u64
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    pub fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.here());
    }

    /// A label that is here.
    pub fn label_here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    pub fn insn(&mut self, insn: Insn) {
        self.words
            .push(encode(&insn).expect("an instruction of the harness has an encoding"));
    }

    pub fn r(&mut self, op: Opcode, rd: &str, rs1: &str, rs2: &str) {
        self.insn(insn(op, x(rd), x(rs1), x(rs2), 0));
    }

    /// `op rd, rs1, imm`, and loads as `op rd, imm(rs1)`
    pub fn i(&mut self, op: Opcode, rd: &str, rs1: &str, imm: i32) {
        self.insn(insn(op, x(rd), x(rs1), 0, imm));
    }

    /// `sd rs2, imm(rs1)`
    pub fn store(&mut self, op: Opcode, rs2: &str, rs1: &str, imm: i32) {
        self.insn(insn(op, 0, x(rs1), x(rs2), imm));
    }

    pub fn csr(&mut self, op: Opcode, rd: &str, name: &str, rs1: &str) {
        self.insn(insn(op, x(rd), x(rs1), 0, csr(name)));
    }

    pub fn read_csr(&mut self, rd: &str, name: &str) {
        self.csr(Opcode::Csrrs, rd, name, "zero");
    }

    pub fn write_csr(&mut self, name: &str, rs1: &str) {
        self.csr(Opcode::Csrrw, "zero", name, rs1);
    }

    pub fn li(&mut self, rd: &str, value: u64) {
        for insn in load_constant(x(rd), value) {
            self.insn(insn);
        }
    }

    pub fn branch(&mut self, op: Opcode, rs1: &str, rs2: &str, to: Label) {
        let branch = insn(op, 0, x(rs1), x(rs2), 0);
        self.fixups.push((self.words.len(), branch, to));
        self.words.push(0);
    }

    pub fn jump(&mut self, to: Label) {
        self.call("zero", to);
    }

    pub fn call(&mut self, link: &str, to: Label) {
        let jump = insn(Opcode::Jal, x(link), 0, 0, 0);
        self.fixups.push((self.words.len(), jump, to));
        self.words.push(0);
    }

    pub fn ret(&mut self, link: &str) {
        self.i(Opcode::Jalr, "zero", link, 0);
    }

    /// The code, with all labels resolved.
    pub fn finish(mut self) -> Vec<u8> {
        for (at, mut insn, label) in std::mem::take(&mut self.fixups) {
            let target = self.labels[label.0].expect("a label that was placed");
            insn.imm = target.wrapping_sub(self.base + 4 * at as u64) as i32;
            self.words[at] = encode(&insn).expect("a jump within reach");
        }
        self.words.iter().flat_map(|w| w.to_le_bytes()).collect()
    }
}
