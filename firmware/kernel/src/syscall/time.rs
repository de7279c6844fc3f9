//! Calls about time. All clocks are one: the time since the machine started.

use abi::errno;
use abi::syscall::Syscall;

use super::{NotNow, Outcome};
use crate::arch::csr;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::process::thread::Wait;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const TIMER_ABSTIME: u64 = 1;

pub fn make(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, ..] = arguments;
    match call {
        Syscall::Nanosleep => kernel.sleep(hart, a0, false),
        Syscall::ClockNanosleep => kernel.sleep(hart, a2, a1 & TIMER_ABSTIME != 0),
        Syscall::ClockGettime if a0 < 12 => {
            let nanos = kernel.nanos(csr::time());
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&(nanos / NANOS_PER_SECOND).to_le_bytes());
            bytes[8..].copy_from_slice(&(nanos % NANOS_PER_SECOND).to_le_bytes());
            kernel.write_user(hart, a1, &bytes)?;
            Ok(0)
        }
        _ => Err(errno::EINVAL.into()),
    }
}

impl Kernel {
    /// Nanoseconds of so many ticks.
    pub fn nanos(&self, ticks: u64) -> u64 {
        let nanos = u128::from(ticks) * u128::from(NANOS_PER_SECOND) / u128::from(self.timebase);
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    /// Ticks of so many nanoseconds, rounded up.
    pub fn ticks(&self, nanos: u64) -> u64 {
        let ticks =
            (u128::from(nanos) * u128::from(self.timebase)).div_ceil(u128::from(NANOS_PER_SECOND));
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// The deadline, in ticks, of the call that the hart's thread makes: fixed when the call is first made, so that being
    /// woken early costs no time. `at` is a `struct timespec` of the process.
    ///
    /// # Errors
    /// EFAULT, EINVAL.
    pub fn deadline(&mut self, hart: &Hart, at: u64, is_absolute: bool) -> Result<u64, u16> {
        let thread = self.threads.get(hart.current).ok_or(errno::EINVAL)?;
        if thread.deadline != 0 {
            return Ok(thread.deadline);
        }
        let seconds = self.read_user_u64(hart, at)?;
        let nanos = self.read_user_u64(hart, at.wrapping_add(8))?;
        if nanos >= NANOS_PER_SECOND || (seconds as i64) < 0 {
            return Err(errno::EINVAL);
        }
        let nanos = seconds
            .saturating_mul(NANOS_PER_SECOND)
            .saturating_add(nanos);
        let ticks = self.ticks(nanos);
        let deadline = match is_absolute {
            true => ticks,
            false => csr::time().saturating_add(ticks),
        };
        self.keep_deadline(hart, deadline)
    }

    /// Fixes the deadline of the call that the hart's thread makes.
    ///
    /// # Errors
    /// The hart has no thread.
    pub fn keep_deadline(&mut self, hart: &Hart, ticks: u64) -> Result<u64, u16> {
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        if thread.deadline == 0 {
            thread.deadline = ticks.clamp(1, u64::MAX - 1);
            thread.is_mid_call = true;
        }
        Ok(thread.deadline)
    }

    fn sleep(&mut self, hart: &Hart, request: u64, is_absolute: bool) -> Outcome {
        let deadline = self.deadline(hart, request, is_absolute)?;
        if csr::time() >= deadline {
            return Ok(0);
        }
        Err(NotNow::WaitUntil(Wait::Nothing, deadline))
    }
}
