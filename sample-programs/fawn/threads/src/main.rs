//! Threads: several flows of control in one process.
//!
//! They share the process's memory, so that what one writes the others see; each has registers and a stack of its own. A
//! thread's value comes back to whoever joins it, and joining waits until the thread has ended.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU64, Ordering};

use fawn::alloc::vec::Vec;
use fawn::{Arguments, Error, println, process, thread};

fawn::main!(main);

const THREADS: u64 = 4;
const NUMBERS: u64 = 1000;

/// One variable for all threads.
static TOTAL: AtomicU64 = AtomicU64::new(0);

/// What a thread gives back.
struct Part {
    sum: u64,
    process: process::Pid,
    thread: u32,
    own: usize,
}

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            println!("threads: {error}");
            1
        }
    }
}

fn show() -> Result<bool, Error> {
    let mut handles = Vec::new();
    for index in 0..THREADS {
        handles.push(thread::spawn(move || add_up(index))?);
    }
    let mut parts = Vec::new();
    for (index, handle) in handles.into_iter().enumerate() {
        let Some(part) = handle.join() else {
            println!("thread {index} gave nothing back");
            return Ok(false);
        };
        println!(
            "thread {index}: my part of the numbers adds up to {}",
            part.sum
        );
        parts.push(part);
    }
    let total = TOTAL.load(Ordering::Relaxed);
    println!("main: the variable that all of them added to is {total}");

    let expected = NUMBERS * (NUMBERS + 1) / 2;
    let by_join: u64 = parts.iter().map(|part| part.sum).sum();
    let one_process = parts.iter().all(|part| part.process == process::id());
    let own_threads = all_differ(parts.iter().map(|part| part.thread as usize));
    let own_stacks = all_differ(parts.iter().map(|part| part.own));
    println!(
        "main: one process: {one_process}; threads of their own: {own_threads}; stacks of their own: {own_stacks}"
    );
    Ok(total == expected && by_join == expected && one_process && own_threads && own_stacks)
}

fn all_differ(values: impl Iterator<Item = usize>) -> bool {
    let mut values: Vec<_> = values.collect();
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    values.len() == count
}

/// Adds up every fourth number, and adds that to what all share.
fn add_up(index: u64) -> Part {
    let sum = (1..=NUMBERS)
        .filter(|number| number % THREADS == index)
        .sum();
    TOTAL.fetch_add(sum, Ordering::Relaxed);
    Part {
        sum,
        process: process::id(),
        thread: thread::id(),
        // A place on this thread's stack, which nobody else gets before the thread has been joined.
        own: &raw const sum as usize,
    }
}
