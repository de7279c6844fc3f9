//! Who waits for whom, and who waits for ever.

use std::collections::HashSet;

use super::layout::Name;
use super::process::ThreadView;
use super::syscall::{Call, describe_call};
use super::view::Fawn;

/// Threads that wait for each other for ever.
#[derive(Clone, Debug, Default)]
pub struct Deadlock {
    /// Their numbers.
    pub threads: Vec<u32>,
}

/// Why a thread does not run.
#[derive(Clone, Debug)]
pub struct Waits {
    /// In words.
    pub text: String,
    /// The numbers of the processes that could end the wait.
    pub by: Vec<u32>,
}

impl Fawn<'_> {
    /// What a thread is about, in a few words.
    #[must_use]
    pub fn doing(&self, thread: &ThreadView) -> String {
        match thread.state {
            "running" => match thread.hart {
                Some(hart) => format!("runs on hart {hart}"),
                None => "runs".to_owned(),
            },
            "ready" => "is ready".to_owned(),
            "stopped" => "is stopped".to_owned(),
            _ => self.waits(thread).text,
        }
    }

    /// What a waiting thread waits for, and who could end that.
    #[must_use]
    pub fn waits(&self, thread: &ThreadView) -> Waits {
        let (text, by) = match (thread.wait.kind, thread.wait.on) {
            ("message", Some(on)) => {
                let by = self.holders(on, |descriptor| descriptor.writes);
                (format!("waits for a message in mailbox {}", on.index), by)
            }
            ("room", Some(on)) => {
                let by = self.holders(on, |descriptor| descriptor.reads);
                (format!("waits for room in mailbox {}", on.index), by)
            }
            ("reply", _) => {
                let server = thread.server.and_then(|server| self.process(server));
                let who = server
                    .as_ref()
                    .map_or("nobody has taken its request yet".to_owned(), |p| {
                        format!("process {} ({}) has its request", p.pid, p.name)
                    });
                let by = server.into_iter().map(|process| process.pid).collect();
                (format!("waits for a reply: {who}"), by)
            }
            ("child", _) => {
                let children = self.processes().into_iter().filter(|process| {
                    let own = self.process(thread.process).map(|own| own.pid);
                    process.parent.is_some() && process.parent == own
                });
                let by = children.map(|process| process.pid).collect();
                ("waits for a child to end".to_owned(), by)
            }
            ("supervisor", Some(on)) => {
                let by = self.holders(on, |descriptor| descriptor.reads);
                (
                    "waits for what its supervisor decides about a fault".to_owned(),
                    by,
                )
            }
            ("pipe", Some(on)) => {
                let by = self.holders_of("pipe", on, |_| true);
                (format!("waits at pipe {}", on.index), by)
            }
            ("console", _) => ("waits for a line at the console".to_owned(), Vec::new()),
            ("futex", _) => {
                let text = format!("waits at the futex at {:#x}", thread.wait.address);
                (text, self.pid_of(thread).into_iter().collect())
            }
            ("any", _) => ("waits for one of several things".to_owned(), Vec::new()),
            _ if thread.wake_at.is_some() => ("sleeps".to_owned(), Vec::new()),
            _ => ("waits".to_owned(), Vec::new()),
        };
        let own = self.pid_of(thread);
        let until = thread.wake_at.map_or(String::new(), |at| {
            let left = self.milliseconds(at.saturating_sub(self.ticks()));
            format!(", for {left:.1} ms more at most")
        });
        let mut by: Vec<u32> = by;
        // A process could only end its own wait with another thread.
        by.retain(|pid| Some(*pid) != own || self.has_other_thread(thread));
        Waits {
            text: text + &until,
            by,
        }
    }

    fn has_other_thread(&self, thread: &ThreadView) -> bool {
        self.process(thread.process).is_some_and(|p| p.threads > 1)
    }

    /// The number of a thread's process.
    #[must_use]
    pub fn pid_of(&self, thread: &ThreadView) -> Option<u32> {
        self.process(thread.process).map(|process| process.pid)
    }

    /// The processes that hold a mailbox by descriptors of a kind.
    #[must_use]
    pub fn holders(&self, mailbox: Name, meant: impl Fn(&super::Descriptor) -> bool) -> Vec<u32> {
        self.holders_of("mailbox", mailbox, meant)
    }

    fn holders_of(
        &self,
        object: &str,
        name: Name,
        meant: impl Fn(&super::Descriptor) -> bool,
    ) -> Vec<u32> {
        let all = self.processes().into_iter();
        let holds = |process: &super::ProcessView| {
            let mut descriptors = self.descriptors(process).into_iter();
            descriptors.any(|d| d.object == object && d.name == Some(name) && meant(&d))
        };
        all.filter(holds).map(|process| process.pid).collect()
    }

    /// The system call that a waiting thread will make again when it is woken: its program counter is at its `ecall`.
    #[must_use]
    pub fn call_of(&self, thread: &ThreadView) -> Option<Call> {
        (thread.state == "waiting").then(|| call_in(&thread.x))
    }

    /// The call as text.
    #[must_use]
    pub fn describe_call_of(&self, thread: &ThreadView) -> Option<String> {
        self.call_of(thread).map(|call| describe_call(&call))
    }

    /// The largest set of threads that wait for each other for ever, by the kernel's own definition: each without
    /// deadline for a mailbox whose every send handle (or, when full, receive handle) is held only by processes whose
    /// threads are all in the set.
    #[must_use]
    pub fn deadlock(&self) -> Deadlock {
        let threads = self.threads();
        let mailboxes = self.mailboxes();
        let travels = |name: Name| {
            let mut all = mailboxes.iter();
            all.any(|mailbox| mailbox.name == name && mailbox.in_flight > 0)
        };
        let candidate = |thread: &&ThreadView| {
            let for_ever =
                thread.state == "waiting" && thread.wake_at.is_none() && thread.attention == 0;
            match (thread.wait.kind, thread.wait.on) {
                ("message", Some(on)) => for_ever && !travels(on),
                ("room", Some(_)) => for_ever,
                _ => false,
            }
        };
        let mut set: HashSet<u32> = threads.iter().filter(candidate).map(|t| t.tid).collect();
        loop {
            let before = set.len();
            // Processes with a thread outside can do something.
            let outside: HashSet<u32> = threads
                .iter()
                .filter(|thread| !set.contains(&thread.tid))
                .filter_map(|thread| self.pid_of(thread))
                .collect();
            for thread in &threads {
                let Some(on) = thread.wait.on.filter(|_| set.contains(&thread.tid)) else {
                    continue;
                };
                let helpers = match thread.wait.kind {
                    "message" => self.holders(on, |d| d.writes),
                    _ => self.holders(on, |d| d.reads),
                };
                if helpers.iter().any(|pid| outside.contains(pid)) {
                    set.remove(&thread.tid);
                }
            }
            if set.len() == before {
                break;
            }
        }
        let mut threads: Vec<u32> = set.into_iter().collect();
        threads.sort_unstable();
        Deadlock { threads }
    }
}

/// The call in registers x1 to x31.
pub(crate) fn call_in(x: &[u64; 31]) -> Call {
    let mut arguments = [0; 6];
    arguments.copy_from_slice(&x[9..15]);
    Call {
        number: x[16],
        arguments,
    }
}
