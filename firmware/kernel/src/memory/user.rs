//! The user's memory as the kernel reads and writes it: by walking the page table, never through the user's own addresses.

use abi::errno;

use super::space::{Refused, Space};
use super::{Memory, direct};
use crate::fault::Access;
use crate::layout::{PAGE, USER_END};

/// Copies bytes out of a process.
///
/// # Errors
/// [`errno::EFAULT`]: the process could not read them itself.
pub fn read(
    memory: &mut Memory,
    space: &mut Space,
    address: u64,
    into: &mut [u8],
) -> Result<(), Refused> {
    let mut done = 0;
    while done < into.len() {
        let at = place(address, done)?;
        let frame = space.resolve(memory, at, Access::Read)?;
        done += direct::read_bytes(frame, (at % PAGE) as usize, &mut into[done..]);
    }
    Ok(())
}

/// Copies bytes into a process.
///
/// # Errors
/// [`errno::EFAULT`]: the process could not write there itself. What lies before that place is written.
pub fn write(
    memory: &mut Memory,
    space: &mut Space,
    address: u64,
    from: &[u8],
) -> Result<(), Refused> {
    write_as(memory, space, address, from, Access::Write)
}

/// Copies bytes into a process as if it made accesses of another kind: a loader fills what the process may only read.
///
/// # Errors
/// As [`write`].
pub fn write_as(
    memory: &mut Memory,
    space: &mut Space,
    address: u64,
    from: &[u8],
    access: Access,
) -> Result<(), Refused> {
    let mut done = 0;
    while done < from.len() {
        let at = place(address, done)?;
        let frame = space.resolve(memory, at, access)?;
        done += direct::write_bytes(frame, (at % PAGE) as usize, &from[done..]);
    }
    Ok(())
}

fn place(address: u64, offset: usize) -> Result<u64, Refused> {
    address
        .checked_add(offset as u64)
        .filter(|&at| at < USER_END)
        .ok_or(errno::EFAULT)
}

/// Reads a word.
///
/// # Errors
/// As [`read`].
pub fn read_u64(memory: &mut Memory, space: &mut Space, address: u64) -> Result<u64, Refused> {
    let mut bytes = [0; 8];
    read(memory, space, address, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads text that ends with a zero byte into `into`; what comes before the zero.
///
/// # Errors
/// [`errno::ENAMETOOLONG`] when no zero comes soon enough, else as [`read`].
pub fn read_text<'b>(
    memory: &mut Memory,
    space: &mut Space,
    address: u64,
    into: &'b mut [u8],
) -> Result<&'b [u8], Refused> {
    for index in 0..into.len() {
        let at = place(address, index)?;
        read(memory, space, at, &mut into[index..=index])?;
        if into[index] == 0 {
            return Ok(&into[..index]);
        }
    }
    Err(errno::ENAMETOOLONG)
}
