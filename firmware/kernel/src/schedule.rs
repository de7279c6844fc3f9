//! Who runs: the run queue, the quantum, waiting and waking.

use kernel_core::arena::{Arena, Id};

use crate::arch::{csr, fpu, sbi};
use crate::hart::Hart;
use crate::kernel::{KERNEL, Kernel};
use crate::lock::Guard;
use crate::process::thread::{State, Thread, Wait};

/// How long a thread may run while others wait, in microseconds.
pub const QUANTUM_MICROSECONDS: u64 = 2000;

/// Threads in the order in which they came, linked through their records.
#[derive(Debug, Default)]
pub struct Queue {
    first: Id<Thread>,
    last: Id<Thread>,
}

impl Queue {
    /// No thread.
    pub const fn new() -> Self {
        Self {
            first: Id::NONE,
            last: Id::NONE,
        }
    }

    /// True when no thread is in the queue.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn push(&mut self, threads: &mut Arena<'_, Thread>, id: Id<Thread>) {
        match threads.get_mut(self.last) {
            Some(last) => last.next = id,
            None => self.first = id,
        }
        self.last = id;
    }

    /// Takes out the first thread that may run on a hart.
    fn pop(&mut self, threads: &mut Arena<'_, Thread>, hart: usize) -> Option<Id<Thread>> {
        let mut at = self.first;
        while let Some(thread) = threads.get(at) {
            if thread.may_run_on(hart) {
                self.remove(threads, at);
                return Some(at);
            }
            at = thread.next;
        }
        None
    }

    /// Takes a thread out, wherever it stands.
    fn remove(&mut self, threads: &mut Arena<'_, Thread>, id: Id<Thread>) {
        let (mut before, mut at) = (Id::NONE, self.first);
        while let Some(thread) = threads.get_mut(at) {
            let next = thread.next;
            if at == id {
                thread.next = Id::NONE;
                match threads.get_mut(before) {
                    Some(before) => before.next = next,
                    None => self.first = next,
                }
                if self.last == id {
                    self.last = before;
                }
                return;
            }
            (before, at) = (at, next);
        }
    }
}

impl Kernel {
    /// Puts a thread into the run queue, and calls a hart that idles.
    pub fn make_ready(&mut self, id: Id<Thread>) {
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        thread.state = State::Ready;
        thread.wait = Wait::Nothing;
        let mask = thread.affinity_mask();
        self.ready.push(&mut self.threads, id);
        let idle = self.idle & mask;
        if idle != 0 {
            let hart = idle.trailing_zeros() as usize;
            self.idle &= !(1 << hart);
            sbi::send_ipi(1 << self.hart_ids[hart]);
        }
    }

    /// Lets a hart's thread wait. It will make its call again when it is woken.
    pub fn wait(&mut self, hart: &mut Hart, wait: Wait) {
        let Some(thread) = self.threads.get_mut(hart.current) else {
            return;
        };
        thread.state = State::Waiting;
        thread.wait = wait;
        thread.switches += 1;
        if let Wait::Until(deadline) = wait {
            self.next_deadline = self.next_deadline.min(deadline);
        }
        self.put_down(hart);
    }

    /// Wakes every thread that waits for the same.
    pub fn wake(&mut self, what: Wait) {
        self.wake_if(|thread| thread.wait == what);
    }

    /// Wakes every thread that waits and that `is_meant` picks.
    pub fn wake_if(&mut self, is_meant: impl Fn(&Thread) -> bool) {
        let mut from = 0;
        while let Some(id) = self.threads.next_from(from) {
            from = id.index() + 1;
            let thread = self.threads.get(id);
            if thread.is_some_and(|thread| thread.state == State::Waiting && is_meant(thread)) {
                self.make_ready(id);
            }
        }
    }

    /// Wakes whoever waited for a time that has come, and finds the next deadline.
    pub fn wake_due(&mut self, now: u64) {
        if self.next_deadline > now {
            return;
        }
        self.wake_if(|thread| matches!(thread.wait, Wait::Until(deadline) if deadline <= now));
        self.next_deadline = self
            .threads
            .iter()
            .filter_map(|(_, thread)| match thread.wait {
                Wait::Until(deadline) => Some(deadline),
                _ => None,
            })
            .min()
            .unwrap_or(u64::MAX);
    }

    /// Takes the hart away from its thread, which goes to the end of the run queue.
    pub fn give_up(&mut self, hart: &mut Hart) {
        let id = hart.current;
        self.put_down(hart);
        self.make_ready(id);
    }

    /// Takes a thread that has ended off its hart and out of the queues.
    pub fn forget_thread(&mut self, id: Id<Thread>) {
        self.ready.remove(&mut self.threads, id);
        self.threads.remove(id);
    }

    /// Saves what only the hart has of its thread; the hart has none afterwards.
    pub fn put_down(&mut self, hart: &mut Hart) {
        if let Some(thread) = self.threads.get_mut(hart.current)
            && hart.return_status & csr::SSTATUS_FS == csr::FS_DIRTY
        {
            fpu::save(&mut thread.float);
        }
        hart.current = Id::NONE;
    }

    /// Gives the hart the next thread, if there is one.
    fn pick(&mut self, hart: &mut Hart, now: u64) -> bool {
        let Some(id) = self.ready.pop(&mut self.threads, hart.index) else {
            return false;
        };
        let Some(thread) = self.threads.get_mut(id) else {
            return false;
        };
        thread.state = State::Running;
        hart.current = id;
        hart.registers = &raw mut thread.registers;
        fpu::load(&thread.float);
        hart.return_status = csr::SSTATUS_SPIE | csr::FS_CLEAN;
        hart.quantum_end = now + hart.quantum;
        hart.see_code(self.code_generation);
        let process = thread.process;
        if let Some(process) = self.processes.get_mut(process) {
            process.space.enter(hart, &mut self.asids);
        }
        true
    }
}

/// Sees to it that the hart has a thread, waiting for one if need be. The timer is set when this returns.
pub fn reschedule<'k>(
    mut kernel: Guard<'k, Option<Kernel>>,
    hart: &mut Hart,
) -> Guard<'k, Option<Kernel>> {
    loop {
        let now = csr::time();
        if let Some(kernel) = kernel.as_mut() {
            kernel.wake_due(now);
            if !hart.current.is_none() || kernel.pick(hart, now) {
                let quantum = if kernel.ready.is_empty() {
                    // Alone: the next look is when somebody's deadline comes, or when a thread becomes ready here.
                    hart.quantum_end.max(now + hart.quantum)
                } else {
                    hart.quantum_end
                };
                hart.set_timer(quantum.min(kernel.next_deadline));
                break;
            }
            kernel.idle |= 1 << hart.index;
            hart.use_space(crate::memory::space::kernel_satp(kernel.root));
            hart.set_timer(kernel.next_deadline);
        }
        drop(kernel);
        csr::wait_for_interrupt();
        csr::clear_sip(csr::SOFTWARE);
        kernel = KERNEL.lock();
        if let Some(kernel) = kernel.as_mut() {
            kernel.idle &= !(1 << hart.index);
        }
    }
    kernel
}
