//! Threads: registers, and whether they can run. A thread's whole state is here, whatever it does: the kernel keeps no stack for it.

use kernel_core::arena::Id;

use super::Process;
use crate::arch::fpu::FloatState;
use crate::mailbox::Mailbox;

/// The program counter and the integer registers.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Registers {
    /// Where the thread goes on.
    pub pc: u64,
    /// x1 to x31.
    pub x: [u64; 31],
}

/// Number of the register that carries the first argument and the result.
const A0: usize = 10;

impl Registers {
    /// Stack pointer.
    pub fn set_sp(&mut self, value: u64) {
        self.x[1] = value;
    }

    /// An argument of a system call, from 0.
    pub fn argument(&self, index: usize) -> u64 {
        self.x[A0 - 1 + index]
    }

    /// The number of a system call.
    pub fn call(&self) -> u64 {
        self.x[16]
    }

    /// What a system call gives back.
    pub fn set_result(&mut self, value: u64) {
        self.x[A0 - 1] = value;
    }
}

/// Whether a thread can run.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It runs on a hart.
    Running,
    /// It is in the run queue.
    #[default]
    Ready,
    /// It waits for what [`Wait`] says, its program counter at the call that it will make again.
    Waiting,
}

/// What a waiting thread waits for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Nothing.
    #[default]
    Nothing,
    /// A child to end.
    Child,
    /// The time, in ticks.
    Until(u64),
    /// A message in, or room in, the mailbox of this number.
    Mailbox(Id<Mailbox>),
}

/// A thread.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Thread {
    /// Where it is.
    pub registers: Registers,
    /// Its floating-point registers, as of the last time they were saved.
    pub float: FloatState,
    /// The process it belongs to.
    pub process: Id<Process>,
    /// Whether it can run.
    pub state: State,
    /// What it waits for.
    pub wait: Wait,
    /// Harts (a bit each) that it may run on; 0 means any.
    pub affinity: u64,
    /// The next in the queue that it is in.
    pub next: Id<Thread>,
    /// The absolute deadline of the call that it waits in, in ticks; 0 before its first entry.
    pub deadline: u64,
    /// How often it lost the hart because its quantum was over.
    pub preemptions: u64,
    /// How often it gave the hart away.
    pub switches: u64,
}

impl Thread {
    /// Harts (a bit each) that the thread may run on.
    pub fn affinity_mask(&self) -> u64 {
        if self.affinity == 0 {
            u64::MAX
        } else {
            self.affinity
        }
    }

    /// Whether the thread may run on a hart.
    pub fn may_run_on(&self, hart: usize) -> bool {
        self.affinity_mask() >> hart & 1 != 0
    }
}
