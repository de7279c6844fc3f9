//! Prints and ends by HTIF, and leaves a signature.
#![no_std]
#![no_main]

use core::arch::global_asm;

bare_runtime::entry!(main);

global_asm!(
    ".pushsection .tohost, \"aw\", @progbits",
    ".balign 64",
    ".globl tohost",
    "tohost: .dword 0",
    ".balign 64",
    ".globl fromhost",
    "fromhost: .dword 0",
    ".popsection",
    ".pushsection .data, \"aw\", @progbits",
    ".balign 16",
    ".globl begin_signature",
    "begin_signature: .word 0x11223344, 0x55667788, 0, 0xdeadbeef",
    ".globl end_signature",
    "end_signature:",
    ".popsection",
);

unsafe extern "C" {
    static mut tohost: u64;
    static mut begin_signature: [u32; 4];
}

const CONSOLE_PUT: u64 = 1 << 56 | 1 << 48;

fn send(value: u64) {
    // SAFETY: `tohost` is a register that the host reads and clears.
    unsafe {
        let register = &raw mut tohost;
        register.write_volatile(value);
        while register.read_volatile() != 0 {}
    }
}

fn main() -> u16 {
    for byte in *b"printed through tohost\n" {
        send(CONSOLE_PUT | u64::from(byte));
    }
    // SAFETY: the signature is this program's own.
    unsafe {
        (&raw mut begin_signature)
            .cast::<u32>()
            .add(2)
            .write_volatile(0xc0ff_ee00)
    };
    send(3 << 1 | 1);
    1
}
