//! Eight producers and eight consumers at one mailbox, two of each killed on the way: nothing is lost, doubled or reordered.
//!
//! `storm [COUNT]`: so many messages in all. Consumers note what they got in memory that all processes share, a bit for each message.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU64, Ordering};

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, Pid, exit, fork, kill, wait};
use fawn::syscall::{Number, call6};
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const PRODUCERS: u64 = 8;
const CONSUMERS: usize = 8;
/// Of each kind, the first so many are killed.
const KILLED: usize = 2;
const SIGKILL: u32 = 9;

fn main(arguments: Arguments) -> i32 {
    let count = arguments.number(1).map_or(20_000, u64::from);
    match storm(count / PRODUCERS) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            println!("storm: {error}");
            1
        }
    }
}

/// Memory that children share: a bit for each message of each producer.
struct Ledger {
    words: &'static [AtomicU64],
    each: u64,
}

impl Ledger {
    fn new(each: u64) -> Result<Self, Error> {
        const READ_WRITE: u64 = 3;
        const SHARED_ANONYMOUS: u64 = 0x21;
        let count = (PRODUCERS * each).div_ceil(64);
        let arguments = [0, count * 8, READ_WRITE, SHARED_ANONYMOUS, u64::MAX, 0];
        let start = call6(Number::Mmap, arguments)?;
        // SAFETY: the kernel has just given this memory to the program, filled with zeros.
        let words =
            unsafe { core::slice::from_raw_parts(start as *const AtomicU64, count as usize) };
        // Fork shares the pages that are there.
        for word in words {
            word.store(0, Ordering::Relaxed);
        }
        Ok(Self { words, each })
    }

    /// Notes a message; whether it was noted before.
    fn note(&self, producer: u64, number: u64) -> bool {
        let at = producer * self.each + number;
        let bit = 1 << (at % 64);
        let word = self.words.get((at / 64) as usize);
        word.is_none_or(|word| word.fetch_or(bit, Ordering::AcqRel) & bit != 0)
    }

    fn has(&self, producer: u64, number: u64) -> bool {
        let at = producer * self.each + number;
        let word = self.words.get((at / 64) as usize);
        word.is_some_and(|word| word.load(Ordering::Acquire) >> (at % 64) & 1 != 0)
    }
}

fn spawn(act: impl FnOnce() -> Result<(), Error>) -> Result<Pid, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child => exit(match act() {
            Ok(()) => 0,
            Err(Error(number)) => i32::from(number),
        }),
    }
}

fn produce(mailbox: Mailbox, producer: u64, each: u64) -> Result<(), Error> {
    for number in 0..each {
        let mut message = [0; 16];
        message[..8].copy_from_slice(&producer.to_le_bytes());
        message[8..].copy_from_slice(&number.to_le_bytes());
        mailbox.send(&message)?;
    }
    Ok(())
}

/// Receives until nobody is left to send. What one consumer gets of one producer must be in the order in which it was sent.
fn consume(mailbox: Mailbox, ledger: &Ledger) -> Result<(), Error> {
    let mut next = [0; PRODUCERS as usize];
    loop {
        let mut message = [0; 16];
        match mailbox.receive(&mut message) {
            Ok(16) => {}
            Err(Error(errno::EPIPE)) => return Ok(()),
            _ => return Err(Error(errno::EIO)),
        }
        let word =
            |at: usize| u64::from_le_bytes(message[at..at + 8].try_into().unwrap_or_default());
        let (producer, number) = (word(0), word(8));
        let Some(next) = next.get_mut(producer as usize) else {
            return Err(Error(errno::EIO));
        };
        if number < *next || ledger.note(producer, number) {
            return Err(Error(errno::EEXIST));
        }
        *next = number + 1;
    }
}

fn storm(each: u64) -> Result<bool, Error> {
    let mailbox = Mailbox::new(64, 16)?;
    let ledger = Ledger::new(each)?;
    let (sender, receiver) = (mailbox.sender()?, mailbox.receiver()?);
    mailbox.close()?;
    let mut consumers = [0; CONSUMERS];
    for consumer in &mut consumers {
        *consumer = spawn(|| {
            sender.close()?;
            consume(receiver, &ledger)
        })?;
    }
    let mut producers = [0; PRODUCERS as usize];
    for (number, producer) in (0..).zip(&mut producers) {
        *producer = spawn(|| {
            receiver.close()?;
            produce(sender, number, each)
        })?;
    }
    sender.close()?;
    receiver.close()?;
    for index in 0..KILLED {
        thread::sleep(3_000_000);
        kill(i64::from(producers[index]), SIGKILL)?;
        kill(i64::from(consumers[index]), SIGKILL)?;
    }
    let fine = ends_well(&producers)? & ends_well(&consumers)?;
    Ok(fine & judge(&ledger))
}

fn ends_well(children: &[Pid]) -> Result<bool, Error> {
    let mut fine = true;
    for (index, &child) in children.iter().enumerate() {
        let (_, ended) = wait(Some(child))?;
        let expected = match ended {
            Ended::Exited(0) => true,
            Ended::Killed(SIGKILL) => index < KILLED,
            _ => false,
        };
        if !expected {
            println!("process {index} of its kind ended with {ended:?}");
        }
        fine &= expected;
    }
    Ok(fine)
}

/// What was sent has arrived, but for what killed consumers had in their hands.
fn judge(ledger: &Ledger) -> bool {
    let mut missing = 0;
    let mut whole = 0;
    for producer in 0..PRODUCERS {
        let last = (0..ledger.each)
            .rev()
            .find(|&number| ledger.has(producer, number));
        let sent = last.map_or(0, |last| last + 1);
        missing += (0..sent)
            .filter(|&number| !ledger.has(producer, number))
            .count();
        whole += u64::from(sent == ledger.each);
        if producer >= KILLED as u64 && sent < ledger.each.saturating_sub(KILLED as u64) {
            println!(
                "producer {producer}: only {sent} of {} arrived",
                ledger.each
            );
            return false;
        }
    }
    let fine = missing <= KILLED && whole >= PRODUCERS - 2 * KILLED as u64;
    println!(
        "nothing doubled, nothing reordered, {}",
        if fine {
            "nothing lost"
        } else {
            "but messages are lost"
        }
    );
    fine
}
