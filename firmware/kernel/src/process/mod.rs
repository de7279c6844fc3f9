//! Processes: an address space, what it may use, and where it comes from.

pub mod exec;
pub mod exit;
pub mod fork;
pub mod futex;
pub mod job;
pub mod nice;
pub mod signal;
pub mod supervisor;
pub mod thread;
pub mod wait;

use abi::layout::Record;
use kernel_core::arena::{Id, Slot};
use kernel_core::files::Node;
use kernel_core::page_table::Cursor;

use crate::mailbox::Mailbox;
use crate::memory::space::Space;
use crate::object::Descriptors;
use job::Job;
use signal::Actions;

/// A process's or thread's number as programs see it; init is 1. A process has its first thread's number.
pub type Pid = u32;

/// How a process stands.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Fork is still copying it.
    #[default]
    Embryo,
    /// It has threads.
    Alive,
    /// Its threads end, or its last one takes it apart.
    Ending,
    /// It has ended, and its parent has not asked for its status yet.
    Zombie,
}

/// A process.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// How it stands.
    pub state: State,
    /// Who waits for it; none for init.
    pub parent: Id<Process>,
    /// The job it belongs to, whose limits it shares.
    pub job: Id<Job>,
    /// Its threads that have not ended.
    pub threads: u32,
    /// It was stopped, and not continued since.
    pub stopped: bool,
    /// Its parent has not been told that it was stopped, or continued.
    pub news: Option<signal::News>,
    /// What it sees of memory.
    pub space: Space,
    /// How far fork has come with it, while it is an embryo.
    pub copied: Cursor,
    /// What its descriptors lead to.
    pub descriptors: Descriptors,
    /// Where paths that begin nowhere begin.
    pub directory: Node,
    /// The file that it runs.
    pub program: Node,
    /// What it does about signals.
    pub actions: Actions,
    /// Where faults go that no handler takes; none for nowhere.
    pub supervisor: Id<Mailbox>,
    /// Signals (a bit each) that any of its threads may take.
    pub pending: u64,
    /// Its program's name, cut to what fits, filled with zeros.
    pub name: [u8; 16],
    /// Its wait status once it ends, as `wait4` gives it.
    pub status: u32,
    /// Ticks that its threads have run.
    pub ran: u64,
    /// Its nice value, -20 to 19: its share of its job's time.
    pub nice: i32,
}

/// Where tools find what a process is.
pub const FIELDS: &[Record] = &abi::fields!("process", Process; Slot<Process>:
    pid, state, parent, job, threads, stopped, space, descriptors, supervisor, pending, name, status, ran);
/// The states' numbers, as [`abi::layout::PROCESS_STATES`] names them.
const _: () = assert!(State::Embryo as u32 == 0 && State::Zombie as u32 == 3);

impl Process {
    /// Makes a process that was taken apart as good as new: its space and its descriptors are empty, which takes no writing of them.
    pub fn reset(&mut self) {
        debug_assert!(self.space.is_none() && self.descriptors.count() == 0);
        self.pid = 0;
        self.state = State::Embryo;
        self.parent = Id::NONE;
        self.job = Id::NONE;
        self.threads = 0;
        self.stopped = false;
        self.news = None;
        self.copied = Cursor::default();
        self.directory = Node::default();
        self.program = Node::default();
        self.actions = Actions::default();
        self.supervisor = Id::NONE;
        self.pending = 0;
        self.name = [0; 16];
        self.status = 0;
        self.ran = 0;
        self.nice = 0;
    }

    /// The name as text.
    pub fn name(&self) -> &str {
        let end = self
            .name
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(self.name.len());
        core::str::from_utf8(&self.name[..end]).unwrap_or("?")
    }

    /// Takes the last part of a path as name.
    pub fn set_name(&mut self, path: &[u8]) {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
        self.name = [0; 16];
        let length = name.len().min(15);
        self.name[..length].copy_from_slice(&name[..length]);
    }
}
