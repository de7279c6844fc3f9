//! Processes.

use alloc::ffi::CString;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use abi::errno;
use abi::syscall::{ProcessEntry, SIGCHLD, Syscall};

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

/// Becomes another program, with arguments as text; the first one is its name.
///
/// # Errors
/// The program cannot be run; this one goes on then.
pub fn exec_path(path: &str, arguments: &[&str]) -> Error {
    let Ok(path) = CString::new(path) else {
        return Error(errno::EINVAL);
    };
    let texts: Result<Vec<_>, _> = arguments.iter().map(|text| CString::new(*text)).collect();
    let Ok(texts) = texts else {
        return Error(errno::EINVAL);
    };
    let mut pointers: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
    pointers.push(core::ptr::null());
    let arguments = [path.as_ptr() as u64, pointers.as_ptr() as u64, 0, 0];
    match call(Syscall::Execve, arguments) {
        Err(error) => error,
        Ok(_) => Error(0),
    }
}

/// Begins a job of its own for this process and what it forks from now on.
///
/// # Errors
/// Too many jobs.
pub fn begin_job() -> Result<(), Error> {
    call(Syscall::Setpgid, [0; 4]).map(|_| ())
}

/// Lets what is typed interrupt a job.
///
/// # Errors
/// There is no terminal.
pub fn set_foreground(job: Pid) -> Result<(), Error> {
    const TIOCSPGRP: u64 = 0x5410;
    call(Syscall::Ioctl, [0, TIOCSPGRP, &raw const job as u64, 0]).map(|_| ())
}

/// Sends a signal to a process, or below zero to a job.
///
/// # Errors
/// There is none, or it is not this process's to signal.
pub fn kill(who: i64, signal: u32) -> Result<(), Error> {
    call(Syscall::Kill, [who as u64, u64::from(signal), 0, 0]).map(|_| ())
}

/// What the processes that this one may see are and use.
///
/// # Errors
/// As the kernel says.
pub fn list() -> Result<Vec<ProcessEntry>, Error> {
    let mut entries = vec![ProcessEntry::default(); 64];
    loop {
        let room = entries.len();
        let arguments = [entries.as_mut_ptr() as u64, room as u64, 0, 0];
        let count = call(Syscall::ProcessList, arguments)? as usize;
        entries.resize(count, ProcessEntry::default());
        if count <= room {
            return Ok(entries);
        }
    }
}

/// A handle of a process: it may be looked at and signalled by it, whatever becomes of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(pub u32);

impl Handle {
    /// A handle of the caller or a descendant. `execve` closes it, `fork` copies it.
    ///
    /// # Errors
    /// There is no such process, or it is not the caller's.
    pub fn open(pid: Pid) -> Result<Self, Error> {
        let handle = call(Syscall::PidfdOpen, [u64::from(pid), 0, 0, 0])?;
        Ok(Self(handle as u32))
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The process has ended.
    pub fn signal(self, signal: u32) -> Result<(), Error> {
        let arguments = [u64::from(self.0), u64::from(signal), 0, 0];
        call(Syscall::PidfdSendSignal, arguments).map(|_| ())
    }

    /// What the process is and uses.
    ///
    /// # Errors
    /// It is gone.
    pub fn inspect(self) -> Result<ProcessEntry, Error> {
        let mut entry = ProcessEntry::default();
        let arguments = [u64::from(self.0), &raw mut entry as u64, 0, 0];
        call(Syscall::ProcessInspect, arguments).map(|_| entry)
    }
}

/// The descriptor by which a program holds the system, if it does ([`abi::syscall::SYSTEM`]).
pub const SYSTEM: u32 = abi::syscall::SYSTEM as u32;

/// Ends the machine's run.
///
/// # Errors
/// This process may not.
pub fn power_off() -> Result<(), Error> {
    const POWER_OFF: u64 = 0x4321_fedc;
    call(Syscall::Reboot, [0, 0, POWER_OFF, 0]).map(|_| ())
}

/// Something that became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has ended.
    Ended(Ended),
    /// It was stopped by this signal.
    Stopped(u32),
}

/// Looks what became of children: those of a job (below 0: its number), one, or any (-1). Waits for it if `waits`.
///
/// # Errors
/// There is no such child.
pub fn watch(who: i64, waits: bool) -> Result<Option<(Pid, Change)>, Error> {
    const WNOHANG: u64 = 1;
    const WUNTRACED: u64 = 2;
    let mut status = 0u32;
    let options = WUNTRACED | if waits { 0 } else { WNOHANG };
    let pid = call(
        Syscall::Wait4,
        [who as u64, &raw mut status as u64, options, 0],
    )?;
    if pid == 0 {
        return Ok(None);
    }
    let change = match status & 0xff {
        0x7f => Change::Stopped(status >> 8),
        _ => Change::Ended(ended(status)),
    };
    Ok(Some((pid as Pid, change)))
}

fn ended(status: u32) -> Ended {
    match status & 0x7f {
        0 => Ended::Exited((status >> 8 & 0xff) as i32),
        signal => Ended::Killed(signal),
    }
}

/// Waits for a child to end: a certain one, or any.
///
/// # Errors
/// There is no such child.
pub fn wait(child: Option<Pid>) -> Result<(Pid, Ended), Error> {
    let mut status = 0u32;
    let who = child.map_or(-1i64 as u64, u64::from);
    let pid = call(Syscall::Wait4, [who, &raw mut status as u64, 0, 0])?;
    let ended = ended(status);
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

/// What is known of a fault.
pub use abi::syscall::FaultMessage as Fault;

/// Registers of a thread: the program counter, then x1 to x31.
pub type Registers = [u64; 32];

/// Sends this process's faults, and those of children that it forks from now on, to a mailbox.
///
/// # Errors
/// The descriptor may not send.
pub fn supervised_by(mailbox: crate::mailbox::Mailbox) -> Result<(), Error> {
    call(Syscall::Supervise, [u64::from(mailbox.0), 0, 0, 0]).map(|_| ())
}

/// Lets a thread that has faulted go on, with its registers as they are or as is said.
///
/// # Errors
/// It does not wait, or not for this process.
pub fn resume_faulted(tid: Pid, registers: Option<&Registers>) -> Result<(), Error> {
    use abi::syscall::fault_answer::{RESUME, RESUME_WITH};
    let (action, at) = match registers {
        None => (RESUME, 0),
        Some(registers) => (RESUME_WITH, registers.as_ptr() as u64),
    };
    call(Syscall::FaultAnswer, [u64::from(tid), action, at, 0]).map(|_| ())
}

/// The registers of a thread that has faulted.
///
/// # Errors
/// As [`resume_faulted`].
pub fn registers_of_faulted(tid: Pid) -> Result<Registers, Error> {
    let mut registers = [0; 32];
    let action = abi::syscall::fault_answer::READ;
    let arguments = [u64::from(tid), action, registers.as_mut_ptr() as u64, 0];
    call(Syscall::FaultAnswer, arguments).map(|_| registers)
}

/// Ends the process of a thread that has faulted.
///
/// # Errors
/// As [`resume_faulted`].
pub fn kill_faulted(tid: Pid) -> Result<(), Error> {
    let action = abi::syscall::fault_answer::KILL;
    call(Syscall::FaultAnswer, [u64::from(tid), action, 0, 0]).map(|_| ())
}
