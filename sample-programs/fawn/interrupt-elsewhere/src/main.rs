//! An interrupt comes when it comes: while it concerns one thread, another one has the hart.
//!
//! Three threads sleep until a deadline each, and a fourth computes on the same hart without a single system call. The timer takes the
//! hart away from it, for somebody else's sake: each sleeper is woken, not before its time and in order; the one that computes goes on
//! where it was, with all its registers, and does not notice.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU64, Ordering};

use fawn::mailbox::Mailbox;
use fawn::process::{keep_to_harts, preemptions};
use fawn::{Arguments, Error, println, thread};

fawn::main!(main);

const SLEEPERS: u64 = 3;
/// Nanoseconds between the deadlines.
const STEP: u64 = 20_000_000;
/// Rounds that the computation takes at least.
const ROUNDS: u64 = 20_000;

/// How far the computation is.
static PROGRESS: AtomicU64 = AtomicU64::new(0);
/// Sleepers that were woken.
static WOKEN: AtomicU64 = AtomicU64::new(0);

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("interrupt-elsewhere: {error}");
            1
        }
    }
}

fn show() -> Result<bool, Error> {
    keep_to_harts(1)?;
    let told = Mailbox::new(SLEEPERS as u32, 16)?;
    let begin = thread::now();
    let mut sleepers = fawn::alloc::vec::Vec::new();
    // The last one first: they are not woken in the order in which they went to sleep.
    for number in (1..=SLEEPERS).rev() {
        sleepers.push(thread::spawn(move || {
            sleep(number, begin + number * STEP, told)
        })?);
    }
    let computing = thread::spawn(|| {
        let result = compute();
        (result, preemptions())
    })?;

    let mut right = true;
    let mut progress_before = 0;
    for expected in 1..=SLEEPERS {
        let mut words = [0; 16];
        told.receive(&mut words)?;
        let word = |at: usize| {
            words[at..at + 8]
                .iter()
                .rev()
                .fold(0u64, |word, &byte| word << 8 | u64::from(byte))
        };
        let (number, progress) = (word(0), word(8));
        let ran = if progress > progress_before {
            "had"
        } else {
            "had not"
        };
        println!("sleeper {number}: woken; meanwhile the other one {ran} gone on computing");
        right &= number == expected && progress > progress_before;
        progress_before = progress;
    }
    for sleeper in sleepers {
        let in_time = sleeper.join();
        right &= in_time == Some(Ok(true));
    }
    println!("none was woken before its deadline");
    let Some((result, preemptions)) = computing.join() else {
        return Ok(false);
    };
    let interrupted = if preemptions >= SLEEPERS {
        "at least 3 times"
    } else {
        "too seldom"
    };
    println!("the computation lost its hart {interrupted}");
    right &= preemptions >= SLEEPERS;
    let undisturbed = result == compute();
    println!(
        "its result is {}",
        if undisturbed {
            "that of one that nobody interrupts"
        } else {
            "wrong"
        }
    );
    Ok(right && undisturbed)
}

/// Sleeps until a deadline, and tells how far the computation is then; whether it is late enough.
fn sleep(number: u64, deadline: u64, told: Mailbox) -> Result<bool, Error> {
    thread::sleep(deadline.saturating_sub(thread::now()));
    let in_time = thread::now() >= deadline;
    let progress = PROGRESS.load(Ordering::Relaxed);
    let mut words = [0; 16];
    words[..8].copy_from_slice(&number.to_le_bytes());
    words[8..].copy_from_slice(&progress.to_le_bytes());
    told.send(&words)?;
    WOKEN.fetch_add(1, Ordering::Relaxed);
    Ok(in_time)
}

/// Computes with integers and fractions, for as long as somebody still sleeps; what the first rounds come to.
fn compute() -> (u64, u64) {
    let (mut word, mut fraction) = (1u64, 1.0f64);
    let (mut result, mut round) = ((0, 0), 0);
    while round < ROUNDS || WOKEN.load(Ordering::Relaxed) < SLEEPERS {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        fraction = fraction * 0.999_9 + (word >> 40) as f64;
        round += 1;
        if round == ROUNDS {
            result = (word, fraction.to_bits());
        }
        PROGRESS.fetch_add(1, Ordering::Relaxed);
    }
    result
}
