//! Output.

use core::fmt::{self, Write};

use abi::syscall::Syscall;

use crate::Error;
use crate::syscall::call;

/// The descriptor of a program's ordinary output.
pub const OUTPUT: u32 = 1;

/// Writes all of the bytes.
///
/// # Errors
/// As the kernel says; part may be written then.
pub fn write_all(descriptor: u32, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        let arguments = [
            u64::from(descriptor),
            bytes.as_ptr() as u64,
            bytes.len() as u64,
            0,
        ];
        let written = call(Syscall::Write, arguments)?;
        bytes = bytes.get(written as usize..).unwrap_or(&[]);
    }
    Ok(())
}

/// A line under way: one call for the whole of it, so that lines of several programs do not mix.
struct Line {
    bytes: [u8; 256],
    length: usize,
}

impl Line {
    fn flush(&mut self) {
        // Nobody can be told when output fails.
        let _ = write_all(OUTPUT, &self.bytes[..self.length]);
        self.length = 0;
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.length == self.bytes.len() {
                self.flush();
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}

/// Prints; use [`crate::println`] or [`crate::print`].
pub fn print(arguments: fmt::Arguments<'_>) {
    let mut line = Line {
        bytes: [0; 256],
        length: 0,
    };
    let _ = line.write_fmt(arguments);
    line.flush();
}

/// Prints to the program's output.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => { $crate::io::print(format_args!($($argument)*)) };
}

/// Prints a line to the program's output.
#[macro_export]
macro_rules! println {
    ($($argument:tt)*) => { $crate::io::print(format_args!("{}\n", format_args!($($argument)*))) };
}
