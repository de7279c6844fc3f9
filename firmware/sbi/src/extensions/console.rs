//! Debug console (SBI 2.0, chapter 12): bytes to and from the port, for as long as the supervisor has no driver.

use sbi_spec::binary::SbiRet;
use sbi_spec::dbcn::{CONSOLE_READ, CONSOLE_WRITE, CONSOLE_WRITE_BYTE};

use super::Call;
use crate::console;
use crate::platform::PLATFORM;

pub fn call(call: Call) -> SbiRet {
    let [len, low, high, ..] = call.arguments;
    match call.function {
        CONSOLE_WRITE | CONSOLE_READ if high != 0 || !PLATFORM.is_supervisor_ram(low, len) => {
            SbiRet::invalid_param()
        }
        CONSOLE_WRITE => SbiRet::success(write(low, len)),
        CONSOLE_READ => SbiRet::success(read(low, len)),
        CONSOLE_WRITE_BYTE => {
            console::lock().send(call.arguments[0] as u8);
            SbiRet::success(0)
        }
        _ => SbiRet::not_supported(),
    }
}

/// Sends `len` bytes of the supervisor's memory; how many were sent.
fn write(address: usize, len: usize) -> usize {
    let mut console = console::lock();
    for at in address..address + len {
        // SAFETY: RAM that is not the firmware's; the supervisor may change it at any time, hence volatile.
        console.send(unsafe { (at as *const u8).read_volatile() });
    }
    len
}

/// Puts what was received into the supervisor's memory, up to `len` bytes; how many that were.
fn read(address: usize, len: usize) -> usize {
    let mut console = console::lock();
    for count in 0..len {
        let Some(byte) = console.receive() else {
            return count;
        };
        // SAFETY: RAM that is not the firmware's.
        unsafe { ((address + count) as *mut u8).write_volatile(byte) };
    }
    len
}
