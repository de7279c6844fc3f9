//! Physical ranges that a debugger watches. Watching changes nothing.

/// A range of physical addresses whose accesses are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedRange {
    /// First byte.
    pub address: u64,
    /// Bytes.
    pub len: u64,
    /// Tell of loads by instructions. Page walks and fetches are none.
    pub reads: bool,
    /// Tell of everything that passes the write door.
    pub writes: bool,
}

impl WatchedRange {
    /// Whether an access of `bytes` bytes at `address` touches it.
    #[must_use]
    pub const fn overlaps(&self, address: u64, bytes: u64) -> bool {
        address < self.address.saturating_add(self.len)
            && self.address < address.saturating_add(bytes)
    }
}

/// An access to a watched range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchHit {
    /// Physical address of the access.
    pub address: u64,
    /// Its length in bytes, within one page.
    pub bytes: u64,
    /// It wrote (an atomic operation tells of both).
    pub write: bool,
}
