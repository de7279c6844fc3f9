//! Memory: the direct map, the kernel's own mappings, address spaces, and access to what is the user's.

pub mod direct;
pub mod kernel_space;
pub mod space;
pub mod user;

use kernel_core::files::{Files, Pages};
use kernel_core::frame::{Account, FrameNumber, FramePool};
use kernel_core::page_table::Tables;

use crate::arch::sbi;
use crate::platform::MAX_HARTS;

/// All frames, and how many entries of each page table are in use.
pub struct Memory {
    /// The frames.
    pub pool: FramePool<'static>,
    /// The files.
    pub tree: Files<'static>,
    /// What the kernel itself, its files and its buffers have been promised.
    pub system: Account,
    /// The archive of programs.
    pub archive: &'static [u8],
    /// The hart that has the kernel's lock, by the kernel's number.
    pub here: usize,
    /// The firmware's numbers of the harts, by the kernel's.
    pub hart_ids: [u64; MAX_HARTS],
    entries: &'static mut [u16],
    base: FrameNumber,
}

/// Frames for the content of files.
pub struct FilePages<'m> {
    pool: &'m mut FramePool<'static>,
    account: &'m mut Account,
}

impl Pages for FilePages<'_> {
    fn take(&mut self) -> Option<FrameNumber> {
        take_charged(self.pool, self.account)
    }

    fn release(&mut self, frame: FrameNumber) {
        release_charged(self.pool, self.account, frame);
    }

    fn read_word(&self, frame: FrameNumber, index: usize) -> u64 {
        direct::read_word(frame, index)
    }

    fn write_word(&mut self, frame: FrameNumber, index: usize, value: u64) {
        direct::write_word(frame, index, value);
    }

    fn read(&self, frame: FrameNumber, offset: usize, into: &mut [u8]) {
        direct::read_bytes(frame, offset, into);
    }

    fn write(&mut self, frame: FrameNumber, offset: usize, bytes: &[u8]) {
        direct::write_bytes(frame, offset, bytes);
    }
}

fn take_charged(pool: &mut FramePool<'static>, account: &mut Account) -> Option<FrameNumber> {
    pool.charge(account, 1).ok()?;
    match pool.take() {
        Ok(frame) => {
            direct::zero_page(frame);
            Some(frame)
        }
        Err(_) => {
            pool.uncharge(account, 1);
            None
        }
    }
}

fn release_charged(pool: &mut FramePool<'static>, account: &mut Account, frame: FrameNumber) {
    let released = pool.release(frame);
    debug_assert!(released.is_ok(), "a frame that was not in use");
    pool.uncharge(account, 1);
}

impl Memory {
    /// Frames from `base` on, one of `entries` for each.
    pub fn new(
        pool: FramePool<'static>,
        entries: &'static mut [u16],
        base: FrameNumber,
        tree: Files<'static>,
        archive: &'static [u8],
        hart_ids: [u64; MAX_HARTS],
    ) -> Self {
        let limit = pool.total();
        Self {
            pool,
            tree,
            system: Account::new(limit, true),
            archive,
            here: 0,
            hart_ids,
            entries,
            base,
        }
    }

    /// The files, and the frames for what is in them.
    pub fn files(&mut self) -> (&mut Files<'static>, FilePages<'_>) {
        let pages = FilePages {
            pool: &mut self.pool,
            account: &mut self.system,
        };
        (&mut self.tree, pages)
    }

    /// Takes a frame of zeros, promised to an account here and now.
    pub fn take_charged(&mut self, account: &mut Account) -> Option<FrameNumber> {
        take_charged(&mut self.pool, account)
    }

    /// Gives such a frame back.
    pub fn release_charged(&mut self, account: &mut Account, frame: FrameNumber) {
        release_charged(&mut self.pool, account, frame);
    }

    /// Has other harts (a bit each, by the kernel's number) forget all translations of an address space, and waits until
    /// they have.
    pub fn fence_harts(&self, harts: u64, asid: u16) {
        let ids = (0..MAX_HARTS).filter(|hart| harts >> hart & 1 != 0);
        let mask = ids.fold(0, |mask, hart| mask | 1 << self.hart_ids[hart]);
        sbi::fence_space(mask, u64::from(asid));
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
