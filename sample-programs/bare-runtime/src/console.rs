//! Printing to the UART.

use core::fmt::{self, Write};

use crate::board;

/// The serial port, polled.
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            put(byte);
        }
        Ok(())
    }
}

/// Sends a byte when the transmitter is empty.
pub fn put(byte: u8) {
    while board::read::<u8>(board::UART + 5) & 0x20 == 0 {}
    board::write(board::UART, byte);
}

#[doc(hidden)]
pub fn print(arguments: fmt::Arguments<'_>) {
    // The port cannot fail.
    let _ = Console.write_fmt(arguments);
}

/// Prints to the console.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => { $crate::console::print(format_args!($($argument)*)) };
}

/// Prints a line to the console.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($argument:tt)*) => {{
        $crate::print!($($argument)*);
        $crate::print!("\n");
    }};
}
