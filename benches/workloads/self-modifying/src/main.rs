//! Code that is overwritten before each call: an instruction is changed, fenced and executed.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::hint::black_box;

    use frame::mix;
    use frame::paging::Single;

    pub const CHANGES: u64 = 500_000;

    /// `addi a0, a0, 1`
    const ADD_ONE: u32 = 0x0015_0513;
    /// `ret`
    const RETURN: u32 = 0x0000_8067;

    #[repr(C, align(4096))]
    struct Code([u32; 1024]);

    static CODE: Single<Code> = Single::new(Code([0; 1024]));

    pub fn run() -> u64 {
        // SAFETY: this is called once.
        let code = unsafe { CODE.get() };
        code.0[..16].fill(ADD_ONE);
        code.0[16] = RETURN;
        let start = code.0.as_mut_ptr();
        let mut value = 0u64;
        for change in 0..black_box(CHANGES) as u32 {
            let amount = change % 1000;
            // SAFETY: the code is a function that adds to its argument; the place is one of its additions.
            value = unsafe {
                start
                    .add(change as usize % 16)
                    .write_volatile(ADD_ONE & 0x000f_ffff | amount << 20);
                core::arch::asm!("fence.i");
                let function: extern "C" fn(u64) -> u64 = core::mem::transmute(start);
                function(value)
            };
        }
        mix(1, value)
    }
}

frame::workload!(loops::run, 0x7750_e43f_5d4d_7640, operations loops::CHANGES);
