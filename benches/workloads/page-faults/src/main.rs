//! Page faults: S-mode maps each of 512 pages at its first touch, then takes all of them away.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::arch::global_asm;
    use core::hint::black_box;

    use frame::mix;
    use frame::paging::{KERNEL, PAGE, Single, Space, entry, flush, switch, touch};

    const PAGES: usize = 512;
    const ROUNDS: u64 = 2000;
    pub const FAULTS: u64 = ROUNDS * PAGES as u64;

    global_asm!(
        ".pushsection .text.faults, \"ax\"",
        ".balign 4",
        "fault_entry:",
        "csrrw sp, sscratch, sp",
        "sd t0, 0(sp)",
        "sd t1, 8(sp)",
        "csrr t0, stval",
        "srli t0, t0, 12",
        "andi t0, t0, 0x1ff",
        "slli t0, t0, 3",
        "ld t1, 16(sp)", // the leaf table
        "add t1, t1, t0",
        "ld t0, 24(sp)", // the entry
        "sd t0, 0(t1)",
        "csrr t0, stval",
        "sfence.vma t0",
        "ld t0, 32(sp)",
        "addi t0, t0, 1",
        "sd t0, 32(sp)",
        "ld t0, 0(sp)",
        "ld t1, 8(sp)",
        "csrrw sp, sscratch, sp",
        "sret",
        ".popsection",
    );

    unsafe extern "C" {
        fn fault_entry();
    }

    #[repr(C, align(4096))]
    struct Frame([u64; PAGE / 8]);

    static SPACE: Single<Space<1>> = Single::new(Space::new());
    static FRAME: Single<Frame> = Single::new(Frame([7; PAGE / 8]));
    /// Two saved registers, the leaf table, the entry to fill in, faults so far.
    static SCRATCH: Single<[u64; 5]> = Single::new([0; 5]);

    extern "C" fn body() -> u64 {
        // SAFETY: this is called once; what the handler changes is read as volatile.
        let (space, frame, scratch) = unsafe { (SPACE.get(), FRAME.get(), SCRATCH.get()) };
        space.connect();
        scratch[2] = space.leaf(0) as *mut u64 as u64;
        scratch[3] = entry(frame.0.as_ptr() as usize, KERNEL);
        bare_csr(scratch.as_ptr() as usize);
        switch(space.satp(0));
        let mut sum = 0;
        for _ in 0..black_box(ROUNDS) {
            for page in 0..PAGES {
                // SAFETY: nobody else refers to the entry.
                unsafe { (space.leaf(page) as *mut u64).write_volatile(0) };
            }
            flush();
            for page in 0..PAGES {
                sum += touch(page);
            }
        }
        // SAFETY: the array stands still.
        mix(sum, unsafe { scratch.as_ptr().add(4).read_volatile() })
    }

    fn bare_csr(scratch: usize) {
        frame::bare_runtime::csr_write!("sscratch", scratch);
        frame::bare_runtime::csr_write!("stvec", fault_entry as *const () as usize);
    }

    pub fn run() -> u64 {
        frame::supervisor::visit(body)
    }
}

frame::workload!(loops::run, 0x9dad_1dab_947c_2000, operations loops::FAULTS);
