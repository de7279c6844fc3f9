//! The host's family of failures: what reaches the person as one clear sentence.

use crate::loader::LoadError;

/// The machine could not be built or used as asked.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// Guest RAM.
    #[error(transparent)]
    Ram(#[from] memory::RamError),
    /// The image.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What it starts with does not fit together.
    #[error(transparent)]
    Boot(#[from] crate::boot::BootError),
    /// A number of harts outside 1 to 8.
    #[error("{0} harts: a machine has 1 to 8 (--smp)")]
    Harts(usize),
    /// Devices that overlap.
    #[error(transparent)]
    Overlap(#[from] memory::bus::OverlapError),
    /// A saved state that does not fit.
    #[error(transparent)]
    State(#[from] memory::StateError),
}
