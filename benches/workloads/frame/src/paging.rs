//! Sv39 page tables for workloads in S-mode.

use core::cell::UnsafeCell;

/// Valid, readable, writable, executable, accessed, dirty: the kernel's pages.
pub const KERNEL: u64 = 0xcf;
/// The same for U-mode.
pub const USER: u64 = 0xdf;

/// Where workloads map their pages: the 64th GiB, far from what is mapped to itself.
pub const WINDOW: usize = 64 << 30;

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// A page table.
#[repr(C, align(4096))]
#[derive(Clone, Copy)]
pub struct Table(pub [u64; 512]);

/// An address space: the first 4 GiB mapped to themselves by large pages, and up to `LEAVES` × 2 MiB of
/// small pages from [`WINDOW`] on.
#[repr(C, align(4096))]
pub struct Space<const LEAVES: usize> {
    root: Table,
    middle: Table,
    leaves: [Table; LEAVES],
}

/// Something static that the only thread changes.
pub struct Single<T>(UnsafeCell<T>);

// SAFETY: there is one thread.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    /// With a first value.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    /// No other reference to it is in use.
    #[expect(clippy::mut_from_ref, reason = "what this type is for")]
    pub unsafe fn get(&self) -> &mut T {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.0.get() }
    }
}

const fn pointer(address: usize) -> u64 {
    (address as u64 >> 12) << 10 | 1
}

/// The entry that maps a page at `physical` with rights such as [`KERNEL`].
#[must_use]
pub const fn entry(physical: usize, rights: u64) -> u64 {
    (physical as u64 >> 12) << 10 | rights
}

impl<const LEAVES: usize> Space<LEAVES> {
    /// An empty one.
    pub const fn new() -> Self {
        const EMPTY: Table = Table([0; 512]);
        Self {
            root: EMPTY,
            middle: EMPTY,
            leaves: [EMPTY; LEAVES],
        }
    }

    /// Sets the upper levels up; call it once, where the space stands for good.
    pub fn connect(&mut self) {
        for gigabyte in 0..4 {
            self.root.0[gigabyte] = entry(gigabyte << 30, KERNEL);
        }
        self.root.0[WINDOW >> 30] = pointer(&raw const self.middle as usize);
        for (slot, leaf) in self.middle.0.iter_mut().zip(&self.leaves) {
            *slot = pointer(leaf as *const Table as usize);
        }
    }

    /// The entry of the window's page number `page`.
    pub fn leaf(&mut self, page: usize) -> &mut u64 {
        &mut self.leaves[page / 512].0[page % 512]
    }

    /// The value of `satp` for this space.
    #[must_use]
    pub fn satp(&self, asid: u64) -> usize {
        (8 << 60 | asid << 44 | (&raw const self.root as u64) >> 12) as usize
    }
}

impl<const LEAVES: usize> Default for Space<LEAVES> {
    fn default() -> Self {
        Self::new()
    }
}

/// Goes on in the address space that `satp` says.
pub fn switch(satp: usize) {
    bare_runtime::csr_write!("satp", satp);
}

/// Drops all translations.
pub fn flush() {
    // SAFETY: the tables are as they should be.
    unsafe { core::arch::asm!("sfence.vma") }
}

/// Loads the doubleword at the start of the window's page number `page`.
#[must_use]
pub fn touch(page: usize) -> u64 {
    // SAFETY: callers mapped the page to memory that is theirs.
    unsafe { ((WINDOW + page * PAGE) as *const u64).read_volatile() }
}
