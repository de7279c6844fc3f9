//! Clone: a process becomes two, or a thread becomes two threads of one process.

use abi::errno;
use abi::syscall::clone;
use kernel_core::arena::Id;
use kernel_core::page_table::Cursor;

use super::thread::Thread;
use super::{Process, State};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::USER_END;
use crate::memory::space::Progress;
use crate::memory::user;
use crate::syscall::{NotNow, Outcome};

/// Arguments of `clone` in the order of RISC-V.
pub struct CloneArguments {
    /// What is shared, and the signal at the end.
    pub flags: u64,
    /// The new thread's stack pointer; 0 for the caller's.
    pub stack: u64,
    /// Where the caller wants the new thread's number.
    pub parent_tid: u64,
    /// The new thread's thread pointer.
    pub tls: u64,
    /// Where the new thread wants its number, or 0 when it ends.
    pub child_tid: u64,
}

impl Kernel {
    /// `clone`: exactly the fork set, the spawn set and the pthread set.
    ///
    /// # Errors
    /// EINVAL for any other set; EAGAIN when there are too many; ENOMEM.
    pub fn clone(&mut self, hart: &mut Hart, arguments: &CloneArguments) -> Outcome {
        let optional = clone::CHILD_SETTID | clone::CHILD_CLEARTID | clone::PARENT_SETTID;
        match arguments.flags & !optional {
            clone::FORK => self.fork(hart, arguments),
            // The child runs in a copy: it cannot disturb the parent, which need not wait for it.
            clone::SPAWN => self.fork(hart, arguments),
            clone::THREAD_SET => self.new_thread(hart, arguments),
            flags if flags == clone::THREAD_SET | clone::DETACHED => {
                self.new_thread(hart, arguments)
            }
            _ => Err(errno::EINVAL.into()),
        }
    }

    /// Copies the process of the thread that runs, a piece at each call. The copy has one thread, which sees 0 as the result.
    fn fork(&mut self, hart: &mut Hart, arguments: &CloneArguments) -> Outcome {
        let parent_id = self.current_process(hart);
        let thread = self.threads.get(hart.current).ok_or(errno::EINVAL)?;
        let mut child_id = thread.embryo;
        if child_id.is_none() {
            child_id = self.conceive(parent_id)?;
            if let Some(thread) = self.threads.get_mut(hart.current) {
                thread.embryo = child_id;
            }
        }
        match self.copy_piece(parent_id, child_id) {
            Ok(Progress::More) => return Err(NotNow::Again),
            Ok(Progress::Done) => {}
            Err(error) => {
                self.abort_fork(hart);
                return Err(error.into());
            }
        }
        match self.give_birth(hart, child_id, arguments) {
            Ok(pid) => Ok(pid),
            Err(error) => {
                self.abort_fork(hart);
                Err(error.into())
            }
        }
    }

    /// The record of a process that is still being copied, everything promised that it may need.
    fn conceive(&mut self, parent_id: Id<Process>) -> Result<Id<Process>, u16> {
        let parent = self.processes.get(parent_id).ok_or(errno::EINVAL)?;
        let job = parent.job;
        self.admit_process(job)?;
        let made = self.copy_process(parent_id, job);
        if made.is_err() {
            self.leave_job(job, 1);
            self.process_left(job);
        }
        made
    }

    fn copy_process(
        &mut self,
        parent_id: Id<Process>,
        job: Id<super::job::Job>,
    ) -> Result<Id<Process>, u16> {
        let account = &mut self.jobs.get_mut(job).ok_or(errno::EAGAIN)?.account;
        let Some((id, _)) = self.processes.occupy() else {
            return Err(errno::EAGAIN);
        };
        let pair = self.processes.get_pair_mut(parent_id, id);
        let (parent, child) = pair.ok_or(errno::EINVAL)?;
        let space = &mut child.space;
        if let Err(error) = space.begin_copy_of(&parent.space, &mut self.memory, account, self.root)
        {
            self.processes.remove_with(id, Process::reset);
            return Err(error);
        }
        child.pid = self.next_pid;
        child.parent = parent_id;
        child.job = job;
        child.copied = Cursor::new(0, USER_END);
        child.descriptors.copy_for_fork(&parent.descriptors);
        child.actions = parent.actions;
        child.directory = parent.directory;
        child.program = parent.program;
        child.supervisor = parent.supervisor;
        child.name = parent.name;
        child.nice = parent.nice;
        let (supervisor, program) = (child.supervisor, child.program);
        self.next_pid += 1;
        self.introduce_process(id, job);
        self.retain_descriptors(id);
        if let Some(mailbox) = self.mailboxes.get_mut(supervisor) {
            mailbox.retain(kernel_core::descriptor::Rights::WRITE);
        }
        self.memory.tree.open(program);
        Ok(id)
    }

    fn copy_piece(&mut self, parent: Id<Process>, child: Id<Process>) -> Result<Progress, u16> {
        let pair = self.processes.get_pair_mut(parent, child);
        let (parent, child) = pair.ok_or(errno::EINVAL)?;
        let space = &child.space;
        parent
            .space
            .share_piece(&mut self.memory, space, &mut child.copied)
    }

    /// The copy is whole: it gets its thread.
    fn give_birth(
        &mut self,
        hart: &mut Hart,
        child_id: Id<Process>,
        arguments: &CloneArguments,
    ) -> Result<u64, u16> {
        let mut thread = self.copy_thread(hart)?;
        let child = self.processes.get_mut(child_id).ok_or(errno::EINVAL)?;
        thread.process = child_id;
        thread.tid = child.pid;
        if arguments.stack != 0 {
            thread.registers.set_sp(arguments.stack);
        }
        if arguments.flags & clone::CHILD_SETTID != 0 {
            let number = child.pid.to_le_bytes();
            user::write(
                &mut self.memory,
                &mut child.space,
                arguments.child_tid,
                &number,
            )?;
        }
        if arguments.flags & clone::CHILD_CLEARTID != 0 {
            thread.clear_on_end = arguments.child_tid;
        }
        let pid = child.pid;
        let id = self.insert_thread(thread)?;
        if let Some(child) = self.processes.get_mut(child_id) {
            child.state = State::Alive;
            child.threads = 1;
        }
        if let Some(parent) = self.threads.get_mut(hart.current) {
            parent.embryo = Id::NONE;
        }
        self.make_ready(id);
        Ok(u64::from(pid))
    }

    /// Takes back a fork that cannot be finished.
    pub fn abort_fork(&mut self, hart: &Hart) {
        let Some(thread) = self.threads.get_mut(hart.current) else {
            return;
        };
        let embryo = core::mem::take(&mut thread.embryo);
        self.abandon(embryo);
    }

    /// Forgets a copy that never came to have a thread.
    pub fn abandon(&mut self, embryo: Id<Process>) {
        let Some(child) = self.processes.get_mut(embryo) else {
            return;
        };
        let job = child.job;
        self.release_descriptors(embryo);
        self.release_supervisor(embryo);
        self.release_program(embryo);
        self.scheduler.remove_process(embryo.index());
        if let Some(child) = self.processes.get_mut(embryo)
            && let Some(job) = self.jobs.get_mut(job)
        {
            child.space.free(&mut self.memory, &mut job.account);
        }
        self.processes.remove_with(embryo, Process::reset);
        self.leave_job(job, 1);
        self.process_left(job);
    }

    /// The pthread set: another thread of the same process.
    fn new_thread(&mut self, hart: &mut Hart, arguments: &CloneArguments) -> Outcome {
        let process_id = self.current_process(hart);
        let process = self.processes.get(process_id).ok_or(errno::EINVAL)?;
        let job = process.job;
        let mut thread = self.copy_thread(hart)?;
        self.admit_thread(job)?;
        thread.process = process_id;
        thread.tid = self.next_pid;
        thread.registers.set_sp(arguments.stack);
        thread.registers.set_tp(arguments.tls);
        thread.clear_on_end = arguments.child_tid;
        let tid = thread.tid;
        if arguments.flags & clone::PARENT_SETTID != 0 {
            let process = self.processes.get_mut(process_id).ok_or(errno::EINVAL)?;
            let written = user::write(
                &mut self.memory,
                &mut process.space,
                arguments.parent_tid,
                &tid.to_le_bytes(),
            );
            if let Err(error) = written {
                self.leave_job(job, 1);
                return Err(error.into());
            }
        }
        let id = match self.insert_thread(thread) {
            Ok(id) => id,
            Err(error) => {
                self.leave_job(job, 1);
                return Err(error.into());
            }
        };
        self.next_pid += 1;
        if let Some(process) = self.processes.get_mut(process_id) {
            process.threads += 1;
        }
        self.make_ready(id);
        Ok(u64::from(tid))
    }

    fn insert_thread(&mut self, thread: Thread) -> Result<Id<Thread>, u16> {
        let process = thread.process;
        let id = self.threads.insert(thread).map_err(|_| errno::EAGAIN)?;
        self.introduce_thread(id, process);
        Ok(id)
    }

    /// What a new thread begins with: the caller's registers, behind the call, with 0 as its result.
    fn copy_thread(&mut self, hart: &mut Hart) -> Result<Thread, u16> {
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        hart.save_float(thread);
        let mut registers = thread.registers;
        registers.set_result(0);
        registers.pc += 4;
        Ok(Thread {
            registers,
            float: thread.float,
            has_float: thread.has_float,
            // No hart's registers are its own yet.
            float_hart: u32::MAX,
            affinity: thread.affinity,
            signals: thread.signals.for_new_thread(),
            ..Thread::default()
        })
    }
}
