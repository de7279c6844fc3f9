//! What a bare-metal program on the board needs: start, console, exit, traps.
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! bare_runtime::entry!(main);
//! fn main() -> u16 {
//!     bare_runtime::println!("hello");
//!     0
//! }
//! ```
#![no_std]

pub mod board;
pub mod console;
pub mod csr;
pub mod echo;
pub mod exit;
pub mod htif;
pub mod start;
pub mod trap;

pub use exit::exit;
