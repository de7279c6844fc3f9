//! The page-table walk, as a pure function over injected memory.
//!
//! Privileged Architecture, "Virtual Address Translation Process", with Svnapot, Svpbmt, Svade and
//! Svadu. It knows nothing of harts, TLBs or PMP: whoever injects the memory checks that.

use super::Access;

/// A page-table entry, by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pte(pub u64);

impl Pte {
    /// Valid.
    pub const V: u64 = 1;
    /// Readable.
    pub const R: u64 = 1 << 1;
    /// Writable.
    pub const W: u64 = 1 << 2;
    /// Executable.
    pub const X: u64 = 1 << 3;
    /// Accessible to U-mode.
    pub const U: u64 = 1 << 4;
    /// Global.
    pub const G: u64 = 1 << 5;
    /// Accessed.
    pub const A: u64 = 1 << 6;
    /// Dirty.
    pub const D: u64 = 1 << 7;
    /// Page-based memory type (Svpbmt).
    pub const PBMT: u64 = 3 << 61;
    /// Naturally aligned power of two (Svnapot).
    pub const N: u64 = 1 << 63;
    const RESERVED: u64 = 0x7f << 54;

    const fn has(self, bits: u64) -> bool {
        self.0 & bits != 0
    }

    /// Physical page number.
    #[must_use]
    pub const fn ppn(self) -> u64 {
        self.0 >> 10 & ((1 << 44) - 1)
    }

    /// Whether it maps a page, and does not point to the next table.
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        self.has(Self::R | Self::W | Self::X)
    }
}

/// A paged translation scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scheme {
    /// Three levels, 39-bit virtual addresses.
    Sv39 = 3,
    /// Four levels, 48-bit virtual addresses.
    Sv48 = 4,
    /// Five levels, 57-bit virtual addresses.
    Sv57 = 5,
}

impl Scheme {
    /// The scheme that `satp.MODE` encodes, if it is a paged one.
    #[must_use]
    pub const fn from_mode(mode: u64) -> Option<Self> {
        match mode {
            8 => Some(Self::Sv39),
            9 => Some(Self::Sv48),
            10 => Some(Self::Sv57),
            _ => None,
        }
    }

    /// Levels of its tables.
    #[must_use]
    pub const fn levels(self) -> u32 {
        self as u32
    }

    /// Whether the unused upper bits of `address` repeat its highest used bit.
    #[must_use]
    pub const fn is_canonical(self, address: u64) -> bool {
        let unused = 64 - (12 + 9 * self.levels());
        ((address << unused) as i64 >> unused) as u64 == address
    }
}

/// What decides how a walk goes, beside the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkRules {
    /// Translation scheme.
    pub scheme: Scheme,
    /// Physical page number of the root table.
    pub root: u64,
    /// Whether the access is made as U-mode.
    pub user: bool,
    /// `mstatus.SUM`: S-mode may access user pages.
    pub sum: bool,
    /// `mstatus.MXR`: loads may read executable pages.
    pub mxr: bool,
    /// Hardware updates A and D bits (Svadu switched on); if not, a clear bit faults (Svade).
    pub update_ad: bool,
    /// Svpbmt is switched on.
    pub pbmt: bool,
    /// Svnapot exists.
    pub napot: bool,
}

/// Why a walk failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkFault {
    /// The tables do not permit the access.
    Page,
    /// A page-table entry is not in accessible memory.
    Access,
}

/// Memory as a walk sees it.
pub trait PteMemory {
    /// Reads the entry at a physical address.
    ///
    /// # Errors
    /// [`WalkFault::Access`] when it cannot be read.
    fn read(&mut self, address: u64) -> Result<u64, WalkFault>;

    /// Writes back an entry whose A or D bit was set.
    ///
    /// # Errors
    /// [`WalkFault::Access`] when it cannot be written.
    fn write(&mut self, address: u64, entry: u64) -> Result<(), WalkFault>;
}

/// What a walk found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Physical address that the virtual address maps to.
    pub physical: u64,
    /// Level of the leaf: 0 for a 4 KiB page, 1 for 2 MiB, 2 for 1 GiB, …
    pub level: u32,
    /// The entry, with the A and D bits as they are now.
    pub entry: Pte,
    /// Whether the mapping spans more than one 4 KiB page.
    pub large: bool,
}

/// Translates `address` for `access`, updating A and D bits when the rules say so.
///
/// # Errors
/// The fault that the access meets; the caller knows which exception that is.
#[inline]
pub fn walk(
    rules: &WalkRules,
    address: u64,
    access: Access,
    memory: &mut impl PteMemory,
) -> Result<Leaf, WalkFault> {
    if !rules.scheme.is_canonical(address) {
        return Err(WalkFault::Page);
    }
    let mut table = rules.root << 12;
    let mut level = rules.scheme.levels();
    while level > 0 {
        level -= 1;
        let at = table + (address >> (12 + 9 * level) & 0x1ff) * 8;
        let entry = Pte(memory.read(at)?);
        check_encoding(rules, entry)?;
        if entry.is_leaf() {
            check_permission(rules, entry, access)?;
            return finish(rules, address, access, memory, (at, entry, level));
        }
        if entry.has(Pte::A | Pte::D | Pte::U | Pte::N | Pte::PBMT) {
            return Err(WalkFault::Page);
        }
        table = entry.ppn() << 12;
    }
    Err(WalkFault::Page)
}

#[inline]
fn check_encoding(rules: &WalkRules, entry: Pte) -> Result<(), WalkFault> {
    let reserved_write = entry.has(Pte::W) && !entry.has(Pte::R);
    let pbmt = entry.0 & Pte::PBMT;
    let bad_pbmt = pbmt == Pte::PBMT || pbmt != 0 && !rules.pbmt;
    let bad_napot = entry.has(Pte::N) && !rules.napot;
    if !entry.has(Pte::V) || reserved_write || bad_pbmt || bad_napot || entry.has(Pte::RESERVED) {
        return Err(WalkFault::Page);
    }
    Ok(())
}

#[inline]
fn check_permission(rules: &WalkRules, entry: Pte, access: Access) -> Result<(), WalkFault> {
    let user_ok = if entry.has(Pte::U) {
        rules.user || rules.sum && access != Access::Fetch
    } else {
        !rules.user
    };
    let kind_ok = match access {
        Access::Fetch => entry.has(Pte::X),
        Access::Load => entry.has(Pte::R) || rules.mxr && entry.has(Pte::X),
        Access::Store => entry.has(Pte::W),
    };
    if user_ok && kind_ok {
        Ok(())
    } else {
        Err(WalkFault::Page)
    }
}

#[inline]
fn finish(
    rules: &WalkRules,
    address: u64,
    access: Access,
    memory: &mut impl PteMemory,
    (at, entry, level): (u64, Pte, u32),
) -> Result<Leaf, WalkFault> {
    let page_bits = 12 + 9 * level;
    let mut ppn = entry.ppn();
    if ppn & ((1 << (9 * level)) - 1) != 0 {
        return Err(WalkFault::Page); // misaligned superpage
    }
    let napot = entry.has(Pte::N);
    if napot {
        if level != 0 || ppn & 0xf != 0x8 {
            return Err(WalkFault::Page); // only 64 KiB is defined
        }
        ppn = ppn & !0xf | address >> 12 & 0xf;
    }
    let wanted = Pte::A | if access == Access::Store { Pte::D } else { 0 };
    let updated = Pte(entry.0 | wanted);
    if updated != entry {
        if !rules.update_ad {
            return Err(WalkFault::Page);
        }
        memory.write(at, updated.0)?;
    }
    let offset = address & ((1 << page_bits) - 1);
    Ok(Leaf {
        physical: (ppn << 12) | offset,
        level,
        entry: updated,
        large: level > 0 || napot,
    })
}
