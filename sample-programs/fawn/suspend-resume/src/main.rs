//! Suspending and resuming: a process can be stopped at any instruction and go on later as if nothing had happened, because
//! its whole state (registers, program counter, memory) stays where it is meanwhile.
//!
//! A process computes and counts its steps in memory that it shares with its parent. The parent stops it several times
//! wherever it happens to be, sees that nothing moves, and lets it go on. The result is in the end what it would have been
//! without any stop.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU64, Ordering};

use fawn::process::{Change, Ended, Fork, Pid, exit, fork, kill, watch};
use fawn::syscall::{Number, call6};
use fawn::{Arguments, Error, println, thread};

fawn::main!(main);

const SIGCONT: u32 = 18;
const SIGSTOP: u32 = 19;
const STOPS: u32 = 5;
/// Nanoseconds for the process to run, and to be stopped.
const WHILE: u64 = 3_000_000;

/// What parent and child both see.
struct Shared {
    /// Steps that the child has done.
    steps: AtomicU64,
    /// Set when the child may come to an end.
    enough: AtomicU64,
    result: AtomicU64,
}

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("suspend-resume: {error}");
            1
        }
    }
}

/// Memory that stays shared across a fork.
fn share() -> Result<&'static Shared, Error> {
    const READ_WRITE: u64 = 3;
    const SHARED_ANONYMOUS: u64 = 0x21;
    let bytes = size_of::<Shared>() as u64;
    let place = call6(
        Number::Mmap,
        [0, bytes, READ_WRITE, SHARED_ANONYMOUS, u64::MAX, 0],
    )?;
    // SAFETY: the page has just been mapped, is full of zeros, and stays.
    let shared = unsafe { &*(place as *const Shared) };
    // A page that is there before the fork is one for both.
    shared.steps.store(0, Ordering::Relaxed);
    Ok(shared)
}

/// A step of the computation: where it goes on from depends on all steps before.
fn step(value: u64) -> u64 {
    (value ^ value >> 29)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9)
        .wrapping_add(1)
}

/// The child: computes until it is told that it is enough.
fn compute(shared: &Shared) -> ! {
    let mut value = 0;
    while shared.enough.load(Ordering::Relaxed) == 0 {
        value = step(value);
        shared.steps.fetch_add(1, Ordering::Relaxed);
    }
    shared.result.store(value, Ordering::Relaxed);
    exit(0)
}

fn show() -> Result<bool, Error> {
    let shared = share()?;
    let child = match fork()? {
        Fork::Child => compute(shared),
        Fork::Parent(pid) => pid,
    };
    let mut right = true;
    for stop in 1..=STOPS {
        right &= wait_for_progress(shared);
        right &= suspend(stop, child, shared)?;
        kill(i64::from(child), SIGCONT)?;
        let goes_on = wait_for_progress(shared);
        println!("SIGCONT: it goes on: {goes_on}");
        right &= goes_on;
    }
    shared.enough.store(1, Ordering::Relaxed);
    let ended = watch(i64::from(child), true)?;
    right &= ended == Some((child, Change::Ended(Ended::Exited(0))));
    let steps = shared.steps.load(Ordering::Relaxed);
    let expected = (0..steps).fold(0, |value, _| step(value));
    let same = shared.result.load(Ordering::Relaxed) == expected;
    println!("it has ended; its result is that of as many steps without a stop: {same}");
    Ok(right && same)
}

/// Lets the child run for a while; whether it makes steps.
fn wait_for_progress(shared: &Shared) -> bool {
    const TRIES: u32 = 1000;
    let before = shared.steps.load(Ordering::Relaxed);
    (0..TRIES).any(|_| {
        thread::sleep(WHILE);
        shared.steps.load(Ordering::Relaxed) != before
    })
}

/// Stops the child, and looks whether it stands still.
fn suspend(stop: u32, child: Pid, shared: &Shared) -> Result<bool, Error> {
    kill(i64::from(child), SIGSTOP)?;
    let change = watch(i64::from(child), true)?;
    let stopped = change == Some((child, Change::Stopped(SIGSTOP)));
    let before = shared.steps.load(Ordering::Relaxed);
    thread::sleep(WHILE);
    let still = shared.steps.load(Ordering::Relaxed) == before;
    println!("SIGSTOP {stop}: wait4 says that it is stopped: {stopped}; it stands still: {still}");
    Ok(stopped && still)
}
