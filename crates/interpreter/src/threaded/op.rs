//! Decoded instructions, and the cursor that walks over them.

use std::ptr::NonNull;

use hart::Hart;

use super::run::Frame;

/// What a decoded instruction does, and then calls the next. `left` is how many steps remain when
/// all of the current run is taken.
pub(super) type Handler = for<'h, 'f, 'b> fn(&'h mut Hart, &'f mut Frame<'b>, Cursor, i64);

/// A decoded instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Op {
    pub handler: Handler,
    /// Immediate, distance to the target, or index of the instruction kept beside.
    pub imm: i32,
    /// Index of the destination in `Hart::x` (the sink for `x0`), or second source of stores and
    /// branches.
    pub a: Register,
    /// Index of the first source.
    pub b: Register,
    /// Instructions from this one to the end of its run, both counted.
    pub left: u16,
}

const _: () = assert!(size_of::<Op>() == 16);

/// A register number that is below 64, so that indexing needs no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Register(u8);

impl Register {
    /// What no instruction has: marks a slot that holds none.
    pub const NEVER_DECODED: Self = Self(63);

    /// A source register.
    pub const fn source(number: u8) -> Self {
        Self(number & 31)
    }

    /// A destination register: `x0` becomes the sink.
    pub const fn destination(number: u8) -> Self {
        match number & 31 {
            0 => Self(hart::SINK as u8),
            number => Self(number),
        }
    }

    #[inline(always)]
    pub fn read(self, hart: &Hart) -> u64 {
        // SAFETY: the constructors and the mark give numbers below 64, the length of `x`.
        unsafe { *hart.x.get_unchecked(usize::from(self.0)) }
    }

    #[inline(always)]
    pub fn write(self, hart: &mut Hart, value: u64) {
        // SAFETY: the constructors and the mark give numbers below 64, the length of `x`.
        unsafe { *hart.x.get_unchecked_mut(usize::from(self.0)) = value }
    }

    /// As a floating-point register, which has no sink.
    #[inline(always)]
    pub const fn float(self) -> usize {
        (self.0 & 31) as usize
    }
}

/// Halfwords of code in a page.
pub(super) const HALVES: usize = 2048;
/// Slots behind the last halfword, where straight-line code arrives when it leaves the page.
pub(super) const GUARD_SLOTS: usize = 2;

/// A place in decoded code.
///
/// Invariant: it points to a slot of a page in the code cache, guard slots included, and pages
/// are neither changed nor freed while a cursor exists: both happen only between
/// stretches, and no cursor outlives a stretch ([`super::run::Threaded::run`]).
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Cursor(NonNull<Op>);

impl Cursor {
    /// A cursor at `slot` of the page that starts at `first`.
    ///
    /// # Safety
    /// `first` is the first of `HALVES + GUARD_SLOTS` slots that stay as they are while the
    /// cursor exists, and `slot` is below `HALVES`.
    #[inline(always)]
    pub const unsafe fn new(first: NonNull<Op>, slot: usize) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { first.add(slot) })
    }

    /// The instruction here.
    #[inline(always)]
    pub fn op(&self) -> &Op {
        // SAFETY: the invariant of the type.
        unsafe { self.0.as_ref() }
    }

    /// The place `HALVES` halfwords on.
    #[inline(always)]
    pub fn skip<const BY: usize>(self) -> Self {
        const { assert!(BY <= GUARD_SLOTS) };
        // SAFETY: the builder gives handlers that skip only to slots below `HALVES`, and those skip at
        // most over the guard slots' start; guard slots have handlers that leave the page.
        Self(unsafe { self.0.add(BY) })
    }

    /// The place behind an instruction of `halves` halfwords.
    ///
    /// # Safety
    /// The builder gave this slot a handler for such an instruction.
    #[inline(always)]
    pub unsafe fn behind(self, halves: usize) -> Self {
        // SAFETY: the caller's promise, with what `skip` says.
        Self(unsafe { self.0.add(halves) })
    }

    /// The place that this instruction's immediate leads to, in slots.
    #[inline(always)]
    pub fn target(self) -> Self {
        let distance = self.op().imm as isize;
        // SAFETY: the builder gives handlers that use this only to branches and jumps whose target lies in
        // the same page, with the distance to it.
        Self(unsafe { self.0.offset(distance) })
    }

    /// Twice the slot's number, plus something that only depends on the page: add the page's
    /// bias to get the program counter.
    #[inline(always)]
    pub fn code_offset(self) -> u64 {
        (self.0.as_ptr() as u64) >> 3
    }

    #[inline(always)]
    pub fn go(self, hart: &mut Hart, frame: &mut Frame<'_>, left: i64) {
        (self.op().handler)(hart, frame, self, left);
    }
}
