//! Running, with the person's points and a few of the debugger's own.

use super::{Front, Session};
use crate::points::{Event, Hit, Point, PointId};
use crate::target::{Control, Register, Run, Stopped, Target, TargetError, Why};

/// Number of the stack pointer.
const SP: u8 = 2;

/// Who must be there for a temporary point to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A thread of Fawn's, on whichever hart.
    Thread(u32),
    /// A hart.
    Hart(usize),
}

/// A point that lasts for one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Temporary {
    /// The address.
    pub at: u64,
    /// Who must be there.
    pub who: Option<Who>,
    /// The lowest stack pointer that counts: a deeper call of the same function does not.
    pub lowest_sp: u64,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where and why.
    pub stopped: Stopped,
    /// The number of the person's point that it stopped at.
    pub point: Option<u32>,
    /// It stopped at a temporary point.
    pub temporary: bool,
}

impl Report {
    /// Whether the run went as it was meant to: to its end, or to a temporary point.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.point.is_none() && (self.temporary || self.stopped.why == Why::Done)
    }

    /// What happened at the point.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        match &self.stopped.why {
            Why::Point(hit) => Some(&hit.event),
            _ => None,
        }
    }
}

struct Gate<'a> {
    session: &'a mut Session,
    front: &'a mut dyn Front,
    temporaries: &'a [(PointId, Temporary)],
    forward: bool,
    /// The person's point that was accepted last, or none for a temporary one.
    accepted: Option<Option<u32>>,
}

impl Control for Gate<'_> {
    fn accept(&mut self, target: &dyn Target, hit: &Hit) -> bool {
        let temporary = self.temporaries.iter().find(|(id, _)| *id == hit.id);
        if let Some((_, temporary)) = temporary {
            let counts = self.session.is_there(target, hit.hart, temporary);
            if counts {
                self.accepted = Some(None);
            }
            return counts;
        }
        match self.session.meant(target, hit, self.forward) {
            Some(number) => {
                self.accepted = Some(Some(number));
                true
            }
            None => false,
        }
    }

    fn poll(&mut self, done: u64, of: u64) -> bool {
        self.front.poll(done, of)
    }
}

impl Session {
    fn is_there(&self, target: &dyn Target, hart: usize, temporary: &Temporary) -> bool {
        let who = match temporary.who {
            None => true,
            Some(Who::Hart(wanted)) => wanted == hart,
            Some(Who::Thread(tid)) => {
                let running = self.fawn(target).and_then(|fawn| fawn.running(hart));
                running.is_some_and(|(on, _)| on == tid)
            }
        };
        let sp = target.register(hart, Register::X(SP)).unwrap_or(0);
        who && sp >= temporary.lowest_sp
    }

    /// Runs as told, until something stops it; the hart that it concerns is selected then.
    ///
    /// # Errors
    /// The machine's.
    pub fn go(
        &mut self,
        target: &mut dyn Target,
        how: Run,
        temporaries: &[Temporary],
        front: &mut dyn Front,
    ) -> Result<Report, TargetError> {
        let mut set = Vec::new();
        for &temporary in temporaries {
            set.push((target.add_point(Point::Break(temporary.at))?, temporary));
        }
        let forward = !matches!(how, Run::BackContinue | Run::BackStep { .. });
        let mut gate = Gate {
            session: self,
            front,
            temporaries: &set,
            forward,
            accepted: None,
        };
        let mut stopped = target.run(how, &mut gate);
        // Beyond what was lived through already, going on is live.
        if how == Run::Continue && matches!(&stopped, Ok(stopped) if stopped.why == Why::Present) {
            stopped = target.run(how, &mut gate);
        }
        let accepted = gate.accepted;
        for (id, _) in set {
            // It was added above.
            let _ = target.remove_point(id);
        }
        front.output(&target.take_output());
        let stopped = stopped?;
        let at_point = matches!(stopped.why, Why::Point(_));
        let mut report = Report {
            point: accepted.flatten().filter(|_| at_point),
            temporary: accepted == Some(None) && at_point,
            stopped,
        };
        // Going back, the last hit in the order of time is where the run stopped.
        if let (false, Why::Point(hit)) = (forward, &report.stopped.why) {
            let hit = hit.clone();
            report.temporary = temporaries_has(temporaries, &hit);
            let mut all = self.points.iter();
            report.point = all.find(|p| p.ids.contains(&hit.id)).map(|p| p.number);
        }
        self.select_hart(report.stopped.hart);
        self.select_named(target, report.point);
        self.ended = matches!(report.stopped.why, Why::Exit(_) | Why::Stuck(_));
        if forward {
            self.drop_temporary(target, report.point);
        }
        Ok(report)
    }

    /// At a breakpoint at an inlined function, that one is selected, not what is inlined at its beginning.
    fn select_named(&mut self, target: &dyn Target, point: Option<u32>) {
        let mut all = self.points.iter();
        let Some(point) = all.find(|p| Some(p.number) == point) else {
            return;
        };
        let super::What::Break { name, .. } = &point.what else {
            return;
        };
        let Some(frame) = self.innermost_of(target, self.selected.hart) else {
            return;
        };
        let is_named = |function: &crate::symbols::InlineFrame| {
            let rest = function.function.strip_suffix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
        };
        if let Some(number) = frame.functions.iter().rposition(is_named) {
            self.selected.frame = number;
        }
    }

    /// A temporary breakpoint of the person's goes when it was hit.
    fn drop_temporary(&mut self, target: &mut dyn Target, hit: Option<u32>) {
        let gone = self
            .points
            .iter()
            .find(|p| Some(p.number) == hit && p.temporary);
        if let Some(number) = gone.map(|point| point.number) {
            self.remove_point(target, number);
        }
    }
}

fn temporaries_has(temporaries: &[Temporary], hit: &Hit) -> bool {
    matches!(hit.event, Event::Break(pc) if temporaries.iter().any(|t| t.at == pc))
}
