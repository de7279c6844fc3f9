//! Our own tests of the ground that the public suites cover, without a RISC-V toolchain. Each
//! program runs by both engines, which must agree.

mod atomics;
mod csrs;
mod float;
mod integer;
mod memory_access;
mod paging;
mod pmp;
mod traps;
