//! The core-local interruptor (`sifive,clint0`): a software interrupt and a timer for each hart.

use core::sync::atomic::Ordering;

use crate::mmio;
use crate::platform::PLATFORM;

/// `mtimecmp` of hart 0.
const TIMERS: usize = 0x4000;

/// Raises or takes back a hart's machine software interrupt.
pub fn set_software_interrupt(hart: usize, raised: bool) {
    let base = PLATFORM.clint.load(Ordering::Relaxed);
    mmio::write32(base + 4 * hart, u32::from(raised));
}

/// The machine timer interrupt of a hart is pending while `mtime >= time`.
pub fn set_timer(hart: usize, time: u64) {
    let base = PLATFORM.clint.load(Ordering::Relaxed);
    mmio::write64(base + TIMERS + 8 * hart, time);
}
