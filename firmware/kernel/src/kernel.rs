//! The kernel's state: one value behind one lock.

use kernel_core::arena::{Arena, Id};
use kernel_core::frame::{Account, FrameNumber};

use crate::hart::Hart;
use crate::lock::Lock;
use crate::mailbox::Mailbox;
use crate::memory::Memory;
use crate::platform::MAX_HARTS;
use crate::process::thread::Thread;
use crate::process::{Pid, Process};
use crate::schedule::Queue;

/// The state of the whole system, while no hart changes it.
pub static KERNEL: Lock<Option<Kernel>> = Lock::new(None);

/// Everything that harts share.
pub struct Kernel {
    /// Physical memory.
    pub memory: Memory,
    /// What processes have been promised of it.
    pub account: Account,
    /// The root that has the kernel's half only.
    pub root: FrameNumber,
    /// All processes.
    pub processes: Arena<'static, Process>,
    /// All threads.
    pub threads: Arena<'static, Thread>,
    /// All mailboxes.
    pub mailboxes: Arena<'static, Mailbox>,
    /// Threads that could run.
    pub ready: Queue,
    /// Process 1.
    pub init: Id<Process>,
    /// The program that becomes process 1.
    pub init_path: &'static str,
    /// The number that the next process gets.
    pub next_pid: Pid,
    /// Address-space numbers.
    pub asids: crate::memory::space::Asids,
    /// Counts up when code was written: a hart that saw an earlier generation must not use what it has fetched.
    pub code_generation: u64,
    /// The archive of programs.
    pub initrd: &'static [u8],
    /// The firmware's numbers of the harts, by the kernel's.
    pub hart_ids: [u64; MAX_HARTS],
    /// The harts that run (a bit each, by the kernel's number).
    pub harts: u64,
    /// The harts that wait for something to run (a bit each, by the kernel's number).
    pub idle: u64,
    /// Ticks of the clock in a second.
    pub timebase: u64,
    /// The earliest deadline that a thread waits for, in ticks.
    pub next_deadline: u64,
}

impl Kernel {
    /// The process whose thread a hart runs.
    pub fn current_process(&self, hart: &Hart) -> Id<Process> {
        self.threads
            .get(hart.current)
            .map_or(Id::NONE, |thread| thread.process)
    }
}
