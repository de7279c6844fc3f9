//! What can go wrong, and what the person and the calling process are told.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::terminal;

/// Exit statuses of our own.
pub mod status {
    pub const FAILED: u8 = 1;
    pub const LIMIT: u8 = 124;
    pub const EMULATOR: u8 = 125;
    pub const UNUSABLE: u8 = 126;
    pub const NOT_FOUND: u8 = 127;
    /// A signal ended the run: this and its number.
    pub const SIGNAL: u8 = 128;
}

/// A sentence for the person, and the exit status that goes with it.
#[derive(Debug)]
pub struct Failure {
    /// Exit status.
    pub status: u8,
    /// The sentence.
    pub message: String,
}

impl Failure {
    /// With its status.
    pub fn new(status: u8, message: impl ToString) -> Self {
        Self {
            status,
            message: message.to_string(),
        }
    }

    /// A file that cannot be written.
    pub fn cannot_write(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("{}: cannot write: {error}", path.display());
        Self::new(status::EMULATOR, message)
    }
}

/// Ends the process as a command ended.
pub fn exit(result: Result<u8, Failure>) -> ExitCode {
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.status)
        }
    }
}

/// Tells the person something.
pub fn say(message: &str) {
    // Nothing can be done when even standard error is gone.
    let end = if terminal::is_raw() { "\r\n" } else { "\n" };
    let _ = write!(std::io::stderr(), "hartland: {message}{end}");
}
