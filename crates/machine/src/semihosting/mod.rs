//! RISC-V semihosting: calls from the guest to the host, by `ebreak` between two marks.
//!
//! Numbers and parameter blocks are those of Arm's specification (Semihosting for AArch32 and
//! AArch64, 2.0) with 64-bit fields. A call does not touch the guest: it gives a [`HostAnswer`],
//! which enters the machine through the event log, so that a replay needs no host. Files are
//! confined to one directory, read-only unless allowed; commands are refused.

mod block;
mod errno;
mod files;
mod sandbox;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;

use memory::{HostAnswer, Nanos};

use block::Block;
use errno::Errno;
use files::Files;
use sandbox::Sandbox;

/// How a guest may use the host.
#[derive(Clone, Debug, Default)]
pub struct SemihostingConfig {
    /// The one directory whose files the guest sees; none when absent.
    pub root: Option<PathBuf>,
    /// Whether it may create and change files there.
    pub writable: bool,
    /// Its arguments, without the program's name, which start-up code has from elsewhere.
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
    pub const TMPNAM: u64 = 0x0d;
    pub const REMOVE: u64 = 0x0e;
    pub const RENAME: u64 = 0x0f;
    pub const CLOCK: u64 = 0x10;
    pub const TIME: u64 = 0x11;
    pub const SYSTEM: u64 = 0x12;
    pub const ERRNO: u64 = 0x13;
    pub const GET_CMDLINE: u64 = 0x15;
    pub const HEAPINFO: u64 = 0x16;
    pub const EXIT: u64 = 0x18;
    pub const EXIT_EXTENDED: u64 = 0x20;
    pub const ELAPSED: u64 = 0x30;
    pub const TICKFREQ: u64 = 0x31;
}

/// What a call that failed returns.
const FAILED: u64 = u64::MAX;
/// `ADP_Stopped_ApplicationExit`: the only reason for an exit that is a success.
const APPLICATION_EXIT: u64 = 0x2_0026;
const NANOS_PER_SECOND: u64 = 1_000_000_000;
const NANOS_PER_CENTISECOND: u64 = 10_000_000;
/// Largest number of a temporary name.
const MOST_NAMES: u64 = 255;

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
    command_line: String,
    files: Files,
    errno: u64,
    input: VecDeque<u8>,
}

impl Semihosting {
    /// With nothing open but the console.
    #[must_use]
    pub fn new(config: SemihostingConfig) -> Self {
        let sandbox = Sandbox::new(config.root.as_deref(), config.writable);
        Self {
            command_line: config.arguments.join(" "),
            files: Files::new(sandbox),
            errno: 0,
            input: config.input.into(),
        }
    }

    /// Bytes for the guest to read from the console, behind those that it has not read yet.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
    }

    /// A call was answered by a recording: what it read from the console is read.
    pub fn was_answered(&mut self, op: u64, answer: &HostAnswer) {
        let read = match (op, answer.writes.as_slice()) {
            (call::READC, _) if answer.result != FAILED => 1,
            (call::READ, [(_, bytes)]) if self.input.iter().take(bytes.len()).eq(bytes) => {
                bytes.len()
            }
            _ => 0,
        };
        self.input.drain(..read.min(self.input.len()));
    }

    /// Bytes that the guest has not read.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.input.len()
    }

    /// Whether a call would read from the console while there is nothing to read. Made all the same,
    /// it finds the end of the input; a machine at which somebody may type should wait instead.
    #[must_use]
    pub fn awaits_input(&self, op: u64, parameter: u64, memory: &dyn GuestMemory) -> bool {
        let block = Block { parameter, memory };
        let reads_console = || {
            let handle = block.word(0).ok()?;
            let wanted = block.word(2).ok()?;
            Some(wanted > 0 && self.files.is_console(handle).ok()?)
        };
        let reads = op == call::READC || op == call::READ && reads_console() == Some(true);
        reads && self.input.is_empty()
    }

    /// Answers call `op` with `parameter` (the guest's `a0` and `a1`).
    pub fn call(
        &mut self,
        op: u64,
        parameter: u64,
        memory: &dyn GuestMemory,
        now: Now,
    ) -> HostAnswer {
        let block = Block { parameter, memory };
        let mut answer = HostAnswer::default();
        let result = match op {
            call::READ | call::WRITE => self.transfer(op, &block, &mut answer),
            call::EXIT | call::EXIT_EXTENDED => {
                answer.exit = Some(exit_code(&block));
                Ok(0)
            }
            call::CLOCK => Ok(now.guest / NANOS_PER_CENTISECOND),
            call::TIME => Ok(now.rtc_base.saturating_add(now.guest) / NANOS_PER_SECOND),
            call::ELAPSED => {
                answer
                    .writes
                    .push((parameter, now.guest.to_le_bytes().to_vec()));
                Ok(0)
            }
            call::TICKFREQ => Ok(NANOS_PER_SECOND),
            _ => self.other(op, &block, &mut answer),
        };
        answer.result = result.unwrap_or_else(|errno| {
            self.errno = errno.0;
            FAILED
        });
        answer
    }

    fn other(&mut self, op: u64, block: &Block<'_>, answer: &mut HostAnswer) -> Result<u64, Errno> {
        match op {
            call::OPEN => {
                let path = block.path(block.word(0)?, block.word(2)?)?;
                return self.files.open(&path, block.word(1)?);
            }
            call::CLOSE => self.files.close(block.word(0)?)?,
            call::WRITEC => answer.console = vec![block.byte()?],
            call::WRITE0 => answer.console = block.text()?,
            call::READC => return Ok(self.input.pop_front().map_or(FAILED, u64::from)),
            call::ISERROR => return Ok(u64::from((block.word(0)? as i64) < 0)),
            call::ISTTY => return self.files.is_console(block.word(0)?).map(u64::from),
            call::SEEK => self.files.seek(block.word(0)?, block.word(1)?)?,
            call::FLEN => return self.files.len(block.word(0)?),
            call::TMPNAM => temporary_name(block, answer)?,
            call::REMOVE => {
                let path = block.path(block.word(0)?, block.word(1)?)?;
                self.files.sandbox().remove(&path)?;
            }
            call::RENAME => {
                let from = block.path(block.word(0)?, block.word(1)?)?;
                let to = block.path(block.word(2)?, block.word(3)?)?;
                self.files.sandbox().rename(&from, &to)?;
            }
            call::SYSTEM => return Err(Errno::EPERM),
            call::ERRNO => return Ok(self.errno),
            call::GET_CMDLINE => self.command_line(block, answer)?,
            // All zero: the program uses what its linker script gives it.
            call::HEAPINFO => answer.writes.push((block.word(0)?, vec![0; 32])),
            _ => return Err(Errno::ENOSYS),
        }
        Ok(0)
    }

    /// SYS_READ and SYS_WRITE. The result is the number of bytes that were not moved: all of them
    /// at the end of a file and also when the call fails, since callers subtract it from the length.
    fn transfer(
        &mut self,
        op: u64,
        block: &Block<'_>,
        answer: &mut HostAnswer,
    ) -> Result<u64, Errno> {
        let (handle, address, len) = (block.word(0)?, block.word(1)?, block.word(2)?);
        let moved = match op {
            call::READ => self.read(handle, address, block.reachable(address, len), answer),
            _ => self.write(handle, block.bytes(address, len), answer),
        };
        let moved = moved.unwrap_or_else(|errno| {
            self.errno = errno.0;
            0
        });
        Ok(len - moved)
    }

    fn write(
        &mut self,
        handle: u64,
        bytes: Result<Vec<u8>, Errno>,
        answer: &mut HostAnswer,
    ) -> Result<u64, Errno> {
        let is_console = self.files.is_console(handle)?;
        let bytes = bytes?;
        let len = bytes.len() as u64;
        if is_console {
            answer.console = bytes;
        } else {
            self.files.write(handle, &bytes)?;
        }
        Ok(len)
    }

    fn read(
        &mut self,
        handle: u64,
        address: u64,
        most: Result<u64, Errno>,
        answer: &mut HostAnswer,
    ) -> Result<u64, Errno> {
        let is_console = self.files.is_console(handle)?;
        let most = most?;
        let bytes = if is_console {
            let count = self.input.len().min(most as usize);
            self.input.drain(..count).collect()
        } else {
            self.files.read(handle, most)?
        };
        let len = bytes.len() as u64;
        if len > 0 {
            answer.writes.push((address, bytes));
        }
        Ok(len)
    }

    fn command_line(&self, block: &Block<'_>, answer: &mut HostAnswer) -> Result<(), Errno> {
        let mut line = self.command_line.clone().into_bytes();
        let len = line.len() as u64;
        if len >= block.word(1)? {
            return Err(Errno::EINVAL);
        }
        line.push(0);
        answer.writes.push((block.word(0)?, line));
        answer
            .writes
            .push((block.field(1), len.to_le_bytes().to_vec()));
        Ok(())
    }
}

/// A name for a temporary file; the guest gives its number and the room it has.
fn temporary_name(block: &Block<'_>, answer: &mut HostAnswer) -> Result<(), Errno> {
    let (address, number, room) = (block.word(0)?, block.word(1)?, block.word(2)?);
    let name = format!("semihosting-{number:03}.tmp\0").into_bytes();
    if number > MOST_NAMES || room < name.len() as u64 {
        return Err(Errno::EINVAL);
    }
    answer.writes.push((address, name));
    Ok(())
}

/// The status of an exit: the program's own code, or failure when it did not end by itself.
/// Programs for 32-bit targets give the reason itself instead of a block that holds it.
fn exit_code(block: &Block<'_>) -> u64 {
    match (block.word(0), block.word(1)) {
        (Ok(APPLICATION_EXIT), Ok(code)) => code,
        (Err(_), _) if block.parameter == APPLICATION_EXIT => 0,
        _ => 1,
    }
}
