//! Streaming: copy, scale, add and triad over arrays of 8 MiB each, then a chase through one of
//! them.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use frame::mix;

frame::workload!(run, 0x5107_37af_cf62_5d71);

const LEN: usize = 1 << 20;

struct Arrays {
    a: [u64; LEN],
    b: [u64; LEN],
    c: [u64; LEN],
}

struct Shared(core::cell::UnsafeCell<Arrays>);

// SAFETY: there is one thread.
unsafe impl Sync for Shared {}

fn pass(arrays: &mut Arrays, scale: u64) {
    let Arrays { a, b, c } = arrays;
    c.copy_from_slice(&a[..]);
    for i in 0..LEN {
        b[i] = c[i].wrapping_mul(scale);
    }
    for i in 0..LEN {
        c[i] = a[i].wrapping_add(b[i]);
    }
    for i in 0..LEN {
        a[i] = b[i].wrapping_add(c[i].wrapping_mul(scale));
    }
}

fn chase(next: &mut [u64; LEN], steps: usize) -> u64 {
    // A full cycle through all places, far apart: an odd step modulo a power of two.
    for (i, place) in next.iter_mut().enumerate() {
        *place = ((i + 374_761) % LEN) as u64;
    }
    let mut at = 0;
    for _ in 0..steps {
        at = next[at as usize % LEN];
    }
    at
}

fn run() -> u64 {
    static ARRAYS: Shared = Shared(core::cell::UnsafeCell::new(Arrays {
        a: [0; LEN],
        b: [0; LEN],
        c: [0; LEN],
    }));
    // SAFETY: `run` is called once, by the only thread.
    let arrays = unsafe { &mut *ARRAYS.0.get() };
    for (i, place) in arrays.a.iter_mut().enumerate() {
        *place = i as u64;
    }
    for scale in 0..black_box(14) {
        pass(arrays, scale + 3);
    }
    let checksum = arrays.a.iter().fold(0, |sum, &value| mix(sum, value));
    mix(checksum, chase(&mut arrays.b, black_box(3 << 20)))
}
