//! Translation look-aside buffers, which are part of a hart's state.
//!
//! Whether a stale translation is used must not depend on the engine, on tracing or on the host.
//! So there is one geometry and one fill-and-evict rule for everybody (direct-mapped; a fill
//! replaces what was in the slot), and it is saved and hashed like a register.
//!
//! Beside each *translation* stands a *fast entry*: the same tag with the host address of
//! the page. It exists only while the page needs no attention at all, is derived, and can be
//! dropped at any time without anybody noticing.
//!
//! A tag is the virtual page, plus the number of the *context* in bits 3 to 11: (privilege, SUM,
//! address space) in one number, so that one compare answers mapped, permitted and aligned:
//! the low three bits of a tag are zero, those of a misaligned address are not.

use super::Access;

/// log2 of the entries per access kind.
pub const INDEX_BITS: u32 = 10;
/// Entries per access kind.
pub const ENTRIES: usize = 1 << INDEX_BITS;
/// A tag that no address has: its low bits are set, its context number is never given out.
pub const NO_TAG: u64 = u64::MAX;

const PAGE_MASK: u64 = !0xfff;
const CONTEXT_SHIFT: u32 = 3;
/// Context of M-mode addresses.
const MACHINE: u64 = 0;
/// Context of S- and U-mode addresses while translation is off.
const BARE: u64 = 1;
const FIRST_SPACE: u16 = 2;
const LAST_CONTEXT: u16 = 510;
/// U, S, and S with SUM.
const CONTEXTS_PER_SPACE: u16 = 3;
const SPACES: usize = 64;

/// Which translations an access may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKind {
    /// M-mode: no translation, machine's PMP rights.
    Machine,
    /// S- or U-mode with `satp` off.
    Bare,
    /// U-mode in an address space.
    User,
    /// S-mode in an address space.
    Supervisor,
    /// S-mode with SUM in an address space.
    SupervisorSum,
}

/// A host shortcut for one page: valid when the tag matches.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FastEntry {
    /// Tag, or [`NO_TAG`].
    pub tag: u64,
    /// What to add to a virtual address to get the host's (loads and stores), or the address of
    /// the decoded page (fetches).
    pub addend: u64,
}

/// A translation: valid when the tag matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Translation {
    tag: u64,
    /// Physical page address, and in bit 0: PMP must be asked for each access.
    page: u64,
}

const EMPTY_FAST: FastEntry = FastEntry {
    tag: NO_TAG,
    addend: 0,
};
const EMPTY: Translation = Translation {
    tag: NO_TAG,
    page: 0,
};

/// What a look-up found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Physical address.
    pub physical: u64,
    /// PMP splits this page: ask it.
    pub split: bool,
}

/// The TLBs of one hart.
#[repr(C)]
pub struct Tlb {
    /// Shortcuts for loads.
    pub fast_load: [FastEntry; ENTRIES],
    /// Shortcuts for stores.
    pub fast_store: [FastEntry; ENTRIES],
    /// Shortcuts for fetches: `addend` is the interpreter's.
    pub fast_fetch: [FastEntry; ENTRIES],
    entries: [[Translation; ENTRIES]; 3],
    spaces: [(u16, u16); SPACES],
    next_context: u16,
    /// Which 2 MiB regions (by hash) hold fragments of large pages, and which 1 GiB regions.
    large: [u64; 2],
    /// Derived: how often something was dropped.
    flushes: u64,
}

impl Default for Tlb {
    fn default() -> Self {
        Self {
            fast_load: [EMPTY_FAST; ENTRIES],
            fast_store: [EMPTY_FAST; ENTRIES],
            fast_fetch: [EMPTY_FAST; ENTRIES],
            entries: [[EMPTY; ENTRIES]; 3],
            spaces: [(0, 0); SPACES],
            next_context: FIRST_SPACE,
            large: [0; 2],
            flushes: 0,
        }
    }
}

/// The slot of a virtual address.
#[inline(always)]
#[must_use]
pub const fn index(address: u64) -> usize {
    (address >> 12) as usize & (ENTRIES - 1)
}

/// The tag of an aligned access at `address` in a context (as [`Tlb::context`] gives it).
#[inline(always)]
#[must_use]
pub const fn tag(address: u64, context: u64) -> u64 {
    address & PAGE_MASK | context
}

impl Tlb {
    /// The context of `kind` in address space `asid`, in its place in a tag. Numbers are given
    /// out in order of first use.
    pub fn context(&mut self, kind: ContextKind, asid: u16) -> u64 {
        let within = match kind {
            ContextKind::Machine => return MACHINE << CONTEXT_SHIFT,
            ContextKind::Bare => return BARE << CONTEXT_SHIFT,
            ContextKind::User => 0,
            ContextKind::Supervisor => 1,
            ContextKind::SupervisorSum => 2,
        };
        let slot = usize::from(asid) % SPACES;
        if self.spaces[slot].1 == 0 || self.spaces[slot].0 != asid {
            if self.next_context + CONTEXTS_PER_SPACE > LAST_CONTEXT {
                self.clear();
            }
            self.spaces[slot] = (asid, self.next_context);
            self.next_context += CONTEXTS_PER_SPACE;
        }
        u64::from(self.spaces[slot].1 + within) << CONTEXT_SHIFT
    }

    /// How often translations were dropped: while it stays, what was there still is, unless a fill
    /// replaced it.
    #[inline(always)]
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.flushes
    }

    /// Looks a translation up.
    #[inline]
    #[must_use]
    pub fn lookup(&self, access: Access, address: u64, context: u64) -> Option<Hit> {
        let entry = &self.entries[access as usize][index(address)];
        (entry.tag == tag(address, context)).then_some(Hit {
            physical: entry.page & PAGE_MASK | address & !PAGE_MASK,
            split: entry.page & 1 != 0,
        })
    }

    /// Takes in a translation; what was in its slot is lost.
    pub fn fill(
        &mut self,
        access: Access,
        address: u64,
        context: u64,
        hit: Hit,
        large: Option<u32>,
    ) {
        if let Some(level) = large {
            self.large[0] |= region_bit(address, 21);
            if level > 1 {
                self.large[1] |= region_bit(address, 30);
            }
            if level > 2 {
                self.large[1] = u64::MAX; // larger than the filter can tell apart
            }
        }
        let slot = index(address);
        self.entries[access as usize][slot] = Translation {
            tag: tag(address, context),
            page: hit.physical & PAGE_MASK | u64::from(hit.split),
        };
        self.fast_mut(access)[slot].tag = NO_TAG;
    }

    fn fast_mut(&mut self, access: Access) -> &mut [FastEntry; ENTRIES] {
        match access {
            Access::Load => &mut self.fast_load,
            Access::Store => &mut self.fast_store,
            Access::Fetch => &mut self.fast_fetch,
        }
    }

    /// Notes the host's shortcut for a translation that is present.
    pub fn fill_fast(&mut self, access: Access, address: u64, context: u64, addend: u64) {
        self.fast_mut(access)[index(address)] = FastEntry {
            tag: tag(address, context),
            addend,
        };
    }

    /// Drops every shortcut for loads and stores.
    pub fn drop_fast_data(&mut self) {
        self.fast_load.fill(EMPTY_FAST);
        self.fast_store.fill(EMPTY_FAST);
    }

    /// Drops every shortcut for fetches.
    pub fn drop_fast_fetch(&mut self) {
        self.fast_fetch.fill(EMPTY_FAST);
    }

    /// Drops every translation of every address space (`sfence.vma x0, x0`; changes of MODE, MXR, …).
    /// Contexts in use get new numbers: callers ask for theirs again.
    pub fn flush_spaces(&mut self) {
        self.flushes += 1;
        self.spaces = [(0, 0); SPACES];
        self.large = [0; 2];
        if self.next_context + CONTEXTS_PER_SPACE > LAST_CONTEXT {
            self.clear();
        }
    }

    /// Drops every translation of one address space (`sfence.vma x0, asid`).
    pub fn flush_space(&mut self, asid: u16) {
        self.flushes += 1;
        let slot = usize::from(asid) % SPACES;
        if self.spaces[slot].0 == asid {
            self.spaces[slot] = (0, 0);
        }
    }

    /// Drops the translations of one virtual address, in every address space
    /// (`sfence.vma va, *`): of more than was asked when large pages are about.
    pub fn flush_address(&mut self, address: u64) {
        self.flushes += 1;
        let large =
            self.large[0] & region_bit(address, 21) | self.large[1] & region_bit(address, 30);
        if large != 0 {
            self.flush_spaces();
            return;
        }
        let slot = index(address);
        for access in [Access::Load, Access::Store, Access::Fetch] {
            self.entries[access as usize][slot] = EMPTY;
            self.fast_mut(access)[slot] = EMPTY_FAST;
        }
    }

    /// Drops everything, untranslated contexts included (PMP changes).
    pub fn clear(&mut self) {
        self.flushes += 1;
        self.entries = [[EMPTY; ENTRIES]; 3];
        self.drop_fast_data();
        self.drop_fast_fetch();
        self.spaces = [(0, 0); SPACES];
        self.next_context = FIRST_SPACE;
        self.large = [0; 2];
    }

    /// The whole state as words, for hashing and saving; shortcuts are not part of it.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let entries = self.entries.iter().flatten().flat_map(|e| [e.tag, e.page]);
        let spaces = self
            .spaces
            .iter()
            .map(|s| u64::from(s.0) << 16 | u64::from(s.1));
        let rest = [u64::from(self.next_context), self.large[0], self.large[1]];
        entries.chain(spaces).chain(rest)
    }

    /// Takes over words in the order of [`Tlb::words`]; missing ones read as empty.
    pub fn restore(&mut self, words: &mut impl Iterator<Item = u64>) {
        *self = Self::default();
        for entry in self.entries.iter_mut().flatten() {
            entry.tag = words.next().unwrap_or(NO_TAG);
            entry.page = words.next().unwrap_or(0);
        }
        for space in &mut self.spaces {
            let word = words.next().unwrap_or(0);
            *space = ((word >> 16) as u16, word as u16);
        }
        self.next_context = words.next().unwrap_or(0).clamp(2, 510) as u16;
        self.large = [words.next().unwrap_or(0), words.next().unwrap_or(0)];
    }
}

const fn region_bit(address: u64, shift: u32) -> u64 {
    1 << (address >> shift & 63)
}
