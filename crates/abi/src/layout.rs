//! The note by which Fawn's kernel tells tools where its records are, and what is where in them.
//!
//! A tool finds the note in the kernel's ELF file or in its memory (an ELF note named [`NAME`] of type [`TYPE`]). It holds a [`Header`],
//! and behind it as many [`Record`]s as the header says. A field is found by its name, `thread.state` say, so kernel and tool need not be
//! of the same age: what a tool misses it does without and says so.
//!
//! A **table** is an array of equal elements; where it is the kernel knows only after it has booted, so the header leads to one
//! [`TableAddress`] for each, all zeros before that. An element whose table has a field `generation` is in use while that is odd. A name of an element (`Id` in the
//! kernel) is two words of four bytes: its index, then its generation; generation 0 names nothing.

/// The note's name, its final zero included.
pub const NAME: &[u8; 12] = b"Fawn-layout\0";
/// The note's type.
pub const TYPE: u32 = 1;
/// What this page describes.
pub const VERSION: u32 = 1;
/// Bytes of a record's name.
pub const NAME_BYTES: usize = 40;

/// What the note's content begins with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
    /// How many [`Record`]s follow.
    pub count: u32,
    /// Virtual address of the [`TableAddress`]es.
    pub tables: *const TableAddress,
    /// Virtual address of the note with the image's build id.
    pub build_id: *const u8,
}

/// Where a table is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TableAddress {
    /// Virtual address of its first element; 0 while it is not there.
    pub address: u64,
    /// How many elements it has.
    pub count: u64,
}

/// What a [`Record`] tells.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table: `value` is the index of its [`TableAddress`], `size` the bytes from one element to the next.
    Table = 1,
    /// A field: `value` is its offset in the element or the structure that the part of its name before the last dots names, `size` its bytes.
    Field = 2,
    /// A number by itself: `value`.
    Constant = 3,
}

/// One thing that the note tells.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Its name, filled with zeros.
    pub name: [u8; NAME_BYTES],
    /// What it is: a [`Kind`].
    pub kind: u32,
    /// Bytes, as [`Kind`] says.
    pub size: u32,
    /// An offset, index or number, as [`Kind`] says.
    pub value: u64,
}

impl Record {
    /// A record. Blanks in the name are left out.
    ///
    /// # Panics
    /// When the name has more than [`NAME_BYTES`]: when the kernel is compiled.
    pub const fn new(name: &str, kind: Kind, size: usize, value: u64) -> Self {
        let name = name.as_bytes();
        let mut record = Self {
            name: [0; NAME_BYTES],
            kind: kind as u32,
            size: size as u32,
            value,
        };
        let (mut from, mut to) = (0, 0);
        while from < name.len() {
            if name[from] != b' ' {
                record.name[to] = name[from];
                to += 1;
            }
            from += 1;
        }
        record
    }

    /// A table of elements of type `T`.
    pub const fn table<T>(name: &str, index: u64) -> Self {
        Self::new(name, Kind::Table, size_of::<T>(), index)
    }

    /// A field of type `F` in an element of type `T`: `get` only says which types these are.
    pub const fn field<T, F>(name: &str, offset: usize, _get: fn(&T) -> &F) -> Self {
        Self::new(name, Kind::Field, size_of::<F>(), offset as u64)
    }

    /// A number.
    pub const fn constant(name: &str, value: u64) -> Self {
        Self::new(name, Kind::Constant, 8, value)
    }
}

/// [`Record`]s of some fields of a type: `fields!("hart", Hart: id, current)`; with `; Slot<Job>` behind the type, of an arena's slot that has the type as `value`.
#[macro_export]
macro_rules! fields {
    ($name:literal, $type:ty: $($($part:ident).+),+ $(,)?) => {
        [$($crate::layout::Record::field::<$type, _>(
            concat!($name, ".", stringify!($($part).+)),
            core::mem::offset_of!($type, $($part).+),
            |element| &element.$($part).+,
        )),+]
    };
    ($name:literal, $type:ty; $slot:ty: $($($part:ident).+),+ $(,)?) => {
        [
            $crate::layout::Record::field::<$slot, _>(
                concat!($name, ".generation"),
                core::mem::offset_of!($slot, generation),
                |slot| &slot.generation,
            ),
            $($crate::layout::Record::field::<$slot, _>(
                concat!($name, ".", stringify!($($part).+)),
                core::mem::offset_of!($slot, value.$($part).+),
                |slot| &slot.value.$($part).+,
            )),+
        ]
    };
}

/// States of a process (`process.state`), by number.
pub const PROCESS_STATES: [&str; 4] = ["embryo", "alive", "ending", "zombie"];
/// States of a thread (`thread.state`), by number.
pub const THREAD_STATES: [&str; 4] = ["running", "ready", "waiting", "stopped"];
/// What a thread waits for (the first four bytes of `thread.wait`; eight bytes on is the name of the process, mailbox or pipe that is meant, and behind
/// that a futex's address), by number.
pub const WAITS: [&str; 10] = [
    "nothing",
    "child",
    "message",
    "room",
    "reply",
    "supervisor",
    "pipe",
    "console",
    "futex",
    "any",
];
/// What a descriptor leads to (the first four bytes of `descriptor.object`; behind them is the name of the open file, pipe, mailbox or process), by number.
pub const OBJECTS: [&str; 7] = [
    "console", "null", "file", "pipe", "mailbox", "process", "system",
];
/// States of a node of the scheduler (`schedule.state`), by number.
pub const SCHEDULE_STATES: [&str; 4] = ["vacant", "blocked", "ready", "running"];
/// What a region is for (`region.kind`), by number.
pub const REGIONS: [&str; 7] = [
    "guard",
    "anonymous",
    "heap",
    "stack",
    "file-copy",
    "shared",
    "dying",
];
