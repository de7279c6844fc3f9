//! The built guest images, so that a fresh clone runs without a RISC-V toolchain.
