//! Property tests of what can be tested without a machine: the kernel's algorithms (`firmware/kernel-core`).
//!
//! Each module compares one of them with a model so simple that it is plainly right, over random sequences of operations
//! that shrink to the shortest failing one, and checks the invariants after every operation.

mod arena;
mod cpio;
mod deadlock;
mod descriptor;
mod elf;
mod files;
mod frame;
mod line;
mod mailbox;
mod page_table;
mod region;
mod schedule;
