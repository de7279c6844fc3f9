//! `wait4`: how a parent learns what became of its children.

use abi::errno;
use kernel_core::arena::Id;

use super::signal::News;
use super::thread::Wait;
use super::{Process, State};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::user;
use crate::syscall::Outcome;

/// Do not wait.
const WNOHANG: u64 = 1;
/// Tell of children that were stopped, too.
const WUNTRACED: u64 = 2;
/// Tell of children that were continued, too.
const WCONTINUED: u64 = 8;

impl Kernel {
    /// The number of a child that has ended (or, when asked for, was stopped or continued), its status written where the
    /// caller says.
    pub fn wait_for_child(
        &mut self,
        hart: &Hart,
        who: i64,
        status_at: u64,
        options: u64,
    ) -> Outcome {
        if options & !(WNOHANG | WUNTRACED | WCONTINUED) != 0 {
            return Err(errno::EINVAL.into());
        }
        let parent = self.current_process(hart);
        let (children, found) = self.find_child(parent, who, options);
        let Some((id, pid, status)) = found else {
            return match (children, options & WNOHANG) {
                (0, _) => Err(errno::ECHILD.into()),
                (_, 0) => Err(Wait::Child(parent).into()),
                _ => Ok(0),
            };
        };
        if status_at != 0 {
            let space = &mut self.processes.get_mut(parent).ok_or(errno::EFAULT)?.space;
            user::write(&mut self.memory, space, status_at, &status.to_le_bytes())?;
        }
        let child = self.processes.get_mut(id).ok_or(errno::ECHILD)?;
        if child.state == State::Zombie {
            let job = child.job;
            self.processes.remove_with(id, Process::reset);
            self.process_left(job);
        } else {
            child.news = None;
        }
        Ok(u64::from(pid))
    }

    /// Whether no hart runs a thread of the process.
    fn stands_still(&self, id: Id<Process>) -> bool {
        let running = self.running.iter().filter_map(|&on| self.threads.get(on));
        running.into_iter().all(|thread| thread.process != id)
    }

    /// How many children are meant, and of those that there is something to tell of, the oldest: so that the order does not
    /// depend on where records lie.
    fn find_child(
        &self,
        parent: Id<Process>,
        who: i64,
        options: u64,
    ) -> (u32, Option<(Id<Process>, u32, u32)>) {
        let group = |process: &Process| {
            let job = self.jobs.get(process.job);
            job.map_or(0, |job| i64::from(job.number))
        };
        let is_meant = |process: &Process| match who {
            -1 => true,
            0 => self
                .processes
                .get(parent)
                .is_some_and(|p| p.job == process.job),
            1.. => i64::from(process.pid) == who,
            _ => group(process) == -who,
        };
        let mut found: Option<(Id<Process>, u32, u32)> = None;
        let mut children = 0;
        for (id, process) in self.processes.iter() {
            let exists = process.state != State::Embryo && process.parent == parent;
            if !exists || !is_meant(process) {
                continue;
            }
            children += 1;
            let status = match (process.state, process.news) {
                (State::Zombie, _) => Some(process.status),
                (_, Some(News::Stopped(signal))) if options & WUNTRACED != 0 => {
                    // Not before the last of its threads has left its hart.
                    self.stands_still(id).then_some(0x7f | signal << 8)
                }
                (_, Some(News::Continued)) if options & WCONTINUED != 0 => Some(0xffff),
                _ => None,
            };
            if let Some(status) = status
                && found.is_none_or(|(_, pid, _)| process.pid < pid)
            {
                found = Some((id, process.pid, status));
            }
        }
        (children, found)
    }
}
