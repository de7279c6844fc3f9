//! System calls: U-mode asks S-mode, which counts the call and returns.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::arch::global_asm;
    use core::hint::black_box;

    use frame::mix;
    use frame::paging::{PAGE, Single, Space, USER, WINDOW, entry, flush, switch};

    pub const CALLS: u64 = 3_000_000;

    global_asm!(
        ".pushsection .text.user, \"ax\"",
        ".balign 4096",
        "user_start:", // a0: how many calls
        "1:",
        "ecall",
        "addi a0, a0, -1",
        "bnez a0, 1b",
        "li a7, 1",
        "ecall",
        ".balign 4096",
        // a0: calls, a1: where U-mode starts. Returns how many calls were counted.
        "kernel_start:",
        "addi sp, sp, -128",
        "sd ra, 24(sp)",
        "sd s0, 32(sp)",
        "sd s1, 40(sp)",
        "sd s2, 48(sp)",
        "sd s3, 56(sp)",
        "sd s4, 64(sp)",
        "sd s5, 72(sp)",
        "sd s6, 80(sp)",
        "sd s7, 88(sp)",
        "sd s8, 96(sp)",
        "sd s9, 104(sp)",
        "sd s10, 112(sp)",
        "sd s11, 120(sp)",
        "sd zero, 16(sp)",
        "la t0, kernel_entry",
        "csrw stvec, t0",
        "csrw sscratch, sp",
        "csrw sepc, a1",
        "li t0, 1 << 8",
        "csrc sstatus, t0",
        "li a7, 0",
        "sret",
        ".balign 4",
        "kernel_entry:",
        "csrrw sp, sscratch, sp",
        "sd t0, 0(sp)",
        "sd t1, 8(sp)",
        "csrr t0, scause",
        "li t1, 8",
        "bne t0, t1, 3f",
        "bnez a7, 3f",
        "csrr t0, sepc",
        "addi t0, t0, 4",
        "csrw sepc, t0",
        "ld t0, 16(sp)",
        "addi t0, t0, 1",
        "sd t0, 16(sp)",
        "ld t0, 0(sp)",
        "ld t1, 8(sp)",
        "csrrw sp, sscratch, sp",
        "sret",
        "3:",
        "ld a0, 16(sp)",
        "ld ra, 24(sp)",
        "ld s0, 32(sp)",
        "ld s1, 40(sp)",
        "ld s2, 48(sp)",
        "ld s3, 56(sp)",
        "ld s4, 64(sp)",
        "ld s5, 72(sp)",
        "ld s6, 80(sp)",
        "ld s7, 88(sp)",
        "ld s8, 96(sp)",
        "ld s9, 104(sp)",
        "ld s10, 112(sp)",
        "ld s11, 120(sp)",
        "addi sp, sp, 128",
        "ret",
        ".popsection",
    );

    unsafe extern "C" {
        fn user_start();
        fn kernel_start(calls: u64, user: usize) -> u64;
    }

    static SPACE: Single<Space<1>> = Single::new(Space::new());

    extern "C" fn body() -> u64 {
        // SAFETY: this is called once.
        let space = unsafe { SPACE.get() };
        space.connect();
        let page = user_start as *const () as usize & !(PAGE - 1);
        *space.leaf(0) = entry(page, USER);
        switch(space.satp(0));
        flush();
        // SAFETY: the assembly keeps to the calling convention.
        mix(1, unsafe { kernel_start(black_box(CALLS), WINDOW) })
    }

    pub fn run() -> u64 {
        frame::supervisor::visit(body)
    }
}

frame::workload!(loops::run, 0xd82f_0982_6e29_8060, operations loops::CALLS);
