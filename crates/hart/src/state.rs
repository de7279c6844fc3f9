//! The state of a hart.

use std::ops::{Index, IndexMut};

use isa::{Extension, IsaConfig};

use crate::Privilege;
use crate::catch::Catch;
use crate::csr::Slot;
use crate::mmu::Contexts;
use crate::mmu::pmp::Pmp;
use crate::mmu::tlb::Tlb;

/// Where writes to `x0` go: a slot of [`Hart::x`] that nobody reads.
pub const SINK: usize = 32;

/// One RV64 hart.
///
/// The layout is fixed: fast engines reach registers and shortcuts at constant offsets from one
/// pointer. What is state and what is derived is said at each field; [`Hart::words`] lists the state.
#[repr(C)]
pub struct Hart {
    /// Integer registers; `x[0]` is always 0, `x[SINK]` takes writes to `x0`.
    pub x: [u64; 64],
    /// Floating-point registers, NaN-boxed.
    pub f: [u64; 32],
    /// Address of the next instruction.
    pub pc: u64,
    /// Derived: what accesses are made as.
    pub contexts: Contexts,
    /// Derived: floating-point instructions may run without touching `mstatus`, since FS is dirty.
    pub float_ready: bool,
    /// Derived: float-ready, NX raised already and rounding to nearest even: results that raise
    /// nothing but NX leave nothing to record.
    pub float_fast: bool,
    /// Derived: misaligned loads and stores are done, not trapped (Zicclsm).
    pub misaligned_ok: bool,
    /// Configuration: an `ebreak` between the two semihosting marks calls the host.
    pub semihosting: bool,
    /// Privilege mode.
    pub privilege: Privilege,
    /// Waits in WFI (or WRS) for an interrupt.
    pub waiting: bool,
    csr: [u64; Slot::COUNT],
    /// Steps that this hart has taken.
    pub steps: u64,
    /// Steps that retired no instruction: trapped attempts and interrupt entries.
    pub unretired: u64,
    /// Physical memory protection.
    pub pmp: Pmp,
    /// Address translations.
    pub tlb: Tlb,
    /// Derived: [`memory::Ram::revocations`] when the shortcuts for data were last dropped.
    seen_revocations: u64,
    /// Not state: what a debugger is told of.
    pub catch: Catch,
    isa: IsaConfig,
    id: u64,
}

impl Hart {
    /// A hart at reset, in M-mode at `reset_vector`.
    #[must_use]
    pub fn new(id: u64, isa: IsaConfig, reset_vector: u64) -> Box<Self> {
        let mut hart = Box::new(Self {
            x: [0; 64],
            f: [0; 32],
            pc: reset_vector,
            contexts: Contexts {
                fetch: 0,
                data: 0,
                data_privilege: Privilege::Machine,
            },
            float_ready: false,
            float_fast: false,
            misaligned_ok: isa.has(Extension::Zicclsm),
            semihosting: false,
            privilege: Privilege::Machine,
            waiting: false,
            csr: [0; Slot::COUNT],
            steps: 0,
            unretired: 0,
            pmp: Pmp::default(),
            tlb: Tlb::default(),
            seen_revocations: 0,
            catch: Catch::default(),
            isa,
            id,
        });
        hart.reset_csrs();
        hart.refresh_contexts();
        hart
    }

    /// Back to the state at power-on, at `reset_vector`.
    pub fn reset(&mut self, reset_vector: u64) {
        let fresh = Self::new(self.id, self.isa, reset_vector);
        let (steps, unretired, semihosting) = (self.steps, self.unretired, self.semihosting);
        let catch = std::mem::take(&mut self.catch);
        *self = *fresh;
        self.catch = catch;
        (self.steps, self.unretired, self.semihosting) = (steps, unretired, semihosting);
    }

    /// `mhartid`.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The extensions it has.
    #[must_use]
    pub fn isa(&self) -> &IsaConfig {
        &self.isa
    }

    /// Integer register `number` (0 to 31).
    #[inline(always)]
    #[must_use]
    pub fn reg(&self, number: u8) -> u64 {
        self.x[usize::from(number & 31)]
    }

    /// Writes integer register `number`; writes to `x0` are lost.
    #[inline(always)]
    pub fn set_reg(&mut self, number: u8, value: u64) {
        if number & 31 != 0 {
            self.x[usize::from(number & 31)] = value;
        }
    }

    /// Drops host pointers that page flags no longer allow. Engines call it before they use any.
    #[inline]
    pub fn honour_revocations(&mut self, ram: &memory::Ram) {
        if self.seen_revocations != ram.revocations() {
            self.seen_revocations = ram.revocations();
            self.tlb.drop_fast_data();
        }
    }

    /// Counts `count` steps that this hart took.
    #[inline(always)]
    pub fn advance(&mut self, bus: &mut memory::Bus, count: u64) {
        self.steps += count;
        bus.clock.steps += count;
    }

    /// The whole state as words in a fixed order, for hashing, comparing and saving. Derived
    /// fields are not part of it.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let modes = u64::from(self.privilege as u8) | u64::from(self.waiting) << 8;
        let x = self.x[..32].iter().copied();
        let rest = [self.pc, modes, self.steps, self.unretired];
        x.chain(self.f)
            .chain(rest)
            .chain(self.csr)
            .chain(self.pmp.registers())
            .chain(self.tlb.words())
    }

    /// Steps taken by the hart whose [`Hart::words`] these are.
    pub fn steps_in(words: impl IntoIterator<Item = u64>) -> u64 {
        // Behind 64 registers, pc and modes.
        words.into_iter().nth(66).unwrap_or(0)
    }

    /// Takes over words in the order of [`Hart::words`] of a hart with the same extensions.
    pub fn restore(&mut self, words: impl IntoIterator<Item = u64>) {
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap_or(0);
        for register in &mut self.x[..32] {
            *register = next();
        }
        for register in &mut self.f {
            *register = next();
        }
        self.pc = next();
        let modes = next();
        self.privilege = Privilege::from_bits(modes);
        self.waiting = modes >> 8 & 1 != 0;
        self.steps = next();
        self.unretired = next();
        for slot in &mut self.csr {
            *slot = next();
        }
        self.pmp
            .restore(words.by_ref().take(2 * crate::mmu::pmp::ENTRIES));
        self.tlb.restore(&mut words);
        self.refresh_contexts();
        self.refresh_float();
    }

    /// A hart in the same state; it holds no shortcuts.
    #[must_use]
    pub fn duplicate(&self) -> Box<Self> {
        let mut copy = Self::new(self.id, self.isa, 0);
        copy.semihosting = self.semihosting;
        copy.restore(self.words());
        copy
    }
}

impl Index<Slot> for Hart {
    type Output = u64;

    #[inline(always)]
    fn index(&self, slot: Slot) -> &u64 {
        &self.csr[slot as usize]
    }
}

impl IndexMut<Slot> for Hart {
    #[inline(always)]
    fn index_mut(&mut self, slot: Slot) -> &mut u64 {
        &mut self.csr[slot as usize]
    }
}
