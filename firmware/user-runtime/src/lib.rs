//! What programs for Fawn link.
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! fawn::main!(main);
//!
//! fn main(arguments: fawn::Arguments) -> i32 {
//!     fawn::println!("hello, {} arguments", arguments.len());
//!     0
//! }
//! ```
#![no_std]

pub extern crate alloc;

pub mod file;
mod heap;
pub mod io;
pub mod mailbox;
pub mod process;
mod start;
pub mod sync;
pub mod syscall;
pub mod thread;

pub use abi::errno;
pub use start::{Arguments, start};

/// An error number as the kernel gave it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(pub u16);

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(errno::describe(self.0))
    }
}

impl core::fmt::Debug for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", errno::describe(self.0), self.0)
    }
}

/// Names the function that a program begins with: it gets the arguments and gives the exit status.
#[macro_export]
macro_rules! main {
    ($main:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn fawn_main(stack: *const u64) -> ! {
            // SAFETY: `_start` hands over the stack pointer as it was.
            unsafe { $crate::start(stack, $main) }
        }

        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
            $crate::println!("{info}");
            $crate::process::exit(101)
        }
    };
}
