//! From what an observer is told to what happened.

use std::ops::Range;
use std::rc::Rc;

use debugger::os::Layout;
use machine::hart::Privilege;
use machine::{Machine, Stop};

use crate::guest::Guest;
use crate::identity::{Identity, Who};
use crate::messages::Messages;
use crate::open_calls::{OpenCall, OpenCalls};
use crate::{Call, Event, Kinds, Message, Scope, Sink, Thread, What, describe, sbi};

mod observing;
mod visits;

/// Register numbers (psABI).
const A0: u8 = 10;
const A1: u8 = 11;
const A6: u8 = 16;
const A7: u8 = 17;
/// Bytes of an `ecall`.
const ECALL_BYTES: u64 = 4;

/// Numbers of calls that mean something here.
mod number {
    pub const EXIT: u64 = 93;
    pub const EXIT_GROUP: u64 = 94;
    pub const EXECVE: u64 = 221;
    pub const SEND: u64 = 1025;
    pub const RECEIVE: u64 = 1026;
    pub const CALL: u64 = 1029;
    pub const REPLY_WAIT: u64 = 1030;
}

/// A trap that is being handled.
#[derive(Clone, Copy, Debug)]
struct Handling {
    /// The mode that it interrupted.
    from: Privilege,
    /// It was told, so its end is told.
    is_told: bool,
}

/// What is known of a hart.
#[derive(Debug, Default)]
struct HartState {
    /// Whose code runs, or for whom the kernel works.
    thread: Option<Rc<Thread>>,
    /// The last thread whose code ran.
    ran_last: Option<Rc<Thread>>,
    handling: Vec<Handling>,
    /// The thread that came into the kernel by a system call, until the kernel goes back to user code.
    visitor: Option<Who>,
    /// Program counter and integer registers when user code was left, while it is left.
    user: Option<(u64, [u64; 32])>,
    /// A call of the firmware.
    sbi: Option<(Rc<Call>, u64)>,
    /// Mode and thread before the current instruction.
    before: Option<Privilege>,
    runs: bool,
    waits: bool,
}

/// For whom a hart works.
#[derive(Clone, Debug, Default)]
pub struct Whereabouts {
    /// The thread whose code runs, or for which the kernel works.
    pub thread: Option<Rc<Thread>>,
    /// Where its own code was left: program counter and integer registers.
    pub user: Option<(u64, [u64; 32])>,
}

/// Makes events of what a machine's harts do, and gives those that are wanted to a sink.
pub struct Tracer<S> {
    scope: Scope,
    sink: S,
    identity: Identity,
    harts: Vec<HartState>,
    calls: OpenCalls,
    messages: Messages,
    last_call: u64,
    failed: Option<std::io::Error>,
}

impl<S: Sink> Tracer<S> {
    /// A tracer of a machine with so many harts, whose kernel has this layout note, if it has one.
    #[must_use]
    pub fn new(scope: Scope, harts: usize, layout: Option<&Layout>, sink: S) -> Self {
        Self {
            scope,
            sink,
            identity: Identity::new(layout),
            harts: (0..harts).map(|_| HartState::default()).collect(),
            calls: OpenCalls::default(),
            messages: Messages::default(),
            last_call: 0,
            failed: None,
        }
    }

    /// Runs a machine for at most `budget` steps: at nearly full speed, but for the steps whose instructions are wanted.
    pub fn run(&mut self, machine: &mut Machine, budget: u64) -> Stop {
        let end = machine.steps().saturating_add(budget);
        loop {
            let now = machine.steps();
            let left = end.saturating_sub(now);
            let Range { start, end } = self.scope.steps;
            let each = self.scope.kinds.contains(Kinds::INSN);
            let (stop, part) = if now >= end {
                (machine.run(left), left)
            } else if !each {
                let part = left.min(end - now);
                (machine.run_watching_traps(part, self), part)
            } else if now < start {
                let part = left.min(start - now);
                (machine.run_watching_traps(part, self), part)
            } else {
                let part = left.min(end - now);
                (machine.run_observed(part, self), part)
            };
            if stop != Stop::Budget || part == left {
                return stop;
            }
        }
    }

    /// The trace ends with the machine as it is now; its sink comes back.
    ///
    /// # Errors
    /// What went wrong when writing, the first time.
    pub fn finish(mut self, machine: &Machine) -> std::io::Result<S> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.sink
            .finish(machine.steps(), machine.bus().clock.now())?;
        Ok(self.sink)
    }

    /// For whom a hart works.
    #[must_use]
    pub fn whereabouts(&self, hart: usize) -> Whereabouts {
        let state = self.harts.get(hart);
        state.map_or_else(Whereabouts::default, |state| Whereabouts {
            thread: state.thread.clone(),
            user: state.user,
        })
    }

    fn hart(&mut self, guest: &Guest<'_>) -> &mut HartState {
        let id = guest.hart.id() as usize;
        if self.harts.len() <= id {
            self.harts.resize_with(id + 1, HartState::default);
        }
        &mut self.harts[id]
    }

    /// Tells an event, if it is wanted; whether it was.
    fn tell(
        &mut self,
        guest: &Guest<'_>,
        place: (Privilege, u64),
        thread: Option<Rc<Thread>>,
        what: What,
    ) -> bool {
        let clock = &guest.bus.clock;
        let event = Event {
            step: clock.steps,
            nanos: clock.now(),
            hart: guest.hart.id() as usize,
            privilege: place.0,
            pc: place.1,
            thread,
            what,
        };
        // The end of what was told is always told.
        let is_wanted = event.what == What::Handled || self.scope.wants(&event);
        if is_wanted
            && self.failed.is_none()
            && let Err(error) = self.sink.event(&event)
        {
            self.failed = Some(error);
        }
        is_wanted
    }

    /// A trap or interrupt out of user code: the kernel works for that thread now.
    fn leave_user(&mut self, guest: &Guest<'_>, pc: u64) -> Option<Who> {
        let who = self.identity.who(guest);
        let thread = who.as_ref().map(|who| who.thread.clone());
        let state = self.hart(guest);
        state.thread.clone_from(&thread);
        state.user = Some((
            pc,
            std::array::from_fn(|number| guest.hart.reg(number as u8)),
        ));
        if std::mem::take(&mut state.runs) {
            self.tell(guest, (Privilege::User, pc), thread, What::Stops);
        }
        who
    }

    fn begin_call(&mut self, guest: &Guest<'_>, pc: u64, who: Option<&Who>) -> bool {
        let arguments = std::array::from_fn(|index| guest.hart.reg(A0 + index as u8));
        let number = guest.hart.reg(A7);
        let thread = who.map(|who| who.thread.clone());
        let place = (Privilege::User, pc);
        let mut call = Call {
            id: self.last_call + 1,
            number,
            name: String::new(),
            arguments: arguments.to_vec(),
            text: String::new(),
            began: guest.bus.clock.steps,
        };
        if let Some(who) = who {
            self.hart(guest).visitor = Some(who.clone());
            if self.calls.again(who, pc, &call).is_some() {
                return false;
            }
        }
        self.last_call += 1;
        if self.scope.kinds.contains(Kinds::SYSCALL) {
            (call.name, call.text) = describe::call(number, &arguments, guest);
        }
        let call = Rc::new(call);
        let is_told = self.tell(guest, place, thread.clone(), What::CallStart(call.clone()));
        if let number::EXIT | number::EXIT_GROUP = number {
            let result = None;
            self.tell(guest, place, thread, What::CallEnd { call, result });
        } else if let Some(who) = who {
            let mailbox = self.mailbox_of(who, number, arguments[0], guest);
            if number == number::REPLY_WAIT && arguments[1] != 0 {
                let id = self.messages.reply(arguments[1] as u32);
                let message = Message {
                    id,
                    mailbox: None,
                    length: arguments[3],
                };
                self.tell(guest, place, thread, What::Sent(message));
            }
            self.calls.begin(OpenCall {
                call,
                who: who.clone(),
                pc,
                mailbox,
                is_told: false,
            });
        }
        is_told
    }

    fn mailbox_of(&self, who: &Who, call: u64, descriptor: u64, guest: &Guest<'_>) -> Option<u32> {
        let is_about_one = matches!(
            call,
            number::SEND | number::RECEIVE | number::CALL | number::REPLY_WAIT
        );
        let tables = self.identity.fawn().filter(|_| is_about_one)?;
        tables.mailbox(who.record?, descriptor, guest)
    }

    fn end_call(&mut self, guest: &Guest<'_>, mut open: OpenCall, result: Option<u64>) {
        if let Some(result) = result
            && !open.is_told
        {
            self.tell_message(guest, &mut open, result);
        }
        let mut call = open.call;
        let place = (Privilege::User, open.pc);
        if call.text.contains("0x") && call.number != number::EXECVE {
            // What was not in memory when the call was made is there now.
            let arguments = std::array::from_fn(|index| call.arguments[index]);
            let (_, text) = describe::call(call.number, &arguments, guest);
            if text != call.text {
                Rc::make_mut(&mut call).text = text;
            }
        }
        self.tell(
            guest,
            place,
            Some(open.who.thread),
            What::CallEnd { call, result },
        );
    }

    fn enter_user(&mut self, guest: &Guest<'_>) {
        let who = self.identity.who(guest);
        self.end_visit(guest, who.as_ref());
        let pc = guest.hart.pc;
        let thread = who.as_ref().map(|who| who.thread.clone());
        let state = self.hart(guest);
        state.handling.clear();
        state.user = None;
        state.thread.clone_from(&thread);
        let before = state.ran_last.clone();
        state.ran_last.clone_from(&thread);
        let place = (Privilege::User, pc);
        if before != thread {
            self.tell(guest, place, thread.clone(), What::Switch { from: before });
        }
        if let Some(who) = &who
            && let Some(open) = self.calls.end(who, pc)
        {
            let result = match open.call.number {
                number::EXECVE if pc != open.return_address() => 0,
                _ => guest.hart.reg(A0),
            };
            self.end_call(guest, open, Some(result));
        }
        self.hart(guest).runs = true;
        self.tell(guest, place, thread, What::Runs);
    }

    /// Traps that the return to a mode leaves behind are over.
    fn end_handling(&mut self, guest: &Guest<'_>) {
        let to = guest.hart.privilege;
        let state = self.hart(guest);
        let Some(at) = state
            .handling
            .iter()
            .rposition(|handling| handling.from == to)
        else {
            return;
        };
        let over = state.handling.split_off(at);
        let thread = state.thread.clone();
        for handling in over.iter().rev().filter(|handling| handling.is_told) {
            self.tell(
                guest,
                (handling.from, guest.hart.pc),
                thread.clone(),
                What::Handled,
            );
        }
    }

    fn begin_sbi(&mut self, guest: &Guest<'_>, pc: u64) -> bool {
        let arguments: Vec<u64> = (A0..=A7).map(|register| guest.hart.reg(register)).collect();
        let name = sbi::name(guest.hart.reg(A7), guest.hart.reg(A6));
        let shown: Vec<_> = arguments
            .iter()
            .take(4)
            .map(|value| format!("{value:#x}"))
            .collect();
        self.last_call += 1;
        let call = Rc::new(Call {
            id: self.last_call,
            number: guest.hart.reg(A7),
            text: format!("{name}({})", shown.join(", ")),
            name,
            arguments,
            began: guest.bus.clock.steps,
        });
        let state = self.hart(guest);
        state.sbi = Some((call.clone(), pc.wrapping_add(ECALL_BYTES)));
        let thread = state.thread.clone();
        self.tell(
            guest,
            (Privilege::Supervisor, pc),
            thread,
            What::SbiStart(call),
        )
    }

    fn end_sbi(&mut self, guest: &Guest<'_>) {
        let state = self.hart(guest);
        let Some((call, _)) = state.sbi.take_if(|(_, back)| *back == guest.hart.pc) else {
            return;
        };
        let thread = state.thread.clone();
        let result = (guest.hart.reg(A0), guest.hart.reg(A1));
        self.tell(
            guest,
            (Privilege::Supervisor, guest.hart.pc),
            thread,
            What::SbiEnd { call, result },
        );
    }
}
