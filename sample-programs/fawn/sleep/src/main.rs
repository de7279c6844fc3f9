//! Sleeping: a thread gives its hart away until a deadline has passed.
//!
//! Whoever sleeps uses no time of any hart; the timer wakes sleepers in the order of their deadlines, whatever the order in
//! which they went to sleep, and never before the deadline.
#![no_std]
#![no_main]

use fawn::alloc::vec::Vec;
use fawn::mailbox::Mailbox;
use fawn::{Arguments, Error, println, thread};

fawn::main!(main);

/// Deadlines in the order in which the sleepers begin, in steps from a common beginning.
const STEPS: [u64; 6] = [4, 1, 6, 3, 5, 2];
/// Nanoseconds of a step: much longer than anything else here takes.
const STEP: u64 = 20_000_000;

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("sleep: {error}");
            1
        }
    }
}

/// Sleeps until a time; whether it is that late, and whether next to no time of a hart was used.
fn sleep_until(deadline: u64) -> (bool, bool) {
    let ran = thread::ran();
    thread::sleep(deadline.saturating_sub(thread::now()));
    (thread::now() >= deadline, thread::ran() - ran < STEP / 4)
}

fn show() -> Result<bool, Error> {
    let woken = Mailbox::new(STEPS.len() as u32, 8)?;
    let begin = thread::now();
    let mut sleepers = Vec::new();
    for (index, steps) in STEPS.into_iter().enumerate() {
        println!("sleeper {}: until step {steps}", index + 1);
        sleepers.push(thread::spawn(move || {
            let slept = sleep_until(begin + steps * STEP);
            // It counts who is first in the mailbox.
            woken.send(&steps.to_le_bytes()).map(|()| slept)
        })?);
    }
    let mut right = true;
    for expected in 1..=STEPS.len() as u64 {
        let mut message = [0; 8];
        woken.receive(&mut message)?;
        let steps = u64::from_le_bytes(message);
        println!("woken: the one with step {steps}");
        right &= steps == expected;
    }
    let mut early = 0;
    let mut busy = 0;
    for sleeper in sleepers {
        match sleeper.join() {
            Some(Ok((in_time, idle))) => {
                early += usize::from(!in_time);
                busy += usize::from(!idle);
            }
            _ => right = false,
        }
    }
    println!("{early} woke early, {busy} used a hart meanwhile");
    Ok(right && early == 0 && busy == 0)
}
