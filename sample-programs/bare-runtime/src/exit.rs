//! Ending the machine.

use crate::board;

/// Switches the machine off with a status, by the test finisher.
pub fn exit(status: u16) -> ! {
    let value = match status {
        0 => 0x5555,
        status => u32::from(status) << 16 | 0x3333,
    };
    board::write(board::FINISHER, value);
    loop {
        core::hint::spin_loop();
    }
}
