//! Processes, threads and jobs.

use abi::layout::{OBJECTS, PROCESS_STATES, REGIONS, THREAD_STATES, WAITS};

use super::layout::Name;
use super::view::{Element, Fawn};

/// The deadline of who has none.
const NEVER: u64 = u64::MAX;
/// Descriptors and regions of one process, at most.
const MOST_ENTRIES: u64 = 1024;

/// A process.
#[derive(Clone, Debug)]
pub struct ProcessView {
    /// Its slot in the kernel's table.
    pub name_in_table: Name,
    /// Its number.
    pub pid: u32,
    /// Its program's name, up to 15 characters.
    pub name: String,
    /// `alive`, `zombie`, …
    pub state: &'static str,
    /// It was stopped.
    pub stopped: bool,
    /// Its parent's number.
    pub parent: Option<u32>,
    /// Its job's number.
    pub job: Option<u32>,
    /// How many threads it has.
    pub threads: u32,
    /// `satp` of its address space.
    pub satp: u64,
    /// Ticks that it ran.
    pub ran: u64,
    /// Its wait status, once it ended.
    pub status: u32,
    /// Pending signals, a bit each.
    pub pending: u64,
    address: u64,
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// `message`, `room`, `futex`, …
    pub kind: &'static str,
    /// The process, mailbox or pipe that is meant.
    pub on: Option<Name>,
    /// A futex's address.
    pub address: u64,
}

/// A thread.
#[derive(Clone, Debug)]
pub struct ThreadView {
    /// Its slot in the kernel's table.
    pub slot: Name,
    /// Its number.
    pub tid: u32,
    /// Its process's slot.
    pub process: Name,
    /// `running`, `ready`, `waiting` or `stopped`.
    pub state: &'static str,
    /// What it waits for.
    pub wait: Wait,
    /// Until when, in ticks; none for ever.
    pub wake_at: Option<u64>,
    /// What it has to be looked at for.
    pub attention: u32,
    /// The hart that it runs on.
    pub hart: Option<usize>,
    /// Where it is: as it was when it left the user's code last, or as the hart says while that runs the user's code.
    pub pc: u64,
    /// x1 to x31.
    pub x: [u64; 31],
    /// When it was last given a hart, in ticks.
    pub since: u64,
    /// Ticks that it ran.
    pub ran: u64,
    /// How often it gave the hart away, and how often it lost it.
    pub switches: (u64, u64),
    /// The process that has its request.
    pub server: Option<Name>,
}

/// A job.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Its number.
    pub number: u32,
    /// Frames charged, and the most.
    pub frames: (u64, u64),
    /// Processes, and the most.
    pub processes: (u32, u32),
    /// Threads, and the most.
    pub threads: (u32, u32),
}

/// What a descriptor leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub number: u32,
    /// `console`, `file`, `mailbox`, …
    pub object: &'static str,
    /// Which one.
    pub name: Option<Name>,
    /// It may be read, or received from.
    pub reads: bool,
    /// It may be written, or sent to.
    pub writes: bool,
}

/// Addresses of a process with one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionView {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// What the program may do there, as the kernel encodes it: 1 read, 2 write, 4 execute.
    pub permissions: u32,
    /// `stack`, `heap`, …
    pub kind: &'static str,
}

impl Fawn<'_> {
    /// All processes, by number.
    #[must_use]
    pub fn processes(&self) -> Vec<ProcessView> {
        let all = self.elements("process").into_iter();
        let mut found: Vec<_> = all
            .filter_map(|element| self.view_process(element))
            .collect();
        found.sort_by_key(|process| process.pid);
        found
    }

    /// A process by its slot.
    #[must_use]
    pub fn process(&self, name: Name) -> Option<ProcessView> {
        self.view_process(self.named("process", name)?)
    }

    /// A process by its number.
    #[must_use]
    pub fn process_of_pid(&self, pid: u32) -> Option<ProcessView> {
        self.processes().into_iter().find(|p| p.pid == pid)
    }

    /// The process whose thread a hart runs.
    #[must_use]
    pub fn process_on(&self, hart: usize) -> Option<ProcessView> {
        let record = self.hart_record(hart)?;
        let thread = self.named("thread", self.name_in(record, "hart.current")?)?;
        self.process(self.name_in(thread, "thread.process")?)
    }

    /// Number of the thread that a hart runs, and of its process.
    #[must_use]
    pub fn running(&self, hart: usize) -> Option<(u32, u32)> {
        let record = self.hart_record(hart)?;
        let thread = self.named("thread", self.name_in(record, "hart.current")?)?;
        let process = self.named("process", self.name_in(thread, "thread.process")?)?;
        let tid = self.field(thread, "thread.tid")? as u32;
        Some((tid, self.field(process, "process.pid")? as u32))
    }

    fn view_process(&self, element: Element) -> Option<ProcessView> {
        let get = |field: &str| self.field(element, &format!("process.{field}"));
        let number_of = |table: &str, own: &str, number: &str| {
            let element = self.named(table, self.name_in(element, own)?)?;
            Some(self.field(element, number)? as u32)
        };
        let name_at = self.place(element, "process.name")?;
        let name = self.bytes(name_at, 16)?;
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(16);
        let space = self.place(element, "process.space")?;
        let root = self.field_at(space, "space.root").unwrap_or(0);
        Some(ProcessView {
            name_in_table: Name {
                index: element.index,
                generation: get("generation")? as u32,
            },
            pid: get("pid")? as u32,
            name: String::from_utf8_lossy(&name[..end]).into_owned(),
            state: word(&PROCESS_STATES, get("state")?),
            stopped: get("stopped").unwrap_or(0) & 1 != 0,
            parent: number_of("process", "process.parent", "process.pid"),
            job: number_of("job", "process.job", "job.number"),
            threads: get("threads").unwrap_or(0) as u32,
            satp: Self::satp(root),
            ran: get("ran").unwrap_or(0),
            status: get("status").unwrap_or(0) as u32,
            pending: get("pending").unwrap_or(0),
            address: element.address,
        })
    }

    /// All threads, by number.
    #[must_use]
    pub fn threads(&self) -> Vec<ThreadView> {
        let harts: Vec<_> = (0..self.target.harts())
            .filter_map(|hart| {
                let record = self.hart_record(hart)?;
                Some((hart, self.name_in(record, "hart.current")?))
            })
            .collect();
        let all = self.elements("thread").into_iter();
        let mut found: Vec<_> = all
            .filter_map(|element| self.view_thread(element, &harts))
            .collect();
        found.sort_by_key(|thread| thread.tid);
        found
    }

    /// The thread that a hart runs, as its saved registers say.
    #[must_use]
    pub fn thread_on(&self, hart: usize) -> Option<ThreadView> {
        let record = self.hart_record(hart)?;
        let name = self.name_in(record, "hart.current")?;
        self.view_thread(self.named("thread", name)?, &[(hart, name)])
    }

    fn view_thread(&self, element: Element, harts: &[(usize, Name)]) -> Option<ThreadView> {
        let get = |field: &str| self.field(element, &format!("thread.{field}"));
        let slot = Name {
            index: element.index,
            generation: get("generation")? as u32,
        };
        let registers = self.bytes(self.place(element, "thread.registers.x")?, 31 * 8)?;
        let mut x = [0; 31];
        for (to, from) in x.iter_mut().zip(registers.chunks_exact(8)) {
            *to = u64::from_le_bytes(from.try_into().ok()?);
        }
        let wait = self.bytes(self.place(element, "thread.wait")?, 24)?;
        let long = |at: usize| {
            let bytes: [u8; 8] = wait.get(at..at + 8)?.try_into().ok()?;
            Some(u64::from_le_bytes(bytes))
        };
        let kind = word(&WAITS, long(0)? & 0xffff_ffff);
        Some(ThreadView {
            slot,
            tid: get("tid")? as u32,
            process: self.name_in(element, "thread.process")?,
            state: word(&THREAD_STATES, get("state")?),
            wait: Wait {
                kind,
                on: Name::from_word(long(8)?).filter(|_| waits_on_something(kind)),
                address: long(16)?,
            },
            wake_at: get("wake_at").filter(|&at| at != NEVER),
            attention: get("attention").unwrap_or(0) as u32,
            hart: harts
                .iter()
                .find(|(_, on)| *on == slot)
                .map(|(hart, _)| *hart),
            pc: get("registers.pc")?,
            x,
            since: get("since").unwrap_or(0),
            ran: get("ran").unwrap_or(0),
            switches: (
                get("switches").unwrap_or(0),
                get("preemptions").unwrap_or(0),
            ),
            server: get("server").and_then(Name::from_word),
        })
    }

    /// All jobs, by number.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobView> {
        let view = |element: Element| {
            let get = |field: &str| self.field(element, &format!("job.{field}"));
            let pair = |used: &str, most: &str| Some((get(used)? as u32, get(most)? as u32));
            Some(JobView {
                number: get("number")? as u32,
                frames: (get("account.charged")?, get("account.limit")?),
                processes: pair("processes", "process_limit")?,
                threads: pair("threads", "thread_limit")?,
            })
        };
        let all = self.elements("job").into_iter();
        let mut found: Vec<_> = all.filter_map(view).collect();
        found.sort_by_key(|job| job.number);
        found
    }

    /// What the descriptors of a process lead to.
    #[must_use]
    pub fn descriptors(&self, process: &ProcessView) -> Vec<Descriptor> {
        let read = || {
            let (offset, _) = self.layout.field("process.descriptors")?;
            let table = process.address.wrapping_add(offset);
            let (slots, slots_len) = self.layout.field("descriptors.slots")?;
            let stride = self.layout.constant("descriptor.stride")?;
            let (used, used_len) = self.layout.field("descriptors.used")?;
            let used = self.bytes(table.wrapping_add(used), u64::from(used_len.min(64)))?;
            let count = u64::from(slots_len).checked_div(stride)?.min(MOST_ENTRIES);
            let is_used = |n: &u64| {
                let byte = used.get((n / 8) as usize).copied().unwrap_or(0);
                byte >> (n % 8) & 1 != 0
            };
            let at = |n: u64| table.wrapping_add(slots).wrapping_add(n * stride);
            let all = (0..count).filter(is_used);
            Some(all.filter_map(|n| self.view_descriptor(n, at(n))).collect())
        };
        read().unwrap_or_default()
    }

    fn view_descriptor(&self, number: u64, address: u64) -> Option<Descriptor> {
        const READ: u64 = 1;
        const WRITE: u64 = 2;
        let (offset, _) = self.layout.field("descriptor.object")?;
        let object = self.bytes(address.wrapping_add(offset), 12)?;
        let kind: [u8; 4] = object[..4].try_into().ok()?;
        let name: [u8; 8] = object[4..].try_into().ok()?;
        let rights = self.field_at(address, "descriptor.rights")?;
        Some(Descriptor {
            number: number as u32,
            object: word(&OBJECTS, u64::from(u32::from_le_bytes(kind))),
            name: Name::from_word(u64::from_le_bytes(name)),
            reads: rights & READ != 0,
            writes: rights & WRITE != 0,
        })
    }

    /// What the addresses of a process mean.
    #[must_use]
    pub fn regions(&self, process: &ProcessView) -> Vec<RegionView> {
        let read = || {
            let (space, _) = self.layout.field("process.space")?;
            let (regions, _) = self.layout.field("space.regions")?;
            let (slots, _) = self.layout.field("regions.slots")?;
            let stride = self.layout.constant("region.stride")?;
            let all = process.address.wrapping_add(space).wrapping_add(regions);
            let count = self.field_at(all, "regions.len")?.min(MOST_ENTRIES);
            let view = |n: u64| {
                let at = all.wrapping_add(slots).wrapping_add(n * stride);
                Some(RegionView {
                    start: self.field_at(at, "region.start")?,
                    end: self.field_at(at, "region.end")?,
                    permissions: self.field_at(at, "region.permissions")? as u32,
                    kind: word(&REGIONS, self.field_at(at, "region.kind")?),
                })
            };
            Some((0..count).filter_map(view).collect())
        };
        read().unwrap_or_default()
    }
}

/// Whether a wait has a name: for other kinds the bytes mean nothing.
fn waits_on_something(kind: &str) -> bool {
    matches!(
        kind,
        "child" | "message" | "room" | "supervisor" | "pipe" | "futex"
    )
}

/// The word for a number.
fn word<const N: usize>(words: &[&'static str; N], number: u64) -> &'static str {
    words.get(number as usize).copied().unwrap_or("unknown")
}
