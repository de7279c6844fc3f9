//! Going through the entries of a range table by table: what is done to many pages costs a walk for each table, and not for each page.

use super::Cursor;
use super::{ENTRIES, LEVELS, MapError, PageTable, Pte, Tables, index, span, take_tables};
use crate::frame::{FRAME_SIZE, FrameNumber};

/// What becomes of an entry that [`PageTable::edit`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It stays.
    Keep,
    /// It is this from now on: a page of 4 KiB, or nothing.
    Set(Pte),
    /// It stays, and nothing behind it is looked at.
    Stop,
}

/// How far [`PageTable::edit`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// To the end of the range.
    Done,
    /// The budget is used up; call again with the same cursor.
    Paused,
    /// Behind a table that holds nothing any more, and was unlinked with the one above it if that held nothing else; call again.
    /// Neither frame may be used again before every hart that may cache the space has been flushed.
    Emptied([Option<FrameNumber>; 2]),
    /// To an entry at which it was told to stop; the cursor is there.
    Stopped,
}

impl PageTable {
    /// Shows every entry in use of a range, with its address, and does with it what it is told. Only pages of 4 KiB are shown.
    ///
    /// `budget` is how many entries may be read; what was read is taken off. From a budget of 3 on every call gets further.
    #[inline(always)]
    pub fn edit<T: Tables>(
        &self,
        tables: &mut T,
        cursor: &mut Cursor,
        budget: &mut u32,
        mut change: impl FnMut(&mut T, u64, Pte) -> Edit,
    ) -> Edited {
        while !cursor.is_done() {
            let (table, level) = match self.lowest(tables, cursor.next, budget) {
                Some(found) => found,
                None => return Edited::Paused,
            };
            if level > 0 {
                cursor.next = (cursor.next & !(span(level) - 1)) + span(level);
                continue;
            }
            let first = index(cursor.next, 0);
            let count = (cursor.end - cursor.next) / FRAME_SIZE;
            let count = count.min((ENTRIES - first) as u64).min(u64::from(*budget)) as usize;
            let page = cursor.next;
            let before = tables.entries(table);
            let (mut left, mut unseen) = (before, before);
            let mut stopped = false;
            let mut at = first;
            let mut address = page;
            while at < first + count {
                let entry = Pte(tables.read(table, at));
                if !entry.is_valid() {
                    at += 1;
                    address += FRAME_SIZE;
                    continue;
                }
                match change(tables, address, entry) {
                    Edit::Keep => {}
                    Edit::Set(new) => {
                        tables.write(table, at, new.0);
                        left -= u16::from(!new.is_valid());
                    }
                    Edit::Stop => {
                        stopped = true;
                        break;
                    }
                }
                at += 1;
                address += FRAME_SIZE;
                unseen -= 1;
                if unseen == 0 {
                    // The rest is vacant.
                    at = first + count;
                }
            }
            cursor.next = page + (at - first) as u64 * FRAME_SIZE;
            *budget -= (at - first) as u32;
            if left != before {
                tables.set_entries(table, left);
            }
            if left == 0 && before > 0 {
                let within = cursor.next - FRAME_SIZE;
                cursor.next = (within & !(span(1) - 1)) + span(1);
                return Edited::Emptied(self.unlink(tables, within, table));
            }
            if stopped {
                return Edited::Stopped;
            }
            if *budget == 0 && !cursor.is_done() {
                return Edited::Paused;
            }
        }
        Edited::Done
    }

    /// The table on the way to an address below which there is none, and its level.
    fn lowest(
        &self,
        tables: &impl Tables,
        address: u64,
        budget: &mut u32,
    ) -> Option<(FrameNumber, u8)> {
        let mut table = self.root;
        for level in (1..LEVELS).rev() {
            *budget = budget.checked_sub(1)?;
            let entry = Pte(tables.read(table, index(address, level)));
            if !entry.is_table() {
                return Some((table, level));
            }
            table = entry.frame();
        }
        (*budget > 0).then_some((table, 0))
    }

    /// Unlinks a table of 4 KiB pages that holds nothing, and the one above if it held nothing else.
    fn unlink(
        &self,
        tables: &mut impl Tables,
        address: u64,
        table: FrameNumber,
    ) -> [Option<FrameNumber>; 2] {
        let above = self.table_at(tables, address, 1);
        tables.write(above, index(address, 1), 0);
        let left = tables.entries(above).saturating_sub(1);
        tables.set_entries(above, left);
        if left > 0 {
            return [Some(table), None];
        }
        tables.write(self.root, index(address, 2), 0);
        let left = tables.entries(self.root).saturating_sub(1);
        tables.set_entries(self.root, left);
        [Some(table), Some(above)]
    }

    /// The table of 4 KiB pages for an address, made if need be. Until it has an entry, and [`Tables::set_entries`] was told, the
    /// tree is not as it must be.
    ///
    /// # Errors
    /// [`MapError::AlreadyMapped`] where a larger page is, [`MapError::OutOfFrames`].
    pub fn leaf_table(
        &self,
        tables: &mut impl Tables,
        address: u64,
    ) -> Result<FrameNumber, MapError> {
        let mut table = self.root;
        for level in (1..LEVELS).rev() {
            let entry = Pte(tables.read(table, index(address, level)));
            if entry.is_table() {
                table = entry.frame();
                continue;
            }
            if entry.is_valid() {
                return Err(MapError::AlreadyMapped);
            }
            let new = take_tables(tables, usize::from(level)).ok_or(MapError::OutOfFrames)?;
            let mut below = new.into_iter().flatten();
            let lowest = below.next().ok_or(MapError::OutOfFrames)?;
            let mut top = lowest;
            for upper in below {
                tables.write(upper, index(address, 1), Pte::table(top).0);
                tables.set_entries(upper, 1);
                top = upper;
            }
            tables.write(table, index(address, level), Pte::table(top).0);
            tables.set_entries(table, tables.entries(table).saturating_add(1));
            return Ok(lowest);
        }
        Ok(table)
    }
}
