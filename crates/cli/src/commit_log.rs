//! A line for each instruction that retires, in the format of Spike's `--log-commits`.

use std::fmt::Write as _;
use std::io::Write;

use isa::trap::Interrupt;
use isa::{Insn, Opcode};
use machine::hart::{Hart, Privilege, Trap};
use machine::{Bus, Observer};

/// Writes the log.
pub struct CommitLog<W: Write> {
    out: W,
    privilege: Privilege,
    access: Option<(u64, Option<u64>)>,
    failed: Option<std::io::Error>,
}

impl<W: Write> CommitLog<W> {
    /// To `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            privilege: Privilege::Machine,
            access: None,
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

/// The CSRs that an instruction writes, by number.
fn csr_written(insn: &Insn) -> Option<u16> {
    use Opcode as O;
    let writes = match insn.op {
        O::Csrrw | O::Csrrwi => true,
        O::Csrrs | O::Csrrc | O::Csrrsi | O::Csrrci => insn.rs1 != 0,
        _ => false,
    };
    writes.then_some(insn.imm as u16)
}

impl<W: Write> Observer for CommitLog<W> {
    fn before(&mut self, hart: &Hart, _: &Bus, insn: &Insn, _: u32) {
        self.privilege = hart.privilege;
        self.access = memory_access(insn).map(|(bytes, stores)| {
            let offset = if insn.op.is_atomic() {
                0
            } else {
                insn.imm as i64 as u64
            };
            let float = matches!(insn.op, Opcode::Fsh | Opcode::Fsw | Opcode::Fsd);
            let source = if float {
                hart.f[usize::from(insn.rs2)]
            } else {
                hart.reg(insn.rs2)
            };
            let stored = stores.then_some(source);
            let _ = bytes;
            (hart.reg(insn.rs1).wrapping_add(offset), stored)
        });
    }

    fn retired(&mut self, hart: &Hart, bus: &Bus, pc: u64, insn: &Insn, word: u32) {
        let mut line = format!(
            "core{:4}: {} 0x{pc:016x} ({})",
            hart.id(),
            self.privilege as u8,
            value_of(u64::from(insn.len), u64::from(word))
        );
        let float = insn.op.writes_float();
        // Writing to a string cannot fail.
        if float {
            let _ = write!(
                line,
                " f{:<2} 0x{:016x}",
                insn.rd,
                hart.f[usize::from(insn.rd)]
            );
        } else if insn.op.writes_integer() && insn.rd != 0 {
            let _ = write!(line, " x{:<2} 0x{:016x}", insn.rd, hart.reg(insn.rd));
        }
        if let Some(number) = csr_written(insn) {
            let value = hart.peek_csr(bus, number).unwrap_or(0);
            let name = isa::csr::name(number).unwrap_or("unknown");
            let _ = write!(line, " c{number}_{name} 0x{value:016x}");
        }
        if let (Some((address, stored)), Some((bytes, _))) = (self.access, memory_access(insn)) {
            let _ = write!(line, " mem 0x{address:016x}");
            if let Some(value) = stored {
                let _ = write!(line, " {}", value_of(bytes, value));
            }
        }
        line.push('\n');
        if self.failed.is_none()
            && let Err(error) = self.out.write_all(line.as_bytes())
        {
            self.failed = Some(error);
        }
    }

    fn trapped(&mut self, _: &Hart, _: &Bus, _: u64, _: Trap) {}

    fn interrupted(&mut self, _: &Hart, _: &Bus, _: u64, _: Interrupt) {}
}
