//! From what an observer is told to what happened.

use std::ops::Range;
use std::rc::Rc;

use debugger::os::Layout;
use isa::Insn;
use isa::trap::{Exception, Interrupt};
use machine::hart::{Hart, Privilege, Trap};
use machine::{Bus, Machine, Observer, Stop};

use crate::guest::Guest;
use crate::identity::{Identity, Who};
use crate::messages::Messages;
use crate::open_calls::{OpenCall, OpenCalls};
use crate::{Call, Event, Kinds, Message, Scope, Sink, Thread, What, describe, sbi};

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

    /// The kernel goes back to user code, or to wait: what it did for the thread that came to it may be done, though
    /// another thread runs first.
    fn end_visit(&mut self, guest: &Guest<'_>, now: Option<&Who>) {
        let Some(visitor) = self.hart(guest).visitor.take() else {
            return;
        };
        if now.is_some_and(|now| now.key == visitor.key) {
            return;
        }
        if let Some(now) = now
            && now.is_new
            && visitor.record.is_none()
        {
            // The thread goes on with another program, in another address space.
            let has_become = |open: &mut OpenCall| open.call.number == number::EXECVE;
            if self
                .calls
                .last(visitor.key)
                .is_some_and(|open| has_become(open))
            {
                for open in self.calls.forget(visitor.key) {
                    self.end_call(guest, open, Some(0));
                }
            }
        }
        let Some(open) = self.calls.last(visitor.key) else {
            return;
        };
        let mut open = open.clone();
        if let Some(result) = self.result_if_over(&open, guest)
            && !open.is_told
        {
            self.tell_message(guest, &mut open, result);
            if let Some(kept) = self.calls.last(visitor.key) {
                kept.is_told = open.is_told;
            }
        }
    }

    /// What a call that is over gave back, when its thread does not run yet.
    fn result_if_over(&self, open: &OpenCall, guest: &Guest<'_>) -> Option<u64> {
        let (pc, a0) = self.identity.fawn()?.saved(open.who.record?, guest)?;
        (pc == open.return_address()).then_some(a0)
    }

    /// Tells of the message that a call has sent or received.
    fn tell_message(&mut self, guest: &Guest<'_>, open: &mut OpenCall, result: u64) {
        if describe::error_of(result).is_some() {
            return;
        }
        open.is_told = true;
        let thread = Some(open.who.thread.clone());
        let place = (Privilege::User, open.pc);
        let length = result & 0xffff_ffff;
        let Some(mailbox) = open.mailbox else {
            return;
        };
        let message = |id, mailbox, length| Message {
            id,
            mailbox,
            length,
        };
        match open.call.number {
            number::SEND => {
                let length = open.call.arguments.get(2).copied().unwrap_or(0);
                let id = self.messages.send(mailbox);
                self.tell(
                    guest,
                    place,
                    thread,
                    What::Sent(message(id, Some(mailbox), length)),
                );
            }
            number::CALL => {
                let id = self.messages.take_reply(open.who.thread.tid);
                let id = id.unwrap_or_else(|| self.messages.single());
                self.tell(
                    guest,
                    place,
                    thread,
                    What::Received(message(id, None, length)),
                );
            }
            number::RECEIVE | number::REPLY_WAIT => {
                let caller = (result >> 32) as u32;
                let is_called = open.call.number == number::REPLY_WAIT && caller != 0;
                let id = if is_called {
                    self.tell_request(guest, caller, mailbox, length)
                } else {
                    if !self.messages.has_message(mailbox) {
                        self.tell_finished_send(guest, mailbox);
                    }
                    self.messages.receive(mailbox)
                };
                let id = id.unwrap_or_else(|| self.messages.single());
                self.tell(
                    guest,
                    place,
                    thread,
                    What::Received(message(id, Some(mailbox), length)),
                );
            }
            _ => {}
        }
    }

    /// A server has taken the request of a thread that waits for its reply: only now it is known that it was sent.
    fn tell_request(
        &mut self,
        guest: &Guest<'_>,
        caller: u32,
        mailbox: u32,
        length: u64,
    ) -> Option<u64> {
        let is_callers = |open: &&mut OpenCall| {
            open.who.thread.tid == caller && open.call.number == number::CALL
        };
        let open = self.calls.iter_mut().find(is_callers)?.clone();
        let id = self.messages.single();
        let message = Message {
            id,
            mailbox: Some(mailbox),
            length,
        };
        let place = (Privilege::User, open.pc);
        self.tell(guest, place, Some(open.who.thread), What::Sent(message));
        Some(id)
    }

    /// A message was received that nobody was seen to send: its sender's call was finished by the receiver's.
    fn tell_finished_send(&mut self, guest: &Guest<'_>, mailbox: u32) {
        let is_one = |open: &&mut OpenCall| {
            open.mailbox == Some(mailbox) && open.call.number == number::SEND && !open.is_told
        };
        let mut candidates: Vec<OpenCall> = self
            .calls
            .iter_mut()
            .filter(is_one)
            .map(|open| open.clone())
            .collect();
        candidates.sort_by_key(|open| open.call.id);
        for mut open in candidates {
            if let Some(result) = self.result_if_over(&open, guest) {
                self.tell_message(guest, &mut open, result);
                if let Some(kept) = self.calls.last(open.who.key) {
                    kept.is_told = open.is_told;
                }
            }
        }
    }

    fn end_call(&mut self, guest: &Guest<'_>, mut open: OpenCall, result: Option<u64>) {
        if let Some(result) = result
            && !open.is_told
        {
            self.tell_message(guest, &mut open, result);
        }
        let call = open.call;
        let place = (Privilege::User, open.pc);
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

impl<S: Sink> Observer for Tracer<S> {
    fn before(&mut self, hart: &Hart, bus: &Bus, _: &Insn, _: u32) {
        let state = self.hart(&Guest { hart, bus });
        state.before = Some(hart.privilege);
    }

    fn retired(&mut self, hart: &Hart, bus: &Bus, pc: u64, insn: &Insn, word: u32) {
        let guest = Guest { hart, bus };
        let state = self.hart(&guest);
        let privilege = state.before.unwrap_or(hart.privilege);
        let thread = state.thread.clone();
        // Most are not wanted where somebody narrows a trace: no text for those.
        if !self.scope.wants_place(privilege, pc) || !self.scope.wants_thread(thread.as_deref()) {
            return;
        }
        let wrote = if insn.op.writes_integer() && insn.rd != 0 {
            let name = isa::reg::X_NAMES[usize::from(insn.rd & 31)];
            Some((name, hart.reg(insn.rd)))
        } else if insn.op.writes_float() {
            let number = usize::from(insn.rd & 31);
            Some((isa::reg::F_NAMES[number], hart.f[number]))
        } else {
            None
        };
        let text = isa::disasm::disassemble(insn, pc).to_string();
        let text = text.replace('\t', " ");
        self.tell(
            &guest,
            (privilege, pc),
            thread,
            What::Insn { word, text, wrote },
        );
    }

    fn trapped(&mut self, hart: &Hart, bus: &Bus, pc: u64, trap: Trap) {
        let guest = Guest { hart, bus };
        let from = hart.privilege_before_trap();
        let who = match from {
            Privilege::User => self.leave_user(&guest, pc),
            _ => None,
        };
        let (cause, value, to) = (trap.cause, trap.tval, hart.privilege);
        let is_told = match cause {
            Exception::EcallFromU => self.begin_call(&guest, pc, who.as_ref()),
            Exception::EcallFromS if to == Privilege::Machine => self.begin_sbi(&guest, pc),
            _ => {
                let thread = self.hart(&guest).thread.clone();
                let what = match cause {
                    Exception::InstructionPageFault
                    | Exception::LoadPageFault
                    | Exception::StorePageFault => What::Fault {
                        cause,
                        address: value,
                    },
                    _ => What::Trap { cause, value, to },
                };
                self.tell(&guest, (from, pc), thread, what)
            }
        };
        self.hart(&guest).handling.push(Handling { from, is_told });
    }

    fn interrupted(&mut self, hart: &Hart, bus: &Bus, pc: u64, cause: Interrupt) {
        let guest = Guest { hart, bus };
        let from = hart.privilege_before_trap();
        if from == Privilege::User {
            self.leave_user(&guest, pc);
        }
        let thread = self.hart(&guest).thread.clone();
        let to = hart.privilege;
        let is_told = self.tell(&guest, (from, pc), thread, What::Interrupt { cause, to });
        self.hart(&guest).handling.push(Handling { from, is_told });
    }

    fn returned(&mut self, hart: &Hart, bus: &Bus) {
        let guest = Guest { hart, bus };
        if hart.privilege == Privilege::Supervisor {
            self.end_sbi(&guest);
        }
        self.end_handling(&guest);
        if hart.privilege == Privilege::User {
            self.enter_user(&guest);
        }
    }

    fn waits(&mut self, hart: &Hart, bus: &Bus) {
        let guest = Guest { hart, bus };
        self.end_visit(&guest, None);
        let state = self.hart(&guest);
        state.waits = true;
        // Waiting is nobody's work.
        state.thread = None;
        state.user = None;
        self.tell(&guest, (hart.privilege, hart.pc), None, What::Waits);
    }

    fn wakes(&mut self, hart: &Hart, bus: &Bus) {
        let guest = Guest { hart, bus };
        if std::mem::take(&mut self.hart(&guest).waits) {
            self.tell(&guest, (hart.privilege, hart.pc), None, What::Wakes);
        }
    }
}
