//! Who runs next: the scheduler's queues.

use abi::layout::SCHEDULE_STATES;

use super::view::Fawn;

/// A job, process or thread as the scheduler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its slot, the same as in its own table.
    pub index: u32,
    /// `blocked`, `ready` or `running`.
    pub state: &'static str,
    /// Ticks that it had, by its weight.
    pub virtual_runtime: u64,
    /// Its place among those who had as many.
    pub arrival: u64,
    /// Its share.
    pub weight: u32,
    /// The job of a process, the process of a thread.
    pub parent: u32,
    /// The harts (a bit each) that it may run on.
    pub harts: u64,
}

/// Jobs, processes and threads that the scheduler knows.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Jobs.
    pub jobs: Vec<Node>,
    /// Processes.
    pub processes: Vec<Node>,
    /// Threads.
    pub threads: Vec<Node>,
}

impl Queue {
    /// The threads that are ready, in the order in which they would be given a hart if nothing else happened: the job
    /// that had least, of it the process, of that the thread.
    #[must_use]
    pub fn order(&self) -> Vec<&Node> {
        let key = |nodes: &[Node], index: u32| {
            let node = nodes.iter().find(|node| node.index == index);
            node.map_or((u64::MAX, u64::MAX), |n| (n.virtual_runtime, n.arrival))
        };
        let mut ready: Vec<_> = self.threads.iter().filter(|n| n.state == "ready").collect();
        ready.sort_by_key(|thread| {
            let process = self.processes.iter().find(|p| p.index == thread.parent);
            let job = process.map_or(u32::MAX, |process| process.parent);
            (
                key(&self.jobs, job),
                key(&self.processes, thread.parent),
                (thread.virtual_runtime, thread.arrival),
            )
        });
        ready
    }
}

impl Fawn<'_> {
    /// The scheduler's nodes.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue {
            jobs: self.nodes("schedule_job"),
            processes: self.nodes("schedule_process"),
            threads: self.nodes("schedule_thread"),
        }
    }

    fn nodes(&self, table: &str) -> Vec<Node> {
        let all = self.elements(table).into_iter();
        let node = |element| {
            let get = |field: &str| self.field(element, &format!("schedule.{field}"));
            let state = *SCHEDULE_STATES.get(get("state")? as usize)?;
            (state != "vacant").then_some(())?;
            Some(Node {
                index: element.index,
                state,
                virtual_runtime: get("virtual_runtime")?,
                arrival: get("arrival")?,
                weight: get("weight")? as u32,
                parent: get("parent")? as u32,
                harts: get("harts")?,
            })
        };
        all.filter_map(node).collect()
    }
}
