//! Copy on write: a fork copies no page. Both processes share all pages until one of them writes to one; only that page is
//! copied then, when it is written to.
//!
//! The count of the machine's free frames shows it. One process at a time does something here, and counts before and after.
#![no_std]
#![no_main]

use core::cell::UnsafeCell;

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, println};

fawn::main!(main);

const PAGE: usize = 4096;
/// Pages to look at.
const PAGES: usize = 64;
/// So many of them the child writes to.
const BY_CHILD: usize = 5;
/// So many of them the parent writes to afterwards, those of the child among them.
const BY_PARENT: usize = 12;

/// Whole pages, of which this program uses the first byte each.
#[repr(align(4096))]
struct Pages(UnsafeCell<[[u8; PAGE]; PAGES]>);

// SAFETY: the processes here have one thread each.
unsafe impl Sync for Pages {}

static MEMORY: Pages = Pages(UnsafeCell::new([[0; PAGE]; PAGES]));

impl Pages {
    fn place(&self, page: usize) -> *mut u8 {
        self.0.get().cast::<u8>().wrapping_add(page % PAGES * PAGE)
    }

    /// Writes to the first pages.
    fn write(&self, count: usize, value: u8) {
        for page in 0..count {
            // SAFETY: the place is within the pages, and nothing else refers to it.
            unsafe { self.place(page).write_volatile(value) };
        }
    }

    /// How many pages have a value.
    fn count(&self, value: u8) -> usize {
        // SAFETY: as above.
        let has = |page: &usize| unsafe { self.place(*page).read_volatile() } == value;
        (0..PAGES).filter(has).count()
    }
}

/// Frames of the machine that are free.
fn free() -> Result<u64, Error> {
    const FREE: usize = 5;
    let mut words = [0u64; 14];
    call(Number::Sysinfo, [words.as_mut_ptr() as u64, 0, 0, 0])?;
    Ok(words[FREE])
}

/// How many frames something takes.
fn cost(act: impl FnOnce() -> Result<(), Error>) -> Result<i64, Error> {
    // The first count sees to it that the stack's page is this process's own.
    free()?;
    let before = free()?;
    act()?;
    Ok(before as i64 - free()? as i64)
}

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("copy-on-write: {error}");
            1
        }
    }
}

/// Says what something took, and whether that is right.
fn report(what: &str, frames: i64, expected: i64) -> bool {
    println!("{what}: {frames} frames");
    frames == expected
}

fn show() -> Result<bool, Error> {
    println!("{PAGES} pages");
    let small = cost_of_fork()?;
    let written = cost(|| {
        MEMORY.write(PAGES, 1);
        Ok(())
    })?;
    let mut right = report("writing to all for the first time", written, PAGES as i64);
    let large = cost_of_fork()?;
    right &= report(
        "a fork, more than before they were written to",
        large - small,
        0,
    );

    let (turn, told) = (Mailbox::new(1, 8)?, Mailbox::new(1, 8)?);
    let before = free()?;
    let child = match fork()? {
        Fork::Child => exit(i32::from(be_child(turn, told).is_err())),
        Fork::Parent(child) => child,
    };
    // Said before anything is counted: what the parent's stack needs it has from here on.
    println!("forked: parent and child share all");
    let mut ask = |what: &str, expected| -> Result<(), Error> {
        turn.send(&[])?;
        let mut message = [0; 8];
        told.receive(&mut message)?;
        right &= report(what, i64::from_le_bytes(message), expected);
        Ok(())
    };
    ask("the child reads all", 0)?;
    ask("the child writes to 5", BY_CHILD as i64)?;
    ask("the child writes to the same 5 again", 0)?;
    let written = cost(|| {
        MEMORY.write(BY_PARENT, 3);
        Ok(())
    })?;
    // The first five the child has left to the parent.
    let expected = (BY_PARENT - BY_CHILD) as i64;
    right &= report(
        "the parent writes to the same 5 and 7 more",
        written,
        expected,
    );
    turn.send(&[])?;
    right &= wait(Some(child))?.1 == Ended::Exited(0);
    let missing = before as i64 - free()? as i64;
    right &= report("all that, after the child has ended", missing, 0);
    let (own, old) = (MEMORY.count(3), MEMORY.count(1));
    println!("the parent sees {own} pages that it wrote to after the fork, {old} from before");
    Ok(right && own == BY_PARENT && old == PAGES - BY_PARENT)
}

/// What it takes to fork a process that only waits for its end.
fn cost_of_fork() -> Result<i64, Error> {
    let (ready, end) = (Mailbox::new(1, 1)?, Mailbox::new(1, 1)?);
    let mut child = None;
    let frames = cost(|| {
        if let Fork::Parent(pid) = fork()? {
            child = Some(pid);
            return ready.receive(&mut [0]).map(|_| ());
        }
        let live = || {
            ready.send(&[0])?;
            end.receive(&mut [0])
        };
        exit(i32::from(live().is_err()))
    })?;
    end.send(&[0])?;
    wait(child)?;
    fawn::file::close(ready.0)?;
    fawn::file::close(end.0)?;
    Ok(frames)
}

/// The child's side: it tells what each of its steps took.
fn be_child(turn: Mailbox, told: Mailbox) -> Result<(), Error> {
    let step = |act: &dyn Fn()| {
        turn.receive(&mut [])?;
        let frames = cost(|| {
            act();
            Ok(())
        })?;
        told.send(&frames.to_le_bytes())
    };
    step(&|| {
        // The parent's, as at the fork.
        if MEMORY.count(1) != PAGES {
            exit(1);
        }
    })?;
    step(&|| MEMORY.write(BY_CHILD, 2))?;
    step(&|| MEMORY.write(BY_CHILD, 2))?;
    turn.receive(&mut [])?;
    // What the parent wrote meanwhile is not to be seen here.
    match (MEMORY.count(2), MEMORY.count(1)) {
        (BY_CHILD, old) if old == PAGES - BY_CHILD => Ok(()),
        _ => exit(1),
    }
}
