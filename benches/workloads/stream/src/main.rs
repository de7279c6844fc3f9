//! Streaming: copy, scale, add and triad over three arrays, 64 MiB together.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use frame::mix;

frame::workload!(run, 0x7317_f09c_6c6f_3b5b);

/// Numbers of eight bytes in each of three arrays.
const LEN: usize = (64 << 20) / 24;

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
    for scale in 0..black_box(6) {
        pass(arrays, scale + 3);
    }
    arrays.a.iter().fold(0, |sum, &value| mix(sum, value))
}
