//! The kernel's state: one value behind one lock.

use abi::layout::Record;
use kernel_core::arena::{Arena, Id};
use kernel_core::frame::FrameNumber;
use kernel_core::line::Line;
use kernel_core::schedule::Scheduler;

use crate::hart::Hart;
use crate::list::List;
use crate::lock::Lock;
use crate::mailbox::{Mailbox, Transport};
use crate::memory::Memory;
use crate::object::OpenFile;
use crate::pipe::Pipe;
use crate::platform::MAX_HARTS;
use crate::plic::Plic;
use crate::process::job::Job;
use crate::process::thread::Thread;
use crate::process::{Pid, Process};
use crate::schedule::WAIT_LISTS;

/// The state of the whole system, while no hart changes it.
pub static KERNEL: Lock<Option<Kernel>> = Lock::new(None);

/// Everything that harts share.
pub struct Kernel {
    /// Physical memory, and the files in it.
    pub memory: Memory,
    /// The root that has the kernel's half only.
    pub root: FrameNumber,
    /// All processes.
    pub processes: Arena<'static, Process>,
    /// All threads.
    pub threads: Arena<'static, Thread>,
    /// All jobs.
    pub jobs: Arena<'static, Job>,
    /// All mailboxes.
    pub mailboxes: Arena<'static, Mailbox>,
    /// All pipes.
    pub pipes: Arena<'static, Pipe>,
    /// All files that are open.
    pub files: Arena<'static, OpenFile>,
    /// Who runs next.
    pub scheduler: Scheduler<'static>,
    /// Who runs on each hart.
    pub running: [Id<Thread>; MAX_HARTS],
    /// Harts (a bit each) whose thread has to make room for one that has had less.
    pub preempted: u64,
    /// Threads that wait, by what they wait for.
    pub waiting: [List; WAIT_LISTS],
    /// Process 1.
    pub init: Id<Process>,
    /// The program that becomes process 1.
    pub init_path: &'static str,
    /// What it is told: the words behind `--` on the kernel's command line.
    pub init_arguments: &'static str,
    /// The number that the next process or thread gets.
    pub next_pid: Pid,
    /// The most frames that a new job may be promised.
    pub job_frames: u64,
    /// Address-space numbers.
    pub asids: crate::memory::space::Asids,
    /// Counts up when code was written: a hart that saw an earlier generation must not use what it has fetched.
    pub code_generation: u64,
    /// The harts that run (a bit each, by the kernel's number).
    pub harts: u64,
    /// The harts that wait for something to run (a bit each, by the kernel's number).
    pub idle: u64,
    /// Ticks of the clock in a second.
    pub timebase: u64,
    /// Something was done in this trap that may change who runs, or for how long.
    pub has_changed: bool,
    /// The earliest deadline that a thread waits for, in ticks.
    pub next_deadline: u64,
    /// What was typed at the console.
    pub line: Line,
    /// The job that what is typed may interrupt.
    pub foreground: Pid,
    /// The interrupt controller.
    pub plic: Plic,
    /// The test finisher's register, or 0.
    pub finisher: u64,
    /// Whether the report on a process that an exception has ended names the function and shows the registers: not with the boot option
    /// `report=short`, for transcripts that are to stay the same when programs are compiled anew.
    pub reports_in_full: bool,
    /// How messages go.
    pub transport: Transport,
    /// State of the generator of random numbers.
    pub random: u64,
}

/// Where tools find what the kernel keeps once.
pub const FIELDS: &[Record] = &abi::fields!("kernel", Kernel:
    root, running, preempted, waiting, init, next_pid, harts, idle, timebase, next_deadline, foreground);

impl Kernel {
    /// The process whose thread a hart runs.
    pub fn current_process(&self, hart: &Hart) -> Id<Process> {
        self.threads
            .get(hart.current)
            .map_or(Id::NONE, |thread| thread.process)
    }

    /// Looks at every device that interrupts.
    pub fn poll_devices(&mut self) {
        while let Some(source) = self.plic.claim() {
            if source == self.plic.uart {
                self.receive_bytes();
            }
            self.plic.complete(source);
        }
    }
}
