//! The smallest program that says something.
#![no_std]
#![no_main]

use bare_runtime::println;

bare_runtime::entry!(main);

fn main() -> u16 {
    println!("Hello from a RISC-V machine that is not there.");
    0
}
