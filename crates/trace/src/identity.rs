//! Who runs: by the system's own tables where they are known, else by address space and thread pointer.

use std::collections::HashMap;
use std::rc::Rc;

use debugger::os::Layout;
use machine::hart::Slot;

use crate::Thread;
use crate::fawn::FawnTables;
use crate::guest::Guest;

/// Register numbers (psABI).
const SP: u8 = 2;
const TP: u8 = 4;
/// The root's page number in `satp`.
const ROOT: u64 = (1 << 44) - 1;

/// A thread, told apart from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64, u64);

/// Who is about to run user code, or has just left it.
#[derive(Clone, Debug)]
pub struct Who {
    /// Tells it apart.
    pub key: Key,
    /// As people know it.
    pub thread: Rc<Thread>,
    /// Address of the kernel's record of it, where that is known.
    pub record: Option<u64>,
    /// It was never seen before.
    pub is_new: bool,
    /// Its stack pointer, which tells its calls apart where its name does not.
    pub stack: u64,
}

/// How threads are told apart.
pub enum Identity {
    /// By Fawn's tables.
    Fawn(Box<FawnTables>),
    /// By address space and thread pointer.
    Spaces(Spaces),
}

/// Address spaces and threads, numbered as they appear.
#[derive(Debug, Default)]
pub struct Spaces {
    /// By root: the number, and its threads by thread pointer.
    seen: HashMap<u64, (u32, HashMap<u64, Rc<Thread>>)>,
    threads: u32,
}

impl Identity {
    /// For a kernel with this layout note, if it has one.
    #[must_use]
    pub fn new(layout: Option<&Layout>) -> Self {
        let tables = layout.and_then(FawnTables::new);
        tables.map_or(Self::Spaces(Spaces::default()), |tables| {
            Self::Fawn(Box::new(tables))
        })
    }

    /// Fawn's tables, if it is Fawn.
    #[must_use]
    pub fn fawn(&self) -> Option<&FawnTables> {
        match self {
            Self::Fawn(tables) => Some(tables),
            Self::Spaces(_) => None,
        }
    }

    /// Who is at the crossing between user code and kernel that the guest's hart is at.
    pub fn who(&mut self, guest: &Guest<'_>) -> Option<Who> {
        let stack = guest.hart.reg(SP);
        match self {
            Self::Fawn(tables) => tables.current(guest).map(|current| Who {
                key: Key(current.name, 0),
                thread: current.thread,
                record: Some(current.record),
                is_new: false,
                stack,
            }),
            Self::Spaces(spaces) => {
                let root = guest.hart[Slot::Satp] & ROOT;
                Some(Who {
                    is_new: !spaces.seen.contains_key(&root),
                    key: Key(root, stack),
                    thread: spaces.thread(root, guest.hart.reg(TP)),
                    record: None,
                    stack,
                })
            }
        }
    }
}

impl Spaces {
    fn thread(&mut self, root: u64, pointer: u64) -> Rc<Thread> {
        let number = self.seen.len() as u32 + 1;
        let (pid, threads) = self
            .seen
            .entry(root)
            .or_insert_with(|| (number, HashMap::new()));
        if let Some(known) = threads.get(&pointer) {
            return known.clone();
        }
        // A program begins without a thread pointer and then gets one: the same thread.
        if threads.len() == 1
            && let Some(first) = threads.remove(&0)
        {
            threads.insert(pointer, first.clone());
            return first;
        }
        self.threads += 1;
        let thread = Rc::new(Thread {
            pid: *pid,
            tid: if threads.is_empty() {
                *pid
            } else {
                1_000_000 + self.threads
            },
            name: String::new(),
        });
        threads.insert(pointer, thread.clone());
        thread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_their_threads_are_numbered_as_they_appear() {
        let mut spaces = Spaces::default();
        let first = spaces.thread(0x80, 0);
        assert_eq!((first.pid, first.tid), (1, 1));
        assert_eq!(spaces.thread(0x80, 0x1000), first);
        let second = spaces.thread(0x80, 0x2000);
        assert_eq!(second.pid, 1);
        assert_ne!(second.tid, 1);
        assert_eq!(spaces.thread(0x90, 0x1000).pid, 2);
        assert_eq!(first.to_string(), "space(1)");
    }
}
