//! Page tables of the Sv39 format (RISC-V privileged specification, "Sv39: Page-Based 39-bit Virtual-Memory System").
//!
//! Nothing here touches memory: tables are read and written through [`Tables`], which the kernel implements over its direct map.
//! Three rules keep the rest of the kernel simple:
//!
//! - **A mapped page is present.** What is not there yet (demand zero) has no entry; what must not be touched (`PROT_NONE`) has a
//!   leaf without the user bit, so its frame is kept and every access of the user faults.
//! - **Accessed and dirty are set from the start**, so hardware never writes a table and a table never changes under the kernel.
//! - **A linked table is never empty.** The number of entries in use is kept beside each table, so the table that an unmapped page
//!   leaves empty is noticed at once and handed to the caller, who releases it after the flush, together with the page.

mod edit;
mod entry;
mod scan;

pub use edit::{Edit, Edited};
pub use entry::{Flags, Permissions, Pte};
pub use scan::{Cleared, Cursor, Found};

use crate::errno;
use crate::frame::{FRAME_SIZE, FrameNumber};

/// Entries in a table.
pub const ENTRIES: usize = 512;
/// Levels of tables: the root is at level 2, a table of 4 KiB pages at level 0.
pub const LEVELS: u8 = 3;
/// First address behind the user's half of an address space.
pub const USER_END: u64 = 1 << 38;

/// How the kernel touches tables.
pub trait Tables {
    /// Reads an entry; `index` is below [`ENTRIES`].
    fn read(&self, table: FrameNumber, index: usize) -> u64;
    /// Writes an entry; `index` is below [`ENTRIES`].
    fn write(&mut self, table: FrameNumber, index: usize, entry: u64);
    /// Takes a frame for a new table, filled with zeros; `None` when there is none.
    fn take(&mut self) -> Option<FrameNumber>;
    /// Gives back a frame from [`Tables::take`] that was never linked into a tree: no flush is needed.
    fn give_back(&mut self, frame: FrameNumber);
    /// The entries in use in a table, as [`Tables::set_entries`] left them; 0 for a new table.
    fn entries(&self, table: FrameNumber) -> u16;
    /// Keeps the number of entries in use beside a table.
    fn set_entries(&mut self, table: FrameNumber, entries: u16);
}

/// Bytes that one entry of a table at `level` covers: 4 KiB, 2 MiB or 1 GiB.
pub const fn span(level: u8) -> u64 {
    FRAME_SIZE << (9 * level as u32)
}

/// The entry that an address selects in a table at `level`.
pub const fn index(address: u64, level: u8) -> usize {
    (address >> (12 + 9 * level as u32)) as usize % ENTRIES
}

/// True when bits 63 to 39 of an address repeat bit 38, as Sv39 demands.
pub const fn is_canonical(address: u64) -> bool {
    let top = (address as i64) >> 38;
    top == 0 || top == -1
}

/// True when every byte of `start..start + length` is in the user's half. An empty range at its very end is.
pub const fn is_user_range(start: u64, length: u64) -> bool {
    match start.checked_add(length) {
        Some(end) => end <= USER_END,
        None => false,
    }
}

/// The most tables, without the root, that mapping every page of `start..end` can need: what to charge for it beforehand.
pub const fn tables_needed(start: u64, end: u64) -> u64 {
    if start >= end {
        return 0;
    }
    let lowest = (end - 1) / span(1) - start / span(1) + 1;
    let middle = (end - 1) / span(2) - start / span(2) + 1;
    lowest + middle
}

/// Why a page could not be mapped. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapError {
    /// The address is not canonical, or address or frame is not a multiple of the page's size.
    Misplaced,
    /// Writable and executable, or writable and not readable, or not valid, or neither readable nor executable.
    Permissions,
    /// Something is mapped there, or a table of smaller pages is.
    AlreadyMapped,
    /// A table was needed and no frame was to be had.
    OutOfFrames,
}

impl MapError {
    /// The Linux error number.
    pub const fn errno(self) -> u16 {
        match self {
            Self::Misplaced | Self::Permissions => errno::EINVAL,
            Self::AlreadyMapped => errno::EEXIST,
            Self::OutOfFrames => errno::ENOMEM,
        }
    }
}

/// A mapped page, and where its entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The page's first virtual address.
    pub address: u64,
    /// Its entry.
    pub entry: Pte,
    /// The level of the table that the entry is in: 0 for a page of 4 KiB.
    pub level: u8,
    /// That table.
    pub table: FrameNumber,
    /// The entry's index in it.
    pub index: usize,
}

impl Leaf {
    /// The physical address that a virtual address in this page has.
    pub const fn physical(&self, address: u64) -> u64 {
        let offset = address & (span(self.level) - 1);
        (self.entry.frame().address() & !(span(self.level) - 1)) | offset
    }

    /// The physical address of the entry itself, as a debugger shows it.
    pub const fn entry_address(&self) -> u64 {
        self.table.address() + 8 * self.index as u64
    }
}

/// A page that is mapped no more, and the tables that held nothing else.
///
/// None of the frames may be used again before every hart that may cache the space has been flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// The page as it was.
    pub leaf: Leaf,
    /// Tables that were emptied and unlinked with it, lowest level first.
    pub tables: [Option<FrameNumber>; 2],
}

/// The tree of tables below one root.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageTable {
    /// The root's frame, as it goes into `satp`.
    pub root: FrameNumber,
}

impl PageTable {
    /// The tree below a root.
    pub const fn new(root: FrameNumber) -> Self {
        Self { root }
    }

    /// Finds the page that an address is in. Reads at most three entries, changes nothing.
    pub fn walk(&self, tables: &impl Tables, address: u64) -> Option<Leaf> {
        if !is_canonical(address) {
            return None;
        }
        let mut table = self.root;
        for level in (0..LEVELS).rev() {
            let index = index(address, level);
            let entry = Pte(tables.read(table, index));
            if entry.is_leaf() {
                return Some(Leaf {
                    address: address & !(span(level) - 1),
                    entry,
                    level,
                    table,
                    index,
                });
            }
            if !entry.is_table() {
                return None;
            }
            table = entry.frame();
        }
        None
    }

    /// Maps one page: 4 KiB at `level` 0, 2 MiB at 1, 1 GiB at 2 (the kernel's direct map).
    ///
    /// # Errors
    /// [`MapError`]; then no table was added either.
    pub fn map(
        &self,
        tables: &mut impl Tables,
        address: u64,
        frame: FrameNumber,
        level: u8,
        flags: Flags,
    ) -> Result<(), MapError> {
        let misaligned =
            |at: u64| level >= LEVELS || !at.is_multiple_of(span(level.min(LEVELS - 1)));
        if !is_canonical(address)
            || misaligned(address)
            || frame.0 > Pte::MAX_FRAME
            || misaligned(frame.address())
        {
            return Err(MapError::Misplaced);
        }
        if !flags.is_permitted() {
            return Err(MapError::Permissions);
        }
        let (table, at) = self.descend(tables, address, level)?;
        let new = take_tables(tables, usize::from(at - level)).ok_or(MapError::OutOfFrames)?;
        let mut entry = Pte::leaf(frame, flags);
        // Built from the leaf upwards and linked last, so hardware never sees a table half made.
        for (below, new) in (level..at).zip(new.into_iter().flatten()) {
            tables.write(new, index(address, below), entry.0);
            tables.set_entries(new, 1);
            entry = Pte::table(new);
        }
        tables.write(table, index(address, at), entry.0);
        tables.set_entries(table, tables.entries(table).saturating_add(1));
        Ok(())
    }

    /// The lowest table on the way to an address that is there, and its level, not below `level`; its entry is vacant.
    fn descend(
        &self,
        tables: &impl Tables,
        address: u64,
        level: u8,
    ) -> Result<(FrameNumber, u8), MapError> {
        let mut table = self.root;
        for at in (level..LEVELS).rev() {
            let entry = Pte(tables.read(table, index(address, at)));
            if !entry.is_valid() {
                return Ok((table, at));
            }
            if entry.is_leaf() || at == level {
                return Err(MapError::AlreadyMapped);
            }
            table = entry.frame();
        }
        Err(MapError::AlreadyMapped)
    }

    /// Takes away the page that an address is in.
    pub fn unmap(&self, tables: &mut impl Tables, address: u64) -> Option<Unmapped> {
        let leaf = self.walk(tables, address)?;
        Some(self.remove(tables, leaf))
    }

    /// Takes away a page just found by [`PageTable::walk`] or a scan, and the tables that held nothing else.
    pub fn remove(&self, tables: &mut impl Tables, leaf: Leaf) -> Unmapped {
        let mut emptied = [None; 2];
        let (mut table, mut index_in_table) = (leaf.table, leaf.index);
        for level in leaf.level..LEVELS {
            tables.write(table, index_in_table, 0);
            let left = tables.entries(table).saturating_sub(1);
            tables.set_entries(table, left);
            if left > 0 || level + 1 == LEVELS {
                break;
            }
            emptied[usize::from(level - leaf.level)] = Some(table);
            table = self.table_at(tables, leaf.address, level + 1);
            index_in_table = index(leaf.address, level + 1);
        }
        Unmapped {
            leaf,
            tables: emptied,
        }
    }

    /// The table at `level` on the way to an address, as far down as there is one.
    fn table_at(&self, tables: &impl Tables, address: u64, level: u8) -> FrameNumber {
        let mut table = self.root;
        for at in (level + 1..LEVELS).rev() {
            let entry = Pte(tables.read(table, index(address, at)));
            if !entry.is_table() {
                break;
            }
            table = entry.frame();
        }
        table
    }

    /// Gives a page that is mapped another frame or other flags (copy-on-write resolved, `mprotect`); says what it was.
    ///
    /// The caller flushes where the old entry may be cached.
    ///
    /// # Errors
    /// [`MapError::Permissions`] as in [`PageTable::map`], [`MapError::Misplaced`] when the frame does not fit the page's size.
    pub fn replace(
        &self,
        tables: &mut impl Tables,
        leaf: Leaf,
        frame: FrameNumber,
        flags: Flags,
    ) -> Result<Pte, MapError> {
        if !flags.is_permitted() {
            return Err(MapError::Permissions);
        }
        if frame.0 > Pte::MAX_FRAME || !frame.address().is_multiple_of(span(leaf.level)) {
            return Err(MapError::Misplaced);
        }
        tables.write(leaf.table, leaf.index, Pte::leaf(frame, flags).0);
        Ok(leaf.entry)
    }

    /// Gives the page that an address is in other permissions, its frame and marks kept: what `mprotect` does to a page that is there.
    ///
    /// A page marked copy-on-write never becomes writable by this: its first write comes to the kernel, which knows who else has the frame.
    /// `None` when nothing is mapped there, else the page as it was.
    ///
    /// # Errors
    /// [`MapError::Permissions`] for writable and executable.
    pub fn protect(
        &self,
        tables: &mut impl Tables,
        address: u64,
        permissions: Permissions,
    ) -> Result<Option<Leaf>, MapError> {
        let Some(leaf) = self.walk(tables, address) else {
            return Ok(None);
        };
        let flags = leaf.entry.flags().with_permissions(permissions);
        self.replace(tables, leaf, leaf.entry.frame(), flags)?;
        Ok(Some(leaf))
    }
}

/// Takes so many frames for tables, at most two, or none at all.
fn take_tables(tables: &mut impl Tables, count: usize) -> Option<[Option<FrameNumber>; 2]> {
    let mut new = [None; 2];
    for taken in 0..count.min(new.len()) {
        new[taken] = tables.take();
        if new[taken].is_none() {
            for frame in new.into_iter().flatten() {
                tables.give_back(frame);
            }
            return None;
        }
    }
    Some(new)
}
