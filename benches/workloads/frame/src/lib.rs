//! How a workload starts, checks itself and ends, on bare metal and natively.
//!
//! On bare metal a workload leans on nothing that only one emulator has: it prints to a 16550 if there
//! is one, and ends by the test finisher, by `tohost` in memory, or by a `tohost` register.
#![no_std]

#[cfg(target_os = "none")]
pub mod ending;
#[cfg(target_os = "none")]
pub mod paging;
#[cfg(target_os = "none")]
pub mod supervisor;

#[cfg(target_os = "none")]
pub use bare_runtime;
#[cfg(not(target_os = "none"))]
pub extern crate std;

/// Makes a program of a function that returns a checksum: it prints the checksum and ends with
/// status 0 if it is the expected one. With `operations`, what it is a loop of is counted, and the
/// number printed; such loops need a machine of their own and say so natively.
#[macro_export]
macro_rules! workload {
    ($run:path, $expected:expr) => {
        #[cfg(target_os = "none")]
        $crate::bare_runtime::entry!(guest_main);

        #[cfg(target_os = "none")]
        fn guest_main() -> u16 {
            let checksum: u64 = $run();
            $crate::ending::print(format_args!("checksum {checksum:#018x}\n"));
            $crate::ending::end(u16::from(checksum != $expected))
        }

        #[cfg(not(target_os = "none"))]
        fn main() {
            let checksum: u64 = $run();
            $crate::std::println!("checksum {checksum:#018x}");
            $crate::std::process::exit(i32::from(checksum != $expected));
        }
    };
    ($run:path, $expected:expr, operations $operations:expr) => {
        #[cfg(target_os = "none")]
        $crate::bare_runtime::entry!(guest_main);

        #[cfg(target_os = "none")]
        fn guest_main() -> u16 {
            let checksum: u64 = $run();
            let operations: u64 = $operations;
            $crate::ending::print(format_args!(
                "checksum {checksum:#018x}\noperations {operations}\n"
            ));
            $crate::ending::end(u16::from(checksum != $expected))
        }

        #[cfg(not(target_os = "none"))]
        fn main() {
            $crate::std::eprintln!("this workload needs a machine of its own");
            $crate::std::process::exit(2);
        }
    };
}

/// A small random generator (xorshift), the same everywhere.
#[derive(Clone, Copy)]
pub struct Random(u64);

impl Random {
    /// From a seed that is not 0.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Mixes a value into a checksum.
#[must_use]
pub const fn mix(checksum: u64, value: u64) -> u64 {
    (checksum.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95)
}
