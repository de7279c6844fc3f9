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
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const SLEEPERS: u64 = 3;
/// Nanoseconds between the deadlines: one after the other, until the machine was fast enough to have each sleeper tell before the
/// next one is due.
const STEPS: [u64; 4] = [20_000_000, 100_000_000, 500_000_000, 2_500_000_000];
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
    let mut last = None;
    for step in STEPS {
        let run = interrupt(step)?;
        let is_clear = run.soon;
        last = Some(run);
        if is_clear {
            break;
        }
    }
    let Some(run) = last else {
        return Ok(false);
    };
    let mut right = !run.early;
    let mut progress_before = 0;
    for (expected, (number, progress)) in (1..).zip(run.told) {
        let ran = if progress > progress_before {
            "had"
        } else {
            "had not"
        };
        println!("sleeper {number}: woken; meanwhile the other one {ran} gone on computing");
        right &= number == expected && progress > progress_before;
        progress_before = progress;
    }
    let woken = if run.early { "one was" } else { "none was" };
    println!("{woken} woken before its deadline");
    let (result, preemptions) = (run.result, run.preemptions);
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

/// What one run came to.
struct Run {
    /// Who was woken, and how far the computation was then.
    told: [(u64, u64); SLEEPERS as usize],
    /// Somebody was woken before the deadline.
    early: bool,
    /// Each had told before the next one's deadline.
    soon: bool,
    /// What was computed.
    result: (u64, u64),
    /// How often the computation lost its hart.
    preemptions: u64,
}

/// Lets all sleep by such steps while somebody computes.
fn interrupt(step: u64) -> Result<Run, Error> {
    PROGRESS.store(0, Ordering::Relaxed);
    WOKEN.store(0, Ordering::Relaxed);
    let mailbox = Mailbox::new(SLEEPERS as u32, 16)?;
    let computes = Mailbox::new(1, 1)?;
    let computing = thread::spawn(move || {
        let begun = computes.send(&[]);
        let result = compute();
        (begun, result, preemptions())
    })?;
    // Nobody sleeps before there is something to interrupt.
    computes.receive(&mut [])?;
    computes.close()?;
    let begin = thread::now();
    let mut sleepers = fawn::alloc::vec::Vec::new();
    // The last one first: they are not woken in the order in which they went to sleep.
    for number in (1..=SLEEPERS).rev() {
        sleepers.push(thread::spawn(move || {
            sleep(number, begin + number * step, step, mailbox)
        })?);
    }
    let mut told = [(0, 0); SLEEPERS as usize];
    for told in &mut told {
        let mut words = [0; 16];
        mailbox.receive(&mut words)?;
        let word = |at: usize| {
            words[at..at + 8]
                .iter()
                .rev()
                .fold(0u64, |word, &byte| word << 8 | u64::from(byte))
        };
        *told = (word(0), word(8));
    }
    let (mut early, mut soon) = (false, true);
    for sleeper in sleepers {
        let (was_early, was_soon) = sleeper.join().ok_or(Error(errno::ESRCH))??;
        early |= was_early;
        soon &= was_soon;
    }
    let (begun, result, preemptions) = computing.join().ok_or(Error(errno::ESRCH))?;
    begun?;
    mailbox.close()?;
    Ok(Run {
        told,
        early,
        soon,
        result,
        preemptions,
    })
}

/// Sleeps until a deadline, and tells how far the computation is then; whether it was woken early, and whether it has told before the
/// next deadline.
fn sleep(number: u64, deadline: u64, step: u64, told: Mailbox) -> Result<(bool, bool), Error> {
    thread::sleep(deadline.saturating_sub(thread::now()));
    let early = thread::now() < deadline;
    let progress = PROGRESS.load(Ordering::Relaxed);
    let mut words = [0; 16];
    words[..8].copy_from_slice(&number.to_le_bytes());
    words[8..].copy_from_slice(&progress.to_le_bytes());
    told.send(&words)?;
    WOKEN.fetch_add(1, Ordering::Relaxed);
    Ok((early, thread::now() < deadline + step))
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
