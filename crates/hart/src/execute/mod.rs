//! What one decoded instruction does to a hart and its bus.
//!
//! This is the reference meaning of the machine. Fast engines have shortcuts for the common
//! cases of common instructions and come here for everything else.

mod atomic;
pub mod cache;
mod float;
mod memory_access;
mod system;

use isa::{Insn, Opcode};
use memory::Bus;

use crate::semantics::{crypto, integer};
use crate::{Hart, Trap};

/// Where the hart goes on after an instruction that did not trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// At the next instruction.
    Next,
    /// At the next instruction, once interrupts were sampled and translations looked up again.
    Sync,
    /// At this address.
    Jump(u64),
    /// At `hart.pc`, which the instruction has set; interrupts are sampled first.
    Returned,
    /// At the next instruction, when an interrupt wakes it.
    Wait,
    /// At the next instruction, after the other harts had their turn.
    Yield,
    /// The host does a semihosting call; `hart.pc` still is at its `ebreak`.
    HostCall,
}

impl Hart {
    /// Executes one instruction at `hart.pc`. `word` is its encoding, for `tval`. The program counter is not moved
    /// (except as [`Flow::Returned`] says): the engine does that.
    ///
    /// # Errors
    /// The exception that the instruction raises; the hart is then unchanged.
    pub fn execute(&mut self, bus: &mut Bus, insn: &Insn, word: u32) -> Result<Flow, Trap> {
        use Opcode as O;
        match insn.op {
            O::Lui => self.set_reg(insn.rd, insn.imm as i64 as u64),
            O::Auipc => self.set_reg(insn.rd, self.pc.wrapping_add(insn.imm as i64 as u64)),
            O::Jal => return self.jump(insn, self.pc.wrapping_add(insn.imm as i64 as u64)),
            O::Jalr => {
                let target = self.reg(insn.rs1).wrapping_add(insn.imm as i64 as u64) & !1;
                return self.jump(insn, target);
            }
            O::Beq | O::Bne | O::Blt | O::Bge | O::Bltu | O::Bgeu => {
                if integer::branch_taken(insn.op, self.reg(insn.rs1), self.reg(insn.rs2)) {
                    let target = self.pc.wrapping_add(insn.imm as i64 as u64);
                    return self.check_target(target).map(|()| Flow::Jump(target));
                }
            }
            op if op.is_load() => self.load_instruction(bus, insn)?,
            op if op.is_store() => self.store_instruction(bus, insn)?,
            op if op.is_atomic() => self.atomic_instruction(bus, insn)?,
            op if op.is_float() => self.float_instruction(bus, insn, word)?,
            op if op.is_system() => return self.system_instruction(bus, insn, word),
            // May-be operations: no extension has given them a meaning, so they write zero.
            O::MopR | O::MopRr => self.set_reg(insn.rd, 0),
            O::CMop => {}
            O::Sm4ed | O::Sm4ks => {
                let (a, b) = (self.reg(insn.rs1), self.reg(insn.rs2));
                self.set_reg(insn.rd, crypto::sm4(insn.op, a, b, insn.imm as u8));
            }
            _ => self.compute(insn),
        }
        Ok(Flow::Next)
    }

    fn compute(&mut self, insn: &Insn) {
        let b = match insn.op.second_operand() {
            isa::SecondOperand::Register => self.reg(insn.rs2),
            isa::SecondOperand::Immediate => insn.imm as i64 as u64,
        };
        let value = integer::alu(insn.op, self.reg(insn.rs1), b);
        self.set_reg(insn.rd, value);
    }

    fn jump(&mut self, insn: &Insn, target: u64) -> Result<Flow, Trap> {
        self.check_target(target)?;
        self.set_reg(insn.rd, self.pc.wrapping_add(u64::from(insn.len)));
        Ok(Flow::Jump(target))
    }

    /// Without C, a jump to an address that is no multiple of four traps at the jump.
    fn check_target(&self, target: u64) -> Result<(), Trap> {
        if target & 2 != 0 && !self.isa().has(isa::Extension::C) {
            return Err(Trap::misaligned(crate::Access::Fetch, target));
        }
        Ok(())
    }
}
