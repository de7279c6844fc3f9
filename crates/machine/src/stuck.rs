//! Finding guests that can never go on.
//!
//! Judged for the whole machine, now and then, by looking only: a hart is held for ever when
//! every step it takes is a trap, or when it jumps to itself with no interrupt that could end
//! that. Waiting (WFI) with nothing armed is found by the run loop at once.

use interpreter::hart::{Hart, Privilege, Slot, status};
use isa::Opcode;
use memory::{Bus, Width};

use crate::{Stuck, StuckReason};

/// Steps between two looks.
const INTERVAL: u64 = 1 << 20;

/// What was seen at the last look.
#[derive(Clone, Debug)]
pub(crate) struct ProgressCheck {
    /// When to look next.
    pub next: u64,
    seen: Vec<(u64, u64)>,
}

impl Default for ProgressCheck {
    fn default() -> Self {
        Self {
            next: INTERVAL,
            seen: Vec::new(),
        }
    }
}

impl ProgressCheck {
    /// Looks at every hart: the machine is stuck when all are, and then the first that does not
    /// merely wait is named.
    pub fn check(&mut self, harts: &[Box<Hart>], bus: &mut Bus) -> Option<Stuck> {
        self.next = (bus.clock.steps / INTERVAL + 1) * INTERVAL;
        let before = std::mem::take(&mut self.seen);
        self.seen = harts.iter().map(|h| (h.steps, h.unretired)).collect();
        let mut found = None;
        for (id, hart) in harts.iter().enumerate() {
            if hart.waiting && !can_be_interrupted(hart) {
                continue;
            }
            let reason = held_by(hart, bus, before.get(id).copied())?;
            found = found.or(Some(Stuck {
                hart: id,
                pc: hart.pc,
                reason,
            }));
        }
        found
    }
}

/// What holds a hart that takes steps, if something does for ever.
fn held_by(hart: &Hart, bus: &Bus, before: Option<(u64, u64)>) -> Option<StuckReason> {
    let (steps, unretired) = before?;
    let taken = hart.steps - steps;
    if taken > 0 && hart.unretired - unretired == taken && !can_be_interrupted(hart) {
        let supervisor = hart.privilege == Privilege::Supervisor;
        let (cause, tval) = if supervisor {
            (hart[Slot::Scause], hart[Slot::Stval])
        } else {
            (hart[Slot::Mcause], hart[Slot::Mtval])
        };
        return Some(StuckReason::TrapLoop { cause, tval });
    }
    (jumps_to_itself(hart, bus) && !can_be_interrupted(hart)).then_some(StuckReason::JumpsToItself)
}

/// Whether any interrupt could ever be taken from where the hart is, without its own doing.
fn can_be_interrupted(hart: &Hart) -> bool {
    let enabled = hart[Slot::Mie];
    let delegated = hart[Slot::Mideleg];
    let mstatus = hart[Slot::Mstatus];
    let machine = hart.privilege < Privilege::Machine || mstatus & status::MIE != 0;
    let supervisor = match hart.privilege {
        Privilege::User => true,
        Privilege::Supervisor => mstatus & status::SIE != 0,
        Privilege::Machine => false,
    };
    machine && enabled & !delegated != 0 || supervisor && enabled & delegated != 0
}

fn jumps_to_itself(hart: &Hart, bus: &Bus) -> bool {
    let access = interpreter::hart::Access::Fetch;
    let Ok(leaf) = hart.peek_translation(bus, hart.pc, access, hart.privilege) else {
        return false;
    };
    let half = |at| bus.ram.load(at, Width::Half).unwrap_or(0) as u32;
    let word = half(leaf.physical) | half(leaf.physical + 2) << 16;
    let insn = isa::decode(word, hart.isa());
    insn.is_some_and(|insn| insn.op == Opcode::Jal && insn.imm == 0)
}
