//! System calls: what a thread asks of the kernel.
//!
//! A call that cannot finish leaves the program counter at its `ecall`: the thread waits, and makes the call again when it is woken.

mod file;
mod inspect;
pub use file::device;
mod memory;
mod poll;
mod process;
mod stat;
mod terminal;
mod time;

use abi::errno;
use abi::syscall::Syscall;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::user;
use crate::process::exec;
use crate::process::fork::CloneArguments;
use crate::process::thread::{Wait, attention};

/// Why a call gives no result now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// It failed: the error number.
    Error(u16),
    /// It must wait.
    Wait(Wait),
    /// It must wait, until a time in ticks at most.
    WaitUntil(Wait, u64),
    /// It is long, and goes on when it is made again, at once.
    Again,
    /// The thread is not where it was: it ended, or is another program now.
    Gone,
}

impl From<u16> for NotNow {
    fn from(error: u16) -> Self {
        Self::Error(error)
    }
}

impl From<Wait> for NotNow {
    fn from(wait: Wait) -> Self {
        Self::Wait(wait)
    }
}

/// What a call comes to.
pub type Outcome = Result<u64, NotNow>;

const GETPID: u64 = Syscall::Getpid as u64;
const GETPPID: u64 = Syscall::Getppid as u64;
const GETTID: u64 = Syscall::Gettid as u64;
const SCHED_YIELD: u64 = Syscall::SchedYield as u64;

/// Answers the calls that need nothing but a look. False, and nothing is done, for any other call, and for a thread that has to be
/// looked at itself.
#[inline(always)]
pub fn answer_at_once(kernel: &mut Kernel, hart: &mut Hart) -> bool {
    let Some(thread) = kernel.threads.get_mut(hart.current) else {
        return false;
    };
    if thread.attention != 0 || thread.is_mid_call {
        return false;
    }
    let process = match thread.registers.call() {
        GETPPID => match kernel.processes.get(thread.process) {
            Some(process) => process.parent,
            None => return false,
        },
        GETPID => thread.process,
        _ => return false,
    };
    let Some(process) = kernel.processes.get(process) else {
        return false;
    };
    thread.registers.set_result(u64::from(process.pid));
    thread.registers.pc += 4;
    hart.see_code(kernel.code_generation);
    true
}

/// Makes the call that the hart's thread asks for. True when the thread simply goes on, its result in place.
pub fn dispatch(kernel: &mut Kernel, hart: &mut Hart) -> bool {
    let Some(thread) = kernel.threads.get(hart.current) else {
        return false;
    };
    if thread.attention & attention::DOOMED != 0 {
        // Another hart ended its process while it was on its way here: it does nothing more.
        return false;
    }
    let process = thread.process;
    let result = match thread.registers.call() {
        SCHED_YIELD => {
            if kernel.scheduler.ready_count() > 0 {
                finish(kernel, hart, 0);
                kernel.yield_hart(hart);
                return false;
            }
            0
        }
        GETPPID => u64::from(kernel.parent_pid_of(process)),
        GETPID => u64::from(kernel.pid_of(process)),
        GETTID => u64::from(thread.tid),
        number => match with_arguments(kernel, hart, number) {
            Some(result) => result,
            None => return false,
        },
    };
    finish(kernel, hart, result)
}

/// Puts the result of a call in place, behind which the thread goes on. True unless something has to be seen to first.
#[inline(always)]
fn finish(kernel: &mut Kernel, hart: &mut Hart, result: u64) -> bool {
    let Some(thread) = kernel.threads.get_mut(hart.current) else {
        return false;
    };
    thread.registers.set_result(result);
    thread.registers.pc += 4;
    if thread.is_mid_call {
        return end_long_call(kernel, hart);
    }
    hart.see_code(kernel.code_generation);
    thread.attention == 0 && !kernel.has_changed
}

/// A call that waited, or might have, is over.
#[inline(never)]
fn end_long_call(kernel: &mut Kernel, hart: &mut Hart) -> bool {
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.end_call();
    }
    kernel.pass_on_turn(hart.current);
    hart.see_code(kernel.code_generation);
    !kernel.has_changed && kernel.is_undisturbed(hart)
}

/// Makes any other call; its result, unless it gives none now.
#[inline(never)]
fn with_arguments(kernel: &mut Kernel, hart: &mut Hart, number: u64) -> Option<u64> {
    let registers = &kernel.threads.get(hart.current)?.registers;
    let arguments = core::array::from_fn(|index| registers.argument(index));
    let outcome = match Syscall::try_from(number) {
        Ok(call) => make(kernel, hart, call, arguments),
        Err(_) => Err(errno::ENOSYS.into()),
    };
    match outcome {
        Ok(value) => Some(value),
        Err(NotNow::Error(error)) => Some((-i64::from(error)) as u64),
        Err(NotNow::Wait(wait)) => {
            kernel.wait(hart, wait, u64::MAX);
            None
        }
        Err(NotNow::WaitUntil(wait, until)) => {
            kernel.wait(hart, wait, until);
            None
        }
        Err(NotNow::Again | NotNow::Gone) => None,
    }
}

fn make(kernel: &mut Kernel, hart: &mut Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    match call {
        Syscall::Read
        | Syscall::Write
        | Syscall::Readv
        | Syscall::Writev
        | Syscall::Close
        | Syscall::Dup
        | Syscall::Dup3
        | Syscall::Fcntl
        | Syscall::Openat
        | Syscall::Lseek
        | Syscall::Pipe2
        | Syscall::Ftruncate
        | Syscall::Getdents64
        | Syscall::Mkdirat
        | Syscall::Unlinkat
        | Syscall::Symlinkat
        | Syscall::Renameat2
        | Syscall::Chdir
        | Syscall::Getcwd
        | Syscall::HandleRestrict => file::make(kernel, hart, call, arguments),
        Syscall::Fstat | Syscall::Newfstatat | Syscall::Faccessat | Syscall::Readlinkat => {
            stat::make(kernel, hart, call, arguments)
        }
        Syscall::Ioctl => kernel.control_terminal(hart, arguments),
        Syscall::Ppoll => kernel.poll(hart, arguments),
        Syscall::Brk | Syscall::Mmap | Syscall::Munmap | Syscall::Mprotect | Syscall::Madvise => {
            memory::make(kernel, hart, call, arguments)
        }
        Syscall::Nanosleep | Syscall::ClockGettime | Syscall::ClockNanosleep => {
            time::make(kernel, hart, call, arguments)
        }
        Syscall::MailboxCreate
        | Syscall::MailboxSend
        | Syscall::MailboxRecv
        | Syscall::MailboxCall
        | Syscall::MailboxReplyWait
        | Syscall::Deadlocks => crate::mailbox::make(kernel, hart, call, arguments),
        _ => make_of_process(kernel, hart, call, arguments),
    }
}

fn make_of_process(
    kernel: &mut Kernel,
    hart: &mut Hart,
    call: Syscall,
    arguments: [u64; 6],
) -> Outcome {
    let [a0, a1, a2, a3, a4, _] = arguments;
    match call {
        Syscall::Exit => {
            kernel.end_thread(hart, a0);
            Err(NotNow::Gone)
        }
        Syscall::ExitGroup => {
            let process = kernel.current_process(hart);
            kernel.end_process(process, (a0 as u32 & 0xff) << 8);
            Err(NotNow::Gone)
        }
        Syscall::Clone => {
            let arguments = CloneArguments {
                flags: a0,
                stack: a1,
                parent_tid: a2,
                tls: a3,
                child_tid: a4,
            };
            kernel.clone(hart, &arguments)
        }
        Syscall::Execve => exec::execve(kernel, hart, a0, a1, a2),
        Syscall::Wait4 => kernel.wait_for_child(hart, i64::from(a0 as i32), a1, a2),
        Syscall::Futex => kernel.futex(hart, arguments),
        Syscall::Kill => kernel.kill(hart, i64::from(a0 as i32), a1),
        Syscall::Tkill => kernel.kill_thread(hart, a0, a1),
        Syscall::Tgkill => kernel.kill_thread(hart, a1, a2),
        Syscall::RtSigaction => kernel.set_action(hart, a0, a1, a2),
        Syscall::RtSigprocmask => kernel.set_signal_mask(hart, a0, a1, a2),
        Syscall::RtSigsuspend => kernel.suspend_for_signal(hart, a0),
        Syscall::RtSigreturn => kernel.return_from_handler(hart),
        Syscall::Supervise => kernel.supervise(hart, a0),
        Syscall::FaultAnswer => kernel.answer_fault(hart, a0, a1, a2),
        Syscall::Sigaltstack => kernel.set_signal_stack(hart, a0, a1),
        _ => process::make(kernel, hart, call, arguments),
    }
}

impl Kernel {
    /// Copies bytes out of the memory of the hart's process.
    ///
    /// # Errors
    /// EFAULT.
    pub fn read_user(&mut self, hart: &Hart, from: u64, into: &mut [u8]) -> Result<(), u16> {
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::EFAULT)?;
        user::read(&mut self.memory, &mut process.space, from, into)
    }

    /// Copies bytes into the memory of the hart's process.
    ///
    /// # Errors
    /// EFAULT.
    pub fn write_user(&mut self, hart: &Hart, into: u64, from: &[u8]) -> Result<(), u16> {
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::EFAULT)?;
        user::write(&mut self.memory, &mut process.space, into, from)
    }

    /// Reads a word of the hart's process.
    ///
    /// # Errors
    /// EFAULT.
    pub fn read_user_u64(&mut self, hart: &Hart, from: u64) -> Result<u64, u16> {
        let mut bytes = [0; 8];
        self.read_user(hart, from, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads a path of the hart's process.
    ///
    /// # Errors
    /// EFAULT, ENAMETOOLONG.
    pub fn read_path<'b>(
        &mut self,
        hart: &Hart,
        from: u64,
        into: &'b mut [u8],
    ) -> Result<&'b [u8], u16> {
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::EFAULT)?;
        user::read_text(&mut self.memory, &mut process.space, from, into)
    }
}
