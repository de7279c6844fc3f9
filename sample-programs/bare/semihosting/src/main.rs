//! Prints and ends by semihosting calls.
#![no_std]
#![no_main]

use core::arch::asm;

bare_runtime::entry!(main);

const SYS_WRITE0: usize = 0x04;
const SYS_EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

fn call(operation: usize, parameter: usize) -> usize {
    let result;
    // SAFETY: the sequence is a call to the host, which reads what the parameter points to.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".balign 16",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => result,
            in("a1") parameter,
        );
    }
    result
}

fn main() -> u16 {
    call(SYS_WRITE0, c"printed by the host\n".as_ptr() as usize);
    let block = [APPLICATION_EXIT, 7];
    call(SYS_EXIT_EXTENDED, block.as_ptr() as usize);
    1
}
