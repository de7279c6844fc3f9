//! Who waits for whom, and for ever.
//!
//! A **deadlock** is a set of threads, each waiting without deadline for a mailbox whose every send handle is held only by processes whose
//! threads are all in the set (or, for threads that wait to send into a full mailbox, likewise its receive handles). Nothing that happens
//! inside the set can wake any of them, and nobody outside can send or receive there.
//!
//! The union of two deadlocks is a deadlock, so there is one largest; [`find`] finds it. What it reports is certain, as far as the graph is true:
//! where the graph leaves a doubt, it must answer so that there is no deadlock.

/// What a waiting thread waits for in its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// A message: somebody with a send handle must send one.
    Message,
    /// Room for a message: somebody with a receive handle must take one out.
    Room,
}

/// Threads, processes and mailboxes by number, as the kernel's tables have them. Nothing may change while a deadlock is looked for.
pub trait Graph {
    /// How many slots for threads there are; threads have the numbers below it.
    fn threads(&self) -> usize;

    /// For which mailbox the thread waits, and for what. `None` when it runs or could run, waits for something else (also: for one of several
    /// things), has a deadline, or is about to be woken by a signal or its end.
    fn waits(&self, thread: usize) -> Option<(usize, Need)>;

    /// True when there is a thread in the slot; only then is it asked about.
    fn exists(&self, thread: usize) -> bool;

    /// The process that the thread belongs to.
    fn process(&self, thread: usize) -> usize;

    /// How many slots for processes there are; processes have the numbers below it.
    fn processes(&self) -> usize;

    /// True when the process holds a handle by which the need could be satisfied: to send for [`Need::Message`], to receive for [`Need::Room`].
    ///
    /// A process without threads can do nothing, so its handles keep nobody out of a deadlock. When a process is being taken apart, closing
    /// its last handles will wake who waits there (EPIPE): until that is done, [`Graph::exists`] must show a thread of it that does not wait.
    fn holds(&self, process: usize, mailbox: usize, need: Need) -> bool;

    /// True when a send handle for the mailbox travels in a message that some thread outside could still receive: somebody may come to send
    /// there. Asked for [`Need::Message`] only, since receive handles do not travel.
    fn in_flight(&self, mailbox: usize) -> bool;
}

/// Finds the largest deadlock. Its threads are the bits that are set in `set` afterwards, thread 0 being the lowest bit of the first word;
/// what `set` held before is of no matter. Returns how many they are: 0 when nobody is in a deadlock.
///
/// Begins with all threads that wait, and removes every thread whose need could be satisfied by a process with a thread outside of the set,
/// until nothing changes (a greatest fixed point). Threads for which `set` has no bit count as outside, so a short `set` hides deadlocks but invents none.
///
/// Each process is seen to get outside once, so the cost is at most threads × processes questions to the graph.
pub fn find(graph: &impl Graph, set: &mut [u64]) -> usize {
    set.fill(0);
    for thread in 0..graph.threads() {
        if need(graph, thread)
            .is_some_and(|(mailbox, need)| need == Need::Room || !graph.in_flight(mailbox))
        {
            insert(set, thread);
        }
    }
    let mut outside = Seen::NONE;
    loop {
        let mut changed = false;
        for thread in 0..graph.threads() {
            if graph.exists(thread) && !contains(set, thread) {
                let process = graph.process(thread);
                changed |= outside.is_new(process) && release(graph, set, process);
            }
        }
        if !changed {
            return count(set);
        }
    }
}

/// Narrows a deadlock that [`find`] has found to one thread in it and all that it waits for, directly or by way of others: what a report
/// about that thread tells. Returns how many they are. They are a deadlock by themselves.
///
/// A thread that is not in `set` leaves nothing there. The graph must be the one that `find` was given, unchanged.
///
/// Costs at most threads × processes questions to the graph.
pub fn find_component(graph: &impl Graph, set: &mut [u64], thread: usize) -> usize {
    let is_member = contains(set, thread);
    set.fill(0);
    if !is_member {
        return 0;
    }
    // Nobody in a deadlock waits for somebody who is not in it: what is reached from the thread needs no comparison with the old set.
    insert(set, thread);
    let (mut followed, mut reached) = (Seen::NONE, Seen::NONE);
    loop {
        let mut changed = false;
        for thread in 0..graph.threads() {
            if contains(set, thread) && followed.is_new(thread) {
                changed |= reach(graph, set, thread, &mut reached);
            }
        }
        if !changed {
            return count(set);
        }
    }
}

/// What a thread waits for, if there is a thread and it waits.
fn need(graph: &impl Graph, thread: usize) -> Option<(usize, Need)> {
    graph.exists(thread).then(|| graph.waits(thread)).flatten()
}

/// Removes all threads whose need the process can satisfy; true when there was one.
fn release(graph: &impl Graph, set: &mut [u64], process: usize) -> bool {
    let mut changed = false;
    for thread in 0..graph.threads() {
        if contains(set, thread)
            && need(graph, thread).is_none_or(|(mailbox, need)| graph.holds(process, mailbox, need))
        {
            remove(set, thread);
            changed = true;
        }
    }
    changed
}

/// Adds the threads of all processes that could satisfy a thread's need; true when one of them is new.
fn reach(graph: &impl Graph, set: &mut [u64], thread: usize, reached: &mut Seen) -> bool {
    let Some((mailbox, need)) = need(graph, thread) else {
        return false;
    };
    let mut changed = false;
    for process in 0..graph.processes() {
        if graph.holds(process, mailbox, need) && reached.is_new(process) {
            for member in 0..graph.threads() {
                if graph.exists(member) && graph.process(member) == process {
                    changed |= insert(set, member);
                }
            }
        }
    }
    changed
}

/// Numbers that something was done for. Those from [`Seen::MOST`] on are not remembered and always new, which costs time, but changes no result.
struct Seen([u64; Self::MOST / 64]);

impl Seen {
    const MOST: usize = 1024;
    const NONE: Self = Self([0; Self::MOST / 64]);

    /// True, and never again, for a number that was not asked about before.
    fn is_new(&mut self, number: usize) -> bool {
        number >= Self::MOST || insert(&mut self.0, number)
    }
}

fn contains(set: &[u64], number: usize) -> bool {
    set.get(number / 64)
        .is_some_and(|word| word >> (number % 64) & 1 != 0)
}

/// True when the number is new in the set. One that has no bit never is.
fn insert(set: &mut [u64], number: usize) -> bool {
    let Some(word) = set.get_mut(number / 64) else {
        return false;
    };
    let before = *word;
    *word |= 1 << (number % 64);
    *word != before
}

fn remove(set: &mut [u64], number: usize) {
    if let Some(word) = set.get_mut(number / 64) {
        *word &= !(1 << (number % 64));
    }
}

fn count(set: &[u64]) -> usize {
    set.iter().map(|word| word.count_ones() as usize).sum()
}
