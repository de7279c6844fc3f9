//! Whose turn it is: harts interleave in quanta of a fixed number of steps, or of seeded ones.

use std::ops::Range;

use interpreter::hart::Hart;
use memory::{Bus, Nanos};

/// Steps in a hart's turn. Long enough that changing harts costs nothing to speak of, short
/// enough that a hart is not kept waiting by one that spins.
pub const QUANTUM: u64 = 4096;

/// An interleaving that a seed chooses: how long each turn is, whose is the next, and now and then a jump of guest time,
/// so that timer interrupts come at other places. A run is as repeatable as any other: the seed is one of the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededSchedule {
    /// Different numbers give different interleavings.
    pub seed: u64,
    /// The steps within which it chooses; before and after, turns are the ordinary ones.
    pub within: Range<u64>,
}

impl SeededSchedule {
    /// From the first step to the last.
    #[must_use]
    pub const fn always(seed: u64) -> Self {
        let within = 0..u64::MAX;
        Self { seed, within }
    }
}

/// What chooses a seeded interleaving: its state is part of the schedule's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chooser {
    state: u64,
    from: u64,
    to: u64,
}

impl Chooser {
    /// Turns are of one step up to two to this.
    const LONGEST_TURN: u64 = 13;
    /// One turn in so many ends with a jump of time; each does where there is one hart, and nothing else to choose,
    const JUMPS: u64 = 4;
    /// of nanoseconds from two to this
    const SHORTEST_JUMP: u64 = 16;
    /// up to two to this: more than the time slice of any scheduler.
    const LONGEST_JUMP: u64 = 24;

    /// The next word (SplitMix64).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number whose order of magnitude is as likely as any other from two to `least` on, below two to `most`.
    fn magnitude(&mut self, least: u64, most: u64) -> u64 {
        let below = 1 << (least + 1 + self.next() % (most - least));
        self.next() % below
    }

    fn jump(&mut self, harts: usize) -> Nanos {
        if harts == 1 || self.next().is_multiple_of(Self::JUMPS) {
            self.magnitude(Self::SHORTEST_JUMP, Self::LONGEST_JUMP)
        } else {
            0
        }
    }
}

/// The schedule's state: part of the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Whose turn it is.
    pub current: usize,
    /// Steps left of that turn.
    pub left: u64,
    chooser: Option<Chooser>,
}

impl Schedule {
    /// At reset hart 0 begins.
    #[must_use]
    pub fn new(seeded: Option<&SeededSchedule>) -> Self {
        Self {
            current: 0,
            left: QUANTUM,
            chooser: seeded.map(|seeded| Chooser {
                state: seeded.seed,
                from: seeded.within.start,
                to: seeded.within.end,
            }),
        }
    }

    /// The harts are reset, hart 0 begins again; what a seed chooses goes on.
    pub fn reset(&mut self) {
        (self.current, self.left) = (0, QUANTUM);
    }

    /// Ends the current turn. A change of harts drops the reservation: another hart may store to
    /// it now.
    pub fn next_turn(&mut self, harts: &[Box<Hart>], bus: &mut Bus) {
        let next = match self.choose(harts, bus) {
            Some(next) => next,
            None => {
                self.left = QUANTUM;
                (self.current + 1) % harts.len()
            }
        };
        if next != self.current {
            bus.ram.reserve(None);
        }
        self.current = next;
    }

    /// Lets the seed choose among the harts that can run; none when it has nothing to say here.
    fn choose(&mut self, harts: &[Box<Hart>], bus: &mut Bus) -> Option<usize> {
        let now = bus.clock.steps;
        let chooser = self.chooser.as_mut()?;
        if !(chooser.from..chooser.to).contains(&now) {
            return None;
        }
        bus.clock.idle += chooser.jump(harts.len());
        bus.tick();
        let ready = |&id: &usize| can_run(&harts[id], bus);
        let count = (0..harts.len()).filter(ready).count();
        let chosen = chooser.next() as usize % count.max(1);
        self.left = 1 + chooser.magnitude(0, Chooser::LONGEST_TURN);
        (0..harts.len()).filter(ready).nth(chosen)
    }

    /// The state as words, for hashing.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        let fixed = [self.current as u64, self.left];
        let chosen = self.chooser.map(|chooser| chooser.state);
        fixed.into_iter().chain(chosen)
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
