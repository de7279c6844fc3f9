//! Leaves a signature between two symbols and ends by the host interface, as architecture tests
//! do.
#![no_std]
#![no_main]

use core::arch::global_asm;
use core::sync::atomic::{AtomicU32, Ordering};

use bare_runtime::htif;

bare_runtime::entry!(main);

const WORDS: usize = 8;

global_asm!(
    ".pushsection .data, \"aw\", @progbits",
    ".balign 16",
    ".globl begin_signature",
    "begin_signature: .fill {words}, 4, 0xdeadbeef",
    ".globl end_signature",
    "end_signature:",
    ".popsection",
    words = const WORDS,
);

unsafe extern "C" {
    #[link_name = "begin_signature"]
    safe static SIGNATURE: [AtomicU32; WORDS];
}

fn main() -> u16 {
    // The last word keeps its first value.
    for (i, word) in SIGNATURE[..WORDS - 1].iter().enumerate() {
        word.store(0x0101_0101 * i as u32, Ordering::Relaxed);
    }
    htif::exit(0)
}
