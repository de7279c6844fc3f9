//! A full-system RISC-V (RV64) emulator.
fn main() {}
