//! Its trap vector is where nothing is: it traps for ever, and never gets anywhere.
#![no_std]
#![no_main]

bare_runtime::entry!(main);

fn main() -> u16 {
    bare_runtime::csr_write!("mtvec", 0x4000_0000);
    // SAFETY: the trap is what this program is about.
    unsafe { core::arch::asm!("ecall") };
    0
}
