//! Waits for an interrupt that nobody can raise.
#![no_std]
#![no_main]

bare_runtime::entry!(main);

fn main() -> u16 {
    bare_runtime::start::park(0);
    0
}
