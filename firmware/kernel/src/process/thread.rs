//! Threads: registers, and whether they can run. A thread's whole state is here, whatever it does: the kernel keeps no stack for it.

use abi::layout::Record;
use kernel_core::arena::{Id, Slot};

use kernel_core::frame::FrameNumber;

use super::{Pid, Process};
use crate::arch::fpu::FloatState;
use crate::mailbox::Mailbox;
use crate::pipe::Pipe;

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

    /// Thread pointer.
    pub fn set_tp(&mut self, value: u64) {
        self.x[3] = value;
    }

    /// Return address.
    pub fn set_ra(&mut self, value: u64) {
        self.x[0] = value;
    }

    /// Stack pointer.
    pub fn sp(&self) -> u64 {
        self.x[1]
    }

    /// Sets an argument of a function, from 0.
    pub fn set_argument(&mut self, index: usize, value: u64) {
        self.x[A0 - 1 + index] = value;
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
    /// It could run, but its process is stopped.
    Stopped,
}

/// What a waiting thread waits for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Nothing that could happen, but for its deadline and signals.
    #[default]
    Nothing,
    /// A child of the process to end.
    Child(Id<Process>),
    /// A message in the mailbox.
    Message(Id<Mailbox>),
    /// Room in the mailbox.
    Room(Id<Mailbox>),
    /// The reply to its call.
    Reply,
    /// What its supervisor decides, to whom its fault was told by that mailbox.
    Supervisor(Id<Mailbox>),
    /// Bytes in, or room in, the pipe.
    Pipe(Id<Pipe>),
    /// A line at the console.
    Console,
    /// A word at an address of a process.
    Futex(Id<Process>, u64),
    /// Any of several things: it is woken by whatever happens, and looks.
    Any,
}

/// Why a thread needs a look before it goes on; a bit each.
pub mod attention {
    /// Its process ends.
    pub const DOOMED: u32 = 1;
    /// Its process was stopped.
    pub const STOPPED: u32 = 2;
    /// A signal may be pending that it does not block.
    pub const SIGNAL: u32 = 4;
}

/// A thread.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Thread {
    /// Where it is.
    pub registers: Registers,
    /// Its floating-point registers, as of the last time they were saved.
    pub float: FloatState,
    /// They were written since the program began: until then they are zero.
    pub has_float: bool,
    /// The hart (by the kernel's number) whose registers last held them.
    pub float_hart: u32,
    /// The process it belongs to.
    pub process: Id<Process>,
    /// Its number.
    pub tid: Pid,
    /// Whether it can run.
    pub state: State,
    /// What it waits for.
    pub wait: Wait,
    /// Until when it waits, in ticks.
    pub wake_at: u64,
    /// What it has to be looked at for before it goes on.
    pub attention: u32,
    /// Harts (a bit each) that it may run on; 0 means any.
    pub affinity: u64,
    /// The one before it in the list that it is in.
    pub before: Id<Thread>,
    /// The next one.
    pub next: Id<Thread>,
    /// The call that it makes may have left something to be cleared when it is over: any of the next six.
    pub is_mid_call: bool,
    /// It was woken at its futex, so that the wait is over whatever the word says now.
    pub woken: bool,
    /// Its turn at a mailbox has come: nobody who came later gets before it.
    pub granted: Option<Wait>,
    /// It waits for the reply to a request.
    pub has_called: bool,
    /// What its call comes to, if that was decided while it was not waiting: it finds this when it makes the call again.
    pub reply: Option<u64>,
    /// The process that has its request, once one has.
    pub server: Id<Process>,
    /// It has given its reply, and now waits for the next request.
    pub has_replied: bool,
    /// It was waiting in a call that it has to make again.
    pub interrupted_call: bool,
    /// The absolute deadline of the call that it makes, in ticks; 0 before its first entry.
    pub deadline: u64,
    /// How often it lost the hart because its quantum was over.
    pub preemptions: u64,
    /// How often it gave the hart away.
    pub switches: u64,
    /// When it was last given a hart, in ticks.
    pub since: u64,
    /// Ticks that it has run.
    pub ran: u64,
    /// Where to write 0, and to wake who waits there, when it ends (`CLONE_CHILD_CLEARTID`).
    pub clear_on_end: u64,
    /// The copy of its process that it is making.
    pub embryo: Id<Process>,
    /// The list of a message of pages that it has begun to send; 0 for none.
    pub outgoing: FrameNumber,
    /// What it does about signals.
    pub signals: super::signal::Signals,
}

/// Where tools find what a thread is.
pub const FIELDS: &[Record] = &abi::fields!("thread", Thread; Slot<Thread>:
    registers.pc, registers.x, float, process, tid, state, wait, wake_at, attention, affinity, next, granted, has_called, server,
    has_replied, deadline, preemptions, switches, since, ran, embryo, signals.mask, signals.pending);
/// The states' numbers, as [`abi::layout::THREAD_STATES`] names them.
const _: () = assert!(State::Running as u32 == 0 && State::Stopped as u32 == 3);

impl Thread {
    /// What is known about the call that it made matters no more, but for a turn that it has not used.
    pub fn end_call(&mut self) {
        self.is_mid_call = false;
        self.deadline = 0;
        self.woken = false;
        self.interrupted_call = false;
        self.has_replied = false;
    }

    /// Harts (a bit each) that the thread may run on.
    pub fn affinity_mask(&self) -> u64 {
        if self.affinity == 0 {
            u64::MAX
        } else {
            self.affinity
        }
    }
}
