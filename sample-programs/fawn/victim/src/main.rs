//! A process that may be killed at any instruction of a send, a receive, a fork and an execve: everything it had comes back.
//!
//! The victim has the terminal, so that Ctrl-C kills it. `tests/boot/kill.rs` presses it at one instruction after another.
#![no_std]
#![no_main]

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, begin_job, exec_path, exit, fork, id, set_foreground, wait};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const SIGINT: u32 = 2;

fn main(arguments: Arguments) -> i32 {
    if arguments.get(1) == Some("again") {
        // What the victim became by execve.
        return 0;
    }
    match watch(&arguments.own_path()) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            println!("victim: {error}");
            1
        }
    }
}

/// Frames that are free, in the whole machine, and how much of them is promised.
fn frames() -> Result<(u64, u64), Error> {
    let mut words = [0u64; 14];
    call(Number::Sysinfo, [words.as_mut_ptr() as u64, 0, 0, 0])?;
    Ok((words[5], words[6]))
}

fn watch(path: &str) -> Result<bool, Error> {
    // Everything that this process touches on the way is touched once before it counts.
    let _ = run(path, false)?;
    let before = frames()?;
    let ended = run(path, true)?;
    // What the victim had forked ends on its own time, as init's.
    let mut after = frames()?;
    for _ in 0..100 {
        if after == before {
            break;
        }
        thread::sleep(1_000_000);
        after = frames()?;
    }
    let fine = before == after && matches!(ended, Ended::Exited(0) | Ended::Killed(SIGINT));
    match fine {
        true => println!("everything has come back"),
        false => println!("{ended:?}: {before:?} before, {after:?} after"),
    }
    Ok(fine)
}

fn run(path: &str, is_victim: bool) -> Result<Ended, Error> {
    let child = match fork()? {
        Fork::Parent(pid) => pid,
        Fork::Child => {
            let _ = begin_job();
            if is_victim {
                let _ = set_foreground(id());
                println!("go");
            }
            exit(match suffer(path) {
                Ok(()) => 0,
                Err(_) => 1,
            })
        }
    };
    loop {
        match wait(Some(child)) {
            Ok((_, ended)) => return Ok(ended),
            Err(Error(errno::EINTR)) => {}
            Err(error) => return Err(error),
        }
    }
}

fn suffer(path: &str) -> Result<(), Error> {
    let mailbox = Mailbox::new(2, 64)?;
    mailbox.send(b"a message of some bytes")?;
    mailbox.receive(&mut [0; 64])?;
    match fork()? {
        Fork::Child => exit(0),
        Fork::Parent(pid) => wait(Some(pid))?,
    };
    Err(exec_path(path, &[path, "again"]))
}
