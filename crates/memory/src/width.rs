//! How wide an access is.

/// Width of one memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Width {
    /// 1 byte.
    Byte = 1,
    /// 2 bytes.
    Half = 2,
    /// 4 bytes.
    Word = 4,
    /// 8 bytes.
    Double = 8,
}

impl Width {
    /// Length in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self as u64
    }

    /// The low bits that are one in this width's largest value.
    #[inline(always)]
    #[must_use]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - 8 * self as u64)
    }

    /// Whether `address` is a multiple of the width.
    #[inline(always)]
    #[must_use]
    pub const fn aligned(self, address: u64) -> bool {
        address & (self.bytes() - 1) == 0
    }

    /// The width of `bytes` bytes, if there is one.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Option<Self> {
        match bytes {
            1 => Some(Self::Byte),
            2 => Some(Self::Half),
            4 => Some(Self::Word),
            8 => Some(Self::Double),
            _ => None,
        }
    }
}
