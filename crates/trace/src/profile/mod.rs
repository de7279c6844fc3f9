//! Where a guest spends its steps: the stack every so many steps, as folded stacks and as a flame graph.
//!
//! Samples are taken at certain steps, not at certain times, so the same run has the same profile.

mod output;
mod stack;

use std::collections::BTreeMap;
use std::rc::Rc;

use debugger::os::Layout;
use debugger::session::Programs;
use machine::hart::Privilege;
use machine::{Machine, Stop};

use crate::guest::Guest;
use crate::{Event, Kinds, Scope, Sink, Tracer};
use stack::Walker;

/// Takes no events: the tracer only keeps track of who runs.
struct Nowhere;

impl Sink for Nowhere {
    fn event(&mut self, _: &Event) -> std::io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: u64, _: u64) -> std::io::Result<()> {
        Ok(())
    }
}

/// Takes samples while a machine runs.
pub struct Profiler {
    tracer: Tracer<Nowhere>,
    walker: Walker,
    every: u64,
    next: u64,
    /// Only of these processes; empty for all.
    scope: Scope,
    stacks: BTreeMap<Vec<String>, u64>,
    samples: u64,
}

impl Profiler {
    /// A sample each `every` steps (at least one) of a machine with so many harts, that runs these programs. A layout
    /// note makes threads known by name.
    #[must_use]
    pub fn new(every: u64, harts: usize, programs: Rc<Programs>, layout: Option<&Layout>) -> Self {
        let nothing = Kinds::default_set().without(Kinds::default_set());
        Self {
            tracer: Tracer::new(Scope::all(nothing), harts, layout, Nowhere),
            walker: Walker::new(programs),
            every: every.max(1),
            next: every.max(1),
            scope: Scope::all(nothing),
            stacks: BTreeMap::new(),
            samples: 0,
        }
    }

    /// Only samples of these processes count, by number or program.
    pub fn only(&mut self, processes: Vec<String>) {
        self.scope.processes = processes;
    }

    /// Runs a machine for at most `budget` steps.
    pub fn run(&mut self, machine: &mut Machine, budget: u64) -> Stop {
        let end = machine.steps().saturating_add(budget);
        loop {
            let now = machine.steps();
            let until = self.next.min(end);
            let stop = self.tracer.run(machine, until.saturating_sub(now));
            if machine.steps() >= self.next {
                self.sample(machine);
                self.next += self.every;
            }
            if stop != Stop::Budget || machine.steps() >= end {
                return stop;
            }
        }
    }

    /// Samples taken, those that do not count included.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Steps from one sample to the next.
    #[must_use]
    pub fn every(&self) -> u64 {
        self.every
    }

    fn sample(&mut self, machine: &Machine) {
        self.samples += 1;
        let current = machine.schedule().current;
        let Some(hart) = machine.harts().get(current) else {
            return;
        };
        let guest = Guest {
            hart,
            bus: machine.bus(),
        };
        let at = self.tracer.whereabouts(current);
        if !self.scope.wants_thread(at.thread.as_deref()) {
            return;
        }
        let root = match (&at.thread, hart.privilege) {
            (Some(thread), _) => thread.to_string(),
            (None, Privilege::Machine) => "[firmware]".to_owned(),
            (None, _) => "[kernel]".to_owned(),
        };
        let mut stack = vec![root];
        stack.extend(self.walker.walk(&guest, &at));
        *self.stacks.entry(stack).or_default() += 1;
    }
}
