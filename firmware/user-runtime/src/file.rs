//! Files, directories and pipes.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;

use abi::errno;
use abi::file::{AT_FDCWD, AT_REMOVEDIR, STAT_BYTES};
use abi::syscall::Syscall;

pub use abi::file as flags;

use crate::Error;
use crate::io::write_all;
use crate::syscall::call;

const HERE: u64 = AT_FDCWD as u64;

fn text(path: &str) -> Result<CString, Error> {
    CString::new(path).map_err(|_| Error(errno::EINVAL))
}

/// An open descriptor; dropping it closes it.
#[derive(Debug)]
pub struct File(pub u32);

impl Drop for File {
    fn drop(&mut self) {
        let _ = close(self.0);
    }
}

/// Closes a descriptor.
///
/// # Errors
/// There is none of that number.
pub fn close(descriptor: u32) -> Result<(), Error> {
    call(Syscall::Close, [u64::from(descriptor), 0, 0, 0]).map(|_| ())
}

/// Keeps a descriptor from the next program.
///
/// # Errors
/// It is not open.
pub fn close_on_exec(descriptor: u32) -> Result<(), Error> {
    const F_SETFD: u64 = 2;
    const FD_CLOEXEC: u64 = 1;
    call(
        Syscall::Fcntl,
        [u64::from(descriptor), F_SETFD, FD_CLOEXEC, 0],
    )
    .map(|_| ())
}

/// Puts what one descriptor leads to under another number.
///
/// # Errors
/// There is none of that number.
pub fn duplicate_to(from: u32, to: u32) -> Result<(), Error> {
    if from == to {
        return Ok(());
    }
    call(Syscall::Dup3, [u64::from(from), u64::from(to), 0, 0]).map(|_| ())
}

/// A pipe: to read from, to write to.
///
/// # Errors
/// Too many descriptors, no memory.
pub fn pipe() -> Result<(File, File), Error> {
    let mut ends = [0u32; 2];
    call(Syscall::Pipe2, [ends.as_mut_ptr() as u64, 0, 0, 0])?;
    Ok((File(ends[0]), File(ends[1])))
}

impl File {
    /// Opens a file with flags of [`flags`].
    ///
    /// # Errors
    /// It is not there, or not what the flags want.
    pub fn open(path: &str, flags: u64) -> Result<Self, Error> {
        let path = text(path)?;
        let descriptor = call(Syscall::Openat, [HERE, path.as_ptr() as u64, flags, 0o666])?;
        Ok(Self(descriptor as u32))
    }

    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// As the kernel says.
    pub fn read(&self, into: &mut [u8]) -> Result<usize, Error> {
        read(self.0, into)
    }

    /// Writes all of the bytes.
    ///
    /// # Errors
    /// As the kernel says; part may be written then.
    pub fn write_all(&self, bytes: &[u8]) -> Result<(), Error> {
        write_all(self.0, bytes)
    }

    /// Keeps the descriptor open for good; its number.
    #[must_use]
    pub fn into_descriptor(self) -> u32 {
        let descriptor = self.0;
        core::mem::forget(self);
        descriptor
    }
}

/// Reads some bytes from a descriptor; 0 at the end.
///
/// # Errors
/// As the kernel says.
pub fn read(descriptor: u32, into: &mut [u8]) -> Result<usize, Error> {
    let arguments = [
        u64::from(descriptor),
        into.as_mut_ptr() as u64,
        into.len() as u64,
        0,
    ];
    call(Syscall::Read, arguments).map(|count| count as usize)
}

/// Reads everything from a descriptor.
///
/// # Errors
/// As the kernel says.
pub fn read_to_end(descriptor: u32) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    let mut bytes = [0; 1024];
    loop {
        match read(descriptor, &mut bytes)? {
            0 => return Ok(all),
            count => all.extend_from_slice(&bytes[..count]),
        }
    }
}

/// Makes a directory.
///
/// # Errors
/// It is there, or has no place to be.
pub fn make_directory(path: &str) -> Result<(), Error> {
    let path = text(path)?;
    call(Syscall::Mkdirat, [HERE, path.as_ptr() as u64, 0o755, 0]).map(|_| ())
}

/// Removes a file, or an empty directory.
///
/// # Errors
/// It is not there, or not empty.
pub fn remove(path: &str) -> Result<(), Error> {
    let text = text(path)?;
    let at = text.as_ptr() as u64;
    match call(Syscall::Unlinkat, [HERE, at, 0, 0]) {
        Err(Error(errno::EISDIR)) => {
            call(Syscall::Unlinkat, [HERE, at, AT_REMOVEDIR, 0]).map(|_| ())
        }
        other => other.map(|_| ()),
    }
}

/// Goes to a directory.
///
/// # Errors
/// There is none of that name.
pub fn change_directory(path: &str) -> Result<(), Error> {
    let path = text(path)?;
    call(Syscall::Chdir, [path.as_ptr() as u64, 0, 0, 0]).map(|_| ())
}

/// Where the process is.
///
/// # Errors
/// The place has been removed.
pub fn current_directory() -> Result<String, Error> {
    let mut bytes = [0u8; 512];
    let count = call(
        Syscall::Getcwd,
        [bytes.as_mut_ptr() as u64, bytes.len() as u64, 0, 0],
    )?;
    let path = &bytes[..(count as usize).saturating_sub(1)];
    Ok(String::from_utf8_lossy(path).into_owned())
}

/// What is known about a file.
#[derive(Clone, Copy, Debug)]
pub struct Metadata {
    /// Kind and permissions.
    pub mode: u32,
    /// Bytes in it.
    pub size: u64,
}

impl Metadata {
    /// Whether it is a directory.
    #[must_use]
    pub const fn is_directory(&self) -> bool {
        self.mode & abi::file::S_IFMT == abi::file::S_IFDIR
    }
}

/// What is known about the file at a path.
///
/// # Errors
/// There is none.
pub fn metadata(path: &str) -> Result<Metadata, Error> {
    let path = text(path)?;
    let mut stat = [0u8; STAT_BYTES];
    call(
        Syscall::Newfstatat,
        [HERE, path.as_ptr() as u64, stat.as_mut_ptr() as u64, 0],
    )?;
    let word = |at: usize| {
        let bytes = stat.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        u64::from_le_bytes(bytes.unwrap_or_default())
    };
    Ok(Metadata {
        mode: word(16) as u32,
        size: word(48),
    })
}

/// The names in a directory, sorted, without "." and "..".
///
/// # Errors
/// It is no directory.
pub fn read_directory(path: &str) -> Result<Vec<String>, Error> {
    let directory = File::open(path, abi::file::O_DIRECTORY)?;
    let mut names = Vec::new();
    let mut bytes = [0u8; 1024];
    loop {
        let arguments = [
            u64::from(directory.0),
            bytes.as_mut_ptr() as u64,
            bytes.len() as u64,
            0,
        ];
        let count = call(Syscall::Getdents64, arguments)? as usize;
        if count == 0 {
            names.sort();
            return Ok(names);
        }
        let mut rest = &bytes[..count];
        while let Some(length) = rest.get(16..18) {
            let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
            let (record, after) = rest.split_at(length.clamp(19, rest.len()));
            let name = record[19..].split(|&byte| byte == 0).next().unwrap_or(&[]);
            if name != b"." && name != b".." {
                names.push(String::from_utf8_lossy(name).into_owned());
            }
            rest = after;
        }
    }
}
