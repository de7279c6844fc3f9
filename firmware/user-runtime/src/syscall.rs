//! The `ecall`.

use core::arch::asm;

use abi::syscall::Syscall;

use crate::Error;

/// Makes a system call.
pub fn call(number: Syscall, arguments: [u64; 4]) -> Result<u64, Error> {
    let [a0, a1, a2, a3] = arguments;
    let result: u64;
    // SAFETY: the kernel changes a0, and of memory only what the wrappers in this crate hand over as buffers.
    unsafe {
        asm!("ecall", inlateout("a0") a0 => result, in("a1") a1, in("a2") a2, in("a3") a3,
             in("a7") number as u64, options(nostack));
    }
    match result as i64 {
        error @ -4095..=-1 => Err(Error(-error as u16)),
        _ => Ok(result),
    }
}
