//! Jobs: process trees that share limits, so that what one of them uses up nobody else misses.

use abi::errno;
use abi::layout::Record;
use kernel_core::arena::{Id, Slot};
use kernel_core::frame::{Account, FrameNumber};

use super::{Pid, Process};
use crate::kernel::Kernel;

/// The most processes of a job, unless it is init's.
const PROCESSES: u32 = 64;
/// The most threads.
const THREADS: u32 = 512;
/// The most mailboxes, pipes and open files, together.
const OBJECTS: u32 = 192;

/// A job. Its number is that of the process that began it.
#[repr(C)]
#[derive(Debug)]
pub struct Job {
    /// Its number.
    pub number: Pid,
    /// The parent of the process that began it.
    pub owner: Id<Process>,
    /// Memory that its processes have been promised, and may be.
    pub account: Account,
    /// Its processes, zombies included.
    pub processes: u32,
    /// How many it may have.
    pub process_limit: u32,
    /// Its threads.
    pub threads: u32,
    /// How many it may have.
    pub thread_limit: u32,
    /// Mailboxes, pipes and open files that its processes have made and that are there still, wherever their handles are.
    pub objects: u32,
    /// How many it may have.
    pub object_limit: u32,
}

/// Where tools find what a job is.
pub const FIELDS: &[Record] = &abi::fields!("job", Job; Slot<Job>:
    number, owner, account.charged, account.limit, processes, process_limit, threads, thread_limit, objects, object_limit);

impl Default for Job {
    fn default() -> Self {
        Self {
            number: 0,
            owner: Id::NONE,
            account: Account::new(0, false),
            processes: 0,
            process_limit: PROCESSES,
            threads: 0,
            thread_limit: THREADS,
            objects: 0,
            object_limit: OBJECTS,
        }
    }
}

impl Kernel {
    /// `setpgid(0, 0)`: the caller leaves its job and begins one of its own, to whose account what it has is moved.
    ///
    /// # Errors
    /// Too many jobs, or the process is not alone in its space... it has been moved already.
    pub fn begin_job(&mut self, process: Id<Process>) -> Result<u64, u16> {
        let mover = self.processes.get(process).ok_or(errno::ESRCH)?;
        let (pid, old, threads) = (mover.pid, mover.job, mover.threads);
        if self.jobs.get(old).is_some_and(|job| job.number == pid) {
            return Ok(0);
        }
        let owner = mover.parent;
        let frames = mover.space.promised();
        let limit = self.job_frames;
        let job = Job {
            number: pid,
            owner,
            account: Account::new(limit, false),
            processes: 1,
            threads,
            ..Job::default()
        };
        let new = self.jobs.insert(job).map_err(|_| errno::EAGAIN)?;
        if let Some((from, to)) = self.jobs.get_pair_mut(old, new) {
            let moved = self
                .memory
                .pool
                .transfer(&mut from.account, &mut to.account, frames);
            from.processes -= 1;
            from.threads -= threads;
            if let Err(error) = moved {
                from.processes += 1;
                from.threads += threads;
                self.jobs.remove(new);
                return Err(error.errno());
            }
        }
        if let Some(process) = self.processes.get_mut(process) {
            process.job = new;
        }
        self.scheduler.add_job(new.index(), 1024);
        self.scheduler.move_process(process.index(), new.index());
        self.forget_empty_job(old);
        Ok(0)
    }

    /// A job without processes is none, once nothing is left that they have made.
    pub fn forget_empty_job(&mut self, job: Id<Job>) {
        let is_empty = |job: &Job| job.processes == 0 && job.objects == 0;
        if self.jobs.get(job).is_some_and(is_empty) {
            self.jobs.remove(job);
            self.scheduler.remove_job(job.index());
        }
    }

    /// Makes room in a job for one more process with one thread.
    ///
    /// # Errors
    /// The job is full.
    pub fn admit_process(&mut self, job: Id<Job>) -> Result<(), u16> {
        let job = self.jobs.get_mut(job).ok_or(errno::EAGAIN)?;
        if job.processes >= job.process_limit || job.threads >= job.thread_limit {
            return Err(errno::EAGAIN);
        }
        job.processes += 1;
        job.threads += 1;
        Ok(())
    }

    /// The same for a thread.
    ///
    /// # Errors
    /// The job is full.
    pub fn admit_thread(&mut self, job: Id<Job>) -> Result<(), u16> {
        let job = self.jobs.get_mut(job).ok_or(errno::EAGAIN)?;
        if job.threads >= job.thread_limit {
            return Err(errno::EAGAIN);
        }
        job.threads += 1;
        Ok(())
    }

    /// Makes room in a job for one more mailbox, pipe or open file.
    ///
    /// # Errors
    /// ENFILE: the job is full.
    pub fn admit_object(&mut self, job: Id<Job>) -> Result<(), u16> {
        let job = self.jobs.get_mut(job).ok_or(errno::ENFILE)?;
        if job.objects >= job.object_limit {
            return Err(errno::ENFILE);
        }
        job.objects += 1;
        Ok(())
    }

    /// One of them is gone.
    pub fn object_left(&mut self, job: Id<Job>) {
        if let Some(job) = self.jobs.get_mut(job) {
            job.objects = job.objects.saturating_sub(1);
        }
        self.forget_empty_job(job);
    }

    /// Takes a frame of zeros for the kernel's use on a job's account.
    pub fn take_for(&mut self, job: Id<Job>) -> Option<FrameNumber> {
        let account = &mut self.jobs.get_mut(job)?.account;
        self.memory.take_charged(account)
    }

    /// Gives such a frame back.
    pub fn release_for(&mut self, job: Id<Job>, frame: FrameNumber) {
        match self.jobs.get_mut(job) {
            Some(job) => self.memory.release_charged(&mut job.account, frame),
            None => self.memory.release(frame),
        }
    }
}
