//! A machine that goes both ways in time.
//!
//! Going forward, a snapshot is taken now and then ([`Settings`]). Going back means going to a snapshot before, and
//! executing again from there; the machine is exact, so the same happens, and what it printed does not leave again.
//! Snapshots are thinned so that gaps grow with the distance, and where somebody steps back a dense ladder of them is laid
//! behind.

mod back;
mod branches;
mod drive;
mod history;
mod target;

use std::time::Duration;

use machine::{HaltOn, Machine, MachineError};

use crate::points::Points;
use crate::target::{Moment, Stopped, Target, TargetError, Why};
use crate::{Control, Plain, Run};
use branches::Branch;
use drive::Pace;
use history::History;

/// How a timeline keeps its past.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes that snapshots may hold.
    pub budget: u64,
    /// Time of execution between two snapshots.
    pub every: Duration,
    /// Steps between two snapshots, instead: the same on every host.
    pub every_steps: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            budget: 256 << 20,
            every: Duration::from_millis(200),
            every_steps: None,
        }
    }
}

/// A machine, and its past.
pub struct Timeline {
    machine: Machine,
    points: Points,
    history: History,
    pace: Pace,
    settings: Settings,
    /// Everything that was printed up to the present.
    console: Vec<u8>,
    /// What of it nobody was shown.
    fresh: Vec<u8>,
    present: Moment,
    /// Why there is nothing after the present.
    ended: Option<Why>,
    branches: Vec<Branch>,
    /// The number of this timeline, and of the next.
    number: usize,
    next_number: usize,
}

impl Timeline {
    /// Begins with a machine as it is.
    #[must_use]
    pub fn new(machine: Machine, settings: Settings) -> Self {
        let mut machine = machine;
        // Somebody may type at any time.
        machine.set_interactive(true);
        let history = History::new(&mut machine, settings.budget);
        let mut timeline = Self {
            machine,
            points: Points::default(),
            history,
            pace: Pace::default(),
            settings,
            console: Vec::new(),
            fresh: Vec::new(),
            present: Moment::default(),
            ended: None,
            branches: Vec::new(),
            number: 0,
            next_number: 1,
        };
        timeline.take_output_in();
        timeline.present = timeline.moment();
        timeline
    }

    /// Opens a recording at its end: a machine whose log will enter again ([`Machine::replay`]) lives through it up to
    /// `end`.
    ///
    /// # Errors
    /// See [`Target::run`].
    pub fn open_recording(
        machine: Machine,
        end: Moment,
        settings: Settings,
        control: &mut dyn Control,
    ) -> Result<Self, TargetError> {
        let mut timeline = Self::new(machine, settings);
        timeline.present = end;
        timeline.run(Run::To(end), control)?;
        Ok(timeline)
    }

    /// The machine, to look at.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Bytes that snapshots hold, and how many there are.
    #[must_use]
    pub fn snapshots(&self) -> (u64, usize) {
        (self.machine.snapshot_bytes(), self.history.len())
    }

    /// The moments of which there are snapshots, in order.
    pub fn snapshot_moments(&self) -> impl Iterator<Item = Moment> + '_ {
        self.history.moments()
    }

    /// Bytes that snapshots may hold from now on.
    pub fn set_budget(&mut self, bytes: u64) {
        self.settings.budget = bytes;
        self.history.set_budget(bytes);
    }

    /// Runs forward with nobody watching: for tests and tools.
    pub fn advance(&mut self, steps: u64) -> Stopped {
        let why = self.forward(steps, false, &mut Plain);
        self.stopped(why)
    }

    fn moment(&self) -> Moment {
        moment_of(&self.machine)
    }

    fn take_output_in(&mut self) {
        let bytes = self.machine.take_output();
        if !bytes.is_empty() {
            self.console.extend(&bytes);
            self.fresh.extend(bytes);
        }
    }

    fn stopped(&self, why: Why) -> Stopped {
        let hart = match &why {
            Why::Point(hit) => hit.hart,
            Why::Stuck(stuck) => stuck.hart,
            _ => self.current_hart(),
        };
        Stopped { hart, why }
    }

    fn arm(&mut self, points: bool) {
        self.machine.halt_on(match points {
            true => self.points.halt_on(),
            false => HaltOn::default(),
        });
        if points {
            self.points.refresh(self.machine.bus());
        }
    }
}

fn moment_of(machine: &Machine) -> Moment {
    Moment {
        step: machine.steps(),
        idle: machine.bus().clock.idle,
    }
}

fn failed(error: MachineError) -> TargetError {
    TargetError::Machine(error.to_string())
}
