//! The kernel's algorithms with no hardware in them: what can be tested on the host is here.
//!
//! No heap and no `unsafe`: records live in slices that the kernel carves out of RAM at boot and hands over.
//! Whatever touches memory that is not the kernel's own (page tables, user buffers) does so through a trait
//! that the kernel implements over its direct map, and the tests over a `Vec`.
//!
//! The property tests are in `tests/property/` of the repository.
#![no_std]
#![forbid(unsafe_code)]

pub mod arena;
pub mod cpio;
pub mod deadlock;
pub mod descriptor;
pub mod elf;
pub mod errno;
pub mod files;
pub mod frame;
pub mod line;
pub mod mailbox;
pub mod page_table;
pub mod region;
pub mod schedule;
