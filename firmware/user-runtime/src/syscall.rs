//! The `ecall`.

use core::arch::asm;

use abi::syscall::Syscall;
pub use abi::syscall::Syscall as Number;

use crate::Error;

/// Makes a system call.
///
/// # Errors
/// As the kernel says.
pub fn call(number: Syscall, arguments: [u64; 4]) -> Result<u64, Error> {
    let [a0, a1, a2, a3] = arguments;
    call6(number, [a0, a1, a2, a3, 0, 0])
}

/// The same with six arguments.
///
/// # Errors
/// As the kernel says.
pub fn call6(number: Syscall, arguments: [u64; 6]) -> Result<u64, Error> {
    raw(number as u64, arguments)
}

/// Makes a system call by its number, whether there is such a call or not.
///
/// # Errors
/// As the kernel says.
pub fn raw(number: u64, arguments: [u64; 6]) -> Result<u64, Error> {
    let [a0, a1, a2, a3, a4, a5] = arguments;
    let result: u64;
    // SAFETY: the kernel changes a0, and of memory only what the wrappers in this crate hand over as buffers.
    unsafe {
        asm!("ecall", inlateout("a0") a0 => result, in("a1") a1, in("a2") a2, in("a3") a3, in("a4") a4,
             in("a5") a5, in("a7") number, options(nostack));
    }
    match result as i64 {
        error @ -4095..=-1 => Err(Error(-error as u16)),
        _ => Ok(result),
    }
}
