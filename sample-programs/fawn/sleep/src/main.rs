//! Sleeping: a thread gives its hart away until a deadline has passed.
//!
//! Whoever sleeps uses no time of any hart; the timer wakes sleepers in the order of their deadlines, whatever the order in
//! which they went to sleep, and never before the deadline.
#![no_std]
#![no_main]

use fawn::alloc::vec::Vec;
use fawn::mailbox::Mailbox;
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

/// Deadlines in the order in which the sleepers begin, in steps from a common beginning.
const STEPS: [u64; 6] = [4, 1, 6, 3, 5, 2];
/// Nanoseconds of a step, one after the other until everybody is woken before the next one's deadline: who was first
/// could not be said otherwise, and a host that lets the machine pause makes sleepers look busy.
const LENGTHS: [u64; 4] = [20_000_000, 100_000_000, 500_000_000, 2_500_000_000];

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

/// What a sleeper tells.
#[derive(Default)]
struct Slept {
    /// It was woken before its deadline.
    early: bool,
    /// It used more than next to no time of a hart.
    busy: bool,
    /// It had told of it before the next one's deadline.
    soon: bool,
}

/// Sleeps until a time, and then sends its number: it counts who is first in the mailbox.
fn sleep_until(deadline: u64, step: u64, steps: u64, woken: Mailbox) -> Result<Slept, Error> {
    let ran = thread::ran();
    thread::sleep(deadline.saturating_sub(thread::now()));
    let early = thread::now() < deadline;
    let busy = thread::ran() - ran >= step / 4;
    woken.send(&steps.to_le_bytes())?;
    let soon = thread::now() < deadline + step;
    Ok(Slept { early, busy, soon })
}

/// All sleep, by steps of so many nanoseconds; in which order they were woken, and what they tell.
fn all_sleep(step: u64) -> Result<([u64; STEPS.len()], Vec<Slept>), Error> {
    let woken = Mailbox::new(STEPS.len() as u32, 8)?;
    let begin = thread::now();
    let mut sleepers = Vec::new();
    for steps in STEPS {
        sleepers.push(thread::spawn(move || {
            sleep_until(begin + steps * step, step, steps, woken)
        })?);
    }
    let mut order = [0; STEPS.len()];
    for place in &mut order {
        let mut message = [0; 8];
        woken.receive(&mut message)?;
        *place = u64::from_le_bytes(message);
    }
    let mut slept = Vec::new();
    for sleeper in sleepers {
        slept.push(sleeper.join().ok_or(Error(errno::ESRCH))??);
    }
    woken.close()?;
    Ok((order, slept))
}

fn show() -> Result<bool, Error> {
    for (index, steps) in STEPS.into_iter().enumerate() {
        println!("sleeper {}: until step {steps}", index + 1);
    }
    let mut last = None;
    for step in LENGTHS {
        let (order, slept) = all_sleep(step)?;
        let was_fast = slept.iter().all(|sleeper| sleeper.soon && !sleeper.busy);
        last = Some((order, slept));
        if was_fast {
            break;
        }
    }
    let Some((order, slept)) = last else {
        return Ok(false);
    };
    let mut right = true;
    for (expected, steps) in (1..).zip(order) {
        println!("woken: the one with step {steps}");
        right &= steps == expected;
    }
    let early = slept.iter().filter(|sleeper| sleeper.early).count();
    let busy = slept.iter().filter(|sleeper| sleeper.busy).count();
    println!("{early} woke early, {busy} used a hart meanwhile");
    Ok(right && early == 0 && busy == 0)
}
