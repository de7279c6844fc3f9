//! Two that take turns on one hart.

use core::arch::asm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fawn::alloc::sync::Arc;
use fawn::alloc::vec;
use fawn::mailbox::Mailbox;
use fawn::process::{Fork, Pid, fork, kill, wait};
use fawn::syscall::Number;
use fawn::{Error, errno, file, thread};

use crate::instret::{between, least, least_of};
use crate::memory::{PAGE, Pages};

/// Another process, until it is dropped.
pub struct Partner(pub Pid);

impl Partner {
    /// Has another process do its half over and over.
    fn begin(mut half: impl FnMut() -> Result<(), Error>) -> Result<Self, Error> {
        match fork()? {
            Fork::Parent(pid) => Ok(Self(pid)),
            Fork::Child => loop {
                if half().is_err() {
                    fawn::process::exit(1);
                }
            },
        }
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        const KILL: u32 = 9;
        let _ = kill(i64::from(self.0), KILL);
        let _ = wait(Some(self.0));
    }
}

/// `sched_yield` and nothing else: what passes until the caller runs again. With `FLOAT`, a floating-point register was
/// written before.
#[inline(always)]
fn bare_yield<const FLOAT: bool>() -> (u64, u64) {
    let (before, after): (u64, u64);
    if FLOAT {
        // SAFETY: writes a register that it says it writes.
        unsafe { asm!("fmv.d.x ft0, zero", out("ft0") _, options(nostack)) };
    }
    // SAFETY: the call changes no memory.
    unsafe {
        asm!("rdinstret {before}", "ecall", "rdinstret {after}",
             before = out(reg) before, after = out(reg) after, lateout("a0") _,
             in("a7") Number::SchedYield as u64, options(nostack));
    }
    (before, after)
}

/// Counts a turn, and gives the hart away.
#[inline(always)]
fn take_turn<const FLOAT: bool>(turns: &AtomicU64) {
    turns.store(turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    bare_yield::<FLOAT>();
}

/// Half of the way there and back, when the other had one turn in between.
fn one_way<const FLOAT: bool>(turns: &AtomicU64) -> Result<u64, Error> {
    least(|| {
        let begun = turns.load(Ordering::Relaxed);
        let (before, after) = bare_yield::<FLOAT>();
        let taken = turns.load(Ordering::Relaxed) - begun;
        Ok((taken == 1).then_some(between(before, after) / 2))
    })
}

fn between_processes<const FLOAT: bool>() -> Result<u64, Error> {
    let page = Pages::shared(1)?;
    page.touch();
    // SAFETY: the page is for this word, aligned and zero at first, and outlives its last use; both processes write it
    // atomically.
    let turns = unsafe { AtomicU64::from_ptr(page.start() as *mut u64) };
    let _partner = Partner::begin(|| {
        take_turn::<FLOAT>(turns);
        Ok(())
    })?;
    one_way::<FLOAT>(turns)
}

/// From one process to another.
pub fn yield_process() -> Result<u64, Error> {
    between_processes::<false>()
}

/// The same when both have written floating-point registers.
pub fn yield_process_float() -> Result<u64, Error> {
    between_processes::<true>()
}

/// From one thread to another of the same process.
pub fn yield_thread() -> Result<u64, Error> {
    let shared = Arc::new((AtomicU64::new(0), AtomicBool::new(false)));
    let others = Arc::clone(&shared);
    let partner = thread::spawn(move || {
        let (turns, over) = &*others;
        while !over.load(Ordering::Relaxed) {
            take_turn::<false>(turns);
        }
    })?;
    let (turns, over) = &*shared;
    let cost = one_way::<false>(turns);
    over.store(true, Ordering::Relaxed);
    partner.join();
    cost
}

/// Eight bytes to another process and back: four calls.
pub fn mailbox_round_trip() -> Result<u64, Error> {
    let (there, back) = (Mailbox::new(1, 8)?, Mailbox::new(1, 8)?);
    let partner = Partner::begin(|| {
        let mut message = [0; 8];
        there.receive(&mut message)?;
        back.send(&message)
    })?;
    let mut message = [7; 8];
    let cost = least_of(|| {
        there.send(&message)?;
        back.receive(&mut message).map(|_| ())
    });
    drop(partner);
    there.close()?;
    back.close()?;
    cost
}

/// The same by two pipes.
pub fn pipe_round_trip() -> Result<u64, Error> {
    let ((here, back), (there, forth)) = (file::pipe()?, file::pipe()?);
    let _partner = Partner::begin(|| {
        let mut message = [0; 8];
        there.read(&mut message)?;
        back.write_all(&message)
    })?;
    let mut message = [7; 8];
    least_of(|| {
        forth.write_all(&message)?;
        here.read(&mut message).map(|_| ())
    })
}

/// The same by a request and its reply: two calls, one of each process.
pub fn call_and_reply() -> Result<u64, Error> {
    let requests = Mailbox::new(1, 8)?;
    let mut caller = None;
    let partner = Partner::begin(|| {
        let mut request = [0; 8];
        caller = requests.reply_wait(caller, &[7; 8], &mut request)?.1;
        Ok(())
    })?;
    let mut reply = [0; 8];
    let cost = least_of(|| requests.call(&[7; 8], &mut reply).map(|_| ()));
    drop(partner);
    requests.close()?;
    cost
}

/// Bytes of the largest message that is copied.
const COPIED: usize = 32 << 10;
/// Bytes of the largest message of all; it goes by its pages.
const LARGEST: usize = 1 << 20;

/// The largest copied message into a mailbox and out again, by one thread: two calls, two copies.
pub fn copied_message() -> Result<u64, Error> {
    let sent = vec![7; COPIED];
    let mut received = vec![0; COPIED];
    let cost = there_and_back(&sent, &mut received)?;
    match sent == received {
        true => Ok(cost),
        false => Err(Error(errno::EIO)),
    }
}

/// The largest message, whose pages were written before and are the receiver's afterwards.
pub fn message_of_pages() -> Result<u64, Error> {
    let count = LARGEST as u64 / PAGE;
    let (from, into) = (Pages::fresh(count)?, Pages::fresh(count)?);
    from.touch();
    // SAFETY: the two mappings are nobody else's, and outlive the slices.
    let (sent, received) = unsafe {
        (
            core::slice::from_raw_parts(from.start() as *const u8, LARGEST),
            core::slice::from_raw_parts_mut(into.start() as *mut u8, LARGEST),
        )
    };
    let cost = there_and_back(sent, received)?;
    match sent == received {
        true => Ok(cost),
        false => Err(Error(errno::EIO)),
    }
}

fn there_and_back(sent: &[u8], received: &mut [u8]) -> Result<u64, Error> {
    let mailbox = Mailbox::new(1, sent.len() as u32)?;
    let cost = least_of(|| {
        mailbox.send(sent)?;
        mailbox.receive(received).map(|_| ())
    });
    mailbox.close()?;
    cost
}
