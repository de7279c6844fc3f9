//! The board: harts, memory and devices; loaders, event log, state hash. This is the library that
//! tests and tools use; the `hartland` command is a thin layer over it.
//!
//! * [`Config`] says what machine to build, [`Machine`] is it, [`Stop`] says why it came back.
//! * [`loader`]: from a file's bytes to an [`loader::Image`] that can be placed in RAM.
//! * [`semihosting`] and [`htif`]: the two ways in which a guest calls the host directly.

mod board;
pub mod boot;
mod config;
pub mod device_tree;
mod error;
pub mod events;
mod halt;
mod hash;
mod hostcall;
pub mod htif;
pub mod loader;
pub mod schedule;
pub mod semihosting;
mod signature;
mod snapshot;
mod stop;
mod stuck;

pub use board::Machine;
pub use boot::Boot;
pub use config::{ClockMode, Config};
pub use error::MachineError;
pub use halt::{Halt, HaltOn};
pub use interpreter::{Observer, hart};
pub use memory::{Bus, HostEvent, LoggedEvent, RegisterName, WatchHit, WatchedRange, Width};
pub use signature::{SignatureError, signature};
pub use snapshot::Snapshot;
pub use stop::{Exit, ExitVia, Stop, Stuck, StuckReason};
