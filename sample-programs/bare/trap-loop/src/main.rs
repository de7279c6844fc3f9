//! Its trap vector traps: one `ecall`, and it never gets anywhere again.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

bare_runtime::entry!(main);

global_asm!(".align 2", "trap_vector:", "ecall");

unsafe extern "C" {
    fn trap_vector();
}

fn main() -> u16 {
    bare_runtime::csr_write!("mtvec", trap_vector as *const () as usize);
    // SAFETY: the trap is what this program is about.
    unsafe { asm!("ecall") };
    0
}
