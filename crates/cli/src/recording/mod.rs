//! Recordings: everything that a run depends on, in one file.
//!
//! A magic line, then records. Each is its length (32 bits, little-endian), the CRC-32 of its bytes, and the bytes
//! ([`Record`] in postcard's format). First comes what the machine was built from, then each event from outside as it
//! entered, last the state in which the run ended. Records are written whole and at once: a recording that was cut off,
//! by a crash or a full disk, replays up to there.

mod open;
mod reader;
mod recorder;
pub mod replay;

pub use open::{Opened, is_recording, open};
pub use recorder::{Recorder, command_line};

use machine::LoggedEvent;
use serde::{Deserialize, Serialize};

/// First bytes of a recording; the number is the version of the format.
const MAGIC: &[u8] = b"hartland recording 1\n";

/// One record.
#[derive(Debug, Serialize, Deserialize)]
enum Record {
    /// The options.
    Start {
        /// The version of the command that recorded.
        version: String,
        /// Its command line.
        arguments: Vec<String>,
        /// Where the guest's clock starts, in nanoseconds since the UNIX epoch.
        rtc: u64,
    },
    /// A file that the machine started with, compressed (zlib).
    File { name: String, compressed: Vec<u8> },
    /// Something that came from outside.
    Event(LoggedEvent),
    /// How it ended.
    End(End),
}

/// The state in which a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    /// Steps taken.
    steps: u64,
    /// Idle guest nanoseconds passed.
    idle: u64,
    /// Hash of the machine's state.
    state: u128,
    /// Length and CRC-32 of everything that the guest printed.
    output: (u64, u32),
    /// Exit status of the command.
    status: u8,
}
