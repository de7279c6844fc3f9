//! The end of threads and processes.
//!
//! A process that ends dooms its threads. Each leaves when it next would run; the last one takes the process apart, piece by
//! piece, on its own time, so that no end takes longer than others can wait.

use kernel_core::arena::Id;
use kernel_core::schedule::Leave;

use super::thread::{State as ThreadState, Thread, Wait, attention};
use super::{Process, State, signal};
use crate::arch::sbi;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::space::Progress;
use crate::memory::{direct, user};

impl Kernel {
    /// Dooms a process. `status` is the wait status: a signal, or an exit status shifted by eight; the first one counts.
    pub fn end_process(&mut self, id: Id<Process>, status: u32) {
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        if process.state != State::Alive {
            return;
        }
        process.state = State::Ending;
        process.status = status;
        process.stopped = false;
        self.for_each_thread(id, |kernel, thread| kernel.doom(thread));
    }

    /// Dooms all threads of a process but one: `execve`.
    pub fn end_other_threads(&mut self, id: Id<Process>, but: Id<Thread>) {
        self.for_each_thread(id, |kernel, thread| {
            if thread != but {
                kernel.doom(thread);
            }
        });
    }

    /// Does something with every thread of a process.
    pub fn for_each_thread(&mut self, id: Id<Process>, act: impl Fn(&mut Self, Id<Thread>)) {
        let mut from = 0;
        while let Some(thread) = self.threads.next_from(from) {
            from = thread.index() + 1;
            if self
                .threads
                .get(thread)
                .is_some_and(|thread| thread.process == id)
            {
                act(self, thread);
            }
        }
    }

    fn doom(&mut self, id: Id<Thread>) {
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        thread.attention |= attention::DOOMED;
        match thread.state {
            ThreadState::Waiting | ThreadState::Stopped => self.make_ready(id),
            ThreadState::Running => self.call_harts(),
            ThreadState::Ready => {}
        }
    }

    /// `exit`: the thread ends, and with the last one the process.
    pub fn end_thread(&mut self, hart: &Hart, status: u64) {
        let process = self.current_process(hart);
        let last = self
            .processes
            .get(process)
            .is_none_or(|process| process.threads == 1);
        if last {
            self.end_process(process, (status as u32 & 0xff) << 8);
        } else if let Some(thread) = self.threads.get_mut(hart.current) {
            thread.attention |= attention::DOOMED;
        }
    }

    /// A doomed thread has the hart: it leaves, or does the next piece of its process's end.
    pub fn die(&mut self, hart: &mut Hart) {
        let id = hart.current;
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        let process_id = thread.process;
        let embryo = core::mem::take(&mut thread.embryo);
        self.abandon(embryo);
        self.pass_on_turn(id);
        self.tell_who_joins(id);
        let threads = self
            .processes
            .get(process_id)
            .map_or(0, |process| process.threads);
        if threads > 1 {
            self.leave(hart, process_id);
            return;
        }
        self.enter_kernel_space(hart);
        if self.take_apart(process_id) == Progress::More {
            return;
        }
        let is_init = process_id == self.init;
        let status = self
            .processes
            .get(process_id)
            .map_or(0, |process| process.status);
        self.leave(hart, process_id);
        if is_init {
            end_machine(status, self.finisher);
        }
        self.become_zombie(process_id);
    }

    /// The thread is no more.
    fn leave(&mut self, hart: &mut Hart, process_id: Id<Process>) {
        let id = hart.current;
        self.put_down(hart, ThreadState::Stopped, Leave::Block);
        self.forget_thread(id);
        let Some(process) = self.processes.get_mut(process_id) else {
            return;
        };
        process.threads -= 1;
        let job = process.job;
        self.leave_job(job, 1);
        self.wake_parent(process_id);
    }

    /// `CLONE_CHILD_CLEARTID`: who joins the thread waits at a word that becomes 0.
    fn tell_who_joins(&mut self, id: Id<Thread>) {
        let Some(thread) = self.threads.get_mut(id) else {
            return;
        };
        let address = core::mem::take(&mut thread.clear_on_end);
        let process_id = thread.process;
        if address == 0 {
            return;
        }
        if let Some(process) = self.processes.get_mut(process_id) {
            // A thread that gave a wrong address hurts itself only.
            let _ = user::write(&mut self.memory, &mut process.space, address, &[0; 4]);
        }
        self.wake_futex(process_id, address, u64::MAX);
    }

    /// Takes everything from a process that has one thread left, as much as may be at once.
    fn take_apart(&mut self, id: Id<Process>) -> Progress {
        self.release_descriptors(id);
        self.release_supervisor(id);
        self.release_program(id);
        let Some(process) = self.processes.get_mut(id) else {
            return Progress::Done;
        };
        let Some(job) = self.jobs.get_mut(process.job) else {
            return Progress::Done;
        };
        process.space.free_piece(&mut self.memory, &mut job.account)
    }

    /// The process does not run its file any more.
    pub fn release_program(&mut self, id: Id<Process>) {
        if let Some(process) = self.processes.get_mut(id) {
            let program = core::mem::take(&mut process.program);
            let (tree, mut pages) = self.memory.files();
            tree.close(&mut pages, program);
        }
    }

    fn become_zombie(&mut self, id: Id<Process>) {
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        process.state = State::Zombie;
        self.scheduler.remove_process(id.index());
        let Some(process) = self.processes.get(id) else {
            return;
        };
        let parent = process.parent;
        self.adopt_children(id);
        self.fail_calls_to(id);
        self.raise(parent, signal::CHLD);
        self.wake_parent(parent);
    }

    /// Gives a process's children to init.
    fn adopt_children(&mut self, id: Id<Process>) {
        let init = self.init;
        let mut from = 0;
        while let Some(child) = self.processes.next_from(from) {
            from = child.index() + 1;
            if let Some(child) = self.processes.get_mut(child)
                && child.parent == id
            {
                child.parent = init;
            }
        }
        self.wake_parent(init);
    }

    /// Wakes whoever waits in a process for a child, or (`execve`) for the other threads to be gone.
    pub fn wake_parent(&mut self, parent: Id<Process>) {
        self.wake(Wait::Child(parent));
    }

    /// A job has so many threads less.
    pub fn leave_job(&mut self, job: Id<super::job::Job>, threads: u32) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.threads = job.threads.saturating_sub(threads);
        }
    }

    /// A job has a process less.
    pub fn process_left(&mut self, job: Id<super::job::Job>) {
        if let Some(record) = self.jobs.get_mut(job) {
            record.processes = record.processes.saturating_sub(1);
        }
        self.forget_empty_job(job);
    }
}

/// Init has ended: the machine's run ends with its status, a signal as shells count it.
fn end_machine(status: u32, finisher: u64) -> ! {
    let code = match status & 0x7f {
        0 => status >> 8 & 0xff,
        signal => 128 + signal,
    };
    if code != 0 && finisher != 0 {
        const FAILURE: u32 = 0x3333;
        direct::write_device32(finisher, code << 16 | FAILURE);
    }
    sbi::shut_down(code != 0)
}
