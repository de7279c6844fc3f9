//! Processes.

use core::ffi::CStr;

use abi::syscall::{SIGCHLD, Syscall};

use crate::Error;
use crate::syscall::call;

/// A process's number.
pub type Pid = u32;

/// Ends the process.
pub fn exit(status: i32) -> ! {
    let _ = call(Syscall::ExitGroup, [status as u64, 0, 0, 0]);
    // The kernel does not come back from that; if it did, nothing sensible could follow.
    loop {
        core::hint::spin_loop();
    }
}

/// Which side of a fork one is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The new process.
    Child,
    /// The process that forked.
    Parent(Pid),
}

/// Makes a copy of the process: both go on from here.
///
/// # Errors
/// No memory, or too many processes.
pub fn fork() -> Result<Fork, Error> {
    Ok(match call(Syscall::Clone, [SIGCHLD, 0, 0, 0])? {
        0 => Fork::Child,
        pid => Fork::Parent(pid as Pid),
    })
}

/// Becomes another program. `arguments` ends with `None`.
///
/// # Errors
/// The program cannot be run; this one goes on then.
pub fn exec(path: &CStr, arguments: &[Option<&CStr>]) -> Error {
    const MOST: usize = 16;
    let mut pointers = [core::ptr::null(); MOST + 1];
    for (pointer, argument) in pointers.iter_mut().zip(arguments.iter().take(MOST)) {
        *pointer = argument.map_or(core::ptr::null(), CStr::as_ptr);
    }
    let none: [u64; 1] = [0];
    let arguments = [
        path.as_ptr() as u64,
        pointers.as_ptr() as u64,
        none.as_ptr() as u64,
        0,
    ];
    match call(Syscall::Execve, arguments) {
        Err(error) => error,
        Ok(_) => Error(0),
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Killed(u32),
}

/// Waits for a child to end: a certain one, or any.
///
/// # Errors
/// There is no such child.
pub fn wait(child: Option<Pid>) -> Result<(Pid, Ended), Error> {
    let mut status = 0u32;
    let who = child.map_or(-1i64 as u64, u64::from);
    let pid = call(Syscall::Wait4, [who, &raw mut status as u64, 0, 0])?;
    let ended = match status & 0x7f {
        0 => Ended::Exited((status >> 8 & 0xff) as i32),
        signal => Ended::Killed(signal),
    };
    Ok((pid as Pid, ended))
}

/// The process's own number.
#[must_use]
pub fn id() -> Pid {
    call(Syscall::Getpid, [0; 4]).unwrap_or(0) as Pid
}

/// Lets others run first.
pub fn yield_now() {
    let _ = call(Syscall::SchedYield, [0; 4]);
}

/// Keeps the process, and what it forks from now on, to the harts in `mask` (a bit each).
///
/// # Errors
/// No hart is left.
pub fn keep_to_harts(mask: u64) -> Result<(), Error> {
    call(Syscall::SchedSetaffinity, [0, 8, &raw const mask as u64, 0]).map(|_| ())
}

/// How often the process lost its hart because its time was over.
#[must_use]
pub fn preemptions() -> u64 {
    const INVOLUNTARY_SWITCHES: usize = 17;
    let mut usage = [0u64; 18];
    let _ = call(Syscall::Getrusage, [0, usage.as_mut_ptr() as u64, 0, 0]);
    usage[INVOLUNTARY_SWITCHES]
}
