//! Which events are wanted.

use std::ops::Range;

use machine::hart::Privilege;

use crate::{Event, Kinds, Thread};

/// Which events are wanted: those that every part of it lets pass.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Of these kinds.
    pub kinds: Kinds,
    /// Of a process with this number, or with this program; empty for all.
    pub processes: Vec<String>,
    /// In these modes; empty for all.
    pub privileges: Vec<Privilege>,
    /// At these addresses; empty for all.
    pub places: Vec<Range<u64>>,
    /// Within these steps.
    pub steps: Range<u64>,
}

impl Scope {
    /// Everything of some kinds.
    #[must_use]
    pub const fn all(kinds: Kinds) -> Self {
        Self {
            kinds,
            processes: Vec::new(),
            privileges: Vec::new(),
            places: Vec::new(),
            steps: 0..u64::MAX,
        }
    }

    /// Whether an event is wanted.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.kinds.contains(event.what.kind())
            && self.steps.contains(&event.step)
            && self.wants_place(event.privilege, event.pc)
            && self.wants_thread(event.thread.as_deref())
    }

    /// Whether events of a thread are wanted.
    #[must_use]
    pub fn wants_thread(&self, thread: Option<&Thread>) -> bool {
        if self.processes.is_empty() {
            return true;
        }
        thread.is_some_and(|thread| {
            let mut wanted = self.processes.iter();
            wanted.any(|wanted| match wanted.parse::<u32>() {
                Ok(pid) => thread.pid == pid,
                // The system keeps 15 characters of a name.
                Err(_) => wanted.chars().take(15).eq(thread.name.chars()),
            })
        })
    }

    /// Whether events of a mode at an address are wanted.
    #[must_use]
    pub fn wants_place(&self, privilege: Privilege, pc: u64) -> bool {
        (self.privileges.is_empty() || self.privileges.contains(&privilege))
            && (self.places.is_empty() || self.places.iter().any(|place| place.contains(&pc)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_named_by_number_or_program() {
        let mut scope = Scope::all(Kinds::default_set());
        let thread = Thread {
            pid: 7,
            tid: 8,
            name: "a-long-program-".to_owned(),
        };
        assert!(scope.wants_thread(None) && scope.wants_thread(Some(&thread)));
        scope.processes = vec!["7".to_owned()];
        assert!(!scope.wants_thread(None) && scope.wants_thread(Some(&thread)));
        scope.processes = vec!["a-long-program-name".to_owned()];
        assert!(scope.wants_thread(Some(&thread)));
        scope.processes = vec!["8".to_owned(), "other".to_owned()];
        assert!(!scope.wants_thread(Some(&thread)));
    }
}
