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
use crate::process::thread::Wait;

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

/// Makes the call that the hart's thread asks for.
pub fn dispatch(kernel: &mut Kernel, hart: &mut Hart) {
    let Some(thread) = kernel.threads.get(hart.current) else {
        return;
    };
    let registers = &thread.registers;
    let arguments = core::array::from_fn(|index| registers.argument(index));
    let outcome = match Syscall::try_from(registers.call()) {
        Ok(call) => make(kernel, hart, call, arguments),
        Err(_) => Err(errno::ENOSYS.into()),
    };
    let result = match outcome {
        Ok(value) => value,
        Err(NotNow::Error(error)) => (-i64::from(error)) as u64,
        Err(NotNow::Wait(wait)) => return kernel.wait(hart, wait, u64::MAX),
        Err(NotNow::WaitUntil(wait, until)) => return kernel.wait(hart, wait, until),
        Err(NotNow::Again | NotNow::Gone) => return,
    };
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.registers.set_result(result);
        thread.registers.pc += 4;
        thread.deadline = 0;
        thread.woken = false;
        thread.interrupted_call = false;
        thread.has_replied = false;
    }
    kernel.pass_on_turn(hart.current);
    // The result is in place: now the thread may lose the hart.
    if core::mem::take(&mut hart.must_yield) {
        kernel.yield_hart(hart);
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
