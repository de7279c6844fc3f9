//! Counters: `mcycle`, `minstret`, their shadows, and `time`.
//!
//! Both counters derive from what the hart counts anyway: a cycle is a step, an instruction is a step
//! that retired. Their slots hold the difference, or the value itself while inhibited.

use isa::Extension;
use isa::csr as number;
use memory::Bus;

use super::Slot;
use crate::{Hart, Privilege};

/// Bits of `mcountinhibit` and the counter-enable registers.
const CYCLE: u64 = 1;
const TIME: u64 = 1 << 1;
const INSTRET: u64 = 1 << 2;

/// Counters that can be inhibited; those for events count nothing.
pub(super) const INHIBITABLE: u64 = CYCLE | INSTRET;

impl Hart {
    /// Whether the unprivileged counter `csr` exists and is enabled for the current mode.
    pub(super) fn counter_visible(&self, csr: u16) -> bool {
        let bit = 1u64 << (csr & 31);
        let basic = bit & (CYCLE | TIME | INSTRET) != 0;
        let extension = if basic {
            Extension::Zicntr
        } else {
            Extension::Zihpm
        };
        let machine = self[Slot::Mcounteren] & bit != 0;
        let supervisor = self[Slot::Scounteren] & bit != 0;
        let enabled = match self.privilege {
            Privilege::Machine => true,
            Privilege::Supervisor => machine,
            Privilege::User => machine && (supervisor || !self.isa().has(Extension::S)),
        };
        self.isa().has(extension) && enabled
    }

    fn inhibited(&self, bit: u64) -> bool {
        self[Slot::Mcountinhibit] & bit != 0
    }

    fn cycles(&self) -> u64 {
        if self.inhibited(CYCLE) {
            self[Slot::CycleBase]
        } else {
            self.steps.wrapping_add(self[Slot::CycleBase])
        }
    }

    fn retired(&self) -> u64 {
        if self.inhibited(INSTRET) {
            self[Slot::InstretBase]
        } else {
            let retired = self.steps.wrapping_sub(self.unretired);
            retired.wrapping_add(self[Slot::InstretBase])
        }
    }
}

pub(super) fn read(hart: &Hart, bus: &Bus, csr: u16) -> u64 {
    match csr {
        number::MCYCLE | number::CYCLE => hart.cycles(),
        number::MINSTRET | number::INSTRET => hart.retired(),
        number::TIME => bus.clock.ticks(),
        _ => 0, // event counters count nothing
    }
}

/// The instruction that writes a counter does not count itself: the next one reads `value`.
pub(super) fn write(hart: &mut Hart, _bus: &mut Bus, csr: u16, value: u64) {
    let next = hart.steps + 1;
    match csr {
        number::MCYCLE if hart.inhibited(CYCLE) => hart[Slot::CycleBase] = value,
        number::MCYCLE => hart[Slot::CycleBase] = value.wrapping_sub(next),
        number::MINSTRET if hart.inhibited(INSTRET) => hart[Slot::InstretBase] = value,
        number::MINSTRET => {
            let retired = next.wrapping_sub(hart.unretired);
            hart[Slot::InstretBase] = value.wrapping_sub(retired);
        }
        _ => {}
    }
}

pub(super) fn read_inhibit(hart: &Hart, _bus: &Bus, _csr: u16) -> u64 {
    hart[Slot::Mcountinhibit]
}

/// Freezes and thaws the counters; the write itself still counts by the old rule.
pub(super) fn write_inhibit(hart: &mut Hart, _bus: &mut Bus, _csr: u16, value: u64) {
    let next = hart.steps + 1;
    let bases = [
        (CYCLE, Slot::CycleBase, next),
        (
            INSTRET,
            Slot::InstretBase,
            next.wrapping_sub(hart.unretired),
        ),
    ];
    for (bit, slot, counted) in bases {
        let was = hart.inhibited(bit);
        let will_be = value & bit != 0;
        if will_be && !was {
            hart[slot] = hart[slot].wrapping_add(counted);
        } else if was && !will_be {
            hart[slot] = hart[slot].wrapping_sub(counted);
        }
    }
    hart[Slot::Mcountinhibit] = value & INHIBITABLE;
}
