//! System calls: what a thread asks of the kernel.
//!
//! A call that cannot finish leaves the program counter at its `ecall`: the thread waits, and makes the call again when it is woken.

mod process;

use abi::errno;
use abi::syscall::Syscall;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::process::thread::Wait;
use crate::process::{Descriptor, exec, exit};
use crate::{console, memory::user};

/// Why a call gives no result now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    /// It failed: the error number.
    Error(u16),
    /// It must wait.
    Wait(Wait),
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
        Err(NotNow::Wait(wait)) => return kernel.wait(hart, wait),
        Err(NotNow::Gone) => return,
    };
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.registers.set_result(result);
        thread.registers.pc += 4;
    }
    // The result is in place: now the thread may lose the hart.
    if core::mem::take(&mut hart.must_give_up) {
        kernel.give_up(hart);
    }
}

fn make(kernel: &mut Kernel, hart: &mut Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, ..] = arguments;
    let process = kernel.current_process(hart);
    match call {
        Syscall::Write => write(kernel, hart, a0, a1, a2),
        Syscall::Exit | Syscall::ExitGroup => {
            exit::end_process(kernel, hart, (a0 as u32 & 0xff) << 8);
            Err(NotNow::Gone)
        }
        Syscall::Nanosleep => kernel.sleep(hart, a0),
        Syscall::SchedSetaffinity => kernel.keep_to_harts(hart, a0, a1, a2),
        Syscall::SchedYield => {
            hart.must_give_up = !kernel.ready.is_empty();
            Ok(0)
        }
        Syscall::Getrusage => kernel.resource_usage(hart, a1),
        Syscall::Getpid => Ok(u64::from(kernel.pid_of(process))),
        Syscall::Getppid => Ok(u64::from(kernel.parent_pid_of(process))),
        Syscall::Clone if a0 == abi::syscall::SIGCHLD => Ok(u64::from(kernel.fork(hart)?)),
        Syscall::Clone => Err(errno::EINVAL.into()),
        Syscall::Execve => exec::execve(kernel, hart, a0, a1),
        Syscall::Wait4 => kernel.wait_for_child(hart, a0 as i64, a1, a2),
        Syscall::MailboxCreate => Ok(kernel.create_mailbox(process, a0, a1, a2)?),
        Syscall::MailboxSend => kernel.mailbox_send(hart, a0, a1, a2, a3),
        Syscall::MailboxRecv => kernel.mailbox_receive(hart, a0, a1, a2, a3),
    }
}

/// The most bytes that one call writes: interrupts are off meanwhile.
const WRITE_AT_ONCE: usize = 256;

fn write(kernel: &mut Kernel, hart: &Hart, descriptor: u64, from: u64, length: u64) -> Outcome {
    let process = kernel.current_process(hart);
    let process = kernel.processes.get_mut(process).ok_or(errno::EBADF)?;
    if process.descriptors.get(descriptor as usize) != Some(&Descriptor::Console) {
        return Err(errno::EBADF.into());
    }
    let mut bytes = [0; WRITE_AT_ONCE];
    let part = bytes.len().min(length as usize);
    user::read(
        &mut kernel.memory,
        &mut process.space,
        from,
        &mut bytes[..part],
    )?;
    console::write_bytes(&bytes[..part]);
    Ok(part as u64)
}
