//! A machine that goes both ways in time.

mod target;

use machine::{Machine, Stop};

use crate::points::Points;
use crate::{Control, Moment, Plain, Stopped, Target, Why};

/// Steps between two looks at whether somebody wants to interrupt.
const SLICE: u64 = 1 << 20;

/// A machine, and its past.
pub struct Timeline {
    machine: Machine,
    points: Points,
    console: Vec<u8>,
    fresh: Vec<u8>,
    present: Moment,
}

impl Timeline {
    /// Begins with a machine as it is.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        let mut timeline = Self {
            machine,
            points: Points::default(),
            console: Vec::new(),
            fresh: Vec::new(),
            present: Moment::default(),
        };
        timeline.present = timeline.moment();
        timeline
    }

    /// The machine, to look at.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    fn moment(&self) -> Moment {
        let clock = &self.machine.bus().clock;
        Moment {
            step: clock.steps,
            idle: clock.idle,
        }
    }

    fn take_from_machine(&mut self) {
        let bytes = self.machine.take_output();
        self.console.extend(&bytes);
        self.fresh.extend(bytes);
        self.present = self.present.max(self.moment());
    }

    /// Runs forward for at most `budget` steps of the machine.
    fn forward(&mut self, budget: u64, points: bool, control: &mut dyn Control) -> Stopped {
        let begun = self.machine.steps();
        let end = begun.saturating_add(budget);
        self.points.refresh(self.machine.bus());
        self.machine.halt_on(if points {
            self.points.halt_on()
        } else {
            machine::HaltOn::default()
        });
        self.machine.pass_breakpoint();
        loop {
            let done = self.machine.steps() - begun;
            if !control.poll(done, 0) {
                return self.stopped(Why::Interrupted);
            }
            let left = end - self.machine.steps();
            if left == 0 {
                return self.stopped(Why::Done);
            }
            let stop = self.machine.run(left.min(SLICE));
            self.take_from_machine();
            match stop {
                Stop::Budget => {}
                Stop::Exit(exit) => return self.stopped(Why::Exit(exit)),
                Stop::Stuck(stuck) => return self.stopped(Why::Stuck(stuck)),
                Stop::Idle(Some(until)) => self.machine.pass_idle_until(until),
                Stop::Idle(None) => return self.stopped(Why::Idle),
                Stop::Halt(halt) => {
                    for hit in self.points.hits(&self.machine, &halt) {
                        if control.accept(self, &hit) {
                            return Stopped {
                                hart: hit.hart,
                                why: Why::Point(hit),
                            };
                        }
                    }
                }
            }
        }
    }

    fn stopped(&self, why: Why) -> Stopped {
        Stopped {
            hart: self.current_hart(),
            why,
        }
    }

    /// Runs until a hart has taken `count` steps more.
    fn steps_of(&mut self, hart: usize, count: u64, control: &mut dyn Control) -> Stopped {
        let taken = |timeline: &Self| timeline.hart(hart).map_or(0, |hart| hart.steps);
        let end = taken(self).saturating_add(count);
        while taken(self) < end {
            let stopped = self.forward(1, true, control);
            if stopped.why != Why::Done {
                return stopped;
            }
        }
        Stopped {
            hart,
            why: Why::Done,
        }
    }

    /// Runs forward with nobody watching: for tests and tools.
    pub fn advance(&mut self, steps: u64) -> Stopped {
        self.forward(steps, false, &mut Plain)
    }
}
