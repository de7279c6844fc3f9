//! The note that tells tools where the kernel's records are ([`abi::layout`]): made when the kernel is compiled, but for the tables' addresses.

use core::sync::atomic::{AtomicU64, Ordering};

use abi::layout::{Header, NAME, Record, TYPE, TableAddress, VERSION};
use kernel_core::arena::{Arena, Slot};
use kernel_core::region::Region;
use kernel_core::schedule::{self, Node};

use crate::hart::{self, Hart};
use crate::kernel::{self, KERNEL, Kernel};
use crate::layout::DIRECT_MAP;
use crate::list;
use crate::mailbox::{self, Mailbox};
use crate::memory::space;
use crate::object::{self, OpenFile};
use crate::pipe::{self, Pipe};
use crate::process::job::{self, Job};
use crate::process::thread::{self, Thread};
use crate::process::{self, Process};

/// The tables, by their numbers.
const TABLES: &[Record] = &[
    Record::table::<Kernel>("kernel", 0),
    Record::table::<Hart>("hart", 1),
    Record::table::<Slot<Process>>("process", 2),
    Record::table::<Slot<Thread>>("thread", 3),
    Record::table::<Slot<Job>>("job", 4),
    Record::table::<Slot<Mailbox>>("mailbox", 5),
    Record::table::<Slot<Pipe>>("pipe", 6),
    Record::table::<Slot<OpenFile>>("file", 7),
    Record::table::<Node>("schedule_job", 8),
    Record::table::<Node>("schedule_process", 9),
    Record::table::<Node>("schedule_thread", 10),
];

/// What else a tool must know.
const CONSTANTS: &[Record] = &[
    Record::constant("direct_map", DIRECT_MAP),
    Record::constant("region.stride", size_of::<Region>() as u64),
    Record::constant(
        "descriptor.stride",
        size_of::<kernel_core::descriptor::Entry<object::Object>>() as u64,
    ),
    Record::constant("list.stride", size_of::<list::List>() as u64),
];

/// Everything, part by part.
const PARTS: &[&[Record]] = &[
    TABLES,
    CONSTANTS,
    kernel::FIELDS,
    hart::FIELDS,
    process::FIELDS,
    thread::FIELDS,
    job::FIELDS,
    mailbox::FIELDS,
    mailbox::MESSAGE_FIELDS,
    pipe::FIELDS,
    object::FIELDS[0],
    object::FIELDS[1],
    object::FIELDS[2],
    space::FIELDS[0],
    space::FIELDS[1],
    space::FIELDS[2],
    list::FIELDS,
    schedule::FIELDS,
];

const COUNT: usize = {
    let (mut count, mut part) = (0, 0);
    while part < PARTS.len() {
        count += PARTS[part].len();
        part += 1;
    }
    count
};

const fn all() -> [Record; COUNT] {
    let mut records = [TABLES[0]; COUNT];
    let (mut to, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut from = 0;
        while from < PARTS[part].len() {
            records[to] = PARTS[part][from];
            (to, from) = (to + 1, from + 1);
        }
        part += 1;
    }
    records
}

/// An ELF note.
#[repr(C)]
struct Note {
    name_bytes: u32,
    content_bytes: u32,
    kind: u32,
    name: [u8; NAME.len()],
    header: Header,
    records: [Record; COUNT],
}

// SAFETY: its pointers are addresses for tools; nothing here follows them.
unsafe impl Sync for Note {}

unsafe extern "C" {
    static _build_id: u8;
}

#[used]
#[unsafe(link_section = ".note.fawn.layout")]
static NOTE: Note = Note {
    name_bytes: NAME.len() as u32,
    content_bytes: (size_of::<Header>() + size_of::<[Record; COUNT]>()) as u32,
    kind: TYPE,
    name: *NAME,
    header: Header {
        version: VERSION,
        count: COUNT as u32,
        tables: (&raw const ADDRESSES).cast(),
        build_id: &raw const _build_id,
    },
    records: all(),
};

/// Where a table is: [`TableAddress`], written once at boot.
#[repr(C)]
struct Address(AtomicU64, AtomicU64);

const _: () = assert!(size_of::<Address>() == size_of::<TableAddress>());

static ADDRESSES: [Address; TABLES.len()] =
    [const { Address(AtomicU64::new(0), AtomicU64::new(0)) }; TABLES.len()];

/// Tells tools where the tables are.
pub fn publish(harts: &[Hart]) {
    let guard = KERNEL.lock();
    let Some(kernel) = guard.as_ref() else {
        return;
    };
    let [jobs, processes, threads] = kernel.scheduler.nodes();
    let tables = [
        (core::ptr::from_ref(kernel) as u64, 1),
        of(harts),
        of_arena(&kernel.processes),
        of_arena(&kernel.threads),
        of_arena(&kernel.jobs),
        of_arena(&kernel.mailboxes),
        of_arena(&kernel.pipes),
        of_arena(&kernel.files),
        of(jobs),
        of(processes),
        of(threads),
    ];
    for (place, (address, count)) in ADDRESSES.iter().zip(tables) {
        place.0.store(address, Ordering::Relaxed);
        place.1.store(count, Ordering::Relaxed);
    }
}

fn of<T>(elements: &[T]) -> (u64, u64) {
    (elements.as_ptr() as u64, elements.len() as u64)
}

fn of_arena<T: Default>(arena: &Arena<'_, T>) -> (u64, u64) {
    of(arena.slots())
}
