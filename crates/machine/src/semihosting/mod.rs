//! RISC-V semihosting: calls from the guest to the host, by `ebreak` between two marks.
//!
//! Numbers and parameter blocks are those of Arm's specification with 64-bit fields. A call does
//! not touch the guest: it gives a [`HostAnswer`], which enters the machine through the event log, so that a
//! replay needs no host. Files are confined: see [`files`].

mod files;

use std::path::PathBuf;

use memory::{HostAnswer, Nanos};

use files::{FileError, Files};

/// How a guest may use the host.
#[derive(Clone, Debug, Default)]
pub struct SemihostingConfig {
    /// The one directory whose files the guest sees; none when absent.
    pub root: Option<PathBuf>,
    /// Whether it may create and change files there.
    pub writable: bool,
    /// Its arguments, the program's name first.
    pub arguments: Vec<String>,
    /// What it reads from the console.
    pub input: Vec<u8>,
}

/// Guest memory as the calling hart sees it.
pub trait GuestMemory {
    /// Reads bytes at a guest virtual address; `false` when they are not all readable.
    fn read(&self, address: u64, into: &mut [u8]) -> bool;
}

/// Call numbers.
mod call {
    pub const OPEN: u64 = 0x01;
    pub const CLOSE: u64 = 0x02;
    pub const WRITEC: u64 = 0x03;
    pub const WRITE0: u64 = 0x04;
    pub const WRITE: u64 = 0x05;
    pub const READ: u64 = 0x06;
    pub const READC: u64 = 0x07;
    pub const ISERROR: u64 = 0x08;
    pub const ISTTY: u64 = 0x09;
    pub const SEEK: u64 = 0x0a;
    pub const FLEN: u64 = 0x0c;
    pub const REMOVE: u64 = 0x0e;
    pub const RENAME: u64 = 0x0f;
    pub const CLOCK: u64 = 0x10;
    pub const TIME: u64 = 0x11;
    pub const ERRNO: u64 = 0x13;
    pub const GET_CMDLINE: u64 = 0x15;
    pub const HEAPINFO: u64 = 0x16;
    pub const EXIT: u64 = 0x18;
    pub const EXIT_EXTENDED: u64 = 0x20;
    pub const ELAPSED: u64 = 0x30;
    pub const TICKFREQ: u64 = 0x31;
}

const FAILED: u64 = u64::MAX;
/// `ADP_Stopped_ApplicationExit`: the only reason for an exit that is a success.
const APPLICATION_EXIT: u64 = 0x2_0026;
/// Longest string or buffer that a call may name.
const MOST_BYTES: u64 = 1 << 24;
const LONGEST_PATH: u64 = 4096;

/// What a call needs to know beside the guest's memory.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Guest time.
    pub guest: Nanos,
    /// Where the guest's clock started, nanoseconds since the UNIX epoch.
    pub rtc_base: Nanos,
}

/// The host's side of semihosting.
#[derive(Debug)]
pub struct Semihosting {
    config: SemihostingConfig,
    files: Files,
    errno: u64,
    input_taken: usize,
}

/// A call's parameters: a block of doublewords in guest memory.
struct Block<'a> {
    at: u64,
    memory: &'a dyn GuestMemory,
}

impl Block<'_> {
    fn word(&self, index: u64) -> u64 {
        let mut bytes = [0; 8];
        let readable = self.memory.read(self.at.wrapping_add(8 * index), &mut bytes);
        if readable { u64::from_le_bytes(bytes) } else { 0 }
    }

    fn bytes(&self, address: u64, len: u64) -> Option<Vec<u8>> {
        if len > MOST_BYTES {
            return None;
        }
        let mut bytes = vec![0; len as usize];
        self.memory.read(address, &mut bytes).then_some(bytes)
    }

    fn path(&self, address: u64, len: u64) -> Result<String, FileError> {
        let bytes = self.bytes(address, len.min(LONGEST_PATH)).ok_or(FileError::Fault)?;
        String::from_utf8(bytes).map_err(|_| FileError::Invalid)
    }
}

impl Semihosting {
    /// With nothing open.
    #[must_use]
    pub fn new(config: SemihostingConfig) -> Self {
        Self {
            files: Files::new(config.root.clone(), config.writable),
            config,
            errno: 0,
            input_taken: 0,
        }
    }

    /// Answers call `op` with `parameter` (the guest's `a0` and `a1`).
    pub fn call(
        &mut self,
        op: u64,
        parameter: u64,
        memory: &dyn GuestMemory,
        now: Now,
    ) -> HostAnswer {
        let block = Block {
            at: parameter,
            memory,
        };
        let mut answer = HostAnswer::default();
        let result = self.dispatch(op, &block, now, &mut answer);
        answer.result = result.unwrap_or_else(|error| {
            self.errno = error.errno();
            FAILED
        });
        answer
    }

    fn dispatch(
        &mut self,
        op: u64,
        block: &Block<'_>,
        now: Now,
        answer: &mut HostAnswer,
    ) -> Result<u64, FileError> {
        match op {
            call::OPEN => {
                let name = block.path(block.word(0), block.word(2))?;
                self.files.open(&name, block.word(1))
            }
            call::CLOSE => self.files.close(block.word(0)),
            call::WRITEC => {
                answer.console = block.bytes(block.at, 1).ok_or(FileError::Fault)?;
                Ok(0)
            }
            call::WRITE0 => {
                answer.console = string_at(block)?;
                Ok(0)
            }
            call::WRITE => self.write(block, answer),
            call::READ => self.read(block, answer),
            call::READC => Ok(self.take_input(1).first().map_or(FAILED, |&b| u64::from(b))),
            call::ISERROR => Ok(u64::from((block.word(0) as i64) < 0)),
            call::ISTTY => self.files.is_console(block.word(0)).map(u64::from),
            call::SEEK => self.files.seek(block.word(0), block.word(1)),
            call::FLEN => self.files.len(block.word(0)),
            call::REMOVE => self.files.remove(&block.path(block.word(0), block.word(1))?),
            call::RENAME => {
                let from = block.path(block.word(0), block.word(1))?;
                let to = block.path(block.word(2), block.word(3))?;
                self.files.rename(&from, &to)
            }
            call::CLOCK => Ok(now.guest / 10_000_000),
            call::TIME => Ok((now.rtc_base + now.guest) / 1_000_000_000),
            call::ERRNO => Ok(self.errno),
            call::GET_CMDLINE => self.command_line(block, answer),
            call::HEAPINFO => {
                // All zero: the program uses what its linker script gives it.
                answer.writes.push((block.word(0), vec![0; 32]));
                Ok(0)
            }
            call::EXIT => {
                let (reason, code) = (block.word(0), block.word(1));
                answer.exit = Some(exit_code(reason, code));
                Ok(0)
            }
            call::EXIT_EXTENDED => {
                answer.exit = Some(exit_code(block.word(0), block.word(1)));
                Ok(0)
            }
            call::ELAPSED => {
                answer.writes.push((block.at, now.guest.to_le_bytes().to_vec()));
                Ok(0)
            }
            call::TICKFREQ => Ok(1_000_000_000),
            _ => Err(FileError::Unsupported), // SYS_SYSTEM among them: no commands for guests
        }
    }

    /// The result is the number of bytes that were not written.
    fn write(&mut self, block: &Block<'_>, answer: &mut HostAnswer) -> Result<u64, FileError> {
        let (handle, address, len) = (block.word(0), block.word(1), block.word(2));
        let bytes = block.bytes(address, len).ok_or(FileError::Fault)?;
        if self.files.is_console(handle)? {
            answer.console = bytes;
            return Ok(0);
        }
        self.files.write(handle, &bytes).map(|written| len - written)
    }

    /// The result is the number of bytes that were not read: all of them at the end of a file.
    fn read(&mut self, block: &Block<'_>, answer: &mut HostAnswer) -> Result<u64, FileError> {
        let (handle, address, len) = (block.word(0), block.word(1), block.word(2));
        let wanted = len.min(MOST_BYTES);
        let bytes = if self.files.is_console(handle)? {
            self.take_input(wanted as usize)
        } else {
            self.files.read(handle, wanted)?
        };
        let left = len - bytes.len() as u64;
        answer.writes.push((address, bytes));
        Ok(left)
    }

    fn take_input(&mut self, most: usize) -> Vec<u8> {
        let rest = &self.config.input[self.input_taken..];
        let taken = rest[..most.min(rest.len())].to_vec();
        self.input_taken += taken.len();
        taken
    }

    fn command_line(&self, block: &Block<'_>, answer: &mut HostAnswer) -> Result<u64, FileError> {
        let mut line = self.config.arguments.join(" ").into_bytes();
        let len = line.len() as u64;
        if len >= block.word(1) {
            return Err(FileError::Invalid);
        }
        line.push(0);
        answer.writes.push((block.word(0), line));
        answer.writes.push((block.at + 8, len.to_le_bytes().to_vec()));
        Ok(0)
    }
}

/// The status of an exit: the program's own code, or failure when it did not end by itself.
const fn exit_code(reason: u64, code: u64) -> u64 {
    if reason == APPLICATION_EXIT { code } else { 1 }
}

fn string_at(block: &Block<'_>) -> Result<Vec<u8>, FileError> {
    let mut text = Vec::new();
    while (text.len() as u64) < MOST_BYTES {
        let byte = block.bytes(block.at + text.len() as u64, 1).ok_or(FileError::Fault)?;
        match byte[0] {
            0 => return Ok(text),
            byte => text.push(byte),
        }
    }
    Err(FileError::Invalid)
}
