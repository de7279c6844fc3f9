//! Every hart of the machine counts under a lock, and then they speak in turn, woken by software
//! interrupts.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicUsize, Ordering};

use bare_runtime::start::MAX_HARTS;
use bare_runtime::{board, csr_set, println};

bare_runtime::entry!(main, other);

const ROUNDS: usize = 1000;

static NEXT_TICKET: AtomicUsize = AtomicUsize::new(0);
static NOW_SERVING: AtomicUsize = AtomicUsize::new(0);
/// Only changed under the lock, in two steps: a lost update would show.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static ARRIVED: [AtomicUsize; MAX_HARTS] = [const { AtomicUsize::new(0) }; MAX_HARTS];
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
    FINISHED.fetch_add(1, Ordering::Release);
}

fn wait_for_software_interrupt(hart: usize) {
    let register = board::MSIP + 4 * hart;
    while board::read::<u32>(register) == 0 {
        // SAFETY: waiting changes nothing.
        unsafe { core::arch::asm!("wfi") };
    }
    board::write(register, 0u32);
}

fn other(hart: usize) {
    csr_set!("mie", 1 << 3);
    ARRIVED[hart % MAX_HARTS].store(1, Ordering::Release);
    wait_for_software_interrupt(hart);
    count();
    wait_for_software_interrupt(hart);
    println!("hart {hart} is here");
    SPOKEN.fetch_add(1, Ordering::Release);
    bare_runtime::start::park(hart);
}

fn main() -> u16 {
    // Harts that exist arrive soon; time, not luck, decides that no more will come.
    let begin: u64 = board::read(board::MTIME);
    while board::read::<u64>(board::MTIME) - begin < 20_000 {
        core::hint::spin_loop();
    }
    let here = |hart: usize| hart == 0 || ARRIVED[hart].load(Ordering::Acquire) != 0;
    let harts = (0..MAX_HARTS).filter(|&hart| here(hart)).count();
    for hart in 1..harts {
        board::write(board::MSIP + 4 * hart, 1u32);
    }
    count();
    while FINISHED.load(Ordering::Acquire) < harts {
        core::hint::spin_loop();
    }
    println!("{harts} harts counted to {}", COUNT.load(Ordering::Relaxed));
    println!("hart 0 is here");
    for hart in 1..harts {
        board::write(board::MSIP + 4 * hart, 1u32);
        while SPOKEN.load(Ordering::Acquire) < hart {
            core::hint::spin_loop();
        }
    }
    u16::from(COUNT.load(Ordering::Relaxed) != harts * ROUNDS)
}
