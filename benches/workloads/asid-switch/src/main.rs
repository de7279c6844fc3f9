//! Switches between two address spaces with ASIDs of their own: nothing needs a flush; each touches 16 pages.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod loops {
    use core::hint::black_box;

    use frame::mix;
    use frame::paging::{KERNEL, PAGE, Single, Space, entry, flush, switch, touch};

    pub const SWITCHES: u64 = 500_000;
    const PAGES: usize = 16;
    const ASIDS: [u64; 2] = [1, 2];

    #[repr(C, align(4096))]
    struct Frames([[[u64; PAGE / 8]; PAGES]; 2]);

    static SPACES: [Single<Space<1>>; 2] = [const { Single::new(Space::new()) }; 2];
    static FRAMES: Single<Frames> = Single::new(Frames([[[0; PAGE / 8]; PAGES]; 2]));

    /// Maps the window of a space to the frames of its number, and returns its `satp`.
    fn prepare(number: usize) -> usize {
        // SAFETY: each space and the frames are used here only, one after the other.
        let (space, frames) = unsafe { (SPACES[number].get(), FRAMES.get()) };
        space.connect();
        for (page, frame) in frames.0[number].iter_mut().enumerate() {
            frame[0] = (page + 100 * number) as u64 + 1;
            *space.leaf(page) = entry(frame.as_ptr() as usize, KERNEL);
        }
        space.satp(ASIDS[number])
    }

    extern "C" fn body() -> u64 {
        let satp = [prepare(0), prepare(1)];
        switch(satp[0]);
        flush();
        let mut checksum = 0;
        for number in 0..black_box(SWITCHES) as usize {
            switch(satp[number % 2]);
            let sum = (0..PAGES).fold(0, |sum, page| sum + touch(page));
            checksum = mix(checksum, sum);
        }
        checksum
    }

    pub fn run() -> u64 {
        frame::supervisor::visit(body)
    }
}

frame::workload!(loops::run, 0x0afb_2129_091c_a8e8, operations loops::SWITCHES);
