//! Loads from random 4 KiB pages over 32 MiB, paged: more pages than any TLB has entries.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::hint::black_box;

    use frame::paging::{KERNEL, PAGE, Single, Space, entry, flush, switch, touch};
    use frame::{Random, mix};

    pub const LOADS: u64 = 5_000_000;
    const PAGES: usize = (32 << 20) / PAGE;

    #[repr(C, align(4096))]
    struct Frames([[u64; PAGE / 8]; PAGES]);

    static SPACE: Single<Space<16>> = Single::new(Space::new());
    static FRAMES: Single<Frames> = Single::new(Frames([[0; PAGE / 8]; PAGES]));

    extern "C" fn body() -> u64 {
        // SAFETY: this is called once.
        let (space, frames) = unsafe { (SPACE.get(), FRAMES.get()) };
        space.connect();
        for (page, frame) in frames.0.iter_mut().enumerate() {
            frame[0] = page as u64 + 1;
            *space.leaf(page) = entry(frame.as_ptr() as usize, KERNEL);
        }
        switch(space.satp(0));
        flush();
        let mut random = Random::new(0x2545_f491_4f6c_dd1d);
        let mut sum = 0u64;
        for _ in 0..black_box(LOADS) {
            sum = sum.wrapping_add(touch(random.draw() as usize % PAGES));
        }
        mix(1, sum)
    }

    pub fn run() -> u64 {
        frame::supervisor::visit(body)
    }
}

frame::workload!(loops::run, 0xa7ae_77c9_36c4_5ead, operations loops::LOADS);
