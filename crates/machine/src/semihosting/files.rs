//! The guest's open files: those of its directory, the console, and what semihosting says of itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use super::errno::Errno;
use super::sandbox::Sandbox;

/// Name of the console.
const CONSOLE: &str = ":tt";
/// Name of the file that says which extensions there are.
const FEATURES: &str = ":semihosting-features";
/// Its content: a magic number, then one bit each for SYS_EXIT_EXTENDED, and for a console that
/// opens as standard error too.
const FEATURE_BYTES: [u8; 5] = *b"SHFB\x03";
/// Handles below this are the console without being opened, as C programs expect of 0, 1 and 2.
const FIRST_HANDLE: u64 = 3;
/// Most files that a guest may have open.
const MOST_FILES: usize = 256;
/// Number of `fopen` modes.
const MODES: u64 = 12;

#[derive(Debug)]
enum Open {
    Console,
    Features(u64),
    File(File),
}

/// The guest's open files.
#[derive(Debug)]
pub(super) struct Files {
    sandbox: Sandbox,
    open: BTreeMap<u64, Open>,
}

impl Files {
    pub fn new(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            open: (0..FIRST_HANDLE)
                .map(|handle| (handle, Open::Console))
                .collect(),
        }
    }

    /// The directory, for calls that need no handle.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Opens with an `fopen` mode by its number; gives the lowest handle that is free.
    pub fn open(&mut self, path: &str, mode: u64) -> Result<u64, Errno> {
        if mode >= MODES {
            return Err(Errno::EINVAL);
        }
        if self.open.len() >= MOST_FILES {
            return Err(Errno::EMFILE);
        }
        let file = match path {
            CONSOLE => Open::Console,
            FEATURES if mode < 2 => Open::Features(0),
            FEATURES => return Err(Errno::EROFS),
            _ => Open::File(self.sandbox.open(path, mode)?),
        };
        let taken = |handle: &u64| self.open.contains_key(handle);
        let handle = (FIRST_HANDLE..)
            .find(|handle| !taken(handle))
            .ok_or(Errno::EMFILE)?;
        self.open.insert(handle, file);
        Ok(handle)
    }

    fn get(&mut self, handle: u64) -> Result<&mut Open, Errno> {
        self.open.get_mut(&handle).ok_or(Errno::EBADF)
    }

    pub fn close(&mut self, handle: u64) -> Result<(), Errno> {
        if handle >= FIRST_HANDLE {
            self.open.remove(&handle).ok_or(Errno::EBADF)?;
        }
        Ok(())
    }

    pub fn is_console(&self, handle: u64) -> Result<bool, Errno> {
        let open = self.open.get(&handle).ok_or(Errno::EBADF)?;
        Ok(matches!(open, Open::Console))
    }

    /// Writes to what is not the console.
    pub fn write(&mut self, handle: u64, bytes: &[u8]) -> Result<(), Errno> {
        match self.get(handle)? {
            Open::File(file) => Ok(file.write_all(bytes)?),
            Open::Console | Open::Features(_) => Err(Errno::EBADF),
        }
    }

    /// Reads at most `most` bytes from what is not the console; none at the end.
    pub fn read(&mut self, handle: u64, most: u64) -> Result<Vec<u8>, Errno> {
        let mut bytes = Vec::new();
        match self.get(handle)? {
            Open::Console => return Err(Errno::EBADF),
            Open::Features(at) => {
                let from = usize::try_from(*at).unwrap_or(usize::MAX);
                let rest = FEATURE_BYTES.get(from..).unwrap_or(&[]);
                bytes.extend(rest.iter().take(most as usize));
                *at += bytes.len() as u64;
            }
            Open::File(file) => {
                file.take(most).read_to_end(&mut bytes)?;
            }
        }
        Ok(bytes)
    }

    pub fn seek(&mut self, handle: u64, to: u64) -> Result<(), Errno> {
        match self.get(handle)? {
            Open::Console => return Err(Errno::ESPIPE),
            Open::Features(_) if to > FEATURE_BYTES.len() as u64 => return Err(Errno::EINVAL),
            Open::Features(at) => *at = to,
            Open::File(file) => {
                file.seek(SeekFrom::Start(to))?;
            }
        }
        Ok(())
    }

    pub fn len(&mut self, handle: u64) -> Result<u64, Errno> {
        match self.get(handle)? {
            Open::Console => Err(Errno::ESPIPE),
            Open::Features(_) => Ok(FEATURE_BYTES.len() as u64),
            Open::File(file) => Ok(file.metadata()?.len()),
        }
    }
}
