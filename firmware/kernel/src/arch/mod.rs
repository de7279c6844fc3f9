//! What depends on RISC-V: entry, traps, control registers, calls to the firmware below.

pub mod bytes;
pub mod csr;
pub mod entry;
pub mod fpu;
pub mod sbi;
