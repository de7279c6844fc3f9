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
    /// What the host answered to a semihosting call.
    HostCall(HostAnswer),
    /// A debugger changed a register.
    SetRegister {
        /// Of which hart.
        hart: u8,
        /// Which.
        register: RegisterName,
        /// To what.
        value: u64,
    },
    /// A debugger changed RAM.
    WriteMemory {
        /// Physical address.
        address: u64,
        /// What is there now.
        bytes: Vec<u8>,
    },
}

/// A register of a hart, by its architectural number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RegisterName {
    /// Integer register 0 to 31.
    X(u8),
    /// Floating-point register 0 to 31, NaN-boxed.
    F(u8),
    /// Address of the next instruction.
    Pc,
    /// A CSR by its number.
    Csr(u16),
    /// The privilege: 0 for U, 1 for S, 3 for M.
    Privilege,
}

/// The host's answer to a semihosting call: all that the guest sees of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostAnswer {
    /// What the call returns in `a0`.
    pub result: u64,
    /// What it writes at which guest virtual address.
    pub writes: Vec<(u64, Vec<u8>)>,
    /// What it prints on the console.
    pub console: Vec<u8>,
    /// The status with which it ends the guest.
    pub exit: Option<u64>,
}

/// An event with the moment at which it enters: after so many steps and so much idle time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Steps completed when it enters.
    pub step: u64,
    /// Idle guest nanoseconds passed when it enters.
    pub idle: u64,
    /// What it is.
    pub event: HostEvent,
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
