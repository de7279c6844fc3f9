//! The contract between host, firmware and sample programs.
//!
//! Nothing here depends on anything: the emulator, our firmware and the programs that run on it
//! all read the same numbers from the same place.
#![no_std]

pub mod errno;
pub mod file;
pub mod layout;
pub mod memory_map;
pub mod syscall;
