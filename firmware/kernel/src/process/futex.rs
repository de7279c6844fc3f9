//! Futexes: waiting at a word of memory, which is all that locks and joins need of the kernel.

use abi::errno;
use kernel_core::arena::Id;

use super::Process;
use super::thread::{State, Wait};
use crate::arch::csr;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::user;
use crate::syscall::{NotNow, Outcome};

const WAIT: u64 = 0;
const WAKE: u64 = 1;
/// WAIT and WAKE with a set of bits; only the set of all is supported, with an absolute deadline for waiting.
const WAIT_BITSET: u64 = 9;
const WAKE_BITSET: u64 = 10;
/// The word is seen by one process only: always so here, memory that is shared between processes has no futexes.
const PRIVATE: u64 = 128;
/// The deadline is by the real-time clock, which here is the same.
const REALTIME: u64 = 256;

impl Kernel {
    /// `futex(address, operation, value, timeout)`.
    pub fn futex(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        let [address, operation, value, timeout, ..] = arguments;
        if !address.is_multiple_of(4) {
            return Err(errno::EINVAL.into());
        }
        match operation & !(PRIVATE | REALTIME) {
            WAIT => self.wait_at_word(hart, address, value as u32, timeout, false),
            WAIT_BITSET => self.wait_at_word(hart, address, value as u32, timeout, true),
            WAKE | WAKE_BITSET => {
                let process = self.current_process(hart);
                Ok(self.wake_futex(process, address, value))
            }
            _ => Err(errno::ENOSYS.into()),
        }
    }

    fn wait_at_word(
        &mut self,
        hart: &Hart,
        address: u64,
        expected: u32,
        timeout: u64,
        is_absolute: bool,
    ) -> Outcome {
        let process_id = self.current_process(hart);
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        if core::mem::take(&mut thread.woken) {
            return Ok(0);
        }
        let process = self.processes.get_mut(process_id).ok_or(errno::EFAULT)?;
        let mut word = [0; 4];
        user::read(&mut self.memory, &mut process.space, address, &mut word)?;
        if u32::from_le_bytes(word) != expected {
            return Err(errno::EAGAIN.into());
        }
        let wait = Wait::Futex(process_id, address);
        if timeout == 0 {
            return Err(wait.into());
        }
        let deadline = self.deadline(hart, timeout, is_absolute)?;
        if csr::time() >= deadline {
            return Err(errno::ETIMEDOUT.into());
        }
        Err(NotNow::WaitUntil(wait, deadline))
    }

    /// Wakes at most `most` threads that wait at a word; how many that were.
    pub fn wake_futex(&mut self, process: Id<Process>, address: u64, most: u64) -> u64 {
        let mut count = 0;
        let mut from = 0;
        while count < most
            && let Some(id) = self.threads.next_from(from)
        {
            from = id.index() + 1;
            let Some(thread) = self.threads.get_mut(id) else {
                continue;
            };
            if thread.state == State::Waiting && thread.wait == Wait::Futex(process, address) {
                thread.woken = true;
                self.make_ready(id);
                count += 1;
            }
        }
        count
    }
}
