//! Out of memory: Fawn promises no memory that it does not have.
//!
//! Who asks for too much (mmap, brk, fork) is told so at the call, when it can still do something about it. What was promised
//! is there: touching it never fails, even if it is all that could be had.
#![no_std]
#![no_main]

use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::syscall::{Number, call, call6};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

const PAGE: u64 = 4096;
/// More pages than any machine here has.
const TOO_MANY: u64 = 1 << 24;
const REFUSED: Error = Error(errno::ENOMEM);

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("out-of-memory: {error}");
            1
        }
    }
}

/// Asks for pages anywhere.
fn map(pages: u64) -> Result<u64, Error> {
    const READ_WRITE: u64 = 3;
    const PRIVATE_ANONYMOUS: u64 = 0x22;
    call6(
        Number::Mmap,
        [0, pages * PAGE, READ_WRITE, PRIVATE_ANONYMOUS, u64::MAX, 0],
    )
}

fn unmap(start: u64, pages: u64) -> Result<(), Error> {
    call(Number::Munmap, [start, pages * PAGE, 0, 0]).map(|_| ())
}

/// Moves the heap's end; where it is then, which is where it was if there is too little memory.
fn set_break(end: u64) -> Result<u64, Error> {
    call(Number::Brk, [end, 0, 0, 0])
}

/// The most pages that a question says yes to.
fn most(mut may_have: impl FnMut(u64) -> Result<bool, Error>) -> Result<u64, Error> {
    let (mut enough, mut too_many) = (0, TOO_MANY);
    while too_many - enough > 1 {
        let middle = enough.midpoint(too_many);
        if may_have(middle)? {
            enough = middle;
        } else {
            too_many = middle;
        }
    }
    Ok(enough)
}

/// Writes to every page from an address on, and then looks whether each has what was written to it.
fn touch(start: u64, pages: u64) -> bool {
    let place = |page: u64| (start + page * PAGE) as *mut u64;
    for page in 0..pages {
        // SAFETY: the kernel has given these pages to this process, and nothing else is there.
        unsafe { place(page).write_volatile(page) };
    }
    // SAFETY: as above.
    (0..pages).all(|page| unsafe { place(page).read_volatile() } == page)
}

fn show() -> Result<bool, Error> {
    let too_much = map(TOO_MANY);
    println!(
        "mmap of far more than there is: {:?}",
        too_much.map(|_| "granted")
    );
    let mut right = too_much == Err(REFUSED);
    right &= with_mmap()?;
    right &= with_brk()?;
    Ok(right)
}

fn with_mmap() -> Result<bool, Error> {
    let pages = most(|pages| match map(pages) {
        Ok(start) => unmap(start, pages).map(|()| true),
        Err(REFUSED) => Ok(false),
        Err(error) => Err(error),
    })?;
    let start = map(pages)?;
    let more = map(pages);
    println!(
        "mmap of all that can be had: granted; of as much again: {:?}",
        more.map(|_| "granted")
    );
    let touched = touch(start, pages);
    println!("every page of it was written to and read: {touched}");
    // A copy could come to need as much again.
    let forked = fork();
    if forked == Ok(Fork::Child) {
        exit(0);
    }
    println!("fork with all that: {:?}", forked.map(|_| "granted"));
    unmap(start, pages)?;
    let ended = match fork()? {
        Fork::Child => exit(0),
        Fork::Parent(pid) => wait(Some(pid))?.1,
    };
    println!("fork after munmap: granted, {ended:?}");
    Ok(more == Err(REFUSED) && touched && forked == Err(REFUSED) && ended == Ended::Exited(0))
}

fn with_brk() -> Result<bool, Error> {
    let begin = set_break(0)?;
    let refused = set_break(begin + TOO_MANY * PAGE)? == begin;
    println!("brk to far more than there is: refused: {refused}");
    let pages = most(|pages| {
        let end = begin + pages * PAGE;
        let granted = set_break(end)? == end;
        set_break(begin)?;
        Ok(granted)
    })?;
    let granted = set_break(begin + pages * PAGE)? == begin + pages * PAGE;
    let full = map(pages);
    println!(
        "brk to all that can be had: granted: {granted}; mmap then: {:?}",
        full.map(|_| "granted")
    );
    let touched = touch(begin, pages);
    println!("every page of it was written to and read: {touched}");
    let given_back = set_break(begin)? == begin;
    Ok(refused && granted && full == Err(REFUSED) && touched && given_back)
}
