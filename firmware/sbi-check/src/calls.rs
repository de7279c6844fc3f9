//! SBI calls.

use core::arch::asm;

use sbi_spec::binary::SbiRet;
use sbi_spec::legacy::{LEGACY_CONSOLE_PUTCHAR, LEGACY_SHUTDOWN};

/// A call; that all registers but `a0` and `a1` are as before is part of what is checked, by the compiler's use of
/// them.
pub fn call(extension: usize, function: usize, arguments: [usize; 5]) -> SbiRet {
    let [a0, a1, a2, a3, a4] = arguments;
    let (error, value);
    // SAFETY: the firmware touches no memory but what a call names.
    unsafe {
        asm!("ecall", inlateout("a0") a0 => error, inlateout("a1") a1 => value, in("a2") a2, in("a3") a3,
             in("a4") a4, in("a5") 0, in("a6") function, in("a7") extension, options(nostack));
    }
    SbiRet { error, value }
}

/// A legacy call: `a0`, and `a1` as it is afterwards.
pub fn legacy(number: usize, arguments: [usize; 5]) -> SbiRet {
    call(number, 0, arguments)
}

/// Prints a byte.
pub fn put(byte: u8) {
    legacy(LEGACY_CONSOLE_PUTCHAR, [byte.into(), 0, 0, 0, 0]);
}

/// Ends the machine.
pub fn legacy_shutdown() -> ! {
    legacy(LEGACY_SHUTDOWN, [0; 5]);
    loop {
        core::hint::spin_loop();
    }
}
