//! Whose turn it is: harts interleave in quanta of a fixed number of steps.

use interpreter::hart::Hart;
use memory::{Bus, Nanos};

/// Steps in a hart's turn. Long enough that changing harts costs nothing to speak of, short
/// enough that a hart is not kept waiting by one that spins.
pub const QUANTUM: u64 = 4096;

/// The schedule's state: part of the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Whose turn it is.
    pub current: usize,
    /// Steps left of that turn.
    pub left: u64,
}

impl Schedule {
    /// At reset hart 0 begins.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            current: 0,
            left: QUANTUM,
        }
    }

    /// Ends the current turn. A change of harts drops the reservation: another hart may store to
    /// it now.
    pub fn next_turn(&mut self, harts: usize, bus: &mut Bus) {
        self.left = QUANTUM;
        let next = (self.current + 1) % harts;
        if next != self.current {
            bus.ram.reserve(None);
        }
        self.current = next;
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a hart can take a step now.
#[must_use]
pub fn can_run(hart: &Hart, bus: &Bus) -> bool {
    let lines = bus.lines.into_hart(hart.id() as usize);
    !hart.waiting || hart.has_wakeup(lines, bus.clock.ticks())
}

/// Whether some hart can take a step now.
#[must_use]
pub fn anyone_awake(harts: &[Box<Hart>], bus: &Bus) -> bool {
    harts.iter().any(|hart| can_run(hart, bus))
}

/// The next moment at which something may wake a hart, with every hart waiting.
#[must_use]
pub fn next_deadline(harts: &[Box<Hart>], bus: &Bus) -> Option<Nanos> {
    let now = bus.clock.now();
    let timers = harts.iter().filter_map(|hart| {
        let moment = bus.clock.moment_of(hart.timer_deadline()?)?;
        (moment > now).then_some(moment)
    });
    timers.chain(bus.deadline()).min()
}
