//! Other futures: what happened before somebody went back and changed it.

use machine::LoggedEvent;

use super::Timeline;
use super::history::Checkpoint;
use crate::Plain;
use crate::target::{Moment, Target, TargetError, Why};

/// A future other than the one that the machine is in.
#[derive(Debug)]
pub(super) struct Branch {
    number: usize,
    /// Where it parts from this timeline, and how many events had entered there.
    parts: Moment,
    entered: usize,
    /// What entered after that.
    events: Vec<LoggedEvent>,
    /// What was printed after that.
    console: Vec<u8>,
    printed: u64,
    checkpoints: Vec<Checkpoint>,
    present: Moment,
    ended: Option<Why>,
}

impl Timeline {
    /// Puts the future aside as a branch that parts here.
    fn put_aside(&mut self) {
        let here = self.moment();
        let entered = self.machine.log().entered().len();
        let printed = self.machine.printed();
        let events = self.machine.forget_future();
        let at = usize::try_from(printed)
            .unwrap_or(usize::MAX)
            .min(self.console.len());
        let console = self.console.split_off(at);
        // Those that parted later part here too, and have this future's beginning in common with it.
        for other in self.branches.iter_mut().filter(|other| other.parts > here) {
            let common = other.entered.saturating_sub(entered).min(events.len());
            other.events.splice(0..0, events[..common].iter().cloned());
            let text = (other.printed.saturating_sub(printed) as usize).min(console.len());
            other.console.splice(0..0, console[..text].iter().copied());
            (other.parts, other.entered, other.printed) = (here, entered, printed);
        }
        self.branches.push(Branch {
            number: self.number,
            parts: here,
            entered,
            events,
            console,
            printed,
            checkpoints: self.history.split_off(here),
            present: self.present,
            ended: self.ended.take(),
        });
        self.present = here;
    }

    pub(super) fn begin_branch(&mut self) {
        self.put_aside();
        self.number = self.next_number;
        self.next_number += 1;
    }

    pub(super) fn list_branches(&self) -> Vec<(usize, Moment, bool)> {
        let others = self.branches.iter();
        let others = others.map(|other| (other.number, other.present, false));
        let mut all: Vec<_> = others.collect();
        all.push((self.number, self.present, true));
        all.sort_unstable();
        all
    }

    pub(super) fn go_to_branch(&mut self, number: usize) -> Result<(), TargetError> {
        if number == self.number {
            return Ok(());
        }
        let position = self
            .branches
            .iter()
            .position(|other| other.number == number);
        let position = position.ok_or(TargetError::NoTimeline(number))?;
        let (parts, entered) = (
            self.branches[position].parts,
            self.branches[position].entered,
        );
        self.go_before_event(parts, entered)?;
        let branch = self.branches.remove(position);
        self.put_aside();
        let printed = self.machine.printed() + branch.console.len() as u64;
        self.machine.expect_future(branch.events, printed);
        self.console.extend(branch.console);
        self.history.extend(branch.checkpoints);
        (self.number, self.present, self.ended) = (number, branch.present, branch.ended);
        debug_assert!(self.now() <= self.present);
        Ok(())
    }

    /// Goes to a moment at which so many events have entered: others may enter at the same moment, after it.
    fn go_before_event(&mut self, to: Moment, entered: usize) -> Result<(), TargetError> {
        let fits = |known: &Checkpoint| known.snapshot.entered() <= entered;
        let start = self.history.last_where(to, fits).cloned();
        let start = start.ok_or(TargetError::Unreachable(
            to.step,
            "it is before the beginning",
        ))?;
        let printed = self.console.len() as u64;
        self.restore(&start)?;
        let later = self.machine.hold_events(entered);
        self.arm(false);
        self.drive(to.step, &mut Plain);
        if self.machine.bus().clock.idle < to.idle {
            self.machine.live_through_idle(to.idle);
        }
        self.machine.expect_future(later, printed);
        Ok(())
    }

    pub(super) fn forget_branch(&mut self, number: usize) -> Result<(), TargetError> {
        let position = self
            .branches
            .iter()
            .position(|other| other.number == number);
        let position = position.ok_or(TargetError::NoTimeline(number))?;
        self.branches.remove(position);
        Ok(())
    }
}
