//! A process that may be killed at any instruction of a send, a receive, a fork and an execve: everything it had comes back.
//!
//! It passes messages on to a partner. No message is lost or doubled, but for one that it had in its hands, and the partner learns that there will be
//! no more. The victim has the terminal, so that Ctrl-C kills it: `cargo xtask campaign kill` presses it at one instruction after another.
#![no_std]
#![no_main]

use fawn::alloc::vec::Vec;
use fawn::mailbox::{Mailbox, Until};
use fawn::process::{Ended, Fork, Pid, begin_job, exec_path, exit, fork, id, set_foreground, wait};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const SIGINT: u32 = 2;
/// Messages that the victim gets, and passes on to its partner.
const MESSAGES: u8 = 2;
/// The status of a partner that got something else.
const WRONG: i32 = 100;

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

/// Lets the victim live, or be killed; how it ended, if nobody else has suffered by it.
fn run(path: &str, is_victim: bool) -> Result<Ended, Error> {
    let (to_victim, to_partner) = (Mailbox::new(2, 1)?, Mailbox::new(2, 1)?);
    for number in 1..=MESSAGES {
        to_victim.send(&[number])?;
    }
    let partner = spawn(|| {
        to_victim.close()?;
        partner(to_partner)
    })?;
    let victim = spawn(|| {
        let _ = begin_job();
        if is_victim {
            let _ = set_foreground(id());
            println!("go");
        }
        suffer(path, to_victim, to_partner)
    })?;
    // From now on only the victim, and what it forks, can send to its partner.
    to_partner.close()?;
    let ended = end_of(victim)?;
    let arrived = match end_of(partner)? {
        Ended::Exited(arrived) => arrived,
        Ended::Killed(_) => WRONG,
    };
    let left = drain(to_victim)?;
    to_victim.close()?;
    // The oldest were taken first. Each that the victim took it passed on, but for one that it had in its hands.
    let taken = MESSAGES as usize - left.len();
    let is_rest = (1..=MESSAGES).skip(taken).eq(left.iter().copied());
    let hands = taken as i32 - arrived;
    if !is_rest || !(0..=1).contains(&hands) {
        println!("{left:?} is left, {arrived} arrived");
        return Err(Error(errno::EIO));
    }
    Ok(ended)
}

/// What is in a mailbox.
fn drain(mailbox: Mailbox) -> Result<Vec<u8>, Error> {
    let mut messages = Vec::new();
    let mut message = [0];
    loop {
        match mailbox.receive_until(&mut message, Until::Now) {
            Ok(_) => messages.push(message[0]),
            Err(Error(errno::EAGAIN)) => return Ok(messages),
            Err(error) => return Err(error),
        }
    }
}

fn spawn(act: impl FnOnce() -> Result<i32, Error>) -> Result<Pid, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child => exit(act().unwrap_or(WRONG)),
    }
}

fn end_of(child: Pid) -> Result<Ended, Error> {
    loop {
        match wait(Some(child)) {
            Ok((_, ended)) => return Ok(ended),
            Err(Error(errno::EINTR)) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Receives until nobody can send any more, which it has to be told; how many messages came, in their order.
fn partner(inbox: Mailbox) -> Result<i32, Error> {
    let messages = inbox.receiver()?;
    inbox.close()?;
    let mut count = 0;
    loop {
        let mut message = [0];
        match messages.receive(&mut message) {
            Ok(1) if i32::from(message[0]) == count + 1 => count += 1,
            Err(Error(errno::EPIPE)) => return Ok(count),
            _ => return Ok(WRONG),
        }
    }
}

/// What may be interrupted anywhere: receives and sends, a fork, an execve.
fn suffer(path: &str, inbox: Mailbox, outbox: Mailbox) -> Result<i32, Error> {
    let own = Mailbox::new(2, 64)?;
    own.send(b"a message that nobody takes out")?;
    for _ in 0..MESSAGES {
        let mut message = [0];
        inbox.receive(&mut message)?;
        outbox.send(&message)?;
    }
    match fork()? {
        Fork::Child => exit(0),
        Fork::Parent(pid) => wait(Some(pid))?,
    };
    Err(exec_path(path, &[path, "again"]))
}
