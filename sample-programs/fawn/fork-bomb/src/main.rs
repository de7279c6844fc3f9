//! A fork bomb: a program that forks without end, and so do its children.
//!
//! Limits belong to a job, a tree of processes as a whole. The bomb fills its job, is told "not now" from then on, and takes
//! nothing from the others: they can still fork, and still get their share of the harts. A signal to the job ends all of it at once.
#![no_std]
#![no_main]

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, Pid, begin_job, exit, fork, kill, wait, yield_now};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const SIGKILL: u32 = 9;
/// Processes that a job may have.
const LIMIT: u32 = 64;
/// How long to wait for what must happen, in nanoseconds.
const PATIENCE: u64 = 5_000_000_000;

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("fork-bomb: {error}");
            1
        }
    }
}

/// Frames of the machine that are free.
fn free() -> Result<u64, Error> {
    const FREE: usize = 5;
    let mut words = [0u64; 14];
    call(Number::Sysinfo, [words.as_mut_ptr() as u64, 0, 0, 0])?;
    Ok(words[FREE])
}

fn show() -> Result<bool, Error> {
    let refused = Mailbox::new(LIMIT, 2)?;
    let mut right = others_live("before the bomb")?;
    let before = free()?;
    let bomb = match fork()? {
        Fork::Child => explode(refused),
        Fork::Parent(pid) => pid,
    };
    for _ in 0..LIMIT {
        let mut error = [0; 2];
        refused.receive(&mut error)?;
        right &= u16::from_le_bytes(error) == errno::EAGAIN;
    }
    println!(
        "the bomb: each of {LIMIT} processes was refused to fork: \"{}\"",
        Error(errno::EAGAIN)
    );
    // They go on trying all the time.
    right &= others_live("while the bomb fills its job")?;
    kill(-i64::from(bomb), SIGKILL)?;
    let ended = wait(Some(bomb))?.1;
    println!("the bomb's first process: {ended:?}");
    right &= ended == Ended::Killed(SIGKILL);
    let gone = is_gone(bomb);
    println!("all of its job has been reaped: {gone}");
    let missing = before as i64 - free()? as i64;
    println!("frames that are missing: {missing}");
    right &= others_live("after the bomb")?;
    Ok(right && gone && missing == 0)
}

/// Whether a process of another job can fork, and what it forked can run and end.
fn others_live(when: &str) -> Result<bool, Error> {
    const STATUS: i32 = 42;
    let ended = match fork()? {
        Fork::Child => exit(STATUS),
        Fork::Parent(pid) => wait(Some(pid))?.1,
    };
    println!("{when}: a process of another job was forked, and ended: {ended:?}");
    Ok(ended == Ended::Exited(STATUS))
}

/// Forks without end, in a job of its own. Each process tells of the first refusal.
fn explode(refused: Mailbox) -> ! {
    if begin_job().is_err() {
        exit(1);
    }
    let mut told = false;
    loop {
        match fork() {
            // A new process has told nobody anything yet.
            Ok(Fork::Child) => told = false,
            Ok(Fork::Parent(_)) => {}
            Err(Error(error)) => {
                if !told && refused.send(&error.to_le_bytes()).is_err() {
                    exit(1);
                }
                told = true;
            }
        }
    }
}

/// Waits until no process of a job is left, not even a zombie.
fn is_gone(job: Pid) -> bool {
    let begun = thread::now();
    // Signal 0 only asks. Those whose parent is gone are init's, who reaps them; till then they are there, and not ours.
    while kill(-i64::from(job), 0) != Err(Error(errno::ESRCH)) {
        if thread::now() - begun > PATIENCE {
            return false;
        }
        yield_now();
    }
    true
}
