//! Memory: the direct map, the kernel's own mappings, address spaces, and access to what is the user's.

pub mod direct;
pub mod kernel_space;
pub mod space;
pub mod user;

use kernel_core::frame::{FrameNumber, FramePool};
use kernel_core::page_table::Tables;

/// All frames, and how many entries of each page table are in use.
pub struct Memory {
    /// The frames.
    pub pool: FramePool<'static>,
    entries: &'static mut [u16],
    base: FrameNumber,
}

impl Memory {
    /// Frames from `base` on, one of `entries` for each.
    pub fn new(pool: FramePool<'static>, entries: &'static mut [u16], base: FrameNumber) -> Self {
        Self {
            pool,
            entries,
            base,
        }
    }

    /// Takes a frame and fills it with zeros; `None` when none is charged for.
    pub fn take_zeroed(&mut self) -> Option<FrameNumber> {
        let frame = self.pool.take().ok()?;
        direct::zero_page(frame);
        Some(frame)
    }

    /// Lets go of a frame; the last to do so frees it.
    pub fn release(&mut self, frame: FrameNumber) {
        let released = self.pool.release(frame);
        debug_assert!(released.is_ok(), "a frame that was not in use");
    }

    fn slot(&self, table: FrameNumber) -> usize {
        table.0.wrapping_sub(self.base.0) as usize
    }
}

impl Tables for Memory {
    fn read(&self, table: FrameNumber, index: usize) -> u64 {
        direct::read_word(table, index)
    }

    fn write(&mut self, table: FrameNumber, index: usize, entry: u64) {
        direct::write_word(table, index, entry);
    }

    fn take(&mut self) -> Option<FrameNumber> {
        self.take_zeroed()
    }

    fn give_back(&mut self, frame: FrameNumber) {
        self.release(frame);
    }

    fn entries(&self, table: FrameNumber) -> u16 {
        self.entries.get(self.slot(table)).copied().unwrap_or(0)
    }

    fn set_entries(&mut self, table: FrameNumber, entries: u16) {
        let slot = self.slot(table);
        if let Some(count) = self.entries.get_mut(slot) {
            *count = entries;
        }
    }
}
