//! A tree of processes: each forks two, down to the third level, and waits for them.
//!
//! A process that has ended stays as a zombie until its parent asks for its status. When a parent ends first, its children are
//! orphans: init, process 1, is their parent then, and reaps them.
#![no_std]
#![no_main]

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, Pid, exit, fork, id, kill, wait, yield_now};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const DEPTH: u32 = 3;
const CHILDREN: u32 = 2;
/// 1 + 2 + 4 + 8.
const PROCESSES: i32 = 15;
const INIT: u64 = 1;
const ORPHANS: usize = 3;

fn main(_: Arguments) -> i32 {
    match tree(DEPTH).and_then(|count| Ok((count, orphans()?))) {
        Ok((PROCESSES, true)) => 0,
        Ok(_) => 1,
        Err(error) => {
            println!("fork-tree: {error}");
            1
        }
    }
}

/// Forks a tree of so many levels below this process, and waits until it has ended.
fn tree(depth: u32) -> Result<i32, Error> {
    let count = grow(depth)?;
    println!("root: a tree of {count} processes has come and gone");
    Ok(count)
}

/// What every process of the tree does: how many it and those below it are.
fn grow(depth: u32) -> Result<i32, Error> {
    let mut count = 1;
    if depth == 0 {
        return Ok(count);
    }
    for _ in 0..CHILDREN {
        if fork()? == Fork::Child {
            // A process can tell its parent one small number: its status.
            exit(grow(depth - 1).unwrap_or(0));
        }
    }
    for _ in 0..CHILDREN {
        match wait(None)?.1 {
            Ended::Exited(below) => count += below,
            Ended::Killed(signal) => println!("a process was killed by signal {signal}"),
        }
    }
    Ok(count)
}

/// The number of the process's parent.
fn parent() -> Result<u64, Error> {
    call(Number::Getppid, [0; 4])
}

/// What a process says of itself: its number and its parent's.
fn tell(to: Mailbox) -> Result<(), Error> {
    let mut message = [0; 16];
    message[..8].copy_from_slice(&u64::from(id()).to_le_bytes());
    message[8..].copy_from_slice(&parent()?.to_le_bytes());
    to.send(&message)
}

fn hear(from: Mailbox) -> Result<(Pid, u64), Error> {
    let mut message = [0; 16];
    from.receive(&mut message)?;
    let message = u128::from_le_bytes(message);
    Ok((message as Pid, (message >> 64) as u64))
}

/// A process forks children and ends before them.
fn orphans() -> Result<bool, Error> {
    let told = Mailbox::new(1, 16)?;
    let go = Mailbox::new(1, 1)?;
    let end = Mailbox::new(1, 1)?;
    let middle = match fork()? {
        Fork::Child => exit(i32::from(leave_orphans(told, go, end).is_err())),
        Fork::Parent(pid) => pid,
    };
    let mut right = true;
    for orphan in 1..=ORPHANS {
        let forked_by = hear(told)?.1 == u64::from(middle);
        println!("orphan {orphan}: my parent is the process that forked me: {forked_by}");
        right &= forked_by;
    }
    end.send(&[0])?;
    right &= wait(Some(middle))? == (middle, Ended::Exited(0));
    println!("root: their parent has ended");
    let mut reaped = 0;
    for orphan in 1..=ORPHANS {
        go.send(&[0])?;
        let (pid, parent) = hear(told)?;
        println!("orphan {orphan}: my parent is process {parent}");
        right &= parent == INIT;
        reaped += usize::from(is_reaped(pid));
    }
    let childless = wait(None) == Err(Error(errno::ECHILD));
    println!("root: init has reaped {reaped} of {ORPHANS}; I have no children: {childless}");
    Ok(right && reaped == ORPHANS && childless)
}

/// Forks children that tell who their parent is, at once and again when they may go on, and ends before them.
fn leave_orphans(told: Mailbox, go: Mailbox, end: Mailbox) -> Result<(), Error> {
    for _ in 0..ORPHANS {
        if fork()? == Fork::Child {
            let live = || {
                tell(told)?;
                go.receive(&mut [0])?;
                tell(told)
            };
            exit(i32::from(live().is_err()));
        }
    }
    end.receive(&mut [0]).map(|_| ())
}

/// Waits until a process that is not this one's child is gone, zombie and all.
fn is_reaped(pid: Pid) -> bool {
    const PATIENCE: u64 = 5_000_000_000;
    let begun = thread::now();
    // Signal 0 only asks. One may not signal init's child, but as long as it is there the answer is another.
    while kill(i64::from(pid), 0) != Err(Error(errno::ESRCH)) {
        if thread::now() - begun > PATIENCE {
            return false;
        }
        yield_now();
    }
    true
}
