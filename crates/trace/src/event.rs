//! What happened.

use std::fmt;
use std::rc::Rc;

use isa::trap::{Exception, Interrupt};
use machine::hart::Privilege;

use crate::Kinds;

/// A thread of the guest's system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its process's number; of a system that is not known, the number of its address space, in order of appearance.
    pub pid: u32,
    /// Its own number.
    pub tid: u32,
    /// The program that it runs; empty when that is not known.
    pub name: String,
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() {
            "space"
        } else {
            &self.name
        };
        if self.pid == self.tid {
            write!(f, "{name}({})", self.pid)
        } else {
            write!(f, "{name}({}/{})", self.pid, self.tid)
        }
    }
}

/// A call, of the kernel or of the firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Counts calls; a call that the kernel restarts is one.
    pub id: u64,
    /// Its number.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// Its registers.
    pub arguments: Vec<u64>,
    /// The name with readable arguments: `write(1, "hello", 5)`.
    pub text: String,
    /// The step at which it was made.
    pub began: u64,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Counts messages; what was sent and what was received have the same number.
    pub id: u64,
    /// The mailbox's slot in the kernel's table; none for a reply.
    pub mailbox: Option<u32>,
    /// Bytes in it.
    pub length: u64,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An instruction retired.
    Insn {
        /// Its encoding.
        word: u32,
        /// As assembler text.
        text: String,
        /// What it wrote to a register.
        wrote: Option<(&'static str, u64)>,
    },
    /// An exception.
    Trap {
        /// Which one.
        cause: Exception,
        /// What `tval` says.
        value: u64,
        /// Where it is handled.
        to: Privilege,
    },
    /// A page fault.
    Fault {
        /// Of which kind of access.
        cause: Exception,
        /// Where.
        address: u64,
    },
    /// An interrupt.
    Interrupt {
        /// Which one.
        cause: Interrupt,
        /// Where it is handled.
        to: Privilege,
    },
    /// A system call was made.
    CallStart(Rc<Call>),
    /// A system call is over.
    CallEnd {
        /// Which one.
        call: Rc<Call>,
        /// What it gave back; none for one that does not return.
        result: Option<u64>,
    },
    /// The firmware was called.
    SbiStart(Rc<Call>),
    /// The firmware's call is over.
    SbiEnd {
        /// Which one.
        call: Rc<Call>,
        /// `a0` and `a1`.
        result: (u64, u64),
    },
    /// The hart runs another thread from now on.
    Switch {
        /// Who ran there before.
        from: Option<Rc<Thread>>,
    },
    /// A message is in a mailbox, or handed over.
    Sent(Message),
    /// A message was taken.
    Received(Message),
    /// The handling of a trap or interrupt on this hart is over.
    Handled,
    /// The hart runs a thread's own code.
    Runs,
    /// It does so no longer.
    Stops,
    /// The hart waits for an interrupt.
    Waits,
    /// It no longer does.
    Wakes,
}

impl What {
    /// The kind that it belongs to.
    #[must_use]
    pub const fn kind(&self) -> Kinds {
        match self {
            Self::Insn { .. } => Kinds::INSN,
            Self::Trap { .. } => Kinds::TRAP,
            Self::Fault { .. } => Kinds::FAULT,
            Self::Interrupt { .. } => Kinds::INTERRUPT,
            Self::CallStart(_) | Self::CallEnd { .. } => Kinds::SYSCALL,
            Self::SbiStart(_) | Self::SbiEnd { .. } => Kinds::SBI,
            Self::Sent(_) | Self::Received(_) => Kinds::MAILBOX,
            Self::Switch { .. }
            | Self::Handled
            | Self::Runs
            | Self::Stops
            | Self::Waits
            | Self::Wakes => Kinds::SWITCH,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When: steps taken before it.
    pub step: u64,
    /// When, in guest nanoseconds.
    pub nanos: u64,
    /// On which hart.
    pub hart: usize,
    /// In which mode it happened, before any trap.
    pub privilege: Privilege,
    /// Where it happened.
    pub pc: u64,
    /// Whose code ran, or for whom the kernel worked; none when that is not known.
    pub thread: Option<Rc<Thread>>,
    /// What.
    pub what: What,
}
