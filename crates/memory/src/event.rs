//! What comes in from outside the machine and what goes out.

use serde::{Deserialize, Serialize};

/// Something that the machine's own state does not determine. It enters between steps, through
/// the event log, so that the same image, options and log give the same run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostEvent {
    /// Bytes typed at the console.
    ConsoleInput(Vec<u8>),
    /// Somebody asked for the machine to be reset.
    Reset,
}

/// Something that leaves the machine. It is kept with the step at which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A byte for the console.
    Console(u8),
    /// The guest switched the machine off.
    PowerOff {
        /// The status it gave; 0 is success.
        code: u64,
    },
    /// The guest asked for a reset.
    Reset,
}

/// A store to a page that is flagged as a host-call page (HTIF's `tohost`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostWrite {
    /// Physical address of the store.
    pub address: u64,
    /// Its length in bytes.
    pub bytes: u64,
}
