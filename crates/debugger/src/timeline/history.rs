//! The snapshots behind a timeline, thinned so that they fit a budget and lie densest where the person is.

use std::sync::Arc;

use machine::{Machine, MachineError, Snapshot};

use crate::Moment;

/// Most snapshots, however small they are: more would make going back no quicker.
const MOST: usize = 160;

#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub moment: Moment,
    pub snapshot: Arc<Snapshot>,
    /// Somebody asked for it: it stays.
    pub kept: bool,
}

/// Snapshots by moment. The first, where the timeline begins, is always there.
#[derive(Debug)]
pub(super) struct History {
    checkpoints: Vec<Checkpoint>,
    budget: u64,
}

impl History {
    /// With a snapshot of where the machine is.
    pub fn new(machine: &mut Machine, budget: u64) -> Self {
        let mut history = Self {
            checkpoints: Vec::new(),
            budget,
        };
        history.insert(machine.snapshot(), true);
        history
    }

    pub fn set_budget(&mut self, bytes: u64) {
        self.budget = bytes;
    }

    pub fn first(&self) -> Moment {
        self.checkpoints[0].moment
    }

    pub fn len(&self) -> usize {
        self.checkpoints.len()
    }

    pub fn moments(&self) -> impl Iterator<Item = Moment> + '_ {
        self.checkpoints.iter().map(|checkpoint| checkpoint.moment)
    }

    /// Whether snapshots of a guest that uses so much memory fit the budget: two at least, or none but the first.
    pub fn has_room(&self, machine: &Machine) -> bool {
        let used = (machine.bus().ram.touched_pages() as u64) << 12;
        used <= self.budget / 2
    }

    /// Takes a snapshot here, unless there is one.
    pub fn take(&mut self, machine: &mut Machine, kept: bool) {
        let here = Moment {
            step: machine.steps(),
            idle: machine.bus().clock.idle,
        };
        let known = self.checkpoints.iter_mut().find(|known| {
            known.moment == here && known.snapshot.entered() == machine.log().entered().len()
        });
        match known {
            Some(known) => known.kept |= kept,
            None => self.insert(machine.snapshot(), kept),
        }
        self.thin(machine, here);
    }

    fn insert(&mut self, snapshot: Snapshot, kept: bool) {
        let moment = Moment {
            step: snapshot.steps(),
            idle: snapshot.idle(),
        };
        let snapshot = Arc::new(snapshot);
        let at = self
            .checkpoints
            .partition_point(|known| known.moment <= moment);
        let new = Checkpoint {
            moment,
            snapshot,
            kept,
        };
        self.checkpoints.insert(at, new);
    }

    /// Drops those that help least until the rest fits.
    fn thin(&mut self, machine: &Machine, here: Moment) {
        while self.checkpoints.len() > MOST || machine.snapshot_bytes() > self.budget {
            let Some(index) = self.least_useful(here) else {
                return;
            };
            self.checkpoints.remove(index);
        }
    }

    /// The one whose loss makes the smallest gap, for how far away it is: so gaps grow with the distance.
    fn least_useful(&self, here: Moment) -> Option<usize> {
        let inner = 1..self.checkpoints.len();
        let inner = inner.filter(|&index| !self.checkpoints[index].kept);
        let cost = |&index: &usize| {
            let step = |index: usize| self.checkpoints.get(index).map(|c| c.moment.step);
            let this = self.checkpoints[index].moment.step;
            let before = step(index - 1).unwrap_or(0);
            let after = step(index + 1).unwrap_or(here.step.max(this));
            let gap = after - before + 1;
            // In parts of 2^20 of the distance.
            (u128::from(gap) << 20) / u128::from(this.abs_diff(here.step).max(1))
        };
        inner.min_by_key(cost)
    }

    /// The last snapshot that is not after a moment and fits a condition.
    pub fn last_where(
        &self,
        most: Moment,
        fits: impl Fn(&Checkpoint) -> bool,
    ) -> Option<&Checkpoint> {
        let end = self
            .checkpoints
            .partition_point(|known| known.moment <= most);
        self.checkpoints[..end]
            .iter()
            .rev()
            .find(|known| fits(known))
    }

    /// The last snapshot that is not after a moment; else the first.
    pub fn before(&self, most: Moment) -> &Checkpoint {
        self.last_where(most, |_| true)
            .unwrap_or(&self.checkpoints[0])
    }

    /// Whether a snapshot lies in a range of steps, both ends counted.
    pub fn any_within(&self, from: u64, to: u64) -> bool {
        self.moments()
            .any(|moment| (from..=to).contains(&moment.step))
    }

    /// Takes out those after a moment.
    pub fn split_off(&mut self, after: Moment) -> Vec<Checkpoint> {
        let at = self
            .checkpoints
            .partition_point(|known| known.moment <= after);
        self.checkpoints.split_off(at.max(1))
    }

    /// Takes in those of another future.
    pub fn extend(&mut self, later: Vec<Checkpoint>) {
        self.checkpoints.extend(later);
    }
}

/// Goes to a snapshot.
///
/// # Errors
/// See [`Machine::restore`].
pub(super) fn restore(machine: &mut Machine, to: &Checkpoint) -> Result<(), MachineError> {
    machine.restore(&to.snapshot)
}
