//! Powers off at once: what starting and ending the emulator costs.
#![no_std]
#![no_main]

bare_runtime::entry!(main);

fn main() -> u16 {
    0
}
