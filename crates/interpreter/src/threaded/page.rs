//! The decoded instructions of one physical page.

use std::ptr::NonNull;

use isa::Insn;

use super::handlers;
use super::op::{Cursor, GUARD_SLOTS, HALVES, Op, Register};

/// An instruction that no fast handler covers, as the reference engine takes it.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub insn: Insn,
    pub word: u32,
}

/// Decoded code of one page. A slot is decoded when control first reaches it.
///
/// The slots come first, so that the page's address is theirs.
#[repr(C)]
pub(super) struct CodePage {
    slots: [Op; HALVES + GUARD_SLOTS],
    kept: Vec<Kept>,
}

/// A slot that was not decoded yet, told from others by its register: the address of a function is not
/// unique (each codegen unit may have its own copy).
const UNDECODED: Op = Op {
    handler: handlers::undecoded,
    imm: 0,
    a: Register::NEVER_DECODED,
    b: Register::source(0),
    left: 0,
};

/// Behind the last slot: straight-line code goes on in the next page.
const PAGE_END: Op = Op {
    handler: handlers::page_end,
    ..UNDECODED
};

impl CodePage {
    pub fn new() -> Box<Self> {
        let mut slots = [UNDECODED; HALVES + GUARD_SLOTS];
        slots[HALVES..].fill(PAGE_END);
        Box::new(Self {
            slots,
            kept: Vec::new(),
        })
    }

    pub fn clear(&mut self) {
        self.slots[..HALVES].fill(UNDECODED);
        self.kept.clear();
    }

    pub fn is_decoded(&self, slot: usize) -> bool {
        self.slots[slot].a != Register::NEVER_DECODED
    }

    pub fn op(&self, slot: usize) -> &Op {
        &self.slots[slot]
    }

    pub fn op_mut(&mut self, slot: usize) -> &mut Op {
        &mut self.slots[slot]
    }

    /// Keeps an instruction for the reference engine; returns its index.
    pub fn keep(&mut self, kept: Kept) -> i32 {
        self.kept.push(kept);
        self.kept.len() as i32 - 1
    }

    pub fn kept(&self, index: i32) -> Option<&Kept> {
        self.kept.get(index as usize)
    }

    /// A cursor at `slot` (taken modulo the page).
    #[inline(always)]
    pub fn cursor(&self, slot: usize) -> Cursor {
        let first = NonNull::from(&self.slots).cast::<Op>();
        // SAFETY: pages are boxed, with all `HALVES + GUARD_SLOTS` of them, and change only
        // through `&mut self`, which the engine takes between stretches only.
        unsafe { Cursor::new(first, slot % HALVES) }
    }
}
