//! Page faults that the kernel answers with a page.

use core::arch::asm;

use fawn::Error;
use fawn::process::Fork;
use fawn::syscall::{Number, call, call6};

use crate::instret::{between, least};
use crate::switches::Partner;

pub const PAGE: u64 = 4096;
/// Pages that are touched in one try; one before them has the page tables made.
const PAGES: u64 = 32;

/// Pages of fresh memory, given back when dropped.
pub struct Pages {
    start: u64,
    bytes: u64,
}

impl Pages {
    /// Memory that nobody has touched.
    pub fn fresh(count: u64) -> Result<Self, Error> {
        const READ_WRITE: u64 = 3;
        const PRIVATE_ANONYMOUS: u64 = 0x22;
        Self::map(count * PAGE, READ_WRITE, PRIVATE_ANONYMOUS)
    }

    /// Memory that stays one when a process becomes two.
    pub fn shared(count: u64) -> Result<Self, Error> {
        const READ_WRITE: u64 = 3;
        const SHARED_ANONYMOUS: u64 = 0x21;
        Self::map(count * PAGE, READ_WRITE, SHARED_ANONYMOUS)
    }

    fn map(bytes: u64, protection: u64, flags: u64) -> Result<Self, Error> {
        let arguments = [0, bytes, protection, flags, u64::MAX, 0];
        let start = call6(Number::Mmap, arguments)?;
        Ok(Self { start, bytes })
    }

    pub fn start(&self) -> u64 {
        self.start
    }

    /// Writes to every page.
    pub fn touch(&self) {
        for at in (self.start..self.start + self.bytes).step_by(PAGE as usize) {
            store(at);
        }
    }

    /// What a store costs on each page but the first, on average.
    fn cost_of_touching(&self) -> u64 {
        store(self.start);
        let pages = (self.start..self.start + self.bytes).step_by(PAGE as usize);
        let total: u64 = pages.skip(1).map(store).sum();
        total / (self.bytes / PAGE - 1)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = call(Number::Munmap, [self.start, self.bytes, 0, 0]);
    }
}

/// Stores a word: the instructions from before to after, the store itself left out.
fn store(at: u64) -> u64 {
    let (before, after): (u64, u64);
    // SAFETY: the callers name memory of a mapping that nothing else uses.
    unsafe {
        asm!("rdinstret {before}", "sd {at}, 0({at})", "rdinstret {after}",
             before = out(reg) before, after = out(reg) after, at = in(reg) at, options(nostack));
    }
    between(before, after).saturating_sub(1)
}

/// The first touch of a page: a frame of zeros, of which 512 stores are the zeros.
pub fn demand_zero() -> Result<u64, Error> {
    least(|| Ok(Some(Pages::fresh(PAGES + 1)?.cost_of_touching())))
}

/// A write to a page that another process still has: a copy, of which 512 loads and 512 stores are the content.
pub fn copy_on_write() -> Result<u64, Error> {
    least(|| {
        let pages = Pages::fresh(PAGES + 1)?;
        pages.touch();
        let _owner = match fawn::process::fork()? {
            Fork::Parent(pid) => Partner(pid),
            Fork::Child => loop {
                fawn::thread::sleep(u64::MAX);
            },
        };
        Ok(Some(pages.cost_of_touching()))
    })
}
