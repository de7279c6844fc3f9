//! Eight producers and eight consumers at one mailbox, some of each killed on the way: nothing is lost, doubled or reordered.
//!
//! `storm [COUNT] [SEED]`: so many messages in all. Consumers note what they got in memory that all processes share, a bit for each message. By
//! a seed, half of each kind are killed, whoever and whenever it says; without one, the first two.
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
/// Of each kind, so many are killed, or so many by a seed.
const KILLED: usize = 2;
const KILLED_BY_SEED: usize = 4;
/// Without a seed, nanoseconds between two kills; with one, at most so many for each message.
const PAUSE: u64 = 3_000_000;
const PAUSE_EACH: u64 = 100;
const SIGKILL: u32 = 9;

fn main(arguments: Arguments) -> i32 {
    let count = arguments.number(1).map_or(20_000, u64::from);
    match storm(count / PRODUCERS, arguments.number(2)) {
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

/// Who is killed, and when: two processes of each kind, and the nanoseconds before.
struct Plan {
    random: u64,
    seeded: bool,
    each: u64,
}

impl Plan {
    fn new(seed: Option<u32>, each: u64) -> Self {
        Self {
            random: seed.map_or(0, u64::from),
            seeded: seed.is_some(),
            each,
        }
    }

    fn kills(&self) -> usize {
        if self.seeded { KILLED_BY_SEED } else { KILLED }
    }

    /// A random number below `end` (SplitMix64).
    fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.random ^ self.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ word >> 31) % end.max(1)
    }

    fn pause(&mut self) -> u64 {
        match self.seeded {
            true => self.below(self.each * PRODUCERS * PAUSE_EACH),
            false => PAUSE,
        }
    }

    /// The victims among so many, each at most once.
    fn victims<const COUNT: usize>(&mut self) -> [usize; COUNT] {
        let mut order = core::array::from_fn(|index| index);
        if self.seeded {
            for index in (1..COUNT).rev() {
                order.swap(index, self.below(index as u64 + 1) as usize);
            }
        }
        order
    }
}

fn storm(each: u64, seed: Option<u32>) -> Result<bool, Error> {
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
    let mut plan = Plan::new(seed, each);
    let kills = plan.kills();
    let (from, to) = (plan.victims::<8>(), plan.victims::<CONSUMERS>());
    let (from, to) = (&from[..kills], &to[..kills]);
    for (&producer, &consumer) in from.iter().zip(to) {
        // Who has ended already cannot be killed any more.
        for victim in [producers[producer], consumers[consumer]] {
            thread::sleep(plan.pause());
            let _ = kill(i64::from(victim), SIGKILL);
        }
    }
    let mut at_work = 0;
    let fine =
        ends_well(&producers, from, &mut at_work)? & ends_well(&consumers, to, &mut at_work)?;
    if seed.is_some() {
        println!("killed at work: {at_work}");
    }
    Ok(fine & judge(&ledger, from))
}

fn ends_well(children: &[Pid], victims: &[usize], at_work: &mut u32) -> Result<bool, Error> {
    let mut fine = true;
    for (index, &child) in children.iter().enumerate() {
        let (_, ended) = wait(Some(child))?;
        let expected = match ended {
            Ended::Exited(0) => true,
            Ended::Killed(SIGKILL) => {
                *at_work += 1;
                victims.contains(&index)
            }
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
fn judge(ledger: &Ledger, killed: &[usize]) -> bool {
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
        let was_killed = killed.contains(&(producer as usize));
        if !was_killed && sent < ledger.each.saturating_sub(killed.len() as u64) {
            println!(
                "producer {producer}: only {sent} of {} arrived",
                ledger.each
            );
            return false;
        }
    }
    // A consumer that was killed had one message in its hands at most.
    let fine = missing <= killed.len() && whole + 2 * killed.len() as u64 >= PRODUCERS;
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
