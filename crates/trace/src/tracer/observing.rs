//! What an observer is told.

use isa::Insn;
use isa::trap::{Exception, Interrupt};
use machine::hart::{Hart, Privilege, Trap};
use machine::{Bus, Observer};

use super::{Handling, Tracer};
use crate::guest::Guest;
use crate::{Sink, What};

impl<S: Sink> Observer for Tracer<S> {
    fn before(&mut self, hart: &Hart, bus: &Bus, _: &Insn, _: u32) {
        let state = self.hart(&Guest { hart, bus });
        state.before = Some(hart.privilege);
    }

    fn retired(&mut self, hart: &Hart, bus: &Bus, pc: u64, insn: &Insn, word: u32) {
        let guest = Guest { hart, bus };
        let state = self.hart(&guest);
        let privilege = state.before.unwrap_or(hart.privilege);
        let thread = state.thread.clone();
        // Most are not wanted where somebody narrows a trace: no text for those.
        if !self.scope.wants_place(privilege, pc) || !self.scope.wants_thread(thread.as_deref()) {
            return;
        }
        let wrote = if insn.op.writes_integer() && insn.rd != 0 {
            let name = isa::reg::X_NAMES[usize::from(insn.rd & 31)];
            Some((name, hart.reg(insn.rd)))
        } else if insn.op.writes_float() {
            let number = usize::from(insn.rd & 31);
            Some((isa::reg::F_NAMES[number], hart.f[number]))
        } else {
            None
        };
        let text = isa::disasm::disassemble(insn, pc).to_string();
        let text = text.replace('\t', " ");
        self.tell(
            &guest,
            (privilege, pc),
            thread,
            What::Insn { word, text, wrote },
        );
    }

    fn trapped(&mut self, hart: &Hart, bus: &Bus, pc: u64, trap: Trap) {
        let guest = Guest { hart, bus };
        let from = hart.privilege_before_trap();
        let who = match from {
            Privilege::User => self.leave_user(&guest, pc),
            _ => None,
        };
        let (cause, value, to) = (trap.cause, trap.tval, hart.privilege);
        let is_told = match cause {
            Exception::EcallFromU => self.begin_call(&guest, pc, who.as_ref()),
            Exception::EcallFromS if to == Privilege::Machine => self.begin_sbi(&guest, pc),
            _ => {
                let thread = self.hart(&guest).thread.clone();
                let what = match cause {
                    Exception::InstructionPageFault
                    | Exception::LoadPageFault
                    | Exception::StorePageFault => What::Fault {
                        cause,
                        address: value,
                    },
                    _ => What::Trap { cause, value, to },
                };
                self.tell(&guest, (from, pc), thread, what)
            }
        };
        self.hart(&guest).handling.push(Handling { from, is_told });
    }

    fn interrupted(&mut self, hart: &Hart, bus: &Bus, pc: u64, cause: Interrupt) {
        let guest = Guest { hart, bus };
        let from = hart.privilege_before_trap();
        if from == Privilege::User {
            self.leave_user(&guest, pc);
        }
        let thread = self.hart(&guest).thread.clone();
        let to = hart.privilege;
        let is_told = self.tell(&guest, (from, pc), thread, What::Interrupt { cause, to });
        self.hart(&guest).handling.push(Handling { from, is_told });
    }

    fn returned(&mut self, hart: &Hart, bus: &Bus) {
        let guest = Guest { hart, bus };
        if hart.privilege == Privilege::Supervisor {
            self.end_sbi(&guest);
        }
        self.end_handling(&guest);
        if hart.privilege == Privilege::User {
            self.enter_user(&guest);
        }
    }

    fn waits(&mut self, hart: &Hart, bus: &Bus) {
        let guest = Guest { hart, bus };
        self.end_visit(&guest, None);
        let state = self.hart(&guest);
        state.waits = true;
        // Waiting is nobody's work.
        state.thread = None;
        state.user = None;
        self.tell(&guest, (hart.privilege, hart.pc), None, What::Waits);
    }

    fn wakes(&mut self, hart: &Hart, bus: &Bus) {
        let guest = Guest { hart, bus };
        if std::mem::take(&mut self.hart(&guest).waits) {
            self.tell(&guest, (hart.privilege, hart.pc), None, What::Wakes);
        }
    }
}
