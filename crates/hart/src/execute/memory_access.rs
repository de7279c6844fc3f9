//! Loads and stores: alignment, translation, RAM or device.

use isa::{Insn, Opcode};
use memory::{Bus, PAGE_SIZE, Width};

use crate::{Access, Hart, Trap};

/// Width of a load or store, and whether a loaded value is sign-extended.
const fn shape(op: Opcode) -> (Width, bool) {
    match op {
        Opcode::Lb => (Width::Byte, true),
        Opcode::Lbu | Opcode::Sb => (Width::Byte, false),
        Opcode::Lh => (Width::Half, true),
        Opcode::Lhu | Opcode::Sh => (Width::Half, false),
        Opcode::Lw => (Width::Word, true),
        Opcode::Lwu | Opcode::Sw => (Width::Word, false),
        _ => (Width::Double, false),
    }
}

/// Sign-extends the low `width` of `value`.
#[inline(always)]
#[must_use]
pub const fn sign_extend(value: u64, width: Width) -> u64 {
    let shift = 64 - 8 * width.bytes() as u32;
    ((value << shift) as i64 >> shift) as u64
}

impl Hart {
    pub(super) fn load_instruction(&mut self, bus: &mut Bus, insn: &Insn) -> Result<(), Trap> {
        let (width, signed) = shape(insn.op);
        let address = self.reg(insn.rs1).wrapping_add(insn.imm as i64 as u64);
        let value = self.load(bus, address, width)?;
        self.set_reg(
            insn.rd,
            if signed {
                sign_extend(value, width)
            } else {
                value
            },
        );
        Ok(())
    }

    pub(super) fn store_instruction(&mut self, bus: &mut Bus, insn: &Insn) -> Result<(), Trap> {
        let (width, _) = shape(insn.op);
        let address = self.reg(insn.rs1).wrapping_add(insn.imm as i64 as u64);
        self.store(bus, address, width, self.reg(insn.rs2))
    }

    /// Loads `width` bytes at virtual address `address`, as the current mode may.
    ///
    /// # Errors
    /// Misaligned address (without Zicclsm), page fault or access fault; `tval` is the address of
    /// the part that faulted.
    pub fn load(&mut self, bus: &mut Bus, address: u64, width: Width) -> Result<u64, Trap> {
        if !width.aligned(address) {
            return self.load_misaligned(bus, address, width);
        }
        let hit = self.translate_hit(bus, address, width.bytes(), Access::Load)?;
        let value = bus
            .load(hit.physical, width)
            .map_err(|fault| Trap::bus_fault(fault, Access::Load, address))?;
        self.fill_fast_data(bus, address, hit, Access::Load);
        Ok(value)
    }

    #[cold]
    fn load_misaligned(&mut self, bus: &mut Bus, address: u64, width: Width) -> Result<u64, Trap> {
        if !self.misaligned_ok {
            return Err(Trap::misaligned(Access::Load, address));
        }
        let bytes = width.bytes();
        let first = (PAGE_SIZE - address % PAGE_SIZE).min(bytes);
        let low = self.translate(bus, address, first, Access::Load)?;
        if first == bytes {
            return bus
                .load(low, width)
                .map_err(|fault| Trap::bus_fault(fault, Access::Load, address));
        }
        let second = address.wrapping_add(first);
        let high = self.translate(bus, second, bytes - first, Access::Load)?;
        let mut value = 0;
        for i in 0..bytes {
            let (physical, part) = if i < first {
                (low + i, address)
            } else {
                (high + (i - first), second)
            };
            let byte = bus
                .load(physical, Width::Byte)
                .map_err(|fault| Trap::bus_fault(fault, Access::Load, part))?;
            value |= byte << (8 * i);
        }
        Ok(value)
    }

    /// Stores the low `width` bytes of `value` at virtual address `address`, as the current mode may. A store that faults has
    /// changed nothing.
    ///
    /// # Errors
    /// Misaligned address (without Zicclsm), page fault or access fault; `tval` is the address of
    /// the part that faulted.
    pub fn store(
        &mut self,
        bus: &mut Bus,
        address: u64,
        width: Width,
        value: u64,
    ) -> Result<(), Trap> {
        if !width.aligned(address) {
            return self.store_misaligned(bus, address, width, value);
        }
        let hit = self.translate_hit(bus, address, width.bytes(), Access::Store)?;
        bus.store(hit.physical, width, value)
            .map_err(|fault| Trap::bus_fault(fault, Access::Store, address))?;
        self.fill_fast_data(bus, address, hit, Access::Store);
        Ok(())
    }

    #[cold]
    fn store_misaligned(
        &mut self,
        bus: &mut Bus,
        address: u64,
        width: Width,
        value: u64,
    ) -> Result<(), Trap> {
        if !self.misaligned_ok {
            return Err(Trap::misaligned(Access::Store, address));
        }
        let bytes = width.bytes();
        let first = (PAGE_SIZE - address % PAGE_SIZE).min(bytes);
        let low = self.translate(bus, address, first, Access::Store)?;
        if first == bytes {
            return bus
                .store(low, width, value)
                .map_err(|fault| Trap::bus_fault(fault, Access::Store, address));
        }
        let second = address.wrapping_add(first);
        let high = self.translate(bus, second, bytes - first, Access::Store)?;
        // Both halves must be RAM before either is written: a store that straddles into a
        // device, or off the end of RAM, changes nothing.
        for (physical, len, part) in [(low, first, address), (high, bytes - first, second)] {
            if bus.ram.offset_of(physical, len).is_none() {
                return Err(Trap::access_fault(Access::Store, part));
            }
        }
        let value = value.to_le_bytes();
        bus.ram.write(low, &value[..first as usize]);
        bus.ram.write(high, &value[first as usize..bytes as usize]);
        Ok(())
    }
}
