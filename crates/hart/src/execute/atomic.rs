//! Atomics: LR/SC, AMOs and compare-and-swap.

use isa::{Insn, Opcode};
use memory::{Bus, Width};

use super::memory_access::sign_extend;
use crate::semantics::atomic::amo;
use crate::{Access, Hart, Trap};

impl Hart {
    pub(super) fn atomic_instruction(&mut self, bus: &mut Bus, insn: &Insn) -> Result<(), Trap> {
        match insn.op {
            Opcode::LrW => self.load_reserved(bus, insn, Width::Word),
            Opcode::LrD => self.load_reserved(bus, insn, Width::Double),
            Opcode::ScW => self.store_conditional(bus, insn, Width::Word),
            Opcode::ScD => self.store_conditional(bus, insn, Width::Double),
            Opcode::AmocasQ => self.compare_and_swap_quad(bus, insn),
            op => {
                let width = Width::from_bytes(op.atomic_bytes()).unwrap_or(Width::Double);
                self.read_modify_write(bus, insn, width)
            }
        }
    }

    /// Where an atomic access may be made: aligned, permitted, and in RAM (devices have no
    /// atomics: PMA AMONone, RsrvNone).
    fn atomic_target(
        &mut self,
        bus: &mut Bus,
        address: u64,
        bytes: u64,
        access: Access,
    ) -> Result<u64, Trap> {
        if address & (bytes - 1) != 0 {
            return Err(Trap::misaligned(access, address));
        }
        let physical = self.translate(bus, address, bytes, access)?;
        if bus.ram.offset_of(physical, bytes).is_none() {
            return Err(Trap::access_fault(access, address));
        }
        Ok(physical)
    }

    fn load_reserved(&mut self, bus: &mut Bus, insn: &Insn, width: Width) -> Result<(), Trap> {
        let address = self.reg(insn.rs1);
        let physical = self.atomic_target(bus, address, width.bytes(), Access::Load)?;
        let value = bus.ram.load(physical, width).unwrap_or(0);
        bus.ram.note_load(physical, width.bytes());
        bus.ram.reserve(Some(physical));
        self.set_reg(insn.rd, sign_extend(value, width));
        Ok(())
    }

    fn store_conditional(&mut self, bus: &mut Bus, insn: &Insn, width: Width) -> Result<(), Trap> {
        let address = self.reg(insn.rs1);
        let physical = self.atomic_target(bus, address, width.bytes(), Access::Store)?;
        let set = physical & !(memory::ram::RESERVATION_BYTES - 1);
        let holds = bus.ram.reservation() == Some(set);
        bus.ram.reserve(None);
        if holds {
            bus.ram.store(physical, width, self.reg(insn.rs2));
        }
        self.set_reg(insn.rd, u64::from(!holds));
        Ok(())
    }

    fn read_modify_write(&mut self, bus: &mut Bus, insn: &Insn, width: Width) -> Result<(), Trap> {
        let address = self.reg(insn.rs1);
        let physical = self.atomic_target(bus, address, width.bytes(), Access::Store)?;
        let old = sign_extend(bus.ram.load(physical, width).unwrap_or(0), width);
        bus.ram.note_load(physical, width.bytes());
        let source = self.reg(insn.rs2);
        if insn.op.is_compare_and_swap() {
            if (old ^ self.reg(insn.rd)) & width.mask() == 0 {
                bus.ram.store(physical, width, source);
            }
        } else {
            bus.ram
                .store(physical, width, amo(insn.op, old, source, width));
        }
        self.set_reg(insn.rd, old);
        Ok(())
    }

    /// `amocas.q`: register pairs hold sixteen bytes; the pair at `x0` reads as zero and takes
    /// no result.
    fn compare_and_swap_quad(&mut self, bus: &mut Bus, insn: &Insn) -> Result<(), Trap> {
        let address = self.reg(insn.rs1);
        let physical = self.atomic_target(bus, address, 16, Access::Store)?;
        let pair = |low: u8| match low {
            0 => (0, 0),
            _ => (self.reg(low), self.reg(low + 1)),
        };
        let load = |at| bus.ram.load_u64(at).unwrap_or(0);
        let old = (load(physical), load(physical + 8));
        let (expected, new) = (pair(insn.rd), pair(insn.rs2));
        if old == expected {
            let bytes = (u128::from(new.1) << 64 | u128::from(new.0)).to_le_bytes();
            bus.ram.write(physical, &bytes);
        }
        if insn.rd != 0 {
            self.set_reg(insn.rd, old.0);
            self.set_reg(insn.rd + 1, old.1);
        }
        Ok(())
    }
}
