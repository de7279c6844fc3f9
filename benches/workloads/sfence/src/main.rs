//! Flushes of all translations, each with 32 pages touched after it.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::hint::black_box;

    use frame::mix;
    use frame::paging::{KERNEL, PAGE, Single, Space, entry, flush, switch, touch};

    pub const ROUNDS: u64 = 200_000;
    const PAGES: usize = 32;

    #[repr(C, align(4096))]
    struct Frames([[u64; PAGE / 8]; PAGES]);

    static SPACE: Single<Space<1>> = Single::new(Space::new());
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
        let mut sum = 0u64;
        for _ in 0..black_box(ROUNDS) {
            flush();
            for page in 0..PAGES {
                sum = sum.wrapping_add(touch(page));
            }
        }
        mix(1, sum)
    }

    pub fn run() -> u64 {
        frame::supervisor::visit(body)
    }
}

frame::workload!(loops::run, 0x2abb_92f4_a761_36a0, operations loops::ROUNDS);
