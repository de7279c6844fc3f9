//! The bounded buffer: producers and consumers that know nothing of each other, at mailboxes for 0, 1, 2 and 64 messages.
//!
//! Nothing is lost or doubled, and what one producer sends arrives in its order.
#![no_std]
#![no_main]

use fawn::mailbox::Typed;
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

const PRODUCERS: u64 = 3;
const CONSUMERS: u64 = 2;
/// Messages of each producer.
const EACH: u64 = 200;

/// What a producer sends.
#[derive(Clone, Copy)]
#[repr(C)]
struct Item {
    producer: u64,
    number: u64,
}

/// What a consumer found.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Found {
    count: u64,
    sum: u64,
    in_order: u64,
}

fn main(_: Arguments) -> i32 {
    for capacity in [0, 1, 2, 64] {
        match run(capacity) {
            Ok(true) => println!("room for {capacity}: everything once, in order"),
            Ok(false) => {
                println!("room for {capacity}: not what was sent");
                return 1;
            }
            Err(error) => {
                println!("room for {capacity}: {error}");
                return 1;
            }
        }
    }
    0
}

fn spawn(act: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    match fork()? {
        Fork::Parent(_) => Ok(()),
        Fork::Child => exit(i32::from(act().is_err())),
    }
}

fn produce(buffer: Typed<Item>, producer: u64) -> Result<(), Error> {
    for number in 0..EACH {
        buffer.send(Item { producer, number })?;
    }
    Ok(())
}

/// Takes items until nobody can send any more.
fn consume(buffer: Typed<Item>, found: Typed<Found>) -> Result<(), Error> {
    let mut next = [0; PRODUCERS as usize];
    let mut result = Found {
        in_order: 1,
        ..Found::default()
    };
    loop {
        match buffer.receive() {
            Ok(item) => {
                result.count += 1;
                result.sum += item.producer * EACH + item.number;
                let next = next.get_mut(item.producer as usize);
                let next = next.ok_or(Error(errno::EIO))?;
                if item.number < *next {
                    result.in_order = 0;
                }
                *next = item.number + 1;
            }
            Err(Error(errno::EPIPE)) => return found.send(result),
            Err(error) => return Err(error),
        }
    }
}

fn run(capacity: u32) -> Result<bool, Error> {
    let buffer = Typed::<Item>::new(capacity)?;
    let found = Typed::<Found>::new(CONSUMERS as u32)?;
    let (sender, receiver) = (buffer.sender()?, buffer.receiver()?);
    buffer.mailbox().close()?;
    for _ in 0..CONSUMERS {
        spawn(|| {
            sender.mailbox().close()?;
            consume(receiver, found)
        })?;
    }
    for producer in 0..PRODUCERS {
        spawn(|| produce(sender, producer))?;
    }
    sender.mailbox().close()?;
    receiver.mailbox().close()?;
    let mut total = Found {
        in_order: 1,
        ..Found::default()
    };
    for _ in 0..CONSUMERS {
        let one = found.receive()?;
        total.count += one.count;
        total.sum += one.sum;
        total.in_order &= one.in_order;
    }
    found.mailbox().close()?;
    let mut fine = true;
    for _ in 0..PRODUCERS + CONSUMERS {
        fine &= wait(None)?.1 == Ended::Exited(0);
    }
    let all = PRODUCERS * EACH;
    Ok(fine && total.count == all && total.sum == all * (all - 1) / 2 && total.in_order == 1)
}
