//! Walking a range of addresses page by page, in pieces: fork, exit and `munmap` stop after so many entries and go on later.

use super::{ENTRIES, LEVELS, Leaf, PageTable, Pte, Tables, USER_END, Unmapped, index, span};
use crate::frame::FRAME_SIZE;

/// How far a walk over a range has come: all that long work needs to remember between its pieces.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The first address not looked at yet.
    pub next: u64,
    /// First address behind the range.
    pub end: u64,
}

impl Cursor {
    /// A walk over the whole pages that `start..end` touches; none beyond the user's half.
    pub const fn new(start: u64, end: u64) -> Self {
        let end = if end > USER_END { USER_END } else { end };
        Self {
            next: start & !(FRAME_SIZE - 1),
            end: end.next_multiple_of(FRAME_SIZE),
        }
    }

    /// True when nothing is left to be looked at.
    pub const fn is_done(&self) -> bool {
        self.next >= self.end
    }
}

/// What [`PageTable::scan`] came upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A mapped page; the cursor is behind it.
    Page(Leaf),
    /// The budget is used up; call again with the same cursor.
    Paused,
    /// There are no more pages in the range.
    Done,
}

/// What [`PageTable::clear`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// A page was taken away; the cursor is behind it.
    Page(Unmapped),
    /// The budget is used up; call again with the same cursor.
    Paused,
    /// Nothing is mapped in the range any more.
    Done,
}

impl PageTable {
    /// Finds the next mapped page of a range. `budget` is how many entries may be read; what was read is taken off.
    /// From a budget of 3 on every call gets further.
    ///
    /// The tree may change between the calls: the cursor is an address, not a place in the tables.
    pub fn scan(&self, tables: &impl Tables, cursor: &mut Cursor, budget: &mut u32) -> Found {
        while !cursor.is_done() {
            let (mut table, mut level) = (self.root, LEVELS - 1);
            loop {
                let Some(left) = budget.checked_sub(1) else {
                    return Found::Paused;
                };
                *budget = left;
                let index = index(cursor.next, level);
                let entry = Pte(tables.read(table, index));
                let address = cursor.next & !(span(level) - 1);
                if entry.is_table() && level > 0 {
                    (table, level) = (entry.frame(), level - 1);
                    continue;
                }
                cursor.next = address + span(level);
                if entry.is_leaf() {
                    return Found::Page(Leaf {
                        address,
                        entry,
                        level,
                        table,
                        index,
                    });
                }
                // The next entry is in the same table unless this was its last.
                if index + 1 == ENTRIES || cursor.is_done() {
                    break;
                }
            }
        }
        Found::Done
    }

    /// Takes away the next mapped page of a range, and the tables that held nothing else.
    ///
    /// When a table is emptied, the rest of what it covered is skipped, so the cost follows the pages and not the range.
    /// A page larger than 4 KiB is taken away whole, also when the range has only a part of it.
    pub fn clear(
        &self,
        tables: &mut impl Tables,
        cursor: &mut Cursor,
        budget: &mut u32,
    ) -> Cleared {
        match self.scan(tables, cursor, budget) {
            Found::Paused => Cleared::Paused,
            Found::Done => Cleared::Done,
            Found::Page(leaf) => {
                let unmapped = self.remove(tables, leaf);
                let emptied = unmapped.tables.iter().flatten().count() as u8;
                if emptied > 0 {
                    let covered = span(leaf.level + emptied);
                    cursor.next = (leaf.address & !(covered - 1)) + covered;
                }
                Cleared::Page(unmapped)
            }
        }
    }
}
