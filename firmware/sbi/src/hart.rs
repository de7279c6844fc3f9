//! What the firmware keeps about each hart, and who may write it.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use abi::memory_map::MAX_HARTS;
use sbi_spec::hsm::hart_state;

/// Bytes of each hart's stack.
pub const STACK_BYTES: usize = 16 << 10;

/// Not a state of the specification: the machine has no such hart.
pub const ABSENT: usize = usize::MAX;

/// Bit of [`Hart::mailbox`]: an interprocessor interrupt for S-mode. The bits below name harts that want a fence.
pub const MAIL_IPI: usize = 1 << MAX_HARTS;

/// What a fence does on the harts it is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum FenceKind {
    /// `fence.i`.
    Instructions,
    /// `sfence.vma`, every address space.
    AllSpaces,
    /// `sfence.vma`, one address space.
    OneSpace,
}

/// The fence that a hart asks others for; written by that hart only, while nobody owes it an answer.
#[derive(Debug)]
pub struct FenceRequest {
    /// A [`FenceKind`].
    pub kind: AtomicUsize,
    /// First virtual address.
    pub start: AtomicUsize,
    /// Bytes; `usize::MAX` for all addresses.
    pub size: AtomicUsize,
    /// Address space.
    pub asid: AtomicUsize,
    /// Harts that have not answered.
    pub unanswered: AtomicUsize,
}

/// One hart.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Hart {
    /// Its id.
    pub id: usize,
    /// State of the Hart State Management extension, or [`ABSENT`].
    pub state: AtomicUsize,
    /// Where to start; written by who moved the state from stopped to start pending.
    pub start_address: AtomicUsize,
    /// The second argument to give there.
    pub start_argument: AtomicUsize,
    /// What others want of it.
    pub mailbox: AtomicUsize,
    /// The fence it asks others for.
    pub fence: FenceRequest,
    /// Locked firmware features, a bit each; its own.
    pub locked_features: AtomicUsize,
    /// Whether it has `stimecmp`; its own.
    pub has_sstc: AtomicBool,
}

impl Hart {
    const fn new(id: usize) -> Self {
        Self {
            id,
            state: AtomicUsize::new(ABSENT),
            start_address: AtomicUsize::new(0),
            start_argument: AtomicUsize::new(0),
            mailbox: AtomicUsize::new(0),
            fence: FenceRequest {
                kind: AtomicUsize::new(FenceKind::Instructions as usize),
                start: AtomicUsize::new(0),
                size: AtomicUsize::new(0),
                asid: AtomicUsize::new(0),
                unanswered: AtomicUsize::new(0),
            },
            locked_features: AtomicUsize::new(0),
            has_sstc: AtomicBool::new(false),
        }
    }

    /// Whether the machine has it.
    pub fn exists(&self) -> bool {
        self.state.load(Ordering::Relaxed) != ABSENT
    }

    /// Says that the machine has it; it waits to be started.
    pub fn announce(&self) {
        let _ = self.state.compare_exchange(
            ABSENT,
            hart_state::STOPPED,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }
}

/// Every hart there can be, by its id.
pub static HARTS: [Hart; MAX_HARTS] = [
    Hart::new(0),
    Hart::new(1),
    Hart::new(2),
    Hart::new(3),
    Hart::new(4),
    Hart::new(5),
    Hart::new(6),
    Hart::new(7),
];

/// The hart with an id, if the machine has it.
pub fn by_id(id: usize) -> Option<&'static Hart> {
    HARTS.get(id).filter(|hart| hart.exists())
}

/// The harts the machine has.
pub fn present() -> impl Iterator<Item = &'static Hart> {
    HARTS.iter().filter(|hart| hart.exists())
}

/// A set of harts, a bit for each id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HartSet(usize);

impl HartSet {
    /// All harts the machine has.
    pub fn all() -> Self {
        Self(present().fold(0, |set, hart| set | 1 << hart.id))
    }

    /// What `hart_mask` and `hart_mask_base` of a call name (SBI 2.0, chapter 3.1): bit *n* is hart `base + n`, and a
    /// base of -1 names all. `None` when a hart is named that does not exist.
    pub fn from_mask(mask: usize, base: usize) -> Option<Self> {
        if base == usize::MAX {
            return Some(Self::all());
        }
        if mask == 0 {
            return Some(Self(0));
        }
        let shift = u32::try_from(base).ok().filter(|&b| b < usize::BITS)?;
        let bits = mask << shift;
        let nothing_lost = bits >> shift == mask;
        (nothing_lost && bits & !Self::all().0 == 0).then_some(Self(bits))
    }

    /// The harts of `mask` that exist; the rest is left out, as legacy calls cannot complain.
    pub fn existing(mask: usize) -> Self {
        Self(mask & Self::all().0)
    }

    /// Its harts.
    pub fn iter(self) -> impl Iterator<Item = &'static Hart> {
        HARTS.iter().filter(move |hart| self.0 & 1 << hart.id != 0)
    }
}
