//! The first instructions of a program, and its arguments.

use core::arch::global_asm;
use core::ffi::CStr;

use crate::process;

global_asm!(
    ".pushsection .text.entry, \"ax\"",
    ".global _start",
    "_start:",
    "  mv a0, sp",
    "  mv fp, zero",
    "  mv ra, zero",
    "  tail fawn_main",
    ".popsection",
);

/// A program's arguments: the first is what it was called by.
#[derive(Clone, Copy)]
pub struct Arguments {
    count: usize,
    first: *const *const core::ffi::c_char,
}

impl Arguments {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when there is none, not even a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The argument of that number, if there is one and it is text.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'static str> {
        if index >= self.count {
            return None;
        }
        // SAFETY: `start` got the vector from the kernel, which keeps to Linux's layout: `count` pointers to strings that
        // end in zero, on the stack above everything else, where nothing changes them.
        let text = unsafe { CStr::from_ptr(*self.first.add(index)) };
        text.to_str().ok()
    }

    /// The file that the program is in: the shell passes the name as it was typed, and looks for it in `/bin`.
    #[must_use]
    pub fn own_path(&self) -> alloc::string::String {
        let name = self.get(0).unwrap_or_default();
        let folder = if name.contains('/') { "" } else { "/bin/" };
        [folder, name].concat()
    }

    /// The argument of that number as a number.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<u32> {
        self.get(index)?.parse().ok()
    }
}

/// Runs a program; [`crate::main!`] calls it.
///
/// # Safety
/// `stack` is the stack pointer that the kernel gave the program, with nothing pushed since.
pub unsafe fn start(stack: *const u64, main: fn(Arguments) -> i32) -> ! {
    // SAFETY: at the start of a program the stack pointer leads to argc, and the pointers to the arguments follow it.
    let arguments = unsafe {
        Arguments {
            count: *stack as usize,
            first: stack.add(1).cast(),
        }
    };
    process::exit(main(arguments))
}
