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
///
/// How long turns are and how often time jumps is the seed's choice, too: a scheduler evens out what is done to all
/// alike, and some races need short turns, some long ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chooser {
    state: u64,
    from: u64,
    to: u64,
    /// Turns are of one step up to two to this.
    longest_turn: u64,
    /// One turn in so many ends with a jump of time.
    jumps: u64,
}

impl Chooser {
    const LONGEST_TURN: std::ops::RangeInclusive<u64> = 8..=14;
    /// One turn in two to this ends with a jump of time,
    const JUMPS: std::ops::RangeInclusive<u64> = 1..=8;
    /// of nanoseconds from two to this
    const SHORTEST_JUMP: u64 = 16;
    /// up to two to this: more than the time slice of any scheduler.
    const LONGEST_JUMP: u64 = 24;

    fn new(seeded: &SeededSchedule) -> Self {
        let mut chooser = Self {
            state: seeded.seed,
            from: seeded.within.start,
            to: seeded.within.end,
            longest_turn: 0,
            jumps: 0,
        };
        chooser.longest_turn = chooser.one_of(Self::LONGEST_TURN);
        chooser.jumps = 1 << chooser.one_of(Self::JUMPS);
        chooser
    }

    /// The next word (SplitMix64).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn one_of(&mut self, numbers: std::ops::RangeInclusive<u64>) -> u64 {
        numbers.start() + self.next() % (numbers.end() - numbers.start() + 1)
    }

    /// A number whose order of magnitude is as likely as any other from two to `least` on, below two to `most`.
    fn magnitude(&mut self, least: u64, most: u64) -> u64 {
        let below = 1 << self.one_of(least + 1..=most);
        self.next() % below
    }

    fn jump(&mut self) -> Nanos {
        if self.next().is_multiple_of(self.jumps) {
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
            chooser: seeded.map(Chooser::new),
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
        bus.clock.idle += chooser.jump();
        bus.tick();
        let ready = |&id: &usize| can_run(&harts[id], bus);
        let count = (0..harts.len()).filter(ready).count();
        let chosen = chooser.next() as usize % count.max(1);
        self.left = 1 + chooser.magnitude(0, chooser.longest_turn);
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
