//! Calls about the caller itself.

use abi::errno;
use kernel_core::arena::Id;

use super::Outcome;
use crate::arch::csr;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::user;
use crate::process::thread::Wait;
use crate::process::{Pid, Process};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl Kernel {
    /// A process's number; 0 for none.
    pub fn pid_of(&self, process: Id<Process>) -> Pid {
        self.processes.get(process).map_or(0, |process| process.pid)
    }

    /// Its parent's.
    pub fn parent_pid_of(&self, process: Id<Process>) -> Pid {
        let parent = self
            .processes
            .get(process)
            .map_or(Id::NONE, |process| process.parent);
        self.pid_of(parent)
    }

    /// `nanosleep`: the deadline is fixed when the call is first made, so that being woken early costs no time.
    pub fn sleep(&mut self, hart: &Hart, request: u64) -> Outcome {
        let now = csr::time();
        let thread = self.threads.get(hart.current).ok_or(errno::EINVAL)?;
        let mut deadline = thread.deadline;
        if deadline == 0 {
            let process = self.current_process(hart);
            let space = &mut self.processes.get_mut(process).ok_or(errno::EINVAL)?.space;
            let seconds = user::read_u64(&mut self.memory, space, request)?;
            let nanos = user::read_u64(&mut self.memory, space, request.wrapping_add(8))?;
            if nanos >= NANOS_PER_SECOND || seconds as i64 <= -1 {
                return Err(errno::EINVAL.into());
            }
            let ticks = u128::from(seconds) * u128::from(self.timebase)
                + (u128::from(nanos) * u128::from(self.timebase))
                    .div_ceil(u128::from(NANOS_PER_SECOND));
            deadline = u64::try_from(ticks).map_or(u64::MAX - 1, |ticks| {
                now.saturating_add(ticks).min(u64::MAX - 1)
            });
        }
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        if now >= deadline {
            thread.deadline = 0;
            return Ok(0);
        }
        thread.deadline = deadline;
        Err(Wait::Until(deadline).into())
    }

    /// `sched_setaffinity`, of the caller only.
    pub fn keep_to_harts(
        &mut self,
        hart: &mut Hart,
        who: u64,
        length: u64,
        mask_at: u64,
    ) -> Outcome {
        if who != 0 || length < 8 {
            return Err(errno::EINVAL.into());
        }
        let process = self.current_process(hart);
        let space = &mut self.processes.get_mut(process).ok_or(errno::EINVAL)?.space;
        let mask = user::read_u64(&mut self.memory, space, mask_at)? & self.harts;
        if mask == 0 {
            return Err(errno::EINVAL.into());
        }
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        thread.affinity = mask;
        if mask >> hart.index & 1 == 0 {
            hart.must_give_up = true;
        }
        Ok(0)
    }

    /// `getrusage`: the switches, voluntary and not; the rest is zero.
    pub fn resource_usage(&mut self, hart: &Hart, usage_at: u64) -> Outcome {
        const BYTES: usize = 144;
        const VOLUNTARY: usize = 128;
        const INVOLUNTARY: usize = 136;
        let thread = self.threads.get(hart.current).ok_or(errno::EINVAL)?;
        let mut usage = [0; BYTES];
        usage[VOLUNTARY..INVOLUNTARY].copy_from_slice(&thread.switches.to_le_bytes());
        usage[INVOLUNTARY..].copy_from_slice(&thread.preemptions.to_le_bytes());
        let process = self.current_process(hart);
        let space = &mut self.processes.get_mut(process).ok_or(errno::EINVAL)?.space;
        user::write(&mut self.memory, space, usage_at, &usage)?;
        Ok(0)
    }
}
