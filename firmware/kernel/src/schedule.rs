//! Who runs: the run queue, the quantum, waiting and waking.

use kernel_core::arena::Id;
use kernel_core::schedule::Leave;

use crate::arch::entry::run_user;
use crate::arch::{csr, sbi};
use crate::hart::Hart;
use crate::kernel::{KERNEL, Kernel};
use crate::list::List;
use crate::lock::Guard;
use crate::memory::space::kernel_satp;
use crate::process::Process;
use crate::process::job::Job;
use crate::process::nice;
use crate::process::thread::{State, Thread, Wait, attention};

/// How long a thread may run while others wait, in microseconds.
pub const QUANTUM_MICROSECONDS: u64 = 2000;
/// The share of a thread or a job among its like.
const WEIGHT: u32 = 1024;
/// Lists of waiting threads: what a thread waits for decides which one it is in.
pub const WAIT_LISTS: usize = 64;

/// What became of a hart that looked for its next thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picked {
    /// None is ready.
    Nobody,
    /// It has one, which has to be looked at before it goes on.
    Disturbed,
    /// It has one, which can go on.
    Undisturbed,
}

impl Wait {
    /// The list of those who wait for this.
    fn list(&self) -> usize {
        let key = match self {
            Self::Nothing | Self::Any | Self::Reply | Self::Supervisor(_) => return 0,
            Self::Console => 1,
            Self::Child(process) => 3 + process.index() as u64 * 7,
            Self::Message(mailbox) => 5 + mailbox.index() as u64 * 11,
            Self::Room(mailbox) => 9 + mailbox.index() as u64 * 13,
            Self::Pipe(pipe) => 17 + pipe.index() as u64 * 19,
            Self::Futex(process, address) => (address >> 2) + process.index() as u64 * 31,
        };
        1 + (key % (WAIT_LISTS as u64 - 1)) as usize
    }
}

impl Kernel {
    /// Makes a thread known to the scheduler; it does not run yet.
    pub fn introduce_thread(&mut self, id: Id<Thread>, process: Id<Process>) {
        if let Some(thread) = self.threads.get_mut(id) {
            thread.state = State::Stopped;
            let affinity = thread.affinity_mask();
            self.scheduler
                .add_thread(id.index(), process.index(), WEIGHT);
            self.scheduler.set_affinity(id.index(), affinity);
        }
    }

    /// Makes a process known to the scheduler.
    pub fn introduce_process(&mut self, id: Id<Process>, job: Id<Job>) {
        let nice = self.processes.get(id).map_or(0, |process| process.nice);
        self.scheduler
            .add_process(id.index(), job.index(), nice::weight(nice));
    }

    /// Lets a thread run that waited or was stopped: calls a hart that idles, or one whose thread has had more.
    pub fn make_ready(&mut self, id: Id<Thread>) {
        self.has_changed = true;
        self.leave_list(id);
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        thread.state = State::Ready;
        thread.wait = Wait::Nothing;
        thread.wake_at = u64::MAX;
        let mask = thread.affinity_mask();
        self.scheduler.ready(id.index());
        if !self.call_idle_hart(mask) {
            self.preempt_for(id, mask);
        }
    }

    /// Calls one of these harts (a bit each) that idles. False when none does.
    fn call_idle_hart(&mut self, mask: u64) -> bool {
        let idle = self.idle & mask;
        if idle == 0 {
            return false;
        }
        let hart = idle.trailing_zeros() as usize;
        self.idle &= !(1 << hart);
        sbi::send_ipi(1 << self.memory.hart_ids[hart]);
        true
    }

    /// Takes a hart away from a thread that has had more than one that was just woken.
    fn preempt_for(&mut self, id: Id<Thread>, mask: u64) {
        let now = csr::time();
        for hart in 0..self.running.len() {
            if mask >> hart & 1 == 0 || self.preempted >> hart & 1 != 0 {
                continue;
            }
            let running = self.running[hart];
            let Some(thread) = self.threads.get_mut(running) else {
                continue;
            };
            let ran = now.saturating_sub(thread.since);
            thread.since = now;
            thread.ran += ran;
            self.scheduler.account(running.index(), ran);
            if self.scheduler.should_preempt(id.index(), running.index()) {
                self.preempted |= 1 << hart;
                if hart != self.memory.here {
                    sbi::send_ipi(1 << self.memory.hart_ids[hart]);
                }
                return;
            }
        }
    }

    /// Takes a thread out of the list that it is in, if it is in one.
    fn leave_list(&mut self, id: Id<Thread>) {
        let Some(thread) = self.threads.get(id) else {
            return;
        };
        if thread.state == State::Waiting {
            let list = thread.wait.list();
            if let Some(list) = self.waiting.get_mut(list) {
                list.remove(&mut self.threads, id);
            }
        }
    }

    /// Lets a hart's thread wait, until a time in ticks at most. It will make its call again when it is woken.
    pub fn wait(&mut self, hart: &mut Hart, wait: Wait, until: u64) {
        let id = hart.current;
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        thread.interrupted_call = true;
        thread.is_mid_call = true;
        if thread.attention != 0 {
            // What it would wait for may have been said already: it is looked at first.
            self.has_changed = true;
            return;
        }
        thread.wait = wait;
        thread.wake_at = until;
        thread.switches += 1;
        self.next_deadline = self.next_deadline.min(until);
        if let Some(list) = self.waiting.get_mut(wait.list()) {
            list.push(&mut self.threads, id);
        }
        self.put_down(hart, State::Waiting, Leave::Block);
    }

    /// Wakes every thread that waits for this, or for anything.
    pub fn wake(&mut self, what: Wait) {
        self.wake_in_list(what.list(), |wait| *wait == what);
        self.wake_in_list(Wait::Any.list(), |wait| *wait == Wait::Any);
    }

    /// The first thread that waits for this, or none.
    pub fn first_waiter(&self, what: Wait) -> Id<Thread> {
        let mut at = self.waiting.get(what.list()).map_or(Id::NONE, List::first);
        while let Some(thread) = self.threads.get(at) {
            if thread.wait == what {
                return at;
            }
            at = thread.next;
        }
        Id::NONE
    }

    /// Wakes the first thread that waits for this, and all that wait for anything.
    pub fn wake_one(&mut self, what: Wait) {
        let first = self.first_waiter(what);
        if !first.is_none() {
            self.make_ready(first);
        }
        self.wake_in_list(Wait::Any.list(), |wait| *wait == Wait::Any);
    }

    fn wake_in_list(&mut self, list: usize, is_meant: impl Fn(&Wait) -> bool) {
        let mut at = self.waiting.get(list).map_or(Id::NONE, List::first);
        while let Some(thread) = self.threads.get(at) {
            let next = thread.next;
            if is_meant(&thread.wait) {
                self.make_ready(at);
            }
            at = next;
        }
    }

    /// Wakes whoever waited for a time that has come, and finds the next deadline.
    pub fn wake_due(&mut self, now: u64) {
        if self.next_deadline > now {
            return;
        }
        let mut next = u64::MAX;
        let mut from = 0;
        while let Some(id) = self.threads.next_from(from) {
            from = id.index() + 1;
            let Some(thread) = self.threads.get(id) else {
                continue;
            };
            if thread.state != State::Waiting {
                continue;
            }
            if thread.wake_at <= now {
                self.make_ready(id);
            } else {
                next = next.min(thread.wake_at);
            }
        }
        self.next_deadline = next;
    }

    /// Takes the hart away from its thread, which is ready again.
    pub fn give_up(&mut self, hart: &mut Hart) {
        let mask = self.put_down(hart, State::Ready, Leave::PutBack);
        self.call_idle_hart(mask);
    }

    /// `sched_yield`: the next in line goes first, whoever has had more.
    #[inline]
    pub fn yield_hart(&mut self, hart: &mut Hart) {
        let mask = self.put_down(hart, State::Ready, Leave::Yield);
        self.call_idle_hart(mask);
    }

    /// Takes a thread that has ended out of the queues.
    pub fn forget_thread(&mut self, id: Id<Thread>) {
        self.leave_list(id);
        self.drop_outgoing(id);
        self.scheduler.remove_thread(id.index());
        self.threads.remove(id);
    }

    /// Marks a thread of a process that was stopped: it is held when it next would run.
    pub fn hold(&mut self, id: Id<Thread>) {
        self.has_changed = true;
        if let Some(thread) = self.threads.get_mut(id) {
            thread.attention |= attention::STOPPED;
        }
    }

    /// Has every hart that runs a thread look whether it still may.
    pub fn call_harts(&mut self) {
        let busy = self.harts & !self.idle & !(1 << self.memory.here);
        let ids = (0..self.memory.hart_ids.len()).filter(|hart| busy >> hart & 1 != 0);
        let mask = ids.fold(0, |mask, hart| mask | 1 << self.memory.hart_ids[hart]);
        if mask != 0 {
            sbi::send_ipi(mask);
        }
    }

    /// Takes the hart away from its thread, which is in this state from now on. The harts (a bit each) that it may run on.
    #[inline]
    pub fn put_down(&mut self, hart: &mut Hart, state: State, how: Leave) -> u64 {
        self.has_changed = true;
        if let Some(running) = self.running.get_mut(hart.index) {
            *running = Id::NONE;
        }
        let id = hart.current;
        let Some(thread) = self.threads.get_mut(id) else {
            hart.current = Id::NONE;
            return 0;
        };
        hart.save_float(thread);
        hart.current = Id::NONE;
        let now = csr::time();
        let ran = now.saturating_sub(thread.since);
        thread.since = now;
        thread.ran += ran;
        thread.state = state;
        self.scheduler.leave(id.index(), ran, how);
        thread.affinity_mask()
    }

    /// Lets the hart translate by the kernel's own root: no process's space is in use here.
    pub fn enter_kernel_space(&self, hart: &mut Hart) {
        hart.use_space(kernel_satp(self.root));
    }

    /// Gives the hart the next thread, if there is one.
    #[inline(always)]
    fn pick(&mut self, hart: &mut Hart, now: u64) -> Picked {
        let Some(index) = self.scheduler.pick(hart.index) else {
            return Picked::Nobody;
        };
        let Some((id, thread)) = self.threads.at_mut(index) else {
            return Picked::Nobody;
        };
        if let Some(running) = self.running.get_mut(hart.index) {
            *running = id;
        }
        self.preempted &= !(1 << hart.index);
        thread.state = State::Running;
        thread.since = now;
        hart.current = id;
        hart.registers = &raw mut thread.registers;
        hart.show_float(thread);
        hart.quantum_end = now + hart.quantum;
        hart.see_code(self.code_generation);
        match self.processes.get_mut(thread.process) {
            Some(process) if !process.space.is_none() => {
                process.space.enter(hart, &mut self.asids);
            }
            _ => hart.use_space(kernel_satp(self.root)),
        }
        if thread.attention == 0 {
            Picked::Undisturbed
        } else {
            Picked::Disturbed
        }
    }

    /// Whether other threads wait for this hart.
    pub fn others_wait(&self, hart: &Hart) -> bool {
        self.scheduler.has_ready_for(hart.index)
    }

    /// Sets the timer for the thread that the hart has. Alone, the next look is when somebody's deadline comes, or when a thread
    /// becomes ready here.
    fn set_timer(&self, hart: &mut Hart) {
        let quantum = match self.scheduler.ready_count() {
            0 => u64::MAX,
            _ => hart.quantum_end,
        };
        hart.set_timer(quantum.min(self.next_deadline));
    }

    /// Whether nothing asks for a look at the hart's thread before it goes on.
    pub fn is_undisturbed(&self, hart: &Hart) -> bool {
        let thread = self.threads.get(hart.current);
        self.preempted >> hart.index & 1 == 0 && thread.is_some_and(|thread| thread.attention == 0)
    }

    /// Whether the hart's thread may go on as it is.
    fn may_go_on(&mut self, hart: &mut Hart, now: u64) -> bool {
        if self.preempted >> hart.index & 1 != 0 {
            self.preempted &= !(1 << hart.index);
            if let Some(thread) = self.threads.get_mut(hart.current) {
                thread.preemptions += 1;
            }
            self.give_up(hart);
            return false;
        }
        let attention = self.threads.get(hart.current).map_or(0, |t| t.attention);
        if attention == 0 || self.attend(hart) {
            return true;
        }
        // What it was busy with may be long: the others have their turns.
        if !hart.current.is_none() && now >= hart.quantum_end && self.others_wait(hart) {
            self.give_up(hart);
        }
        false
    }
}

/// Goes on with the hart's thread, or with the next one in line: most often nothing else is to be done.
#[inline(always)]
pub fn go_on(mut guard: Guard<'_, Option<Kernel>>, hart: &mut Hart) -> ! {
    let now = csr::time();
    if let Some(kernel) = guard.as_mut()
        && kernel.next_deadline > now
        && hart.current.is_none()
        && kernel.pick(hart, now) == Picked::Undisturbed
    {
        kernel.set_timer(hart);
        drop(guard);
        run_user(hart);
    }
    drop(reschedule(guard, hart));
    run_user(hart)
}

/// Sees to it that the hart has a thread, waiting for one if need be. The timer is set when this returns.
pub fn reschedule<'k>(
    mut guard: Guard<'k, Option<Kernel>>,
    hart: &mut Hart,
) -> Guard<'k, Option<Kernel>> {
    loop {
        let now = csr::time();
        let Some(kernel) = guard.as_mut() else {
            return guard;
        };
        kernel.memory.here = hart.index;
        kernel.wake_due(now);
        if !hart.current.is_none() || kernel.pick(hart, now) != Picked::Nobody {
            if kernel.may_go_on(hart, now) {
                kernel.set_timer(hart);
                return guard;
            }
            // Another hart may have its turn with the kernel, and free the root that this one has no thread in any more.
            if hart.current.is_none() {
                kernel.enter_kernel_space(hart);
            }
            drop(guard);
            guard = KERNEL.lock();
            continue;
        }
        kernel.idle |= 1 << hart.index;
        kernel.enter_kernel_space(hart);
        hart.set_timer(kernel.next_deadline);
        drop(guard);
        csr::wait_for_interrupt();
        csr::clear_sip(csr::SOFTWARE);
        guard = KERNEL.lock();
        if let Some(kernel) = guard.as_mut() {
            kernel.idle &= !(1 << hart.index);
            kernel.memory.here = hart.index;
            kernel.poll_devices();
        }
    }
}
