//! What a debugger stops a machine for. Watching changes nothing: the steps are the same.

use std::collections::BTreeSet;

use interpreter::hart::{Catch, Caught, Privilege};
use interpreter::{Marks, Pause};
use memory::{LoggedEvent, RegisterName, WatchHit, WatchedRange};

use crate::{Machine, schedule};

/// Why a machine stopped for a debugger, between two steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The next instruction of this hart is at a breakpoint. Running on from here passes it.
    Breakpoint {
        /// Which hart.
        hart: usize,
    },
    /// The last step did something that is watched for.
    Seen {
        /// The hart that took it.
        hart: usize,
        /// Traps, changes of privilege, CSR writes.
        caught: Vec<Caught>,
        /// Accesses to watched ranges.
        accesses: Vec<WatchHit>,
        /// The guest printed.
        printed: bool,
    },
}

/// What to stop for. None of it is state.
#[derive(Clone, Debug, Default)]
pub struct HaltOn {
    /// Virtual addresses of instructions, in every address space.
    pub breakpoints: BTreeSet<u64>,
    /// Physical ranges.
    pub ranges: Vec<WatchedRange>,
    /// Exceptions, by bit of their code.
    pub exceptions: u64,
    /// Interrupts, by bit of their code.
    pub interrupts: u64,
    /// Changes of privilege.
    pub privilege: bool,
    /// CSRs that instructions write.
    pub csrs: Vec<u16>,
    /// Console output.
    pub output: bool,
}

impl Machine {
    /// Stops ([`crate::Stop::Halt`]) for exactly this from now on.
    pub fn halt_on(&mut self, what: HaltOn) {
        for hart in &mut self.harts {
            let mut catch = Catch::default();
            catch.exceptions = what.exceptions;
            catch.interrupts = what.interrupts;
            catch.privilege = what.privilege;
            catch.csrs.clone_from(&what.csrs);
            hart.catch = catch;
        }
        if self.bus.ram.watched() != what.ranges {
            self.bus.ram.watch(what.ranges);
        }
        let marks = Marks::new(what.breakpoints);
        self.interpreter.mark(&mut self.bus, marks);
        self.halts_on_output = what.output;
    }

    /// Lets the next step pass its breakpoint, as a run does that goes on from where it stopped.
    pub fn pass_breakpoint(&mut self) {
        let steps = self.steps();
        self.interpreter.marks_mut().pass(steps);
    }

    /// The breakpoint that the next step would stop at, if one: where a run ended by itself.
    #[must_use]
    pub fn next_breakpoint(&self) -> Option<Halt> {
        let count = self.harts.len();
        let order = (0..count).map(|turn| (self.schedule.current + turn) % count);
        let hart = order
            .into_iter()
            .find(|&hart| schedule::can_run(&self.harts[hart], &self.bus))?;
        let state = &self.harts[hart];
        let lines = self.bus.lines.into_hart(hart);
        let interrupted = state.pending_interrupt(lines, self.bus.clock.ticks());
        let marked = self.interpreter.marks().addresses().contains(&state.pc);
        (marked && interrupted.is_none()).then_some(Halt::Breakpoint { hart })
    }

    /// Forgets what was seen before a run begins.
    pub(crate) fn forget_seen(&mut self) {
        if self.bus.ram.has_watch_hits() {
            self.bus.ram.take_watch_hits();
        }
        for hart in &mut self.harts {
            if hart.catch.has_caught() {
                hart.catch.take();
            }
        }
    }

    /// What the turn of `hart` that just paused must stop for.
    pub(crate) fn seen(&mut self, hart: usize, pause: Pause, printed: bool) -> Option<Halt> {
        if pause == Pause::Marked {
            self.pass_breakpoint();
            return Some(Halt::Breakpoint { hart });
        }
        let printed = printed && self.halts_on_output;
        let catch = &mut self.harts[hart].catch;
        if !(printed || catch.has_caught() || self.bus.ram.has_watch_hits()) {
            return None;
        }
        Some(Halt::Seen {
            hart,
            caught: catch.take(),
            accesses: self.bus.ram.take_watch_hits(),
            printed,
        })
    }
}

impl Machine {
    /// A debugger changes a register; one that is not there stays so.
    pub(crate) fn set_register(&mut self, hart: usize, register: RegisterName, value: u64) {
        let Some(hart) = self.harts.get_mut(hart) else {
            return;
        };
        match register {
            RegisterName::X(number) => hart.set_reg(number, value),
            RegisterName::F(number) => hart.f[usize::from(number) & 31] = value,
            // As a jump to there would be.
            RegisterName::Pc => {
                hart.pc = value & !1;
                hart.waiting = false;
            }
            RegisterName::Privilege => {
                hart.privilege = Privilege::from_bits(value);
                hart.refresh_contexts();
            }
            RegisterName::Csr(number) => {
                hart.poke_csr(&mut self.bus, number, value);
            }
        }
    }

    /// Puts in events that will enter at their moments, behind those that entered, with what was printed up to the end of
    /// that future: another one than was forgotten. `printed` bytes count as shown.
    pub fn expect_future(&mut self, events: Vec<LoggedEvent>, printed: u64) {
        self.log.expect(events);
        self.printed_most = self.printed.max(printed);
    }

    /// Forgets which pages the snapshots share: the next one takes in everything anew.
    pub fn release_snapshots(&mut self) {
        self.bus.ram.dirty_all();
        self.shared = Default::default();
    }
}
