//! Prints and ends by the host interface alone.
#![no_std]
#![no_main]

use bare_runtime::htif;

bare_runtime::entry!(main);

fn main() -> u16 {
    htif::print("printed through tohost\n");
    htif::exit(3)
}
