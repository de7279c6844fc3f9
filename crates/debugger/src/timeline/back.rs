//! Going back: to a snapshot before, and from there again.

use machine::{HaltOn, Stop};

use super::drive::Driven;
use super::history::{self, Checkpoint};
use super::{Timeline, failed};
use crate::Control;
use crate::points::{Event, Hit, Point, Points, WatchKind};
use crate::target::{Moment, Register, Target, TargetError, Why, Write};

/// Steps behind where somebody is at which snapshots are laid, so that the next step back is quick.
const LADDER: [u64; 4] = [1_000_000, 100_000, 10_000, 1_000];

/// Single steps between two looks at whether somebody wants to interrupt.
const POLL: u64 = 4096;

/// Adds what was done before to what a part of the work says.
struct Part<'a> {
    whole: &'a mut dyn Control,
    before: u64,
    of: u64,
}

impl Control for Part<'_> {
    fn accept(&mut self, target: &dyn Target, hit: &Hit) -> bool {
        self.whole.accept(target, hit)
    }

    fn poll(&mut self, done: u64, _: u64) -> bool {
        self.whole.poll(self.before + done, self.of)
    }
}

/// Remembers the last accepted hit, and never stops.
struct Remember<'a> {
    part: Part<'a>,
    /// Only hits that are stood before earlier than this count.
    before: Moment,
    last: Option<(Hit, Moment)>,
}

impl Control for Remember<'_> {
    fn accept(&mut self, target: &dyn Target, hit: &Hit) -> bool {
        let at = target.now();
        if right_before(hit, at) < self.before && self.part.accept(target, hit) {
            self.last = Some((hit.clone(), at));
        }
        false
    }

    fn poll(&mut self, done: u64, of: u64) -> bool {
        self.part.poll(done, of)
    }
}

impl Timeline {
    pub(super) fn restore(&mut self, to: &Checkpoint) -> Result<(), TargetError> {
        history::restore(&mut self.machine, to).map_err(failed)?;
        self.pace.restart(self.machine.steps());
        Ok(())
    }

    /// Goes to a moment of this timeline, and lays a ladder behind it when that is far to execute.
    pub(super) fn go(
        &mut self,
        to: Moment,
        control: &mut dyn Control,
    ) -> Result<Option<Why>, TargetError> {
        if to < self.history.first() {
            return Err(TargetError::Unreachable(
                to.step,
                "it is before the beginning",
            ));
        }
        let from = self.moment();
        let nearest = self.history.before(to).clone();
        if to < from || nearest.moment > from {
            self.restore(&nearest)?;
        }
        self.arm(false);
        for behind in LADDER {
            let rung = to.step.saturating_sub(behind);
            let lies = self
                .history
                .any_within(rung, to.step.saturating_sub(behind / 10));
            if to < from && !lies && rung > self.machine.steps() {
                if let Driven::Why(why) = self.drive(rung, control) {
                    return Ok(Some(why));
                }
                self.checkpoint(false);
            }
        }
        let driven = self.drive(to.step, control);
        if self.machine.steps() == to.step && self.machine.bus().clock.idle < to.idle {
            self.machine.live_through_idle(to.idle);
        }
        self.take_output_in();
        Ok(match driven {
            Driven::Why(why) => Some(why),
            Driven::Done | Driven::Hit(..) => None,
        })
    }

    /// Does something that goes back in time; interrupted or failed, the machine is where it was.
    fn or_return(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<Why, TargetError>,
    ) -> Result<Why, TargetError> {
        let here = Checkpoint {
            moment: self.moment(),
            snapshot: self.machine.snapshot().into(),
            kept: false,
        };
        let outcome = work(self);
        if !matches!(outcome, Ok(Why::Done | Why::Point(_) | Why::Beginning)) {
            self.restore(&here)?;
        }
        outcome
    }

    /// To right before the last `count` steps of a hart.
    pub(super) fn back_step(
        &mut self,
        hart: usize,
        count: u64,
        control: &mut dyn Control,
    ) -> Result<Why, TargetError> {
        let taken = self.hart(hart).ok_or(TargetError::NoHart(hart))?.steps;
        let now = self.moment();
        let Some(wanted) = taken.checked_sub(count) else {
            return self.go_to_beginning(control);
        };
        let fits =
            |known: &Checkpoint| known.moment < now && known.snapshot.hart_steps(hart) <= wanted;
        let Some(start) = self.history.last_where(now, fits).cloned() else {
            return self.go_to_beginning(control);
        };
        if self.harts() == 1 {
            let to = Moment {
                step: now.step - count,
                idle: 0,
            };
            return self.or_return(|this| Ok(this.go(to, control)?.unwrap_or(Why::Done)));
        }
        self.or_return(|this| {
            this.restore(&start)?;
            let to = match this.find_step(hart, wanted, now, control)? {
                Ok(to) => to,
                Err(why) => return Ok(why),
            };
            Ok(this.go(to, control)?.unwrap_or(Why::Done))
        })
    }

    /// The moment right before the step of a hart that makes it more than `wanted` steps, which comes before `now`.
    fn find_step(
        &mut self,
        hart: usize,
        wanted: u64,
        now: Moment,
        control: &mut dyn Control,
    ) -> Result<Result<Moment, Why>, TargetError> {
        self.arm(false);
        let taken = |this: &Self| this.hart(hart).map_or(0, |hart| hart.steps);
        while taken(self) < wanted {
            let end = self.machine.steps() + (wanted - taken(self));
            if let Driven::Why(why) = self.drive(end, control) {
                return Ok(Err(why));
            }
        }
        for count in 0.. {
            let before = self.moment();
            if before >= now {
                return Err(TargetError::Unreachable(
                    now.step,
                    "the run differs this time",
                ));
            }
            if count % POLL == 0 && !control.poll(0, 0) {
                return Ok(Err(Why::Interrupted));
            }
            if let Stop::Idle(Some(until)) = self.machine.run(1) {
                self.machine.pass_idle_until(until);
            }
            if taken(self) > wanted {
                return Ok(Ok(before));
            }
        }
        Ok(Err(Why::Interrupted))
    }

    fn go_to_beginning(&mut self, control: &mut dyn Control) -> Result<Why, TargetError> {
        let first = self.history.first();
        Ok(self.go(first, control)?.unwrap_or(Why::Beginning))
    }

    /// To right before the last step that hit a point.
    pub(super) fn back_continue(&mut self, control: &mut dyn Control) -> Result<Why, TargetError> {
        self.or_return(|this| {
            let found = match this.last_hit(control)? {
                Ok(found) => found,
                Err(why) => return Ok(why),
            };
            let Some((hit, at)) = found else {
                return this.go_to_beginning(control);
            };
            let to = right_before(&hit, at);
            Ok(this.go(to, control)?.unwrap_or(Why::Point(hit)))
        })
    }

    /// The last accepted hit before now, and the moment at which it was seen. The machine is somewhere else then.
    fn last_hit(
        &mut self,
        control: &mut dyn Control,
    ) -> Result<Result<Option<(Hit, Moment)>, Why>, TargetError> {
        let now = self.moment();
        let of = now.step - self.history.first().step;
        let mut end = now;
        loop {
            let start = self.history.last_where(end, |known| known.moment < end);
            let Some(start) = start.cloned() else {
                return Ok(Ok(None));
            };
            self.restore(&start)?;
            self.arm(true);
            let mut remember = Remember {
                part: Part {
                    whole: control,
                    before: now.step - end.step,
                    of,
                },
                before: now,
                last: None,
            };
            let driven = self.drive(end.step, &mut remember);
            let last = remember.last;
            match driven {
                Driven::Why(why @ Why::Interrupted) => return Ok(Err(why)),
                _ if last.is_some() => return Ok(Ok(last)),
                _ => {}
            }
            end = start.moment;
        }
    }

    /// See [`Target::last_write`].
    pub(super) fn find_last_write(
        &mut self,
        address: u64,
        len: u64,
        control: &mut dyn Control,
    ) -> Result<Option<Write>, TargetError> {
        let here = Checkpoint {
            moment: self.moment(),
            snapshot: self.machine.snapshot().into(),
            kept: false,
        };
        let mut points = Points::default();
        points.add(Point::Watch {
            address,
            len,
            kind: WatchKind::Write,
        });
        let own = std::mem::replace(&mut self.points, points);
        let found = self.seek_write(control);
        self.points = own;
        self.restore(&here)?;
        self.machine.halt_on(HaltOn::default());
        found
    }

    fn seek_write(&mut self, control: &mut dyn Control) -> Result<Option<Write>, TargetError> {
        /// Takes every hit, whatever the person's own conditions are.
        struct Every<'a>(&'a mut dyn Control);
        impl Control for Every<'_> {
            fn poll(&mut self, done: u64, of: u64) -> bool {
                self.0.poll(done, of)
            }
        }
        let mut control = Every(control);
        let found = match self.last_hit(&mut control)? {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(_) => return Err(TargetError::Interrupted),
        };
        let (hit, after) = found;
        let before = right_before(&hit, after);
        if self.go(before, &mut control)?.is_some() {
            return Err(TargetError::Interrupted);
        }
        let Event::Access { access, .. } = hit.event else {
            return Ok(None);
        };
        Ok(Some(Write {
            before: self.moment(),
            after,
            hart: hit.hart,
            pc: self.register(hit.hart, Register::Pc).unwrap_or(0),
            range: (access.address, access.bytes),
        }))
    }
}

/// Where to stand to see something happen: a breakpoint is seen before its step, all else after.
fn right_before(hit: &Hit, at: Moment) -> Moment {
    match hit.event {
        Event::Break(_) => at,
        _ => Moment {
            step: at.step.saturating_sub(1),
            idle: 0,
        },
    }
}
