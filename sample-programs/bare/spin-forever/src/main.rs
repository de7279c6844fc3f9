//! Jumps to itself with all interrupts off.
#![no_std]
#![no_main]

bare_runtime::entry!(main);

fn main() -> u16 {
    // SAFETY: nothing is changed, for ever.
    unsafe { core::arch::asm!("1: j 1b", options(noreturn)) }
}
