//! Cache-block operations (Zicbom, Zicboz). There is no cache: what remains are the permissions and
//! zeroing.

use isa::{Insn, Opcode};
use memory::Bus;

use crate::csr::envcfg;
use crate::{Access, Flow, Hart, Privilege, Slot, Trap};

/// Bytes in a cache block, for all three operations.
pub const BLOCK: u64 = 64;

impl Hart {
    /// The field of the `envcfg` registers under `mask` that lets the current mode do an
    /// operation: the smaller of what M-mode and S-mode grant.
    fn granted(&self, mask: u64) -> u64 {
        let machine = self[Slot::Menvcfg] & mask;
        let supervisor = self[Slot::Senvcfg] & mask;
        let has_s = self.isa().has(isa::Extension::S);
        match self.privilege {
            Privilege::Machine => mask,
            Privilege::Supervisor => machine,
            Privilege::User if has_s => machine.min(supervisor),
            Privilege::User => machine,
        }
    }

    /// The physical address of the block that `address` is in, all of which must be permitted. The fault's address
    /// is `address` itself ("Cache-Block Management Instructions").
    fn translate_block(
        &mut self,
        bus: &mut Bus,
        address: u64,
        access: Access,
    ) -> Result<u64, Trap> {
        self.translate(bus, address & !(BLOCK - 1), BLOCK, access)
            .map_err(|trap| Trap::new(trap.cause, address))
    }

    pub(super) fn cache_instruction(
        &mut self,
        bus: &mut Bus,
        insn: &Insn,
        word: u32,
    ) -> Result<Flow, Trap> {
        let mask = match insn.op {
            Opcode::CboZero => envcfg::CBZE,
            Opcode::CboInval => envcfg::CBIE,
            _ => envcfg::CBCFE,
        };
        if self.granted(mask) == 0 {
            return Err(Trap::illegal(word));
        }
        let address = self.reg(insn.rs1);
        if insn.op == Opcode::CboZero {
            let physical = self.translate_block(bus, address, Access::Store)?;
            if !bus.ram.write(physical, &[0; BLOCK as usize]) {
                return Err(Trap::access_fault(Access::Store, address));
            }
            return Ok(Flow::Next);
        }
        // A load permission is enough; if it is missing, the fault is a store's.
        let physical = self
            .translate_block(bus, address, Access::Load)
            .map_err(|trap| {
                if trap.cause == isa::trap::Exception::LoadPageFault {
                    Trap::page_fault(Access::Store, address)
                } else {
                    Trap::access_fault(Access::Store, address)
                }
            })?;
        if bus.ram.offset_of(physical, BLOCK).is_none() && !bus.is_device(physical) {
            return Err(Trap::access_fault(Access::Store, address));
        }
        Ok(Flow::Next)
    }
}
