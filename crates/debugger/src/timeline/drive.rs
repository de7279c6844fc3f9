//! Running forward, in the past and live.

use std::time::{Duration, Instant};

use machine::{Halt, Stop};

use super::Timeline;
use crate::target::{Target, Why};
use crate::{Control, Hit};

/// Longest that a slice may keep somebody waiting.
const SLICE_TIME: Duration = Duration::from_millis(5);
const SLICES: (u64, u64) = (1 << 10, 1 << 26);
/// A snapshot may take one part in so many of the time.
const COST: u32 = 40;

/// How long slices are, and when the next snapshot is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    slice: u64,
    /// Time of execution since the last snapshot.
    executed: Duration,
    /// Steps at the last snapshot.
    since: u64,
    /// How long the last one took.
    took: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            slice: 1 << 18,
            executed: Duration::ZERO,
            since: 0,
            took: Duration::ZERO,
        }
    }
}

impl Pace {
    fn learn(&mut self, steps: u64, took: Duration) {
        self.executed += took;
        // Not from slices that something cut short.
        if steps == self.slice {
            let factor = SLICE_TIME.as_secs_f64() / took.as_secs_f64().max(1e-6);
            let next = (steps as f64 * factor.clamp(0.25, 4.0)) as u64;
            self.slice = next.clamp(SLICES.0, SLICES.1);
        }
    }

    /// The machine went to a snapshot.
    pub fn restart(&mut self, step: u64) {
        self.executed = Duration::ZERO;
        self.since = step;
    }
}

/// What ended a drive.
#[derive(Debug)]
pub(super) enum Driven {
    /// As many steps as asked for.
    Done,
    /// What a person is told.
    Why(Why),
    /// A hit that was accepted.
    Hit(Hit),
}

impl Timeline {
    /// Runs forward for at most `budget` steps; from the past not beyond the present.
    pub(super) fn forward(&mut self, budget: u64, points: bool, control: &mut dyn Control) -> Why {
        self.arm(points);
        self.machine.pass_breakpoint();
        let begun = self.machine.steps();
        let end = begun.saturating_add(budget);
        let was_past = self.is_past();
        let driven = self.drive(end, control);
        if was_past && self.machine.steps() == self.present.step && end > self.present.step {
            self.machine.live_through_idle(self.present.idle);
        }
        // A breakpoint right where the run ends is not passed by the next one.
        if points
            && matches!(driven, Driven::Done)
            && self.machine.steps() > begun
            && let Some(halt) = self.machine.next_breakpoint()
            && let Some(hit) = self.accepted(&halt, control)
        {
            return Why::Point(hit);
        }
        match driven {
            Driven::Done if was_past && !self.is_past() && self.machine.steps() < end => {
                self.ended.clone().unwrap_or(Why::Present)
            }
            Driven::Done => Why::Done,
            Driven::Why(why) => why,
            Driven::Hit(hit) => Why::Point(hit),
        }
    }

    /// Runs to `end` steps of the machine, with what is armed. In the past it does not go beyond the present, and ends
    /// there.
    pub(super) fn drive(&mut self, end: u64, control: &mut dyn Control) -> Driven {
        let past = self.is_past();
        let driven = self.drive_on(end, past, control);
        if !past {
            self.present = self.present.max(self.moment());
        }
        driven
    }

    fn drive_on(&mut self, end: u64, past: bool, control: &mut dyn Control) -> Driven {
        let begun = self.machine.steps();
        let end = if past {
            end.min(self.present.step)
        } else {
            end
        };
        // What enters at this moment enters.
        self.machine.run(0);
        loop {
            let here = self.machine.steps();
            let of = if end == u64::MAX { 0 } else { end - begun };
            if !control.poll(here - begun, of) {
                return Driven::Why(Why::Interrupted);
            }
            if here >= end {
                return Driven::Done;
            }
            let stop = self.slice(end - here);
            match stop {
                Stop::Budget => self.checkpoint_if_due(),
                Stop::Idle(Some(until)) => self.machine.pass_idle_until(until),
                Stop::Halt(halt) => {
                    if let Some(hit) = self.accepted(&halt, control) {
                        return Driven::Hit(hit);
                    }
                }
                Stop::Idle(None) if !past => return Driven::Why(Why::Idle),
                Stop::Exit(exit) => return self.over(Why::Exit(exit)),
                Stop::Stuck(stuck) if !past => return self.over(Why::Stuck(stuck)),
                // Whatever the machine says there, it went on.
                Stop::Idle(None) | Stop::Stuck(_) if self.machine.steps() > here => {}
                Stop::Idle(None) | Stop::Stuck(_) => return Driven::Done,
            }
        }
    }

    /// There is nothing after this.
    fn over(&mut self, why: Why) -> Driven {
        self.present = self.moment();
        self.ended = Some(why.clone());
        Driven::Why(why)
    }

    fn slice(&mut self, left: u64) -> Stop {
        let begun = Instant::now();
        let before = self.machine.steps();
        let most = self.settings.every_steps.unwrap_or(u64::MAX);
        let stop = self.machine.run(left.min(self.pace.slice).min(most));
        let steps = self.machine.steps() - before;
        self.pace.learn(steps, begun.elapsed());
        self.take_output_in();
        stop
    }

    fn accepted(&mut self, halt: &Halt, control: &mut dyn Control) -> Option<Hit> {
        let hits = self.points.hits(&self.machine, halt);
        hits.into_iter().find(|hit| control.accept(self, hit))
    }

    /// Takes a snapshot if the last one is far enough behind, for what it costs.
    fn checkpoint_if_due(&mut self) {
        let due = match self.settings.every_steps {
            Some(steps) => self.machine.steps() - self.pace.since >= steps,
            None => self.pace.executed >= self.settings.every.max(self.pace.took * COST),
        };
        if due {
            self.checkpoint(false);
        }
    }

    /// Takes a snapshot here, if the budget allows one at all.
    pub(super) fn checkpoint(&mut self, kept: bool) {
        if self.history.has_room(&self.machine) {
            let begun = Instant::now();
            self.history.take(&mut self.machine, kept);
            self.pace.took = begun.elapsed();
        }
        self.pace.restart(self.machine.steps());
    }
}
