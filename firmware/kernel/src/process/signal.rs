//! Signals: what happens to a process or thread from outside its program, and what its own exceptions become.

use abi::errno;
use kernel_core::arena::Id;
use kernel_core::schedule::Leave;

use super::thread::{Registers, State as ThreadState, Thread, attention};
use super::{Pid, Process, State};
use crate::arch::fpu::FloatState;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::TRAMPOLINE;
use crate::memory::user;
use crate::syscall::{NotNow, Outcome};

/// Numbers of signals, as Linux has them.
pub const INT: u32 = 2;
pub const QUIT: u32 = 3;
pub const ILL: u32 = 4;
pub const TRAP: u32 = 5;
pub const BUS: u32 = 7;
pub const KILL: u32 = 9;
pub const SEGV: u32 = 11;
pub const PIPE: u32 = 13;
pub const CHLD: u32 = 17;
pub const CONT: u32 = 18;
pub const STOP: u32 = 19;
pub const TSTP: u32 = 20;
/// One more than the largest number that is kept.
const COUNT: u32 = 32;

/// A handler that means: do nothing.
const IGNORE: u64 = 1;
/// A handler that means: what the signal does by itself.
const DEFAULT: u64 = 0;

/// Flags of an action.
const SA_SIGINFO: u64 = 4;
const SA_ONSTACK: u64 = 0x0800_0000;
const SA_RESTART: u64 = 0x1000_0000;
const SA_NODEFER: u64 = 0x4000_0000;
const SA_RESETHAND: u64 = 0x8000_0000;

/// Bytes of the frame that a handler finds on its stack: `siginfo_t`, then `ucontext_t`, as Linux lays them out.
const FRAME_BYTES: usize = 128 + CONTEXT_BYTES;
const CONTEXT_BYTES: usize = 960;
/// Offsets in the context.
const CONTEXT_STACK: usize = 16;
const CONTEXT_MASK: usize = 40;
const CONTEXT_REGISTERS: usize = 176;
const CONTEXT_FLOAT: usize = CONTEXT_REGISTERS + 256;

/// What a process does about one signal.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    handler: u64,
    flags: u64,
    mask: u64,
}

/// What a process does about all signals.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Actions([Action; COUNT as usize]);

impl Actions {
    fn of(&self, signal: u32) -> Action {
        self.0.get(signal as usize).copied().unwrap_or_default()
    }

    /// `execve`: handlers are gone with the program that had them; what was ignored stays so.
    pub fn forget_handlers(&mut self) {
        for action in &mut self.0 {
            if action.handler != IGNORE {
                *action = Action::default();
            }
        }
    }
}

/// What a thread does about signals.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Signals {
    /// Those (a bit each) that wait until they are let through.
    pub mask: u64,
    /// Those that are meant for this thread and were not taken yet.
    pub pending: u64,
    /// The stack for handlers that want another one: from where, and how many bytes.
    pub stack: (u64, u64),
    /// The mask to come back to when `rt_sigsuspend` ends.
    suspended_mask: Option<u64>,
}

impl Signals {
    /// What a thread made by this one begins with.
    pub fn for_new_thread(&self) -> Self {
        Self {
            mask: self.mask,
            ..Self::default()
        }
    }
}

/// What a parent can be told about a child that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It was stopped by a signal.
    Stopped(u32),
    /// It goes on.
    Continued,
}

/// What a signal does when no handler takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Nothing,
    Stop,
    Continue,
    End,
}

fn effect(signal: u32) -> Effect {
    match signal {
        CHLD | 23 | 28 => Effect::Nothing,
        CONT => Effect::Continue,
        STOP | TSTP | 21 | 22 => Effect::Stop,
        _ => Effect::End,
    }
}

fn bit(signal: u32) -> u64 {
    1 << signal.saturating_sub(1)
}

/// What a handler is told besides the number.
#[derive(Clone, Copy, Debug, Default)]
struct Information {
    code: u32,
    address: u64,
}

impl Kernel {
    /// Sends a signal to a process.
    pub fn raise(&mut self, id: Id<Process>, signal: u32) {
        let init = self.init;
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        if process.state != State::Alive {
            return;
        }
        let action = process.actions.of(signal);
        let is_default = action.handler == DEFAULT;
        if signal == KILL && id != init {
            return self.end_process(id, KILL);
        }
        if effect(signal) == Effect::Continue {
            self.continue_process(id);
        } else if signal == STOP || effect(signal) == Effect::Stop && is_default {
            return self.stop_process(id, signal);
        }
        let ignored =
            action.handler == IGNORE || is_default && (effect(signal) != Effect::End || id == init);
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        if ignored {
            return;
        }
        process.pending |= bit(signal);
        self.for_each_thread(id, |kernel, thread| kernel.call_attention(thread, signal));
    }

    /// Lets a thread look at a signal, unless it blocks it.
    fn call_attention(&mut self, id: Id<Thread>, signal: u32) {
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        if thread.signals.mask & bit(signal) != 0 {
            return;
        }
        thread.attention |= attention::SIGNAL;
        match thread.state {
            ThreadState::Waiting => self.make_ready(id),
            ThreadState::Running => self.call_harts(),
            _ => {}
        }
    }

    fn stop_process(&mut self, id: Id<Process>, signal: u32) {
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        process.stopped = true;
        process.news = Some(News::Stopped(signal));
        let parent = process.parent;
        self.for_each_thread(id, |kernel, thread| kernel.hold(thread));
        self.call_harts();
        self.wake_parent(parent);
    }

    fn continue_process(&mut self, id: Id<Process>) {
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        if !core::mem::take(&mut process.stopped) {
            return;
        }
        process.news = Some(News::Continued);
        let parent = process.parent;
        self.for_each_thread(id, |kernel, thread| {
            if let Some(record) = kernel.threads.get_mut(thread) {
                record.attention &= !attention::STOPPED;
                if record.state == ThreadState::Stopped {
                    kernel.make_ready(thread);
                }
            }
        });
        self.wake_parent(parent);
    }

    /// Does what the hart's thread has to be looked at for. Returns whether it may go on.
    pub fn attend(&mut self, hart: &mut Hart) -> bool {
        let Some(thread) = self.threads.get_mut(hart.current) else {
            return false;
        };
        if thread.attention & attention::DOOMED != 0 {
            self.die(hart);
            return false;
        }
        if thread.attention & attention::STOPPED != 0 {
            let id = hart.current;
            self.put_down(hart, ThreadState::Stopped, Leave::Block);
            // Its parent may have been waiting for the last thread to leave its hart.
            let process = self.threads.get(id).map(|thread| thread.process);
            let parent = process.and_then(|id| Some(self.processes.get(id)?.parent));
            self.wake_parent(parent.unwrap_or(Id::NONE));
            return false;
        }
        thread.attention &= !attention::SIGNAL;
        match self.next_signal(hart.current) {
            Some(signal) => self.take_signal(hart, signal),
            None => self.leave_interrupted_wait(hart, None),
        }
        self.threads
            .get(hart.current)
            .is_some_and(|thread| thread.attention == 0)
    }

    /// The lowest signal that the thread does not block, taken from what is pending.
    fn next_signal(&mut self, id: Id<Thread>) -> Option<u32> {
        let thread = self.threads.get_mut(id)?;
        let process = self.processes.get_mut(thread.process)?;
        let open = (thread.signals.pending | process.pending) & !thread.signals.mask;
        if open == 0 {
            return None;
        }
        let signal = open.trailing_zeros() + 1;
        let bit = bit(signal);
        if thread.signals.pending & bit != 0 {
            thread.signals.pending &= !bit;
        } else {
            process.pending &= !bit;
        }
        if open & !bit != 0 {
            thread.attention |= attention::SIGNAL;
        }
        Some(signal)
    }

    fn take_signal(&mut self, hart: &mut Hart, signal: u32) {
        let process_id = self.current_process(hart);
        let Some(process) = self.processes.get(process_id) else {
            return;
        };
        let action = process.actions.of(signal);
        match action.handler {
            IGNORE => self.leave_interrupted_wait(hart, None),
            DEFAULT => match effect(signal) {
                Effect::End => self.end_process(process_id, signal),
                _ => self.leave_interrupted_wait(hart, None),
            },
            _ => {
                self.leave_interrupted_wait(hart, Some(action.flags & SA_RESTART != 0));
                if self
                    .enter_handler(hart, signal, Information::default())
                    .is_err()
                {
                    self.end_process(process_id, SEGV);
                }
            }
        }
    }

    /// A call that the thread waited in is made again, unless a handler that does not restart calls comes between: then
    /// it has failed with EINTR.
    fn leave_interrupted_wait(&mut self, hart: &Hart, restarts: Option<bool>) {
        let Some(thread) = self.threads.get_mut(hart.current) else {
            return;
        };
        let waited = core::mem::take(&mut thread.interrupted_call);
        // Sleeps, and whatever else has a deadline or waits for signals, are not made again behind a handler's back.
        let is_sleep = thread.deadline != 0 || thread.signals.suspended_mask.is_some();
        if waited && (restarts == Some(false) || restarts == Some(true) && is_sleep) {
            let interrupted = (-i64::from(errno::EINTR)) as u64;
            let result = thread.reply.take().unwrap_or(interrupted);
            thread.registers.set_result(result);
            thread.registers.pc += 4;
            thread.deadline = 0;
            thread.has_called = false;
            thread.has_replied = false;
        }
        self.pass_on_turn(hart.current);
    }

    /// An exception of the thread that runs: its handler takes it, if it has one that is not at work already.
    pub fn handle_exception(&mut self, hart: &mut Hart, signal: u32, address: u64) -> bool {
        /// SEGV_MAPERR and its like: the address is what matters.
        const CODE: u32 = 1;
        let process_id = self.current_process(hart);
        let Some(process) = self.processes.get(process_id) else {
            return false;
        };
        let action = process.actions.of(signal);
        let blocked = self
            .threads
            .get(hart.current)
            .is_none_or(|thread| thread.signals.mask & bit(signal) != 0);
        if action.handler == DEFAULT || action.handler == IGNORE || blocked {
            return false;
        }
        let information = Information {
            code: CODE,
            address,
        };
        self.enter_handler(hart, signal, information).is_ok()
    }

    /// Puts the thread into its handler: what it was doing is on its stack.
    fn enter_handler(
        &mut self,
        hart: &mut Hart,
        signal: u32,
        information: Information,
    ) -> Result<(), u16> {
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ESRCH)?;
        let thread = self.threads.get_mut(hart.current).ok_or(errno::ESRCH)?;
        hart.save_float(thread);
        let action = process.actions.of(signal);
        let (start, bytes) = thread.signals.stack;
        let sp = thread.registers.sp();
        let on_alternate = (start..start.saturating_add(bytes)).contains(&sp);
        let top = if action.flags & SA_ONSTACK != 0 && bytes > 0 && !on_alternate {
            start.wrapping_add(bytes)
        } else {
            sp
        };
        let at = top.wrapping_sub(FRAME_BYTES as u64) & !15;
        let mask = thread.signals.suspended_mask.take();
        let frame = frame(
            thread,
            signal,
            information,
            mask.unwrap_or(thread.signals.mask),
        );
        user::write(&mut self.memory, &mut process.space, at, &frame)?;
        thread.signals.mask |= action.mask;
        if action.flags & SA_NODEFER == 0 {
            thread.signals.mask |= bit(signal);
        }
        let registers = &mut thread.registers;
        registers.pc = action.handler;
        registers.set_ra(TRAMPOLINE);
        registers.set_sp(at);
        registers.set_argument(0, u64::from(signal));
        registers.set_argument(
            1,
            if action.flags & SA_SIGINFO != 0 {
                at
            } else {
                0
            },
        );
        registers.set_argument(2, at + 128);
        if action.flags & SA_RESETHAND != 0
            && let Some(action) = process.actions.0.get_mut(signal as usize)
        {
            *action = Action::default();
        }
        Ok(())
    }

    /// `rt_sigreturn`: back to what the handler interrupted.
    pub fn return_from_handler(&mut self, hart: &mut Hart) -> Outcome {
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ESRCH)?;
        let thread = self.threads.get_mut(hart.current).ok_or(errno::ESRCH)?;
        let mut context = [0; CONTEXT_BYTES];
        let at = thread.registers.sp().wrapping_add(128);
        if user::read(&mut self.memory, &mut process.space, at, &mut context).is_err() {
            self.end_process(process_id, SEGV);
            return Err(NotNow::Gone);
        }
        let word = |at: usize| {
            let bytes = context
                .get(at..at + 8)
                .and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        thread.signals.mask = word(CONTEXT_MASK) & !(bit(KILL) | bit(STOP));
        thread.registers = Registers {
            pc: word(CONTEXT_REGISTERS),
            x: core::array::from_fn(|index| word(CONTEXT_REGISTERS + 8 + 8 * index)),
        };
        thread.float = FloatState {
            f: core::array::from_fn(|index| word(CONTEXT_FLOAT + 8 * index)),
            fcsr: word(CONTEXT_FLOAT + 256) & 0xff,
        };
        thread.attention |= attention::SIGNAL;
        thread.has_float = thread
            .float
            .f
            .iter()
            .fold(thread.float.fcsr, |all, f| all | f)
            != 0;
        // They are what the handler has left.
        hart.float_is_zero = false;
        hart.float_owner = Id::NONE;
        hart.show_float(thread);
        Err(NotNow::Gone)
    }

    /// `rt_sigaction(signal, new, old, size)`.
    pub fn set_action(&mut self, hart: &Hart, signal: u64, new: u64, old: u64) -> Outcome {
        let number = u32::try_from(signal).unwrap_or(u32::MAX);
        let is_fixed = matches!(number, KILL | STOP);
        if signal == 0 || signal > 64 || new != 0 && is_fixed {
            return Err(errno::EINVAL.into());
        }
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ESRCH)?;
        let before = process.actions.of(number);
        if new != 0 {
            let mut words = [0; 24];
            user::read(&mut self.memory, &mut process.space, new, &mut words)?;
            let word = |index: usize| {
                let bytes = words[8 * index..8 * index + 8].try_into();
                u64::from_le_bytes(bytes.unwrap_or_default())
            };
            // Signals beyond those that are kept can never come: what is done about them is of no matter.
            if let Some(action) = process.actions.0.get_mut(number as usize) {
                *action = Action {
                    handler: word(0),
                    flags: word(1),
                    mask: word(2) & !(bit(KILL) | bit(STOP)),
                };
            }
        }
        if old != 0 {
            let words = [before.handler, before.flags, before.mask];
            let mut bytes = [0; 24];
            for (into, word) in bytes.chunks_exact_mut(8).zip(words) {
                into.copy_from_slice(&word.to_le_bytes());
            }
            user::write(&mut self.memory, &mut process.space, old, &bytes)?;
        }
        Ok(0)
    }

    /// `rt_sigprocmask(how, new, old, size)`.
    pub fn set_signal_mask(&mut self, hart: &Hart, how: u64, new: u64, old: u64) -> Outcome {
        const BLOCK: u64 = 0;
        const UNBLOCK: u64 = 1;
        const SET: u64 = 2;
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ESRCH)?;
        let thread = self.threads.get_mut(hart.current).ok_or(errno::ESRCH)?;
        let before = thread.signals.mask;
        if new != 0 {
            let bits = user::read_u64(&mut self.memory, &mut process.space, new)?;
            let mask = match how {
                BLOCK => before | bits,
                UNBLOCK => before & !bits,
                SET => bits,
                _ => return Err(errno::EINVAL.into()),
            };
            thread.signals.mask = mask & !(bit(KILL) | bit(STOP));
            thread.attention |= attention::SIGNAL;
        }
        if old != 0 {
            user::write(
                &mut self.memory,
                &mut process.space,
                old,
                &before.to_le_bytes(),
            )?;
        }
        Ok(0)
    }

    /// `rt_sigsuspend(mask, size)`: waits for a signal with another mask.
    pub fn suspend_for_signal(&mut self, hart: &Hart, mask_at: u64) -> Outcome {
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ESRCH)?;
        let mask = user::read_u64(&mut self.memory, &mut process.space, mask_at)?;
        let thread = self.threads.get_mut(hart.current).ok_or(errno::ESRCH)?;
        let open = (thread.signals.pending | process.pending) & !mask;
        if thread.signals.suspended_mask.is_none() {
            thread.signals.suspended_mask = Some(thread.signals.mask);
        }
        thread.signals.mask = mask & !(bit(KILL) | bit(STOP));
        if open != 0 {
            thread.attention |= attention::SIGNAL;
        }
        Err(super::thread::Wait::Nothing.into())
    }

    /// `sigaltstack(new, old)`.
    pub fn set_signal_stack(&mut self, hart: &Hart, new: u64, old: u64) -> Outcome {
        const DISABLED: u64 = 2;
        const LEAST: u64 = 2048;
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ESRCH)?;
        let thread = self.threads.get_mut(hart.current).ok_or(errno::ESRCH)?;
        let space = &mut process.space;
        let before = thread.signals.stack;
        if new != 0 {
            let start = user::read_u64(&mut self.memory, space, new)?;
            let flags = user::read_u64(&mut self.memory, space, new.wrapping_add(8))?;
            let bytes = user::read_u64(&mut self.memory, space, new.wrapping_add(16))?;
            thread.signals.stack = match flags as u32 as u64 & DISABLED {
                0 if bytes < LEAST => return Err(errno::ENOMEM.into()),
                0 => (start, bytes),
                _ => (0, 0),
            };
        }
        if old != 0 {
            let flags = if before.1 == 0 { DISABLED } else { 0 };
            for (index, word) in [before.0, flags, before.1].into_iter().enumerate() {
                let at = old.wrapping_add(8 * index as u64);
                user::write(&mut self.memory, space, at, &word.to_le_bytes())?;
            }
        }
        Ok(0)
    }

    /// `kill(who, signal)`: a process, with -1 all, with 0 the caller's job, below -1 that job; of those, the caller itself and its descendants.
    ///
    /// # Errors
    /// There is none; it is not the caller's to signal.
    pub fn kill(&mut self, hart: &Hart, who: i64, signal: u64) -> Outcome {
        if signal > 64 {
            return Err(errno::EINVAL.into());
        }
        let caller = self.current_process(hart);
        let job = self
            .processes
            .get(caller)
            .map_or(Id::NONE, |process| process.job);
        let (mut found, mut allowed) = (false, false);
        let mut from = 0;
        while let Some(id) = self.processes.next_from(from) {
            from = id.index() + 1;
            let Some(process) = self.processes.get(id) else {
                continue;
            };
            let number = self.jobs.get(process.job).map_or(0, |job| job.number);
            let meant = process.state != State::Embryo
                && match who {
                    0 => process.job == job,
                    -1 => id != self.init && id != caller,
                    1.. => i64::from(process.pid) == who,
                    _ => i64::from(number) == -who,
                };
            if !meant {
                continue;
            }
            found = true;
            if self.may_control(caller, id) || who < -1 && self.owns_job(caller, id) {
                allowed = true;
                if signal != 0 {
                    self.raise(id, signal as u32);
                }
            }
        }
        match (found, allowed) {
            (_, true) => Ok(0),
            (true, false) => Err(errno::EPERM.into()),
            (false, _) => Err(errno::ESRCH.into()),
        }
    }

    /// Whether a process's job was begun below another process: orphans of it are still that one's to signal.
    fn owns_job(&self, caller: Id<Process>, process: Id<Process>) -> bool {
        let job = self.processes.get(process).map(|process| process.job);
        let owner = job.and_then(|job| self.jobs.get(job)).map(|job| job.owner);
        owner.is_some_and(|owner| self.is_ancestor(caller, owner))
    }

    /// `tgkill(process, thread, signal)`: a thread of the caller's own process.
    pub fn kill_thread(&mut self, hart: &Hart, tid: u64, signal: u64) -> Outcome {
        let caller = self.current_process(hart);
        let found = self
            .threads
            .iter()
            .find(|(_, thread)| u64::from(thread.tid) == tid)
            .map(|(id, thread)| (id, thread.process));
        let (id, process) = found.ok_or(errno::ESRCH)?;
        if process != caller {
            return Err(errno::EPERM.into());
        }
        if signal == 0 || signal >= u64::from(COUNT) {
            return if signal > 64 {
                Err(errno::EINVAL.into())
            } else {
                Ok(0)
            };
        }
        let number = signal as u32;
        if matches!(number, KILL | STOP | CONT) {
            self.raise(process, number);
            return Ok(0);
        }
        if let Some(thread) = self.threads.get_mut(id) {
            thread.signals.pending |= bit(number);
        }
        self.call_attention(id, number);
        Ok(0)
    }

    /// Whether `ancestor` is `process` or one of those that it comes from.
    pub fn is_ancestor(&self, ancestor: Id<Process>, mut process: Id<Process>) -> bool {
        for _ in 0..self.processes.capacity() {
            if process == ancestor {
                return true;
            }
            match self.processes.get(process) {
                Some(record) => process = record.parent,
                None => return false,
            }
        }
        false
    }

    /// The process of that number.
    pub fn find_process(&self, pid: Pid) -> Option<Id<Process>> {
        let mut processes = self.processes.iter();
        processes
            .find(|(_, process)| process.pid == pid && process.state != State::Embryo)
            .map(|(id, _)| id)
    }
}

/// The frame for a handler.
fn frame(thread: &Thread, signal: u32, information: Information, mask: u64) -> [u8; FRAME_BYTES] {
    let mut frame = [0; FRAME_BYTES];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(into) = frame.get_mut(at..at + bytes.len()) {
            into.copy_from_slice(bytes);
        }
    };
    put(0, &signal.to_le_bytes());
    put(8, &information.code.to_le_bytes());
    put(16, &information.address.to_le_bytes());
    let context = 128;
    put(
        context + CONTEXT_STACK,
        &thread.signals.stack.0.to_le_bytes(),
    );
    put(
        context + CONTEXT_STACK + 16,
        &thread.signals.stack.1.to_le_bytes(),
    );
    put(context + CONTEXT_MASK, &mask.to_le_bytes());
    put(
        context + CONTEXT_REGISTERS,
        &thread.registers.pc.to_le_bytes(),
    );
    for (index, register) in thread.registers.x.iter().enumerate() {
        put(
            context + CONTEXT_REGISTERS + 8 + 8 * index,
            &register.to_le_bytes(),
        );
    }
    for (index, register) in thread.float.f.iter().enumerate() {
        put(context + CONTEXT_FLOAT + 8 * index, &register.to_le_bytes());
    }
    put(
        context + CONTEXT_FLOAT + 256,
        &thread.float.fcsr.to_le_bytes(),
    );
    frame
}
