//! Registers of devices. Addresses come from the device tree or the board's map, never from S-mode.
//!
//! `fence` keeps memory and devices in order: what a hart wrote to memory is seen before the interrupt it then raises.

use core::arch::asm;

/// Reads a byte.
pub fn read8(address: usize) -> u8 {
    let value: u8;
    // SAFETY: a device's register, at the address the platform names.
    unsafe {
        asm!("lbu {}, 0({})", "fence i, r", out(reg) value, in(reg) address, options(nostack));
    }
    value
}

/// Writes a byte.
pub fn write8(address: usize, value: u8) {
    // SAFETY: a device's register, at the address the platform names.
    unsafe { asm!("fence w, o", "sb {}, 0({})", in(reg) value, in(reg) address, options(nostack)) };
}

/// Writes a word.
pub fn write32(address: usize, value: u32) {
    // SAFETY: a device's register, at the address the platform names.
    unsafe { asm!("fence w, o", "sw {}, 0({})", in(reg) value, in(reg) address, options(nostack)) };
}

/// Writes a doubleword.
pub fn write64(address: usize, value: u64) {
    // SAFETY: a device's register, at the address the platform names.
    unsafe { asm!("fence w, o", "sd {}, 0({})", in(reg) value, in(reg) address, options(nostack)) };
}
