//! The run loop of one hart: samples interrupts, lets deadlines pass, and runs an engine in
//! between.

use hart::Hart;
use memory::Bus;

use crate::Marks;
use crate::plain::{self, NoObserver, Observer, Step, TrapsOnly};
use crate::threaded::Threaded;

/// Why a run came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The step budget is used up.
    Budget,
    /// The hart waits for an interrupt that is not pending.
    Waiting,
    /// The hart gives up the rest of its turn (PAUSE, WRS).
    Yielded,
    /// A device or a host-call page was touched in a way that the machine must look at.
    Attention,
    /// The guest makes a semihosting call; the hart stands behind its `ebreak`.
    HostCall,
    /// The next instruction is marked ([`Marks`]).
    Marked,
}

/// Most steps that an engine takes without coming back to the loop. It bounds the depth of
/// calls where the compiler does not turn handlers that call on into jumps.
const LONGEST_STRETCH: u64 = 4096;

/// Runs harts, by whichever engine.
pub struct Interpreter {
    threaded: Threaded,
    marks: Marks,
    /// Use the plain engine only.
    pub plain_only: bool,
}

impl Default for Interpreter {
    fn default() -> Self {
        Self::new()
    }
}

impl Interpreter {
    /// An interpreter with an empty code cache.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threaded: Threaded::new(),
            marks: Marks::default(),
            plain_only: false,
        }
    }

    /// Stops before these addresses from now on.
    pub fn mark(&mut self, bus: &mut Bus, marks: Marks) {
        if marks.addresses() != self.marks.addresses() {
            self.threaded.clear(bus);
        }
        self.marks = marks;
    }

    /// The marks.
    #[must_use]
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The marks, to let a step pass.
    pub fn marks_mut(&mut self) -> &mut Marks {
        &mut self.marks
    }

    /// Runs a hart for at most `budget` steps.
    pub fn run(&mut self, hart: &mut Hart, bus: &mut Bus, budget: u64) -> Pause {
        if self.plain_only {
            return self.run_observed(hart, bus, budget, &mut NoObserver);
        }
        self.run_decoded(hart, bus, budget, &mut NoObserver)
    }

    /// The same steps at nearly the same speed, while an observer is told of traps, interrupts, returns and waits.
    pub fn run_watching_traps<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        budget: u64,
        observer: &mut O,
    ) -> Pause {
        let mut observer = TrapsOnly(observer);
        if self.plain_only {
            return self.run_observed(hart, bus, budget, &mut observer);
        }
        self.run_decoded(hart, bus, budget, &mut observer)
    }

    fn run_decoded<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        budget: u64,
        observer: &mut O,
    ) -> Pause {
        let marks = &self.marks;
        run_loop(
            hart,
            bus,
            (budget, marks),
            observer,
            |hart, bus, steps, observer| self.threaded.run(hart, bus, steps, marks, observer),
        )
    }

    /// The same steps, one at a time, for an observer to watch.
    pub fn run_observed<O: Observer>(
        &mut self,
        hart: &mut Hart,
        bus: &mut Bus,
        budget: u64,
        observer: &mut O,
    ) -> Pause {
        let marks = &self.marks;
        run_loop(
            hart,
            bus,
            (budget, marks),
            observer,
            |hart, bus, steps, observer| run_plain(hart, bus, steps, marks, observer),
        )
    }
}

fn run_plain<O: Observer>(
    hart: &mut Hart,
    bus: &mut Bus,
    steps: u64,
    marks: &Marks,
    observer: &mut O,
) -> Step {
    for _ in 0..steps {
        if marks.stops(hart.pc, bus.clock.steps) {
            return Step::Marked;
        }
        match plain::step(hart, bus, observer) {
            Step::Next if !bus.ram.has_host_writes() => {}
            Step::Next => return Step::Sync,
            other => return other,
        }
    }
    Step::Next
}

fn run_loop<O: Observer>(
    hart: &mut Hart,
    bus: &mut Bus,
    (budget, marks): (u64, &Marks),
    observer: &mut O,
    mut engine: impl FnMut(&mut Hart, &mut Bus, u64, &mut O) -> Step,
) -> Pause {
    let end = bus.clock.steps.saturating_add(budget);
    loop {
        bus.tick();
        // A hart that waits says so even when the budget ends with its WFI: its turn is over at
        // the same step however the run is cut.
        if hart.waiting && !is_woken(hart, bus) {
            return Pause::Waiting;
        }
        let left = end.saturating_sub(bus.clock.steps);
        if left == 0 {
            return Pause::Budget;
        }
        if hart.waiting && stops_as_it_wakes(hart, bus, marks) {
            return Pause::Marked;
        }
        if sample(hart, bus, observer) {
            if hart.catch.has_caught() {
                return Pause::Attention;
            }
            continue;
        }
        let steps = left.min(until_deadline(hart, bus)).min(LONGEST_STRETCH);
        match engine(hart, bus, steps, observer) {
            Step::Next | Step::Sync => {}
            Step::Returned => observer.returned(hart, bus),
            Step::Wait => observer.waits(hart, bus),
            Step::Yield => return Pause::Yielded,
            Step::HostCall => return Pause::HostCall,
            Step::Marked => return Pause::Marked,
        }
        let looked_at = bus.take_attention();
        let seen = bus.ram.has_host_writes() || hart.catch.has_caught();
        if looked_at && !bus.effects.is_empty() || seen {
            return Pause::Attention;
        }
    }
}

/// Steps that can be taken before a device or the hart's own timer may raise an interrupt; at
/// least one.
fn until_deadline(hart: &Hart, bus: &Bus) -> u64 {
    let timer = hart
        .timer_deadline()
        .and_then(|ticks| bus.clock.moment_of(ticks));
    let next = match (bus.deadline(), timer) {
        (Some(device), Some(timer)) if timer > bus.clock.now() => device.min(timer),
        (None, Some(timer)) if timer > bus.clock.now() => timer,
        (Some(device), _) => device,
        (None, _) => return u64::MAX,
    };
    bus.clock.steps_until(next).max(1)
}

fn is_woken(hart: &Hart, bus: &Bus) -> bool {
    let lines = bus.lines.into_hart(hart.id() as usize);
    hart.has_wakeup(lines, bus.clock.ticks())
}

/// Whether a hart that is woken would go on at a mark. It stops there while it still waits: waking is no step, and a
/// run that ends at this step for another reason does not wake it.
#[cold]
fn stops_as_it_wakes(hart: &Hart, bus: &Bus, marks: &Marks) -> bool {
    let lines = bus.lines.into_hart(hart.id() as usize);
    let interrupted = hart.pending_interrupt(lines, bus.clock.ticks());
    interrupted.is_none() && marks.stops(hart.pc, bus.clock.steps)
}

/// Ends a wait, and takes an interrupt if one is due: that is a step.
fn sample(hart: &mut Hart, bus: &mut Bus, observer: &mut impl Observer) -> bool {
    if std::mem::take(&mut hart.waiting) {
        observer.wakes(hart, bus);
    }
    let lines = bus.lines.into_hart(hart.id() as usize);
    let ticks = bus.clock.ticks();
    let Some(interrupt) = hart.pending_interrupt(lines, ticks) else {
        return false;
    };
    let pc = hart.pc;
    hart.take_interrupt(interrupt);
    observer.interrupted(hart, bus, pc, interrupt);
    hart.advance(bus, 1);
    true
}
