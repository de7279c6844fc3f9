//! A race: the result depends on who comes first. Two threads each add 1 to a number by reading it, adding, and writing it
//! back; if both read before either writes, one of the two updates is lost.
//!
//! The bad order is brought about here on purpose. It is impossible once reading and writing cannot be torn apart: with a
//! lock (mutual exclusion), or when the number belongs to one thread, to which the others send messages.
//!
//! `race free` leaves it to chance: see [`free`].
#![no_std]
#![no_main]

use fawn::alloc::sync::Arc;
use fawn::mailbox::Mailbox;
use fawn::process::yield_now;
use fawn::sync::Mutex;
use fawn::{Arguments, Error, errno, println, thread};

use core::sync::atomic::{AtomicU64, Ordering};

fawn::main!(main);

/// How often each of the two threads adds 1, where that is not told step by step.
const TIMES: u64 = 500;

fn main(arguments: Arguments) -> i32 {
    if arguments.get(1) == Some("free") {
        return free();
    }
    let shown = race().and_then(|lost| Ok((lost, with_lock()?, with_mailbox()?)));
    match shown {
        Ok((1, locked, sent)) if locked == 2 * TIMES && sent == 2 * TIMES => 0,
        Ok(_) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("race: {error}");
            1
        }
    }
}

/// The number that both threads change. Each access by itself is atomic; what is not is the three steps together.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A thread of the race: it takes a step whenever it is told to.
fn add_one(name: &str, step: Mailbox, done: Mailbox) -> Result<(), Error> {
    step.receive(&mut [])?;
    let read = NUMBER.load(Ordering::Relaxed);
    println!("{name}: reads {read}");
    done.send(&[])?;
    step.receive(&mut [])?;
    NUMBER.store(read + 1, Ordering::Relaxed);
    println!("{name}: writes {}", read + 1);
    done.send(&[])
}

/// Lets the two threads run as they come: nearly always it is right, which is what makes a race hard to find. `hartland
/// explore` finds it.
fn free() -> i32 {
    let run = || {
        for _ in 0..TIMES {
            let read = NUMBER.load(Ordering::Relaxed);
            NUMBER.store(read + 1, Ordering::Relaxed);
        }
    };
    let Ok(other) = thread::spawn(run) else {
        return 1;
    };
    run();
    if other.join().is_none() {
        return 1;
    }
    let number = NUMBER.load(Ordering::Relaxed);
    println!("Two threads add 1, {TIMES} times each: {number}");
    i32::from(number != 2 * TIMES)
}

/// Lets both read before either writes.
fn race() -> Result<u64, Error> {
    let (step_a, step_b) = (Mailbox::new(1, 1)?, Mailbox::new(1, 1)?);
    let done = Mailbox::new(1, 1)?;
    let threads = [
        thread::spawn(move || add_one("A", step_a, done))?,
        thread::spawn(move || add_one("B", step_b, done))?,
    ];
    println!("A race, two threads add 1 to 0:");
    for step in [step_a, step_b, step_a, step_b] {
        step.send(&[])?;
        done.receive(&mut [])?;
    }
    for thread in threads {
        join(thread)?;
    }
    let number = NUMBER.load(Ordering::Relaxed);
    println!("the number is {number}: one update is lost");
    Ok(number)
}

/// Waits for a thread and what it came to.
fn join<T>(thread: thread::JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    thread.join().ok_or(Error(errno::ESRCH))?
}

/// The same three steps, often, by threads that hold a lock from the first to the last.
fn with_lock() -> Result<u64, Error> {
    let number = Arc::new(Mutex::new(0));
    let run = |number: Arc<Mutex<u64>>| {
        for _ in 0..TIMES {
            let mut number = number.lock();
            let read = *number;
            // An invitation to the other thread, which it cannot accept.
            yield_now();
            *number = read + 1;
        }
    };
    let other = Arc::clone(&number);
    let thread = thread::spawn(move || {
        run(other);
        Ok(())
    })?;
    run(Arc::clone(&number));
    join(thread)?;
    let number = *number.lock();
    println!("With a lock, two threads add 1, {TIMES} times each: {number}");
    Ok(number)
}

/// The same, when only one thread has the number and the others tell it what to add.
fn with_mailbox() -> Result<u64, Error> {
    let requests = Mailbox::new(4, 8)?;
    let owner = thread::spawn(move || {
        let mut number = 0;
        for _ in 0..2 * TIMES {
            let mut message = [0; 8];
            requests.receive(&mut message)?;
            let read = number;
            yield_now();
            number = read + u64::from_le_bytes(message);
        }
        Ok(number)
    })?;
    let run = move || -> Result<(), Error> {
        for _ in 0..TIMES {
            requests.send(&1u64.to_le_bytes())?;
        }
        Ok(())
    };
    let thread = thread::spawn(run)?;
    run()?;
    join(thread)?;
    let number = join(owner)?;
    println!("With a mailbox, two threads send 1, {TIMES} times each: {number}");
    Ok(number)
}
