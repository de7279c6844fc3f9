//! Processes: an address space, what it is called, and where it comes from.

pub mod exec;
pub mod exit;
pub mod fork;
pub mod thread;

use kernel_core::arena::Id;

use crate::mailbox::Mailbox;
use crate::memory::space::Space;
use thread::Thread;

/// A process's number as programs see it; init is 1.
pub type Pid = u32;

/// How a process stands.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It has threads.
    #[default]
    Alive,
    /// It has ended, and its parent has not asked for its status yet.
    Zombie,
}

/// Descriptors of a process.
pub const DESCRIPTORS: usize = 16;

/// What a descriptor leads to.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Descriptor {
    /// Nothing: the number is free.
    #[default]
    Free,
    /// The console.
    Console,
    /// A mailbox, to send and to receive.
    Mailbox(Id<Mailbox>),
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
    /// Its thread. A process has one thread until `clone` can make more.
    pub thread: Id<Thread>,
    /// What it sees of memory.
    pub space: Space,
    /// What its descriptors lead to.
    pub descriptors: [Descriptor; DESCRIPTORS],
    /// Descriptors (a bit each) that the next program keeps.
    pub kept_on_exec: u32,
    /// Its program's name, cut to what fits, filled with zeros.
    pub name: [u8; 16],
    /// Its wait status once it is a zombie, as `wait4` gives it.
    pub status: u32,
}

impl Process {
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
