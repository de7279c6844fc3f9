//! A visit to S-mode.

use core::arch::global_asm;

global_asm!(
    ".pushsection .text.supervisor, \"ax\"",
    ".align 2",
    "frame_visit:", // a0: what to call in S-mode
    "addi sp, sp, -112",
    "sd ra, 0(sp)",
    "sd s0, 8(sp)",
    "sd s1, 16(sp)",
    "sd s2, 24(sp)",
    "sd s3, 32(sp)",
    "sd s4, 40(sp)",
    "sd s5, 48(sp)",
    "sd s6, 56(sp)",
    "sd s7, 64(sp)",
    "sd s8, 72(sp)",
    "sd s9, 80(sp)",
    "sd s10, 88(sp)",
    "sd s11, 96(sp)",
    "csrw mscratch, sp",
    // A machine without PMP traps at the first of these and goes on behind them.
    "la t0, 1f",
    "csrw mtvec, t0",
    "li t0, -1",
    "srli t0, t0, 10",
    "csrw pmpaddr0, t0",
    "li t0, 0x1f",
    "csrw pmpcfg0, t0",
    ".align 2",
    "1:",
    "la t0, 3f",
    "csrw mtvec, t0",
    "li t0, 0xb100", // ecall from U-mode, page faults
    "csrw medeleg, t0",
    "li t0, 0x222",
    "csrw mideleg, t0",
    "li t0, 3 << 11",
    "csrc mstatus, t0",
    "li t0, 1 << 11",
    "csrs mstatus, t0",
    "csrw mepc, a0",
    "la ra, 2f",
    "mret",
    ".align 2",
    "2:", // S-mode: done
    "csrw satp, zero",
    "sfence.vma",
    "ecall",
    ".align 2",
    "3:", // M-mode: back
    "csrr t0, mcause",
    "li t1, 9",
    "beq t0, t1, 4f",
    "not a0, t0", // an unexpected trap: no workload's checksum is this
    "4:",
    "csrr sp, mscratch",
    "ld ra, 0(sp)",
    "ld s0, 8(sp)",
    "ld s1, 16(sp)",
    "ld s2, 24(sp)",
    "ld s3, 32(sp)",
    "ld s4, 40(sp)",
    "ld s5, 48(sp)",
    "ld s6, 56(sp)",
    "ld s7, 64(sp)",
    "ld s8, 72(sp)",
    "ld s9, 80(sp)",
    "ld s10, 88(sp)",
    "ld s11, 96(sp)",
    "addi sp, sp, 112",
    "ret",
    ".popsection",
);

unsafe extern "C" {
    fn frame_visit(body: extern "C" fn() -> u64) -> u64;
}

/// Calls `body` in S-mode, with U-mode's calls and page faults delegated, and returns what it returns.
pub fn visit(body: extern "C" fn() -> u64) -> u64 {
    // SAFETY: the assembly saves what a call must preserve; M-mode's trap vector is nobody else's.
    unsafe { frame_visit(body) }
}
