//! A pointer chase through 64 MiB in random order: what memory costs when nothing can be foreseen.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use frame::{Random, mix};

frame::workload!(run, 0xf4e7_0b7a_f0ab_17ee);

/// Cache lines of 64 bytes.
const LINES: usize = 1 << 20;
const STEPS: usize = (10 << 20) - 7;

#[repr(C, align(64))]
struct Line {
    next: u32,
    rest: [u32; 15],
}

struct Shared(core::cell::UnsafeCell<[Line; LINES]>);

// SAFETY: there is one thread.
unsafe impl Sync for Shared {}

static LINE: Shared = Shared(core::cell::UnsafeCell::new(
    [const {
        Line {
            next: 0,
            rest: [0; 15],
        }
    }; LINES],
));

/// Makes one cycle through all lines, in random order (Sattolo's shuffle).
fn tie(lines: &mut [Line; LINES]) {
    for (number, line) in lines.iter_mut().enumerate() {
        line.next = number as u32;
    }
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    for last in (1..LINES).rev() {
        let other = random.draw() as usize % last;
        let next = lines[last].next;
        lines[last].next = lines[other].next;
        lines[other].next = next;
    }
}

fn run() -> u64 {
    // SAFETY: `run` is called once, by the only thread.
    let lines = unsafe { &mut *LINE.0.get() };
    tie(lines);
    let (mut at, mut sum) = (0usize, 0u64);
    for _ in 0..black_box(STEPS) {
        let line = &lines[at % LINES];
        at = line.next as usize;
        sum = sum.wrapping_add(u64::from(line.next ^ line.rest[7]));
    }
    mix(sum, at as u64)
}
