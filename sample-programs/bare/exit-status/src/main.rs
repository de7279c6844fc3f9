//! Ends with a status, which becomes the emulator's.
#![no_std]
#![no_main]

bare_runtime::entry!(main);

fn main() -> u16 {
    42
}
