//! Every hart of the machine counts under a lock, and then they speak in turn, woken by software
//! interrupts.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicUsize, Ordering};

use bare_runtime::{board, csr_set, println, trap};

bare_runtime::entry!(main, other);

const ROUNDS: usize = 100;
const MSIE: usize = 1 << 3;

static NEXT_TICKET: AtomicUsize = AtomicUsize::new(0);
static NOW_SERVING: AtomicUsize = AtomicUsize::new(0);
/// Only changed under the lock, in two steps: a lost update would show.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Changed by compare-and-swap, which is LR and SC.
static FINISHED: AtomicUsize = AtomicUsize::new(0);
static SPOKEN: AtomicUsize = AtomicUsize::new(0);

fn with_lock(f: impl FnOnce()) {
    let ticket = NEXT_TICKET.fetch_add(1, Ordering::Relaxed);
    while NOW_SERVING.load(Ordering::Acquire) != ticket {
        core::hint::spin_loop();
    }
    f();
    NOW_SERVING.store(ticket + 1, Ordering::Release);
}

fn count() {
    for _ in 0..ROUNDS {
        with_lock(|| COUNT.store(COUNT.load(Ordering::Relaxed) + 1, Ordering::Relaxed));
    }
    let add = |finished| Some(finished + 1);
    // The closure always has a new value, so this cannot fail.
    let _ = FINISHED.fetch_update(Ordering::Release, Ordering::Relaxed, add);
}

fn wake(hart: usize) {
    board::write(board::MSIP + 4 * hart, 1u32);
}

fn wait_to_be_woken(hart: usize) {
    let register = board::MSIP + 4 * hart;
    while board::read::<u32>(register) == 0 {
        trap::wait_for_interrupt();
    }
    board::write(register, 0u32);
}

fn other(hart: usize) {
    csr_set!("mie", MSIE);
    wait_to_be_woken(hart);
    count();
    wait_to_be_woken(hart);
    println!("hart {hart} speaks");
    SPOKEN.store(hart, Ordering::Release);
    bare_runtime::start::park(hart);
}

fn main() -> u16 {
    let harts = board::harts();
    (1..harts).for_each(wake);
    count();
    while FINISHED.load(Ordering::Acquire) < harts {
        core::hint::spin_loop();
    }
    println!("{harts} harts counted to {}", COUNT.load(Ordering::Relaxed));
    println!("hart 0 speaks");
    for hart in 1..harts {
        wake(hart);
        while SPOKEN.load(Ordering::Acquire) < hart {
            core::hint::spin_loop();
        }
    }
    u16::from(COUNT.load(Ordering::Relaxed) != harts * ROUNDS)
}
