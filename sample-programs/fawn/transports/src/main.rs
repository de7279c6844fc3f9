//! One interface, several implementations: the same programs run over mailboxes that copy, that share pages, and that hold nothing at all, and cannot tell.
//!
//! The kernel chooses an implementation by what a mailbox is made for: a ring that copies for small messages, pages for those that may be large, a rendezvous
//! for a capacity of none. The boot option `mailbox=` chooses one for all of them; what is printed here stays the same.
#![no_std]
#![no_main]

use fawn::alloc::vec;
use fawn::alloc::vec::Vec;
use fawn::mailbox::{Mailbox, Until};
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

/// Producers, and what each sends.
const PRODUCERS: u32 = 3;
const MESSAGES: u32 = 100;
/// The longest message.
const LONGEST: usize = 6000;

fn main(_: Arguments) -> i32 {
    let kinds = [
        ("small messages", 4, 8192),
        ("messages that may be large", 4, 65536),
        ("no room", 0, 8192),
    ];
    for (name, capacity, size) in kinds {
        println!("a mailbox for {name}:");
        let made = || Mailbox::new(capacity, size);
        let done = [
            ("a stream, in order for each sender", stream(made)),
            ("requests and replies", requests(made)),
            ("a mailbox sent by a mailbox", travel(made)),
            ("the other end is gone", broken(made)),
            ("too long, and too little room", lengths(made, size)),
        ];
        for (what, outcome) in done {
            match outcome {
                Ok(true) => println!("  {what}: as it should be"),
                Ok(false) => println!("  {what}: WRONG"),
                Err(error) => println!("  {what}: {error}"),
            }
        }
    }
    0
}

/// The byte of a message at a place: whatever is lost, moved or mixed up shows.
fn byte(producer: u32, number: u32, at: usize) -> u8 {
    (producer as usize * 131 + number as usize * 17 + at * 7 + at / 256) as u8
}

/// How long a message is: short ones, whole pages, and what is between.
fn length(producer: u32, number: u32) -> usize {
    match number % 4 {
        0 => 8,
        1 => 4096,
        2 => 8 + (producer as usize * 911 + number as usize * 577) % (LONGEST - 8),
        _ => 64,
    }
}

fn fill(buffer: &mut [u8], producer: u32, number: u32) {
    for (at, into) in buffer.iter_mut().enumerate() {
        *into = byte(producer, number, at);
    }
    buffer[..4].copy_from_slice(&producer.to_le_bytes());
    buffer[4..8].copy_from_slice(&number.to_le_bytes());
}

/// Several processes send, one receives: everything arrives once, and in the order in which each has sent it.
fn stream(made: impl Fn() -> Result<Mailbox, Error>) -> Result<bool, Error> {
    let mailbox = made()?;
    for producer in 0..PRODUCERS {
        if fork()? == Fork::Child {
            exit(i32::from(produce(mailbox, producer).is_err()));
        }
    }
    let mut next = [0; PRODUCERS as usize];
    let mut good = true;
    // Neither beginning on a page nor ending on one.
    let mut buffer = vec![0; LONGEST + 100];
    for _ in 0..PRODUCERS * MESSAGES {
        let received = mailbox.receive(&mut buffer[3..])?;
        let message = &buffer[3..3 + received];
        let word = |at: usize| {
            u32::from_le_bytes([
                message[at],
                message[at + 1],
                message[at + 2],
                message[at + 3],
            ])
        };
        let (producer, number) = (word(0), word(4));
        let Some(expected) = next.get_mut(producer as usize) else {
            return Ok(false);
        };
        good &= number == *expected && received == length(producer, number);
        good &= (8..received).all(|at| message[at] == byte(producer, number, at));
        *expected += 1;
    }
    for _ in 0..PRODUCERS {
        good &= wait(None)?.1 == Ended::Exited(0);
    }
    mailbox.close()?;
    Ok(good)
}

fn produce(mailbox: Mailbox, producer: u32) -> Result<(), Error> {
    let mut buffer: Vec<u8> = vec![0; LONGEST];
    for number in 0..MESSAGES {
        let message = &mut buffer[..length(producer, number)];
        fill(message, producer, number);
        mailbox.send(message)?;
        // What is written after a message was sent is not in it.
        message.fill(0xee);
    }
    Ok(())
}

/// Two clients call, and each gets the reply to its own request.
fn requests(made: impl Fn() -> Result<Mailbox, Error>) -> Result<bool, Error> {
    const REQUESTS: u64 = 50;
    let mailbox = made()?;
    for client in 0..2u64 {
        if fork()? == Fork::Child {
            let mut good = true;
            for number in 0..REQUESTS {
                let request = (client << 32 | number).to_le_bytes();
                let mut reply = [0; 8];
                let answered = mailbox.call(&request, &mut reply);
                good &= answered == Ok(8);
                good &= u64::from_le_bytes(reply) == !(client << 32 | number);
            }
            exit(i32::from(!good));
        }
    }
    let mut caller = None;
    let mut reply = [0; 8];
    let mut good = true;
    for _ in 0..2 * REQUESTS {
        let mut request = [0; 8];
        let (length, from) = mailbox.reply_wait(caller, &reply, &mut request)?;
        good &= length == 8 && from.is_some();
        reply = (!u64::from_le_bytes(request)).to_le_bytes();
        caller = from;
    }
    // The last reply goes with a call that waits for nobody: both clients are gone then.
    let sender = mailbox.sender()?;
    let Fork::Parent(_) = fork()? else {
        exit(i32::from(sender.send(b"the end").is_err()));
    };
    let mut last = [0; 8];
    good &= mailbox.reply_wait(caller, &reply, &mut last)? == (7, None);
    for _ in 0..3 {
        good &= wait(None)?.1 == Ended::Exited(0);
    }
    sender.close()?;
    mailbox.close()?;
    Ok(good)
}

/// The right to send goes from one process to another, and works there.
fn travel(made: impl Fn() -> Result<Mailbox, Error>) -> Result<bool, Error> {
    let (ask, answer) = (made()?, made()?);
    if fork()? == Fork::Child {
        // It has the one, and is given the other.
        let _ = answer.close();
        let mut handles = [Mailbox(0)];
        let received = ask.receive_with(&mut [0; 8], &mut handles, Until::Forever);
        let [handle] = handles;
        let good = received.is_ok_and(|received| received.handles == 1)
            && handle.send(b"by a handle that came").is_ok();
        exit(i32::from(!good));
    }
    ask.send_with(&[1; 8], &[answer.sender()?], Until::Forever)?;
    let mut buffer = [0; 32];
    let length = answer.receive(&mut buffer)?;
    let good = &buffer[..length] == b"by a handle that came";
    let ended = wait(None)?.1;
    ask.close()?;
    answer.close()?;
    Ok(good && ended == Ended::Exited(0))
}

/// Nobody can receive, nobody can send: both sides are told.
fn broken(made: impl Fn() -> Result<Mailbox, Error>) -> Result<bool, Error> {
    const GONE: Error = Error(errno::EPIPE);
    let one = made()?;
    let sender = one.sender()?;
    one.close()?;
    let other = made()?;
    let receiver = other.receiver()?;
    other.close()?;
    let sent = sender.send(&[0; 8]);
    let received = receiver.receive(&mut [0; 8]);
    sender.close()?;
    receiver.close()?;
    Ok(sent == Err(GONE) && received == Err(GONE))
}

/// What does not fit is refused, and can be received all the same by who has room.
fn lengths(made: impl Fn() -> Result<Mailbox, Error>, size: u32) -> Result<bool, Error> {
    const TOO_LONG: Error = Error(errno::EMSGSIZE);
    let mailbox = made()?;
    let too_long = vec![0; size as usize + 1];
    let mut good = mailbox.send(&too_long) == Err(TOO_LONG);
    if fork()? == Fork::Child {
        exit(i32::from(mailbox.send(&[7; 100]).is_err()));
    }
    good &= mailbox.receive(&mut [0; 99]) == Err(TOO_LONG);
    let mut buffer = [0; 100];
    good &= mailbox.receive(&mut buffer) == Ok(100) && buffer == [7; 100];
    good &= wait(None)?.1 == Ended::Exited(0);
    mailbox.close()?;
    Ok(good)
}
