//! Interrupts: S-mode raises its own software interrupt, takes it, and returns.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::arch::global_asm;
    use core::hint::black_box;

    use frame::mix;
    use frame::paging::{Single, Space, flush, switch};

    pub const TAKEN: u64 = 3_000_000;

    global_asm!(
        ".pushsection .text.interrupts, \"ax\"",
        // a0: how many. Returns how many were taken.
        ".balign 4",
        "raise_start:",
        "addi sp, sp, -32",
        "sd zero, 8(sp)",
        "la t0, raise_entry",
        "csrw stvec, t0",
        "csrw sscratch, sp",
        "csrsi sie, 2",
        "csrsi sstatus, 2",
        "1:",
        "csrsi sip, 2",
        "addi a0, a0, -1",
        "bnez a0, 1b",
        "csrci sstatus, 2",
        "csrci sie, 2",
        "ld a0, 8(sp)",
        "addi sp, sp, 32",
        "ret",
        ".balign 4",
        "raise_entry:",
        "csrrw sp, sscratch, sp",
        "sd t0, 0(sp)",
        "csrr t0, scause",
        "bgez t0, 2f",
        "csrci sip, 2",
        "ld t0, 8(sp)",
        "addi t0, t0, 1",
        "sd t0, 8(sp)",
        "2:",
        "ld t0, 0(sp)",
        "csrrw sp, sscratch, sp",
        "sret",
        ".popsection",
    );

    unsafe extern "C" {
        fn raise_start(times: u64) -> u64;
    }

    static SPACE: Single<Space<1>> = Single::new(Space::new());

    extern "C" fn body() -> u64 {
        // SAFETY: this is called once.
        let space = unsafe { SPACE.get() };
        space.connect();
        switch(space.satp(0));
        flush();
        // SAFETY: the assembly keeps to the calling convention.
        mix(1, unsafe { raise_start(black_box(TAKEN)) })
    }

    pub fn run() -> u64 {
        frame::supervisor::visit(body)
    }
}

frame::workload!(loops::run, 0xd82f_0982_6e29_8060, operations loops::TAKEN);
