//! One virtual address, two contents: what an address means is up to the process's page table.
//!
//! After a fork both processes have the same addresses with the same contents. From then on each writes to memory of its own:
//! neither ever sees what the other wrote.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU64, Ordering};

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::syscall::{Number, call6};
use fawn::{Arguments, Error, println};

fawn::main!(main);

/// Where the memory is to be that is looked at.
const ADDRESS: u64 = 0x1000_0000;
const BEFORE: u64 = 1111;
const CHILDS: u64 = 2222;
const PARENTS: u64 = 3333;

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("same-address: {error}");
            1
        }
    }
}

/// A page of memory at the address.
fn map() -> Result<&'static AtomicU64, Error> {
    const READ_WRITE: u64 = 3;
    const PRIVATE: u64 = 2;
    const FIXED: u64 = 0x10;
    const ANONYMOUS: u64 = 0x20;
    let flags = PRIVATE | FIXED | ANONYMOUS;
    call6(
        Number::Mmap,
        [ADDRESS, 4096, READ_WRITE, flags, u64::MAX, 0],
    )?;
    // SAFETY: the page has just been mapped there, for reading and writing, and stays.
    Ok(unsafe { AtomicU64::from_ptr(ADDRESS as *mut u64) })
}

/// Says what somebody sees at the address.
fn look(who: &str, word: &AtomicU64) -> u64 {
    let value = word.load(Ordering::Relaxed);
    println!("{who}: at {word:p} I see {value}", word = word.as_ptr());
    value
}

fn show() -> Result<bool, Error> {
    let word = map()?;
    // The turn goes from one to the other with these.
    let (to_child, to_parent) = (Mailbox::new(1, 8)?, Mailbox::new(1, 8)?);
    word.store(BEFORE, Ordering::Relaxed);
    println!("before the fork {BEFORE} is written");
    let child = match fork()? {
        Fork::Child => exit(be_child(word, to_child, to_parent)),
        Fork::Parent(child) => child,
    };
    let mut right = look("parent", word) == BEFORE;
    to_child.send(&[])?;
    to_parent.receive(&mut [])?;
    right &= look("parent", word) == BEFORE;
    word.store(PARENTS, Ordering::Relaxed);
    println!("parent: writes {PARENTS}");
    right &= look("parent", word) == PARENTS;
    to_child.send(&[])?;
    right &= wait(Some(child))?.1 == Ended::Exited(0);
    right &= look("parent", word) == PARENTS;
    Ok(right)
}

/// The child's side; 0 if it saw what it should.
fn be_child(word: &AtomicU64, turn: Mailbox, done: Mailbox) -> i32 {
    let step = || -> Result<bool, Error> {
        turn.receive(&mut [])?;
        let mut right = look("child", word) == BEFORE;
        word.store(CHILDS, Ordering::Relaxed);
        println!("child: writes {CHILDS}");
        right &= look("child", word) == CHILDS;
        done.send(&[])?;
        turn.receive(&mut [])?;
        right &= look("child", word) == CHILDS;
        Ok(right)
    };
    i32::from(step() != Ok(true))
}
