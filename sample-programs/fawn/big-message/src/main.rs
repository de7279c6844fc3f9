//! A large message shares the pages of its sender: nothing is copied until one side writes, and neither sees the other's writes.
#![no_std]
#![no_main]

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::syscall::{Number, call, call6};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

const BYTES: usize = 1 << 20;
const PAGE: usize = 4096;

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(()) => 0,
        Err(error) => {
            println!("big-message: {error}");
            1
        }
    }
}

/// Fresh pages.
fn pages() -> Result<&'static mut [u8], Error> {
    const READ_WRITE: u64 = 3;
    const PRIVATE_ANONYMOUS: u64 = 0x22;
    let arguments = [0, BYTES as u64, READ_WRITE, PRIVATE_ANONYMOUS, u64::MAX, 0];
    let start = call6(Number::Mmap, arguments)?;
    // SAFETY: the kernel has just given these pages to the program.
    Ok(unsafe { core::slice::from_raw_parts_mut(start as *mut u8, BYTES) })
}

/// Frames that are free, in the whole machine.
fn free_frames() -> Result<u64, Error> {
    let mut words = [0u64; 14];
    call(Number::Sysinfo, [words.as_mut_ptr() as u64, 0, 0, 0])?;
    Ok(words[5])
}

fn show() -> Result<(), Error> {
    let letters = Mailbox::new(1, BYTES as u32)?;
    let done = Mailbox::new(1, 8)?;
    let buffer = pages()?;
    for (index, page) in buffer.chunks_exact_mut(PAGE).enumerate() {
        page[0] = index as u8;
    }
    let child = match fork()? {
        Fork::Parent(pid) => pid,
        Fork::Child => exit(match receive(letters, done) {
            Ok(()) => 0,
            Err(error) => {
                println!("receiver: {error}");
                1
            }
        }),
    };
    let before = free_frames()?;
    letters.send(buffer)?;
    // What the sender writes now is its own.
    buffer[0] = 99;
    done.receive(&mut [0; 8])?;
    let used = before.saturating_sub(free_frames()?);
    println!(
        "sent 1 MiB: {} frames used for {} pages",
        if used < 16 { "few" } else { "many" },
        BYTES / PAGE
    );
    match wait(Some(child))? {
        (_, Ended::Exited(0)) => Ok(()),
        _ => Err(Error(errno::EIO)),
    }
}

fn receive(letters: Mailbox, done: Mailbox) -> Result<(), Error> {
    // Without a buffer the kernel chooses the place.
    let arguments = [u64::from(letters.0), 0, 0, u64::MAX, 0, 0];
    let place = call6(Number::MailboxRecv, arguments)?;
    // SAFETY: the kernel has mapped the message there, for this process.
    let message = unsafe { core::slice::from_raw_parts_mut(place as *mut u8, BYTES) };
    let fine = message
        .chunks_exact(PAGE)
        .enumerate()
        .all(|(index, page)| page[0] == index as u8);
    println!(
        "received 1 MiB, {}",
        if fine {
            "as it was sent"
        } else {
            "but not as it was sent"
        }
    );
    message[PAGE] = 77;
    println!("the receiver writes to a page of its own");
    done.send(&[1])
}
