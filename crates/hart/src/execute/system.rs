//! System instructions: CSR accesses, `ecall` and `ebreak`, returns, WFI, fences.

use isa::trap::Exception;
use isa::{Extension, Insn, Opcode};
use memory::{Bus, Width};

use crate::csr::IllegalCsr;
use crate::{Access, Flow, Hart, Privilege, Slot, Trap, status};

/// `slli x0, x0, 0x1f` and `srai x0, x0, 7` around an `ebreak` make a semihosting call.
const SEMIHOSTING_BEFORE: u64 = 0x01f0_1013;
const SEMIHOSTING_AFTER: u64 = 0x4070_5013;
/// `fence w, 0`, which is `pause` (Zihintpause).
const PAUSE: i32 = 0x010;

impl Hart {
    pub(super) fn system_instruction(
        &mut self,
        bus: &mut Bus,
        insn: &Insn,
        word: u32,
    ) -> Result<Flow, Trap> {
        use Opcode as O;
        match insn.op {
            O::Csrrw | O::Csrrs | O::Csrrc | O::Csrrwi | O::Csrrsi | O::Csrrci => self
                .csr_instruction(bus, insn)
                .map_err(|IllegalCsr| Trap::illegal(word)),
            O::Fence if insn.imm == PAUSE && self.isa().has(Extension::Zihintpause) => {
                Ok(Flow::Yield)
            }
            O::Fence => Ok(Flow::Next),
            O::FenceI => Ok(Flow::Sync),
            O::WrsNto | O::WrsSto => Ok(Flow::Yield),
            O::Ecall => Err(Trap::new(self.ecall_cause(), 0)),
            O::Ebreak if self.semihosting && self.is_semihosting_call(bus) => Ok(Flow::HostCall),
            O::Ebreak => Err(Trap::new(Exception::Breakpoint, self.pc)),
            O::Mret => {
                self.require(self.privilege == Privilege::Machine, word)?;
                self.return_from_machine();
                Ok(Flow::Returned)
            }
            O::Sret => {
                self.require_supervisor(status::TSR, word)?;
                self.return_from_supervisor();
                Ok(Flow::Returned)
            }
            O::Wfi => self.wait_for_interrupt(word),
            O::SfenceVma | O::SinvalVma => {
                self.require_supervisor(status::TVM, word)?;
                let address = (insn.rs1 != 0).then(|| self.reg(insn.rs1));
                let asid = (insn.rs2 != 0).then(|| self.reg(insn.rs2) as u16);
                self.fence_translations(address, asid);
                Ok(Flow::Sync)
            }
            O::SfenceWInval | O::SfenceInvalIr => {
                self.require_supervisor(0, word)?;
                Ok(Flow::Sync)
            }
            _ => self.cache_instruction(bus, insn, word),
        }
    }

    fn require(&self, condition: bool, word: u32) -> Result<(), Trap> {
        if condition {
            Ok(())
        } else {
            Err(Trap::illegal(word))
        }
    }

    /// S-mode may, unless the `mstatus` bit `trap_bit` gives it to M-mode; U-mode may not.
    fn require_supervisor(&self, trap_bit: u64, word: u32) -> Result<(), Trap> {
        let trapped = self[Slot::Mstatus] & trap_bit != 0;
        let allowed = match self.privilege {
            Privilege::Machine => true,
            Privilege::Supervisor => !trapped,
            Privilege::User => false,
        };
        self.require(allowed && self.isa().has(Extension::S), word)
    }

    const fn ecall_cause(&self) -> Exception {
        match self.privilege {
            Privilege::User => Exception::EcallFromU,
            Privilege::Supervisor => Exception::EcallFromS,
            Privilege::Machine => Exception::EcallFromM,
        }
    }

    fn wait_for_interrupt(&mut self, word: u32) -> Result<Flow, Trap> {
        let time_limited = self[Slot::Mstatus] & status::TW != 0;
        let allowed = match self.privilege {
            Privilege::Machine => true,
            Privilege::Supervisor => !time_limited,
            Privilege::User => !time_limited && !self.isa().has(Extension::S),
        };
        self.require(allowed, word)?;
        self.waiting = true;
        Ok(Flow::Wait)
    }

    fn csr_instruction(&mut self, bus: &mut Bus, insn: &Insn) -> Result<Flow, IllegalCsr> {
        use Opcode as O;
        let number = insn.imm as u16 & 0xfff;
        let operand = match insn.op {
            O::Csrrw | O::Csrrs | O::Csrrc => self.reg(insn.rs1),
            _ => u64::from(insn.rs1),
        };
        let replaces = matches!(insn.op, O::Csrrw | O::Csrrwi);
        if !replaces && insn.rs1 == 0 {
            let value = self.read_csr(bus, number)?;
            self.set_reg(insn.rd, value);
            return Ok(Flow::Next);
        }
        let old = self.read_csr(bus, number)?;
        let base = self.csr_to_modify(number, old);
        let new = match insn.op {
            O::Csrrw | O::Csrrwi => operand,
            O::Csrrs | O::Csrrsi => base | operand,
            _ => base & !operand,
        };
        self.write_csr(bus, number, new)?;
        self.set_reg(insn.rd, old);
        Ok(Flow::Sync)
    }

    /// Whether the `ebreak` at `pc` stands between the two marks of a semihosting call.
    fn is_semihosting_call(&self, bus: &Bus) -> bool {
        let word_at = |address: u64| {
            let leaf = self.peek_translation(bus, address, Access::Fetch, self.privilege);
            leaf.ok()
                .and_then(|leaf| bus.ram.load(leaf.physical, Width::Word))
        };
        word_at(self.pc.wrapping_sub(4)) == Some(SEMIHOSTING_BEFORE)
            && word_at(self.pc.wrapping_add(4)) == Some(SEMIHOSTING_AFTER)
    }
}
