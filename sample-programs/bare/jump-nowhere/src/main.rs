//! Jumps to where nothing is, with the trap vector that reset left: nothing is there either, so
//! it traps for ever.
#![no_std]
#![no_main]

bare_runtime::entry!(main);

const NOWHERE: usize = 0x4000_0000;

fn main() -> u16 {
    // SAFETY: nothing of this program is needed any more.
    unsafe { core::arch::asm!("jr {}", in(reg) NOWHERE, options(noreturn)) }
}
