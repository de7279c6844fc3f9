//! The test finisher (`sifive,test0`, `sifive,test1`): the machine's end and its reset.

use core::sync::atomic::Ordering;

use crate::mmio;
use crate::platform::PLATFORM;

/// Ends with a failure; its code stands in the upper half.
pub const FAIL: u32 = 0x3333;
const PASS: u32 = 0x5555;
const RESET: u32 = 0x7777;

/// Failure code when the supervisor reports a system failure.
pub const SYSTEM_FAILED: u16 = 1;
/// Failure code when the firmware itself fails: that of a panic in Rust.
pub const FIRMWARE_FAILED: u16 = 101;

/// How the machine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Power off, all well.
    PowerOff,
    /// Power off, with a failure.
    Failure(u16),
    /// Start again.
    Reset,
}

/// Whether the machine has one.
pub fn exists() -> bool {
    PLATFORM.finisher.load(Ordering::Relaxed) != 0
}

/// Ends or resets the machine. Without a finisher the hart stays here for ever.
pub fn end(how: End) -> ! {
    let value = match how {
        End::PowerOff => PASS,
        End::Failure(code) => u32::from(code) << 16 | FAIL,
        End::Reset => RESET,
    };
    let address = PLATFORM.finisher.load(Ordering::Relaxed);
    if address != 0 {
        mmio::write32(address, value);
    }
    crate::csr::write!("mie", 0);
    loop {
        wait_for_interrupt();
    }
}

/// Stops the hart until an interrupt that `mie` enables is pending.
pub fn wait_for_interrupt() {
    // SAFETY: changes no state.
    unsafe { core::arch::asm!("wfi", options(nomem, nostack)) };
}
