//! Floating-point instructions: state checks, loads and stores, and the call into
//! [`crate::semantics::float`].

use isa::{Insn, Opcode};
use memory::{Bus, Width};
use softfloat::{Flags, RoundingMode};

use crate::semantics::float::{RegisterFile, float_form, float_op};
use crate::{Hart, Slot, Trap, status};

/// What a NaN-boxed value of `width` has above it.
const fn boxed(value: u64, width: Width) -> u64 {
    value | !width.mask()
}

/// Rounding-mode field that means "as `frm` says".
const DYNAMIC: u8 = 7;

impl Hart {
    pub(super) fn float_instruction(
        &mut self,
        bus: &mut Bus,
        insn: &Insn,
        word: u32,
    ) -> Result<(), Trap> {
        if self[Slot::Mstatus] & status::FS == 0 {
            return Err(Trap::illegal(word));
        }
        let width = match insn.op {
            Opcode::Flh | Opcode::Fsh => Width::Half,
            Opcode::Flw | Opcode::Fsw => Width::Word,
            Opcode::Fld | Opcode::Fsd => Width::Double,
            _ => return self.float_compute(insn, word),
        };
        let address = self.reg(insn.rs1).wrapping_add(insn.imm as i64 as u64);
        if matches!(insn.op, Opcode::Fsh | Opcode::Fsw | Opcode::Fsd) {
            return self.store(bus, address, width, self.f[usize::from(insn.rs2 & 31)]);
        }
        let value = self.load(bus, address, width)?;
        self.f[usize::from(insn.rd & 31)] = boxed(value, width);
        self.mark_float_dirty();
        Ok(())
    }

    /// The rounding mode of an instruction, if it is a defined one.
    fn rounding_mode(&self, field: u8) -> Option<RoundingMode> {
        let mode = if field == DYNAMIC {
            self[Slot::Frm] as u8
        } else {
            field
        };
        RoundingMode::from_bits(mode)
    }

    fn float_compute(&mut self, insn: &Insn, word: u32) -> Result<(), Trap> {
        let form = float_form(insn.op);
        let mode = if form.uses_rm {
            self.rounding_mode(insn.aux).ok_or(Trap::illegal(word))?
        } else {
            RoundingMode::NearestEven
        };
        let read = |file: RegisterFile, number: u8| match file {
            RegisterFile::Int => self.reg(number),
            RegisterFile::Float => self.f[usize::from(number & 31)],
        };
        let a = read(form.src1, insn.rs1);
        let b = read(RegisterFile::Float, insn.rs2);
        let c = read(RegisterFile::Float, insn.rs3);
        let mut flags = Flags::default();
        let value = float_op(insn, a, b, c, mode, &mut flags);
        match form.dest {
            RegisterFile::Int => self.set_reg(insn.rd, value),
            RegisterFile::Float => {
                self.f[usize::from(insn.rd & 31)] = value;
                self.mark_float_dirty();
            }
        }
        if !flags.is_empty() {
            self[Slot::Fflags] |= u64::from(flags.bits());
            self.mark_float_dirty();
        }
        Ok(())
    }
}
