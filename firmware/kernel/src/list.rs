//! Lists of threads, linked through their records: a thread is in one list at most.

use abi::layout::Record;
use kernel_core::arena::{Arena, Id};

use crate::process::thread::Thread;

/// Threads in the order in which they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct List {
    first: Id<Thread>,
    last: Id<Thread>,
}

/// Where tools find the ends of a list.
pub const FIELDS: &[Record] = &abi::fields!("list", List: first, last);

impl List {
    /// No thread.
    pub const fn new() -> Self {
        Self {
            first: Id::NONE,
            last: Id::NONE,
        }
    }

    /// The first thread.
    pub const fn first(&self) -> Id<Thread> {
        self.first
    }

    /// Puts a thread at the end.
    pub fn push(&mut self, threads: &mut Arena<'_, Thread>, id: Id<Thread>) {
        let before = self.last;
        match threads.get_mut(before) {
            Some(last) => last.next = id,
            None => self.first = id,
        }
        if let Some(thread) = threads.get_mut(id) {
            thread.before = before;
            thread.next = Id::NONE;
        }
        self.last = id;
    }

    /// Takes a thread out that is in this list.
    pub fn remove(&mut self, threads: &mut Arena<'_, Thread>, id: Id<Thread>) {
        let Some(thread) = threads.get_mut(id) else {
            return;
        };
        let before = core::mem::take(&mut thread.before);
        let next = core::mem::take(&mut thread.next);
        match threads.get_mut(before) {
            Some(before) => before.next = next,
            None => self.first = next,
        }
        match threads.get_mut(next) {
            Some(next) => next.before = before,
            None => self.last = before,
        }
    }
}
