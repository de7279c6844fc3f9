//! Physical memory protection: 16 entries, granularity 4 bytes.
//!
//! Privileged Architecture, "Physical Memory Protection".

use super::Access;
use crate::Privilege;

/// Entries that exist.
pub const ENTRIES: usize = 16;

const R: u8 = 1;
const W: u8 = 1 << 1;
const X: u8 = 1 << 2;
const LOCK: u8 = 1 << 7;

/// How an entry's address is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matching {
    Off,
    TopOfRange,
    Four,
    PowerOfTwo,
}

const fn matching(config: u8) -> Matching {
    match config >> 3 & 3 {
        1 => Matching::TopOfRange,
        2 => Matching::Four,
        3 => Matching::PowerOfTwo,
        _ => Matching::Off,
    }
}

/// What PMP says of a whole 4 KiB page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageVerdict {
    /// Every byte may be accessed so.
    Allowed,
    /// No byte may.
    Denied,
    /// It depends on the byte.
    Split,
}

/// The PMP registers and the ranges that they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pmp {
    config: [u8; ENTRIES],
    address: [u64; ENTRIES],
    /// Half-open physical ranges, decoded at each register write; empty when off.
    ranges: [(u64, u64); ENTRIES],
    active: usize,
    /// Derived: below this address the first entry grants everything to everybody, as firmware sets it up
    /// that does not use PMP.
    open_below: u64,
}

impl Pmp {
    /// `pmpcfg` register `index` (0 or 2 on RV64: eight entries each).
    #[must_use]
    pub fn config(&self, index: usize) -> u64 {
        let first = index / 2 * 8;
        let bytes = self.config.get(first..first + 8);
        bytes.map_or(0, |b| b.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b)))
    }

    /// Writes `pmpcfg` register `index`; locked entries keep their value, and the reserved
    /// combination W without R is not taken over.
    pub fn set_config(&mut self, index: usize, value: u64) {
        for (byte, new) in value.to_le_bytes().into_iter().enumerate() {
            if let Some(config) = self.config.get_mut(index / 2 * 8 + byte)
                && *config & LOCK == 0
            {
                let new = new & (LOCK | 3 << 3 | R | W | X);
                *config = if new & (R | W) == W { new & !W } else { new };
            }
        }
        self.decode();
    }

    /// `pmpaddr` register `entry`.
    #[must_use]
    pub fn address(&self, entry: usize) -> u64 {
        self.address.get(entry).copied().unwrap_or(0)
    }

    /// Writes `pmpaddr` register `entry`, unless the entry, or the next one as a locked top of
    /// range, forbids it.
    pub fn set_address(&mut self, entry: usize, value: u64) {
        let locked = |config: u8| config & LOCK != 0;
        let by_next = self
            .config
            .get(entry + 1)
            .is_some_and(|&c| locked(c) && matching(c) == Matching::TopOfRange);
        if entry < ENTRIES && !locked(self.config[entry]) && !by_next {
            self.address[entry] = value & ((1 << 54) - 1);
            self.decode();
        }
    }

    fn decode(&mut self) {
        self.active = 0;
        self.open_below = 0;
        for entry in 0..ENTRIES {
            let address = self.address[entry];
            self.ranges[entry] = match matching(self.config[entry]) {
                Matching::Off => (0, 0),
                Matching::TopOfRange => {
                    let from = if entry == 0 {
                        0
                    } else {
                        self.address[entry - 1]
                    };
                    (from << 2, address << 2)
                }
                Matching::Four => (address << 2, (address << 2) + 4),
                Matching::PowerOfTwo => {
                    let ones = address.trailing_ones();
                    let base = (address & !(((1u64 << ones) << 1).wrapping_sub(1))) << 2;
                    (
                        base,
                        base.saturating_add(8u64.checked_shl(ones).unwrap_or(u64::MAX)),
                    )
                }
            };
            if matching(self.config[entry]) != Matching::Off {
                self.active = entry + 1;
            }
        }
        let (from, to) = self.ranges[0];
        if from == 0 && self.config[0] & (R | W | X) == R | W | X {
            self.open_below = to;
        }
    }

    /// Whether everything up to `end` is open to all accesses of all modes.
    #[inline(always)]
    const fn is_open(&self, end: u64) -> bool {
        end <= self.open_below
    }

    fn permits(&self, entry: usize, access: Access, privilege: Privilege) -> bool {
        let config = self.config[entry];
        if privilege == Privilege::Machine && config & LOCK == 0 {
            return true;
        }
        let bit = match access {
            Access::Load => R,
            Access::Store => W,
            Access::Fetch => X,
        };
        config & bit != 0
    }

    /// Whether an access of `bytes` bytes may be made. An access that an entry matches only in
    /// part fails, whatever the entry permits.
    #[inline]
    #[must_use]
    pub fn allows(&self, physical: u64, bytes: u64, access: Access, privilege: Privilege) -> bool {
        let end = physical.saturating_add(bytes);
        if self.is_open(end) {
            return true;
        }
        for entry in 0..self.active {
            let (from, to) = self.ranges[entry];
            if from < to && from < end && physical < to {
                let whole = from <= physical && end <= to;
                return whole && self.permits(entry, access, privilege);
            }
        }
        // No entry matches: M-mode may; S and U may not, since entries are implemented.
        privilege == Privilege::Machine
    }

    /// What holds for every byte of the 4 KiB page at `page`.
    #[inline]
    #[must_use]
    pub fn page(&self, page: u64, access: Access, privilege: Privilege) -> PageVerdict {
        let end = page.saturating_add(memory::PAGE_SIZE);
        if self.is_open(end) {
            return PageVerdict::Allowed;
        }
        for entry in 0..self.active {
            let (from, to) = self.ranges[entry];
            if from >= end || page >= to || from >= to {
                continue;
            }
            if from > page || to < end {
                return PageVerdict::Split;
            }
            return if self.permits(entry, access, privilege) {
                PageVerdict::Allowed
            } else {
                PageVerdict::Denied
            };
        }
        if privilege == Privilege::Machine {
            PageVerdict::Allowed
        } else {
            PageVerdict::Denied
        }
    }

    /// Every register, for hashing and saving: addresses, then configurations.
    pub fn registers(&self) -> impl Iterator<Item = u64> + '_ {
        let configs = self.config.iter().map(|&c| u64::from(c));
        self.address.iter().copied().chain(configs)
    }

    /// Takes over registers in the order of [`Pmp::registers`], locks included.
    pub fn restore(&mut self, registers: impl IntoIterator<Item = u64>) {
        let mut registers = registers.into_iter();
        for slot in &mut self.address {
            *slot = registers.next().unwrap_or(0);
        }
        for slot in &mut self.config {
            *slot = registers.next().unwrap_or(0) as u8;
        }
        self.decode();
    }
}
