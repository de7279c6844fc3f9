//! Who waits for whom, and for ever: the kernel's tables as `kernel_core::deadlock` wants to see them.

use kernel_core::arena::Id;
use kernel_core::deadlock::{Graph, Need, find};
use kernel_core::descriptor::Rights;

use super::Mailbox;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::object::Object;
use crate::process::thread::{State, Wait};
use crate::syscall::Outcome;

impl Graph for Kernel {
    fn threads(&self) -> usize {
        self.threads.capacity()
    }

    fn waits(&self, thread: usize) -> Option<(usize, Need)> {
        let thread = self.threads.get(self.threads.id_at(thread)?)?;
        let for_ever =
            thread.state == State::Waiting && thread.wake_at == u64::MAX && thread.attention == 0;
        match thread.wait {
            Wait::Message(mailbox) if for_ever => Some((mailbox.index(), Need::Message)),
            Wait::Room(mailbox) if for_ever => Some((mailbox.index(), Need::Room)),
            _ => None,
        }
    }

    fn exists(&self, thread: usize) -> bool {
        self.threads.id_at(thread).is_some()
    }

    fn process(&self, thread: usize) -> usize {
        let id = self.threads.id_at(thread).unwrap_or(Id::NONE);
        self.threads
            .get(id)
            .map_or(usize::MAX, |thread| thread.process.index())
    }

    fn processes(&self) -> usize {
        self.processes.capacity()
    }

    fn holds(&self, process: usize, mailbox: usize, need: Need) -> bool {
        let rights = match need {
            Need::Message => Rights::WRITE,
            Need::Room => Rights::READ,
        };
        let process = self.processes.id_at(process);
        let Some(process) = process.and_then(|id| self.processes.get(id)) else {
            return false;
        };
        process.descriptors.iter().any(|(_, entry)| {
            entry.rights.contains(rights)
                && matches!(entry.object, Object::Mailbox(id) if id.index() == mailbox)
        })
    }

    fn in_flight(&self, mailbox: usize) -> bool {
        let id: Option<Id<Mailbox>> = self.mailboxes.id_at(mailbox);
        id.and_then(|id| self.mailboxes.get(id))
            .is_some_and(|mailbox| mailbox.in_flight > 0)
    }
}

/// Words of a set of threads.
const WORDS: usize = crate::boot::THREADS / 64;

impl Kernel {
    /// `deadlocks(buffer, room)`: the numbers of the threads that wait for each other for ever; how many they are.
    pub(super) fn tell_deadlocks(&mut self, hart: &Hart, at: u64, room: u64) -> Outcome {
        let mut set = [0; WORDS];
        let count = find(self, &mut set);
        let mut told = 0;
        for index in 0..self.threads.capacity() {
            let is_in = set
                .get(index / 64)
                .is_some_and(|word| word >> (index % 64) & 1 != 0);
            let id = self.threads.id_at(index);
            let Some(thread) = id.and_then(|id| self.threads.get(id)).filter(|_| is_in) else {
                continue;
            };
            if told < room {
                let tid = thread.tid;
                self.write_user(hart, at.wrapping_add(4 * told), &tid.to_le_bytes())?;
            }
            told += 1;
        }
        Ok(count as u64)
    }
}
