//! Where the guest's console goes: standard output, a file, or nowhere. No byte is lost on the way, or the run ends.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;
use crate::terminal;

/// What the serial port is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serial {
    /// Standard output and input.
    Stdio,
    /// A file takes what the guest prints; nothing is typed.
    File(PathBuf),
    /// What the guest prints is thrown away; nothing is typed.
    Null,
}

/// `--serial` as it is written.
pub fn parse_serial(text: &str) -> Result<Serial, String> {
    match text {
        "stdio" | "mon:stdio" => Ok(Serial::Stdio),
        "null" | "none" => Ok(Serial::Null),
        _ => match text.strip_prefix("file:") {
            Some("") | None => Err("it is `stdio`, `file:PATH` or `null`".to_owned()),
            Some(path) => Ok(Serial::File(path.into())),
        },
    }
}

/// Why output cannot go on.
#[derive(Debug)]
pub enum OutputError {
    /// The reader of a pipe went away.
    Closed,
    /// Anything else.
    Failed(Failure),
}

/// Where output goes.
pub struct Output(Sink);

enum Sink {
    Stdio { at_terminal: bool },
    File(PathBuf, BufWriter<File>),
    Null,
}

impl Output {
    /// To what `serial` says.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn open(serial: &Serial) -> Result<Self, Failure> {
        Ok(Self(match serial {
            Serial::Stdio => Sink::Stdio {
                at_terminal: io::stdout().is_terminal(),
            },
            Serial::File(path) => {
                let file = File::create(path).map_err(|e| Failure::cannot_write(path, &e))?;
                Sink::File(path.clone(), BufWriter::new(file))
            }
            Serial::Null => Sink::Null,
        }))
    }

    /// Writes what the guest printed, and flushes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = match &mut self.0 {
            Sink::Null => Ok(()),
            Sink::File(_, file) => file.write_all(bytes).and_then(|()| file.flush()),
            Sink::Stdio { at_terminal } if *at_terminal && terminal::is_raw() => {
                write_all(&with_carriage_returns(bytes))
            }
            Sink::Stdio { .. } => write_all(bytes),
        };
        written.map_err(|error| match (&self.0, error.kind()) {
            (Sink::File(path, _), _) => OutputError::Failed(Failure::cannot_write(path, &error)),
            (_, ErrorKind::BrokenPipe) => OutputError::Closed,
            _ => OutputError::Failed(Failure::cannot_write("standard output".as_ref(), &error)),
        })
    }
}

/// A raw terminal does not begin a line at its left edge by itself.
fn with_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        if byte == b'\n' {
            text.push(b'\r');
        }
        text.push(byte);
    }
    text
}

/// Writes everything to standard output, also where that does not block (a pipe or terminal shared with a program that
/// made it so): then a full one is waited for.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    const PATIENCE: Duration = Duration::from_millis(1);
    let mut stdout = io::stdout().lock();
    // Standard output is line-buffered; what it holds is only ever whole after a flush.
    let mut flushed = false;
    while !bytes.is_empty() || !flushed {
        let step = match bytes.is_empty() {
            true => stdout.flush().map(|()| flushed = true),
            false => stdout.write(bytes).map(|count| bytes = &bytes[count..]),
        };
        match step {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PATIENCE),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
    }
    Ok(())
}

/// Prints a command's result; a reader that went away has seen enough.
pub fn print(bytes: &[u8]) {
    let _ = write_all(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_says_what_it_can_be() {
        assert_eq!(parse_serial("stdio"), Ok(Serial::Stdio));
        assert_eq!(parse_serial("file:a b"), Ok(Serial::File("a b".into())));
        assert_eq!(parse_serial("null"), Ok(Serial::Null));
        assert!(parse_serial("tcp::4444").unwrap_err().contains("file:PATH"));
        assert!(parse_serial("file:").is_err());
    }

    #[test]
    fn raw_lines_begin_at_the_left() {
        assert_eq!(with_carriage_returns(b"a\nb"), b"a\r\nb");
    }
}
