//! Physical memory protection (privileged specification 3.7): S- and U-mode reach everything but the firmware and the
//! devices that only the firmware drives.

use core::sync::atomic::Ordering;

use crate::csr;
use crate::platform::{FIRMWARE_BASE, FIRMWARE_BYTES, PLATFORM};

/// Configuration byte: a naturally aligned power-of-two region.
const NAPOT: usize = 3 << 3;
/// Configuration byte: read, write and execute.
const RWX: usize = 7;
/// Bytes of the CLINT's registers.
const CLINT_BYTES: usize = 0x1_0000;

/// The address register of a region; `size` is a power of two of at least 8, and `base` a multiple of it.
const fn napot(base: usize, size: usize) -> usize {
    base >> 2 | (size / 2 - 1) >> 2
}

/// Sets this hart's regions up. The first that an address lies in decides; none is locked, so M-mode reaches all.
///
/// A hart without PMP lets everything pass in any mode, and is left alone.
pub fn protect() {
    let clint = PLATFORM.clint.load(Ordering::Relaxed) & !(CLINT_BYTES - 1);
    let regions = csr::try_write!("pmpaddr0", napot(FIRMWARE_BASE, FIRMWARE_BYTES))
        .and(csr::try_write!("pmpaddr1", napot(clint, CLINT_BYTES)))
        .and(csr::try_write!("pmpaddr2", usize::MAX >> 10));
    if regions.is_some() {
        csr::write!("pmpcfg0", (NAPOT | RWX) << 16 | NAPOT << 8 | NAPOT);
    }
    // SAFETY: forgets translations that were checked against other regions.
    unsafe { core::arch::asm!("sfence.vma") };
}
