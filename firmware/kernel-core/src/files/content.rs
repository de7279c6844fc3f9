//! Where the bytes of a file are: frames, found through one or two levels of tables.
//!
//! A table is a frame of 512 words, each the number of a frame, or 0 for a hole. Up to 512 pages (2 MiB) one table is enough;
//! a longer file has a table of tables.

use crate::frame::{FRAME_SIZE, FrameNumber};

/// Entries in a table.
const FANOUT: u32 = (FRAME_SIZE / 8) as u32;
/// The most pages of a file: a table of full tables.
pub(super) const MAX_PAGES: u32 = FANOUT * FANOUT;

/// How file content is stored: the kernel implements it over its frame pool and direct map, the tests over `Vec`s.
///
/// Offsets and lengths are in bytes and stay inside of the frame, indices are below 512: this module asks for nothing else.
pub trait Pages {
    /// A frame of zeros, charged to the files. Never frame 0, which is what a hole looks like. `None`: no memory.
    fn take(&mut self) -> Option<FrameNumber>;
    /// Gives back a frame from [`Pages::take`]. Who else holds it (a mapping) keeps it.
    fn release(&mut self, frame: FrameNumber);
    /// The n-th word of 64 bits of a frame.
    fn read_word(&self, frame: FrameNumber, index: usize) -> u64;
    /// Changes the n-th word of 64 bits of a frame.
    fn write_word(&mut self, frame: FrameNumber, index: usize, value: u64);
    /// Copies bytes out of a frame.
    fn read(&self, frame: FrameNumber, offset: usize, into: &mut [u8]);
    /// Copies bytes into a frame.
    fn write(&mut self, frame: FrameNumber, offset: usize, bytes: &[u8]);
}

/// The frames of one file.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content {
    /// The topmost table; 0 while there is none.
    table: u64,
    /// How many levels of tables there are: 0, 1 or 2.
    levels: u32,
    /// No page from this one on has a frame, and no table begins there; 0 without tables.
    extent: u32,
}

impl Content {
    pub(super) const NONE: Self = Self {
        table: 0,
        levels: 0,
        extent: 0,
    };

    /// True when not even a table is there.
    pub(super) const fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// The frame of a page; `None` for a hole.
    pub(super) fn find(&self, pages: &impl Pages, page: u32) -> Option<FrameNumber> {
        if page >= self.extent {
            return None;
        }
        entry(pages, self.leaf(pages, page)?, page % FANOUT)
    }

    /// The table that has the entry of a page.
    fn leaf(&self, pages: &impl Pages, page: u32) -> Option<FrameNumber> {
        match self.levels {
            1 if page < FANOUT => Some(FrameNumber(self.table)),
            2 if page < MAX_PAGES => entry(pages, FrameNumber(self.table), page / FANOUT),
            _ => None,
        }
    }

    /// Gives a page without a frame a new one, of zeros, with the tables that it needs. `None`: no memory, and nothing has changed.
    pub(super) fn add(&mut self, pages: &mut impl Pages, page: u32) -> Option<FrameNumber> {
        let leaf = self.leaf(pages, page);
        let grows = self.levels < 2 && page >= FANOUT;
        let count = 1 + usize::from(leaf.is_none()) + usize::from(grows);
        let [frame, new_leaf, new_top] = take_all(pages, count)?;
        if grows {
            if self.levels == 1 {
                set_entry(pages, new_top, 0, FrameNumber(self.table));
            }
            (self.table, self.levels) = (new_top.0, 2);
        }
        if leaf.is_none() && self.levels == 2 {
            set_entry(pages, FrameNumber(self.table), page / FANOUT, new_leaf);
        } else if leaf.is_none() {
            (self.table, self.levels) = (new_leaf.0, 1);
        }
        set_entry(pages, leaf.unwrap_or(new_leaf), page % FANOUT, frame);
        self.extent = self.extent.max(page + 1);
        Some(frame)
    }

    /// Releases the frames from page `keep` on, from the last page down, at most `budget` entries of tables;
    /// true once none is left. Tables without a page below `keep` go too.
    pub(super) fn shrink(&mut self, pages: &mut impl Pages, keep: u32, budget: &mut u32) -> bool {
        while self.extent > keep {
            let Some(left) = budget.checked_sub(1) else {
                return false;
            };
            *budget = left;
            self.extent = self.drop_last(pages).max(keep);
        }
        if self.extent == 0 && self.levels > 0 {
            pages.release(FrameNumber(self.table));
            *self = Self::NONE;
        }
        true
    }

    /// Releases the last page's frame, and its table if it was the first there; gives the new extent.
    fn drop_last(&mut self, pages: &mut impl Pages) -> u32 {
        let page = self.extent.saturating_sub(1);
        let first = page - page % FANOUT;
        let Some(leaf) = self.leaf(pages, page) else {
            return first;
        };
        if let Some(frame) = entry(pages, leaf, page % FANOUT) {
            pages.write_word(leaf, (page % FANOUT) as usize, 0);
            pages.release(frame);
        }
        if page == first && self.levels == 2 {
            pages.write_word(FrameNumber(self.table), (page / FANOUT) as usize, 0);
            pages.release(leaf);
        }
        page
    }

    /// Proves what can be proved without looking into the tables.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.levels > 2 || (self.levels == 0) != (self.table == 0) {
            return Err("the levels of tables are not those that there are");
        }
        let most = [0, FANOUT, MAX_PAGES][self.levels as usize];
        if self.extent > most || self.levels > 0 && self.extent == 0 {
            return Err("a file has tables for no pages, or pages beyond its tables");
        }
        Ok(())
    }

    /// Counts the frames, tables included.
    ///
    /// # Errors
    /// A frame or table beyond the extent.
    pub(super) fn count(&self, pages: &impl Pages) -> Result<u64, &'static str> {
        if self.levels == 0 {
            return Ok(0);
        }
        let mut frames = u64::from(self.levels == 2);
        for first in (0..MAX_PAGES).step_by(FANOUT as usize) {
            let Some(leaf) = self.leaf(pages, first) else {
                continue;
            };
            let used = (0..FANOUT).filter(|index| entry(pages, leaf, *index).is_some());
            let behind = used.clone().last().map_or(first, |last| first + last + 1);
            if behind > self.extent || first >= self.extent {
                return Err("a frame is behind the last page");
            }
            frames += 1 + used.count() as u64;
        }
        Ok(frames)
    }
}

/// As many frames, of the three that a page can need at most; none if there are not so many.
fn take_all(pages: &mut impl Pages, count: usize) -> Option<[FrameNumber; 3]> {
    let mut taken = [FrameNumber(0); 3];
    for at in 0..count.min(taken.len()) {
        match pages.take() {
            Some(frame) => taken[at] = frame,
            None => {
                taken[..at].iter().for_each(|frame| pages.release(*frame));
                return None;
            }
        }
    }
    Some(taken)
}

fn entry(pages: &impl Pages, table: FrameNumber, index: u32) -> Option<FrameNumber> {
    match pages.read_word(table, index as usize) {
        0 => None,
        frame => Some(FrameNumber(frame)),
    }
}

fn set_entry(pages: &mut impl Pages, table: FrameNumber, index: u32, frame: FrameNumber) {
    pages.write_word(table, index as usize, frame.0);
}
