//! A line for each instruction that retires, in the format of Spike's `--log-commits`.

use std::fmt::Write as _;
use std::io::Write;

use isa::trap::Interrupt;
use isa::{Insn, Opcode, csr};
use machine::hart::{Access, Hart, Privilege, Slot, Trap};
use machine::{Bus, Observer, Width};

/// Writes the log.
pub struct CommitLog<W: Write> {
    out: W,
    before: Before,
    failed: Option<std::io::Error>,
}

/// What a line needs to know of the time before its instruction.
#[derive(Clone, Copy)]
struct Before {
    privilege: Privilege,
    /// Where it loads or stores.
    address: u64,
    mstatus: u64,
    fflags: u64,
}

impl<W: Write> CommitLog<W> {
    /// To `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            before: Before {
                privilege: Privilege::Machine,
                address: 0,
                mstatus: 0,
                fflags: 0,
            },
            failed: None,
        }
    }

    /// Ends the log.
    ///
    /// # Errors
    /// What went wrong when writing, the first time.
    pub fn finish(mut self) -> std::io::Result<()> {
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

/// Bytes that a load or store accesses, and whether it stores.
fn memory_access(insn: &Insn) -> Option<(u64, bool)> {
    use Opcode as O;
    let bytes = match insn.op {
        O::Lb | O::Lbu | O::Sb => 1,
        O::Lh | O::Lhu | O::Sh | O::Flh | O::Fsh => 2,
        O::Lw | O::Lwu | O::Sw | O::Flw | O::Fsw => 4,
        O::Ld | O::Sd | O::Fld | O::Fsd => 8,
        op if op.is_atomic() => op.atomic_bytes(),
        _ => return None,
    };
    let stores = insn.op.is_store()
        || matches!(insn.op, O::Fsh | O::Fsw | O::Fsd)
        || insn.op.is_atomic() && !matches!(insn.op, O::LrW | O::LrD);
    Some((bytes, stores))
}

fn value_of(bytes: u64, value: u64) -> String {
    let digits = (2 * bytes) as usize;
    let mask = if bytes >= 8 {
        u64::MAX
    } else {
        (1 << (8 * bytes)) - 1
    };
    format!("0x{:0digits$x}", value & mask)
}

/// The CSR that a CSR instruction writes.
fn csr_written(insn: &Insn) -> Option<u16> {
    use Opcode as O;
    let writes = match insn.op {
        O::Csrrw | O::Csrrwi => true,
        O::Csrrs | O::Csrrc | O::Csrrsi | O::Csrrci => insn.rs1 != 0,
        _ => false,
    };
    writes.then_some(insn.imm as u16)
}

impl Before {
    /// The CSRs that an instruction has written, under the names of the registers behind views, as
    /// Spike gives them.
    fn csrs(&self, hart: &Hart, insn: &Insn) -> Vec<u16> {
        let mut written = match csr_written(insn) {
            Some(csr::FCSR) => vec![csr::FFLAGS, csr::FRM],
            Some(csr::SSTATUS) => vec![csr::MSTATUS],
            Some(csr::SIE) => vec![csr::MIE],
            Some(csr::SIP) => vec![csr::MIP],
            Some(number) => vec![number],
            None if matches!(insn.op, Opcode::Mret | Opcode::Sret) => vec![csr::MSTATUS],
            None => Vec::new(),
        };
        if hart[Slot::Mstatus] != self.mstatus && !written.contains(&csr::MSTATUS) {
            written.push(csr::MSTATUS);
        }
        if hart[Slot::Fflags] != self.fflags && !written.contains(&csr::FFLAGS) {
            written.push(csr::FFLAGS);
        }
        written
    }
}

/// Spike orders registers by number first, then integer, floating-point, CSR.
fn order(number: u16, kind: u32) -> u32 {
    u32::from(number) << 4 | kind
}

/// The registers that an instruction has written.
fn registers(before: &Before, hart: &Hart, bus: &Bus, insn: &Insn) -> String {
    let mut written = Vec::new();
    let rd = insn.rd;
    if insn.op.writes_float() {
        let value = hart.f[usize::from(rd)];
        written.push((order(rd.into(), 1), format!(" f{rd:<2} 0x{value:016x}")));
    } else if insn.op.writes_integer() && rd != 0 {
        let value = hart.reg(rd);
        written.push((order(rd.into(), 0), format!(" x{rd:<2} 0x{value:016x}")));
    }
    for number in before.csrs(hart, insn) {
        let value = hart.peek_csr(bus, number).unwrap_or(0);
        let name = csr::name(number).unwrap_or("unknown");
        let text = format!(" c{number}_{name} 0x{value:016x}");
        written.push((order(number, 4), text));
    }
    written.sort();
    written.into_iter().map(|(_, text)| text).collect()
}

/// The memory that an instruction has loaded from and stored to, and what it stored.
fn accesses(before: &Before, hart: &Hart, bus: &Bus, insn: &Insn) -> String {
    let Some((bytes, stores)) = memory_access(insn) else {
        return String::new();
    };
    let address = before.address;
    let conditional = matches!(insn.op, Opcode::ScW | Opcode::ScD);
    if conditional && hart.reg(insn.rd) != 0 {
        return String::new();
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    if !stores || insn.op.is_atomic() && !conditional {
        let _ = write!(text, " mem 0x{address:016x}");
    }
    if stores {
        let value = match insn.op {
            Opcode::Fsh | Opcode::Fsw | Opcode::Fsd => hart.f[usize::from(insn.rs2)],
            op if op.is_store() => hart.reg(insn.rs2),
            _ => stored(hart, bus, address, bytes),
        };
        let _ = write!(text, " mem 0x{address:016x} {}", value_of(bytes, value));
    }
    text
}

/// What stands in memory after an atomic operation.
fn stored(hart: &Hart, bus: &Bus, address: u64, bytes: u64) -> u64 {
    let byte = |i: u64| {
        let at = address.wrapping_add(i);
        let privilege = hart.contexts.data_privilege;
        let leaf = hart
            .peek_translation(bus, at, Access::Load, privilege)
            .ok()?;
        bus.ram.load(leaf.physical, Width::Byte)
    };
    let value = (0..bytes.min(8)).rev();
    value.fold(0, |value, i| value << 8 | byte(i).unwrap_or(0))
}

impl<W: Write> Observer for CommitLog<W> {
    fn before(&mut self, hart: &Hart, _: &Bus, insn: &Insn, _: u32) {
        let offset = if insn.op.is_atomic() {
            0
        } else {
            insn.imm as i64 as u64
        };
        self.before = Before {
            privilege: hart.privilege,
            address: hart.reg(insn.rs1).wrapping_add(offset),
            mstatus: hart[Slot::Mstatus],
            fflags: hart[Slot::Fflags],
        };
    }

    fn retired(&mut self, hart: &Hart, bus: &Bus, pc: u64, insn: &Insn, word: u32) {
        let line = format!(
            "core{:4}: {} 0x{pc:016x} ({}){}{}\n",
            hart.id(),
            self.before.privilege as u8,
            value_of(u64::from(insn.len), u64::from(word)),
            registers(&self.before, hart, bus, insn),
            accesses(&self.before, hart, bus, insn),
        );
        if self.failed.is_none()
            && let Err(error) = self.out.write_all(line.as_bytes())
        {
            self.failed = Some(error);
        }
    }

    fn trapped(&mut self, _: &Hart, _: &Bus, _: u64, _: Trap) {}

    fn interrupted(&mut self, _: &Hart, _: &Bus, _: u64, _: Interrupt) {}
}
