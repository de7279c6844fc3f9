//! Jobs: process trees that share limits, so that what one of them uses up nobody else misses.

use abi::errno;
use abi::layout::Record;
use kernel_core::arena::{Id, Slot};
use kernel_core::frame::Account;

use super::{Pid, Process};
use crate::kernel::Kernel;

/// The most processes of a job, unless it is init's.
const PROCESSES: u32 = 64;
/// The most threads.
const THREADS: u32 = 512;

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
}

/// Where tools find what a job is.
pub const FIELDS: &[Record] = &abi::fields!("job", Job; Slot<Job>:
    number, owner, account.charged, account.limit, processes, process_limit, threads, thread_limit);

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

    /// A job without processes is none.
    pub fn forget_empty_job(&mut self, job: Id<Job>) {
        if self.jobs.get(job).is_some_and(|job| job.processes == 0) {
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
}
