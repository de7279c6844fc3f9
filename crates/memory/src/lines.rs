//! Level-triggered interrupt lines.

use serde::{Deserialize, Serialize};

/// Bit numbers of `mip` that lines from outside the hart drive.
pub mod line {
    /// Machine software interrupt.
    pub const MSIP: u32 = 3;
    /// Machine timer interrupt.
    pub const MTIP: u32 = 7;
    /// Supervisor external interrupt.
    pub const SEIP: u32 = 9;
    /// Machine external interrupt.
    pub const MEIP: u32 = 11;
}

/// Every interrupt wire of the board: from devices to the interrupt controller, and from
/// controllers to harts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    harts: [u64; abi::memory_map::MAX_HARTS],
    sources: u128,
    sources_changed: bool,
}

impl Lines {
    /// The `mip` bits that are driven into hart `hart` from outside.
    ///
    /// # Panics
    /// When `hart` is not below `MAX_HARTS`.
    #[inline(always)]
    #[must_use]
    pub fn into_hart(&self, hart: usize) -> u64 {
        self.harts[hart]
    }

    /// Drives `mip` bit `bit` of a hart; a hart that does not exist has no wire.
    pub fn set_hart(&mut self, hart: usize, bit: u32, level: bool) {
        if let Some(bits) = self.harts.get_mut(hart) {
            *bits = *bits & !(1 << bit) | u64::from(level) << bit;
        }
    }

    /// Whether interrupt source `source` is asserted.
    #[must_use]
    pub fn source(&self, source: u32) -> bool {
        source < 128 && self.sources >> source & 1 != 0
    }

    /// All source levels, bit *n* for source *n*.
    #[must_use]
    pub fn sources(&self) -> u128 {
        self.sources
    }

    /// Drives the wire of interrupt source `source` (1 to 127).
    pub fn set_source(&mut self, source: u32, level: bool) {
        let new = self.sources & !(1 << (source & 127)) | u128::from(level) << (source & 127);
        self.sources_changed |= new != self.sources;
        self.sources = new;
    }

    /// Whether a source changed since this was last asked; the bus asks after each device access
    /// and then lets the interrupt controllers look.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.sources_changed)
    }
}
