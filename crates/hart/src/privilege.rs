//! Privilege modes.

use serde::{Deserialize, Serialize};

/// A privilege mode, by its encoding in `mstatus.MPP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Privilege {
    /// U-mode.
    User = 0,
    /// S-mode.
    Supervisor = 1,
    /// M-mode.
    Machine = 3,
}

impl Privilege {
    /// The mode that the low two bits of `bits` encode; the reserved encoding 2 reads as U-mode,
    /// as every writer of a privilege field legalises it.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        match bits & 3 {
            1 => Self::Supervisor,
            3 => Self::Machine,
            _ => Self::User,
        }
    }

    /// One letter: U, S or M.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::User => 'U',
            Self::Supervisor => 'S',
            Self::Machine => 'M',
        }
    }
}
