//! Nice values: a process's share of its job's time.

use abi::errno;
use kernel_core::arena::Id;

use super::Process;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::syscall::Outcome;

/// `PRIO_PROCESS`: one process is meant. Jobs share evenly whatever their processes do, and there are no users.
const ONE_PROCESS: u64 = 0;
const LEAST: i32 = -20;
const MOST: i32 = 19;

/// The weights of the nice values from -20 to 19, as Linux has them: each step is a quarter more or less.
const WEIGHTS: [u32; 40] = [
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906, 3121, 2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87,
    70, 56, 45, 36, 29, 23, 18, 15,
];

/// The share of a process with a nice value, against those of its job's other processes.
pub fn weight(nice: i32) -> u32 {
    let place = usize::try_from(nice.clamp(LEAST, MOST) - LEAST).unwrap_or(0);
    WEIGHTS.get(place).copied().unwrap_or(1024)
}

impl Kernel {
    /// `setpriority`: of the caller, whose share can only become less, or of a process that it may control.
    ///
    /// # Errors
    /// EINVAL, ESRCH, EPERM; EACCES for more than the caller's own share.
    pub fn set_priority(&mut self, hart: &Hart, which: u64, who: u64, nice: u64) -> Outcome {
        let id = self.process_meant(hart, which, who)?;
        let nice = (nice as i32).clamp(LEAST, MOST);
        let caller = self.current_process(hart);
        let process = self.processes.get_mut(id).ok_or(errno::ESRCH)?;
        if id == caller {
            if nice < process.nice {
                return Err(errno::EACCES.into());
            }
        } else if !self.may_control(caller, id) {
            return Err(errno::EPERM.into());
        }
        let process = self.processes.get_mut(id).ok_or(errno::ESRCH)?;
        process.nice = nice;
        self.scheduler
            .set_weight_of_process(id.index(), weight(nice));
        Ok(0)
    }

    /// `getpriority`: 20 less the nice value.
    ///
    /// # Errors
    /// EINVAL, ESRCH.
    pub fn priority(&self, hart: &Hart, which: u64, who: u64) -> Outcome {
        let id = self.process_meant(hart, which, who)?;
        let process = self.processes.get(id).ok_or(errno::ESRCH)?;
        Ok((20 - process.nice) as u64)
    }

    fn process_meant(&self, hart: &Hart, which: u64, who: u64) -> Result<Id<Process>, u16> {
        match (which, u32::try_from(who)) {
            (ONE_PROCESS, Ok(0)) => Ok(self.current_process(hart)),
            (ONE_PROCESS, Ok(pid)) => self.find_process(pid).ok_or(errno::ESRCH),
            (ONE_PROCESS, Err(_)) => Err(errno::ESRCH),
            _ => Err(errno::EINVAL),
        }
    }
}
