//! A mailbox without room: SEND and RECV meet. Handles travel in messages, and a request is answered in one call.
#![no_std]
#![no_main]

use fawn::mailbox::{Mailbox, Until};
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

fn main(_: Arguments) -> i32 {
    match meet().and_then(|()| hand_on()).and_then(|()| ask()) {
        Ok(()) => 0,
        Err(error) => {
            println!("rendezvous: {error}");
            1
        }
    }
}

/// Runs something in a child; whether it went well is its status.
fn in_child(act: impl FnOnce() -> Result<(), Error>) -> Result<u32, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child => exit(i32::from(act().is_err())),
    }
}

fn expect_fine(child: u32) -> Result<(), Error> {
    match wait(Some(child))? {
        (_, Ended::Exited(0)) => Ok(()),
        _ => Err(Error(errno::EIO)),
    }
}

fn meet() -> Result<(), Error> {
    let place = Mailbox::new(0, 64)?;
    let child = in_child(|| {
        for number in 0..3u8 {
            place.send(&[number])?;
        }
        Ok(())
    })?;
    let mut sum = 0;
    for _ in 0..3 {
        let mut byte = [0];
        place.receive(&mut byte)?;
        sum += byte[0];
    }
    expect_fine(child)?;
    println!("three messages through a mailbox that holds none: sum {sum}");
    match place.send_until(&[1], Until::Now) {
        Err(Error(errno::EAGAIN)) => println!("nobody waits: not now"),
        other => println!("nobody waits, and yet: {other:?}"),
    }
    place.close()
}

/// A right to send goes from the parent to a child that never had it.
fn hand_on() -> Result<(), Error> {
    let letters = Mailbox::new(1, 64)?;
    let child = in_child(|| {
        let mut handles = [Mailbox(0)];
        let received = letters.receive_with(&mut [0; 64], &mut handles, Until::Forever)?;
        if received.handles != 1 {
            return Err(Error(errno::EIO));
        }
        handles[0].send(b"thank you")?;
        match handles[0].receive(&mut [0; 64]) {
            Err(Error(errno::EBADF)) => Ok(()),
            _ => Err(Error(errno::EIO)),
        }
    })?;
    let answers = Mailbox::new(1, 64)?;
    letters.send_with(b"write to me", &[answers], Until::Forever)?;
    let mut text = [0; 64];
    let length = answers.receive(&mut text)?;
    println!(
        "a child that was handed the right to send says: {}",
        core::str::from_utf8(&text[..length]).unwrap_or("?")
    );
    expect_fine(child)?;
    println!("and it could not receive by it");
    letters.close()?;
    answers.close()
}

/// A server answers requests; then it ends, and its client learns of it.
fn ask() -> Result<(), Error> {
    let requests = Mailbox::new(4, 64)?;
    let server = in_child(|| {
        let mut request = [0; 64];
        let (mut length, mut caller) = requests.reply_wait(None, &[], &mut request)?;
        for _ in 0..3 {
            request[..length].reverse();
            let reply = request;
            (length, caller) = requests.reply_wait(caller, &reply[..length], &mut request)?;
        }
        // The fourth request is never answered.
        Ok(())
    })?;
    let asker = requests.sender()?;
    requests.close()?;
    for word in ["fawn", "deer", "doe"] {
        let mut reply = [0; 64];
        let length = asker.call(word.as_bytes(), &mut reply)?;
        println!(
            "{word} -> {}",
            core::str::from_utf8(&reply[..length]).unwrap_or("?")
        );
    }
    match asker.call(b"hind", &mut [0; 64]) {
        Err(Error(errno::EPIPE)) => println!("the server ended without an answer: EPIPE"),
        other => println!("the server ended, and yet: {other:?}"),
    }
    expect_fine(server)?;
    asker.close()
}
