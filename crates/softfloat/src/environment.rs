//! What an operation depends on and leaves behind besides its value: rounding mode and exceptions.

use bitflags::bitflags;

/// The direction in which an inexact result is rounded, with the encodings of `frm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RoundingMode {
    /// RNE: to nearest, ties to even.
    NearestEven = 0,
    /// RTZ: towards zero.
    TowardZero = 1,
    /// RDN: towards −∞.
    Down = 2,
    /// RUP: towards +∞.
    Up = 3,
    /// RMM: to nearest, ties away from zero.
    NearestMaxMagnitude = 4,
}

impl RoundingMode {
    /// Every mode, in the order of the encodings.
    pub const ALL: [Self; 5] = [
        Self::NearestEven,
        Self::TowardZero,
        Self::Down,
        Self::Up,
        Self::NearestMaxMagnitude,
    ];

    /// The mode that `frm` or an instruction's `rm` field names; `None` for the reserved encodings
    /// 5 and 6, and for 7 (dynamic), which is no mode of its own.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::NearestEven),
            1 => Some(Self::TowardZero),
            2 => Some(Self::Down),
            3 => Some(Self::Up),
            4 => Some(Self::NearestMaxMagnitude),
            _ => None,
        }
    }

    /// Whether a magnitude cut short by `tail` must be increased by one unit.
    ///
    /// `tail` is what was cut off and `half`, not zero, is half a unit on the same scale; `odd` is
    /// the lowest bit that was kept.
    #[inline]
    pub(crate) const fn rounds_up(self, negative: bool, odd: bool, tail: u64, half: u64) -> bool {
        // One comparison with a limit: tails are random, and so would be a branch on them.
        let limit = match self {
            Self::NearestEven => half - odd as u64,
            Self::NearestMaxMagnitude => half - 1,
            Self::Down if negative => 0,
            Self::Up if !negative => 0,
            Self::TowardZero | Self::Down | Self::Up => u64::MAX,
        };
        tail > limit
    }
}

bitflags! {
    /// Accrued exceptions, with the bits of `fflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct Flags: u8 {
        /// Inexact.
        const NX = 1;
        /// Underflow: tiny after rounding, and inexact.
        const UF = 2;
        /// Overflow.
        const OF = 4;
        /// Division of a finite number by zero.
        const DZ = 8;
        /// Invalid operation.
        const NV = 16;
    }
}
