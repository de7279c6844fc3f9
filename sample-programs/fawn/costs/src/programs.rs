//! Processes, programs and threads that come and go.

use core::ptr::null;

use fawn::alloc::ffi::CString;
use fawn::alloc::format;
use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, exit, fork, wait};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, errno, thread};

use crate::instret::{between, least, least_of, read};
use crate::memory::Pages;

/// Pages that the process has besides its program's and its stack's.
const PAGES: u64 = 32;

/// A process of 32 touched pages becomes two, of which one ends at once.
pub fn fork_exit_wait() -> Result<u64, Error> {
    let pages = Pages::fresh(PAGES)?;
    pages.touch();
    least_of(|| match fork()? {
        Fork::Child => exit(0),
        Fork::Parent(child) => match wait(Some(child))?.1 {
            Ended::Exited(0) => Ok(()),
            _ => Err(Error(errno::ECHILD)),
        },
    })
}

/// What the first argument is when the program was executed to be measured; the mailbox for the result and the count
/// follow.
pub const EXECUTED: &str = "executed";

/// From the call to the first line of `main` in the new program, which is this program again.
pub fn execve(own_path: &str) -> Result<u64, Error> {
    let result = Mailbox::inherited(1, 8)?;
    let cost = least(|| {
        let child = match fork()? {
            Fork::Parent(child) => child,
            Fork::Child => {
                let _ = execute(own_path, result);
                exit(1)
            }
        };
        match wait(Some(child))?.1 {
            Ended::Exited(0) => {}
            _ => return Err(Error(errno::ENOEXEC)),
        }
        let mut cost = [0; 8];
        result.receive(&mut cost)?;
        Ok(Some(u64::from_le_bytes(cost)))
    });
    result.close()?;
    cost
}

/// Becomes this program again, telling it the count at the call.
fn execute(own_path: &str, result: Mailbox) -> Result<u64, Error> {
    let text = |text: &str| CString::new(text).map_err(|_| Error(errno::EINVAL));
    let (path, executed) = (text(own_path)?, text(EXECUTED)?);
    let descriptor = text(&format!("{}", result.0))?;
    let mut count = [0; DIGITS + 1];
    let arguments = [
        path.as_ptr(),
        executed.as_ptr(),
        descriptor.as_ptr(),
        count.as_ptr().cast(),
        null(),
    ];
    // Writing the count down takes the same number of instructions every time: known now, and added to it then.
    let before = read();
    write_down(before, &mut count);
    let writing = read() - before;
    write_down(read() + writing, &mut count);
    let arguments = arguments.as_ptr() as u64;
    call(Number::Execve, [path.as_ptr() as u64, arguments, 0, 0])
}

/// The new program's part: sends what the call has cost.
pub fn tell_execution(arguments: Arguments, now: u64) -> i32 {
    let told = || {
        let before = read_back(arguments.get(3)?);
        let cost = between(before, now).to_le_bytes();
        Mailbox(arguments.number(2)?).send(&cost).ok()
    };
    told().map_or(1, |()| 0)
}

/// A count as text: a letter for each four bits.
const DIGITS: usize = 16;

#[inline(never)]
fn write_down(count: u64, text: &mut [u8; DIGITS + 1]) {
    for (index, letter) in text.iter_mut().take(DIGITS).enumerate() {
        *letter = b'a' + (count >> (4 * index) & 15) as u8;
    }
}

fn read_back(text: &str) -> u64 {
    let digits = text.bytes().rev().map(|letter| letter.wrapping_sub(b'a'));
    digits.fold(0, |count, digit| count << 4 | u64::from(digit & 15))
}

/// A thread that does nothing, from before it is made to after it is joined.
pub fn thread() -> Result<u64, Error> {
    least_of(|| {
        let done = thread::spawn(|| ())?.join();
        done.ok_or(Error(errno::ECHILD))
    })
}
