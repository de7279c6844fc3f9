//! Who runs next: fair among jobs, then processes, then threads.
//!
//! Every job, process and thread has a **virtual runtime**: the ticks it ran, divided by its weight. A hart takes the job that has had least,
//! of its processes the one that has had least, and of that one's threads likewise, so neither many processes nor many threads
//! get a job or a process more than its share. All harts take from one structure: the kernel has one lock anyway,
//! and so the shares are exact over all harts and nothing needs stealing.
//!
//! **Credit** is how far a node is behind its siblings. It is bounded by one quantum wherever it could pile up: in sleep
//! ([`Scheduler::ready`]), and in a node whose threads all run already, which cannot use more harts than it does ([`Scheduler::account`]).
//! A new node has none. Debt is never forgiven, except that it goes with its node.
//!
//! A running thread is in no queue; its process and its job are in theirs while they have a ready thread.
//! Whatever has had a turn goes behind its equals, so the order is determined by the calls alone.
//!
//! Numbers that name no node, and calls that do not fit a thread's state, change nothing.

mod queue;

use abi::layout::Record;
use queue::{Group, NO_NODE};
pub use queue::{Node, State};

/// The share of a quantum by which a woken thread must be ahead to preempt: a switch has its cost.
const SLACK_DIVISOR: u64 = 8;

/// A fair run queue for all harts.
#[derive(Debug)]
pub struct Scheduler<'a> {
    jobs: &'a mut [Node],
    processes: &'a mut [Node],
    threads: &'a mut [Node],
    root: Group,
    quantum: u64,
    /// How often a node took a place in a queue: 2^64 places are never used up.
    arrivals: u64,
    ready: usize,
}

/// What becomes of a running thread that leaves its hart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It is ready again, as by [`Scheduler::put_back`].
    PutBack,
    /// It is ready again, as by [`Scheduler::yield_to_siblings`].
    Yield,
    /// It is blocked, as by [`Scheduler::block`].
    Block,
}

/// A thread with what it belongs to.
#[derive(Clone, Copy)]
struct Path {
    job: u32,
    process: u32,
    thread: u32,
}

/// Where tools find what a node is.
pub const FIELDS: &[Record] = queue::FIELDS;

impl<'a> Scheduler<'a> {
    /// A scheduler with nothing in it; what the nodes held is forgotten.
    ///
    /// Jobs, processes and threads are named by their numbers in the slices, of which the first 2^32 - 1 are used.
    /// `quantum` is the most credit that can be saved up, in ticks.
    pub fn new(
        jobs: &'a mut [Node],
        processes: &'a mut [Node],
        threads: &'a mut [Node],
        quantum: u64,
    ) -> Self {
        Self {
            jobs: cleared(jobs),
            processes: cleared(processes),
            threads: cleared(threads),
            root: Group::new(),
            quantum,
            arrivals: 0,
            ready: 0,
        }
    }

    /// Adds a job. Its weight is its share against those of the other jobs; 1024 is usual, 0 counts as 1.
    /// False, and nothing happens, when there is no such slot or it is in use.
    pub fn add_job(&mut self, job: usize, weight: u32) -> bool {
        add(self.jobs, job, &mut self.root, (NO_NODE, weight, 0))
    }

    /// Adds a process to a job. Its weight is its share against those of the job's other processes; 1024 is usual, 0 counts as 1.
    /// False, and nothing happens, when there is no such slot, it is in use, or there is no such job.
    pub fn add_process(&mut self, process: usize, job: usize, weight: u32) -> bool {
        occupied(self.jobs, job).is_some_and(|index| {
            let group = &mut self.jobs[job].group;
            add(self.processes, process, group, (index, weight, 0))
        })
    }

    /// Adds a thread to a process: blocked, and allowed on all harts. Its weight is its share against those of the process's other threads;
    /// 1024 is usual, 0 counts as 1.
    /// False, and nothing happens, when there is no such slot, it is in use, or there is no such process.
    pub fn add_thread(&mut self, thread: usize, process: usize, weight: u32) -> bool {
        occupied(self.processes, process).is_some_and(|index| {
            let group = &mut self.processes[process].group;
            add(self.threads, thread, group, (index, weight, u64::MAX))
        })
    }

    /// Removes a job. False, and nothing happens, when it has processes or is not there.
    pub fn remove_job(&mut self, job: usize) -> bool {
        remove_childless(self.jobs, job, &mut self.root)
    }

    /// Removes a process. False, and nothing happens, when it has threads or is not there.
    pub fn remove_process(&mut self, process: usize) -> bool {
        occupied(self.processes, process).is_some_and(|_| {
            let job = self.processes[process].parent as usize;
            remove_childless(self.processes, process, &mut self.jobs[job].group)
        })
    }

    /// Removes a thread, whatever it is doing; if it was running, [`Scheduler::account`] for it before. False when it is not there.
    pub fn remove_thread(&mut self, thread: usize) -> bool {
        let Some(path) = self.path(thread) else {
            return false;
        };
        self.block(thread);
        self.threads[thread] = Node::default();
        self.processes[path.process as usize].group.members -= 1;
        true
    }

    /// Moves a process with its threads, ready and running ones too, to another job. What it is ahead of its siblings or behind them,
    /// it stays among the new ones (credit up to one quantum).
    /// False, and nothing happens, when either is not there.
    pub fn move_process(&mut self, process: usize, job: usize) -> bool {
        let found = occupied(self.processes, process).zip(occupied(self.jobs, job));
        let Some((index, to)) = found else {
            return false;
        };
        let from = self.processes[process].parent;
        if from == to {
            return true;
        }
        let old = &mut self.jobs[from as usize].group;
        if self.processes[process].state == State::Ready {
            old.remove(self.processes, index, State::Blocked);
        }
        let runnable = self.processes[process].group.runnable > 0;
        old.members -= 1;
        old.runnable -= u32::from(runnable);
        if old.runnable == 0 && runnable {
            self.root.runnable -= 1;
        }
        let debt = self.processes[process]
            .virtual_runtime
            .saturating_sub(old.floor);
        let credit = old
            .floor
            .saturating_sub(self.processes[process].virtual_runtime);
        let idle = self.jobs[job].group.runnable == 0;
        if runnable && idle {
            self.root.admit(&mut self.jobs[job], self.quantum);
        }
        let new = &mut self.jobs[job].group;
        let node = &mut self.processes[process];
        node.parent = to;
        node.virtual_runtime = new.floor.saturating_add(debt);
        node.virtual_runtime -= credit.min(self.quantum).min(node.virtual_runtime);
        new.members += 1;
        new.runnable += u32::from(runnable);
        self.arrivals += 1;
        self.levels().settle_job(from, false);
        self.levels().settle(index, false);
        true
    }

    /// Changes a process's share against its siblings' from now on (nice): 1024 is usual, 0 counts as 1.
    pub fn set_weight_of_process(&mut self, process: usize, weight: u32) {
        if occupied(self.processes, process).is_some() {
            let node = &mut self.processes[process];
            node.weight = weight.max(1);
            node.remainder = node.remainder.min(node.weight - 1);
        }
    }

    /// Says on which harts a thread may run: bit n is hart n. A ready thread keeps its place; a running one is left where it is.
    /// A thread that may run nowhere is never picked.
    pub fn set_affinity(&mut self, thread: usize, harts: u64) {
        let Some(path) = self.path(thread) else {
            return;
        };
        if self.threads[thread].state == State::Ready {
            let group = &mut self.processes[path.process as usize].group;
            group.set_harts(self.threads, path.thread, harts);
            self.levels().settle(path.process, false);
        } else {
            self.threads[thread].harts = harts;
        }
    }

    /// Makes a blocked or new thread ready. Its credit against its siblings is at most one quantum then, and so is that of its process
    /// and of its job if they had nothing ready or running. O(log n).
    pub fn ready(&mut self, thread: usize) {
        let Some(path) = self.path_in(thread, State::Blocked) else {
            return;
        };
        let (job, process) = (path.job as usize, path.process as usize);
        if self.processes[process].group.runnable == 0 {
            if self.jobs[job].group.runnable == 0 {
                self.root.admit(&mut self.jobs[job], self.quantum);
            }
            let group = &mut self.jobs[job].group;
            group.admit(&mut self.processes[process], self.quantum);
        }
        let group = &mut self.processes[process].group;
        group.admit(&mut self.threads[thread], self.quantum);
        self.levels().enqueue(path);
    }

    /// Makes a running thread ready again, with its credit unchanged: it was preempted, or it yields. O(log n).
    ///
    /// It goes behind those that have had as much as it; to go behind the next whoever that is, see [`Scheduler::yield_to_siblings`].
    pub fn put_back(&mut self, thread: usize) {
        if let Some(path) = self.path_in(thread, State::Running) {
            self.levels().enqueue(path);
        }
    }

    /// Makes a running thread ready again, behind the next ready thread of its process, else behind the next process of its job,
    /// else behind the next job: it gives up its credit against that one. Without this, a thread in credit that yields would be picked at once.
    /// O(log n).
    pub fn yield_to_siblings(&mut self, thread: usize) {
        if let Some(path) = self.path_in(thread, State::Running) {
            let mut levels = self.levels();
            levels.give_way(path);
            levels.enqueue(path);
        }
    }

    /// [`Scheduler::account`] for a running thread, then what `how` says, in one go. O(log n).
    #[inline(always)]
    pub fn leave(&mut self, thread: usize, ticks: u64, how: Leave) {
        let mut levels = self.levels();
        let Some(path) = levels.path_in(thread, State::Running) else {
            return;
        };
        levels.charge(path, ticks);
        match how {
            Leave::PutBack => levels.enqueue(path),
            Leave::Yield => {
                levels.give_way(path);
                levels.enqueue(path);
            }
            Leave::Block => {
                levels.threads[path.thread as usize].state = State::Blocked;
                levels.count_blocked(path);
            }
        }
    }

    /// Makes a running or ready thread blocked. O(log n).
    pub fn block(&mut self, thread: usize) {
        let Some(path) = self.path(thread) else {
            return;
        };
        match self.threads[thread].state {
            State::Ready => {
                self.levels().dequeue(path, State::Blocked, false);
            }
            State::Running => self.threads[thread].state = State::Blocked,
            State::Blocked | State::Vacant => return,
        }
        self.levels().count_blocked(path);
    }

    /// Takes the thread that is to run on a hart: of those that may run there, the one with the least virtual runtime by hierarchy.
    /// It is running then, until [`Scheduler::put_back`] or [`Scheduler::block`]. O(log n).
    #[inline(always)]
    pub fn pick(&mut self, hart: usize) -> Option<usize> {
        self.levels().pick(bit(hart))
    }

    /// Charges a thread, its process and its job for `ticks` of running, scaled by their weights. O(log n).
    ///
    /// Of these, what has nothing ready is left with a credit of at most one quantum: it has all the harts that it can use,
    /// and saving up what it cannot use would let it starve the others once it can.
    pub fn account(&mut self, thread: usize, ticks: u64) {
        let Some(path) = self.path(thread) else {
            return;
        };
        self.levels().charge(path, ticks);
    }

    /// True when [`Scheduler::pick`] would find a thread for this hart. O(1).
    pub fn has_ready_for(&self, hart: usize) -> bool {
        self.root.harts(self.jobs) & bit(hart) != 0
    }

    /// How many threads are ready. O(1).
    pub fn ready_count(&self) -> usize {
        self.ready
    }

    /// What a thread is doing; [`State::Vacant`] when it is not there.
    pub fn state(&self, thread: usize) -> State {
        self.threads
            .get(thread)
            .map_or(State::Vacant, |node| node.state)
    }

    /// True when a ready thread is entitled to the hart of a running one now: what the one belongs to has had less than what the other belongs to
    /// (the first level at which they differ counts), by more than an eighth of a quantum. O(1).
    ///
    /// [`Scheduler::account`] for the running thread first; whether the woken one may run on that hart is the caller's question.
    pub fn should_preempt(&self, woken: usize, running: usize) -> bool {
        let woken = self.path_in(woken, State::Ready);
        let Some((woken, running)) = woken.zip(self.path_in(running, State::Running)) else {
            return false;
        };
        let (level, ahead, behind) = if woken.job != running.job {
            (&*self.jobs, woken.job, running.job)
        } else if woken.process != running.process {
            (&*self.processes, woken.process, running.process)
        } else {
            (&*self.threads, woken.thread, running.thread)
        };
        let [ahead, behind] = [ahead, behind].map(|index| level[index as usize].virtual_runtime);
        behind.saturating_sub(ahead) > self.quantum / SLACK_DIVISOR
    }

    /// The nodes as tools see them: jobs, processes, threads, each under its number.
    pub fn nodes(&self) -> [&[Node]; 3] {
        [self.jobs, self.processes, self.threads]
    }

    #[inline(always)]
    fn levels(&mut self) -> Levels<'_> {
        Levels {
            jobs: self.jobs,
            processes: self.processes,
            threads: self.threads,
            root: &mut self.root,
            quantum: self.quantum,
            arrivals: &mut self.arrivals,
            ready: &mut self.ready,
        }
    }

    fn path(&self, thread: usize) -> Option<Path> {
        let index = occupied(self.threads, thread)?;
        let process = self.threads[thread].parent;
        let job = self.processes.get(process as usize)?.parent;
        Some(Path {
            job,
            process,
            thread: index,
        })
    }

    fn path_in(&self, thread: usize, state: State) -> Option<Path> {
        self.path(thread)
            .filter(|_| self.threads[thread].state == state)
    }

    /// Proves all queues, counts and states right. O(n²), for tests and debugging.
    ///
    /// # Errors
    /// What is wrong, in words: a bug of this module.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_thread = |node: &Node| node.state == State::Ready || node.state == State::Running;
        let has_children = |node: &Node| node.group.runnable > 0;
        check_group(&self.root, self.jobs, NO_NODE, has_children)?;
        check_parents(self.jobs, self.processes, has_children)?;
        check_parents(self.processes, self.threads, is_thread)?;
        let ready = |node: &&Node| node.state == State::Ready;
        if self.threads.iter().filter(ready).count() != self.ready {
            return Err("the count of ready threads is wrong");
        }
        Ok(())
    }
}

/// A scheduler's parts apart, so that where they are stays in registers whatever is written to one of them.
struct Levels<'b> {
    jobs: &'b mut [Node],
    processes: &'b mut [Node],
    threads: &'b mut [Node],
    root: &'b mut Group,
    quantum: u64,
    arrivals: &'b mut u64,
    ready: &'b mut usize,
}

impl Levels<'_> {
    #[inline(always)]
    fn path(&self, thread: usize) -> Option<Path> {
        let index = occupied(self.threads, thread)?;
        let process = self.threads[thread].parent;
        let job = self.processes.get(process as usize)?.parent;
        Some(Path {
            job,
            process,
            thread: index,
        })
    }

    #[inline(always)]
    fn path_in(&self, thread: usize, state: State) -> Option<Path> {
        self.path(thread)
            .filter(|_| self.threads[thread].state == state)
    }

    #[inline(always)]
    fn pick(&mut self, harts: u64) -> Option<usize> {
        let job = self.root.first_for(self.jobs, harts)?;
        let in_job = &mut self.jobs.get_mut(job as usize)?.group;
        let process = in_job.first_for(self.processes, harts)?;
        let in_process = &mut self.processes.get_mut(process as usize)?.group;
        let thread = in_process.first_for(self.threads, harts)?;
        let path = Path {
            job,
            process,
            thread,
        };
        self.dequeue(path, State::Running, true);
        Some(thread as usize)
    }

    #[inline(always)]
    fn charge(&mut self, path: Path, ticks: u64) {
        let (job, process) = (path.job as usize, path.process as usize);
        *self.arrivals += 1;
        let charge = (ticks, self.quantum, *self.arrivals);
        let group = &mut self.processes[process].group;
        charge_child(group, self.threads, path.thread, charge);
        let group = &mut self.jobs[job].group;
        charge_child(group, self.processes, path.process, charge);
        charge_child(self.root, self.jobs, path.job, charge);
    }

    /// Gives up the credit of a running thread against the next in line.
    #[inline(always)]
    fn give_way(&mut self, path: Path) {
        let (job, process) = (path.job as usize, path.process as usize);
        // None of the three is in a queue where it is changed: the thread runs, and the others have no other ready thread.
        if let Some(next) = self.processes[process].group.first(self.threads) {
            let least = next.virtual_runtime;
            self.threads[path.thread as usize].raise(least);
        } else if let Some(next) = self.jobs[job].group.first(self.processes) {
            let least = next.virtual_runtime;
            self.processes[process].raise(least);
        } else if let Some(next) = self.root.first(self.jobs) {
            let least = next.virtual_runtime;
            self.jobs[job].raise(least);
        }
    }

    #[inline(always)]
    fn count_blocked(&mut self, path: Path) {
        let process = &mut self.processes[path.process as usize].group;
        process.runnable -= 1;
        if process.runnable == 0 {
            let job = &mut self.jobs[path.job as usize].group;
            job.runnable -= 1;
            self.root.runnable -= u32::from(job.runnable == 0);
        }
    }

    #[inline(always)]
    fn enqueue(&mut self, path: Path) {
        *self.arrivals += 1;
        *self.ready += 1;
        let group = &mut self.processes[path.process as usize].group;
        group.insert(self.threads, path.thread, *self.arrivals);
        self.settle(path.process, false);
    }

    #[inline(always)]
    fn dequeue(&mut self, path: Path, state: State, turn: bool) {
        *self.arrivals += 1;
        *self.ready -= 1;
        let group = &mut self.processes[path.process as usize].group;
        group.remove(self.threads, path.thread, state);
        self.settle(path.process, turn);
    }

    /// Queues a process or not, and its job, as its ready threads demand; after a turn it goes behind its equals.
    #[inline(always)]
    fn settle(&mut self, process: u32, turn: bool) {
        let node = &self.processes[process as usize];
        let (job, harts) = (node.parent, node.group.harts(self.threads));
        let group = &mut self.jobs[job as usize].group;
        let changed = settle(
            group,
            self.processes,
            process,
            (harts, *self.arrivals, turn),
        );
        if changed || turn {
            self.settle_job(job, turn);
        }
    }

    #[inline(always)]
    fn settle_job(&mut self, job: u32, turn: bool) {
        let harts = self.jobs[job as usize].group.harts(self.processes);
        settle(self.root, self.jobs, job, (harts, *self.arrivals, turn));
    }
}

/// The bit of a hart in a mask; none for a number beyond 63.
#[inline]
fn bit(hart: usize) -> u64 {
    if hart < u64::BITS as usize {
        1 << hart
    } else {
        0
    }
}

fn cleared(nodes: &mut [Node]) -> &mut [Node] {
    let usable = nodes.len().min(NO_NODE as usize);
    let nodes = &mut nodes[..usable];
    nodes.fill(Node::default());
    nodes
}

/// The number as a link, if a node is there.
fn occupied(level: &[Node], number: usize) -> Option<u32> {
    let node = level.get(number)?;
    (node.state != State::Vacant).then_some(number as u32)
}

fn add(level: &mut [Node], number: usize, group: &mut Group, made_of: (u32, u32, u64)) -> bool {
    let (parent, weight, harts) = made_of;
    match level.get_mut(number) {
        Some(node) if node.state == State::Vacant => {
            *node = Node::new(parent, weight, harts, group.floor);
            group.members += 1;
            true
        }
        _ => false,
    }
}

fn remove_childless(level: &mut [Node], number: usize, group: &mut Group) -> bool {
    match level.get_mut(number) {
        Some(node) if node.state != State::Vacant && node.group.members == 0 => {
            *node = Node::default();
            group.members -= 1;
            true
        }
        _ => false,
    }
}

/// Brings a job or a process in line with its own queue, which is empty or whose threads may run on `harts`. False when it was.
#[inline(always)]
fn settle(group: &mut Group, level: &mut [Node], child: u32, now: (u64, u64, bool)) -> bool {
    let (harts, arrival, turn) = now;
    let node = &mut level[child as usize];
    match (node.state == State::Ready, node.group.is_empty()) {
        (false, false) => {
            node.harts = harts;
            group.insert(level, child, arrival);
        }
        (true, true) => group.remove(level, child, State::Blocked),
        (true, false) if turn => group.requeue(level, child, arrival, |node| node.harts = harts),
        (true, false) if node.harts != harts => group.set_harts(level, child, harts),
        _ => return false,
    }
    true
}

#[inline(always)]
fn charge_child(group: &mut Group, level: &mut [Node], child: u32, charge: (u64, u64, u64)) {
    let (ticks, quantum, arrival) = charge;
    if group.members == 1 {
        // Nobody to be ahead of or behind: only the differences matter, and a sibling to come begins where it is.
        group.floor = group.floor.max(level[child as usize].virtual_runtime);
        return;
    }
    let node = &mut level[child as usize];
    if node.state == State::Ready {
        group.requeue(level, child, arrival, |node| node.charge(ticks));
    } else {
        node.charge(ticks);
        node.raise(group.floor.saturating_sub(quantum));
    }
    group.note(level, child);
}

fn check_parents(
    parents: &[Node],
    level: &[Node],
    is_runnable: impl Fn(&Node) -> bool,
) -> Result<(), &'static str> {
    for (index, parent) in parents.iter().enumerate() {
        if parent.state == State::Vacant {
            continue;
        }
        check_group(&parent.group, level, index as u32, &is_runnable)?;
        if parent.state == State::Running
            || (parent.state == State::Ready) == parent.group.is_empty()
        {
            return Err("a job or process is queued without a ready thread, or the reverse");
        }
        if parent.state == State::Ready && parent.harts != parent.group.harts(level) {
            return Err("a job or process has other harts than its threads");
        }
    }
    let homeless = |node: &Node| {
        let parent = parents.get(node.parent as usize);
        node.state != State::Vacant && parent.is_none_or(|parent| parent.state == State::Vacant)
    };
    if level.iter().any(homeless) {
        return Err("a process has no job, or a thread no process");
    }
    Ok(())
}

fn check_group(
    group: &Group,
    level: &[Node],
    parent: u32,
    is_runnable: impl Fn(&Node) -> bool,
) -> Result<(), &'static str> {
    let (mut members, mut runnable, mut ready) = (0, 0, 0);
    let is_child = |node: &&Node| node.state != State::Vacant && node.parent == parent;
    for child in level.iter().filter(is_child) {
        members += 1;
        runnable += u32::from(is_runnable(child));
        ready += usize::from(child.state == State::Ready);
        if child.weight == 0 || child.remainder >= child.weight {
            return Err("a node's weight is 0, or it was not charged in full");
        }
    }
    if (members, runnable) != (group.members, group.runnable) {
        return Err("the count of children is wrong");
    }
    if group.check(level, parent)? != ready {
        return Err("a ready node is not in its queue");
    }
    Ok(())
}
