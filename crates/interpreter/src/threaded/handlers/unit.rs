//! What one instruction does, apart from what comes after it: so that a handler can be made for it alone and
//! for it with its successor.

use hart::Hart;

use super::super::op::Cursor;
use super::super::run::Frame;

/// An instruction that goes on behind itself when its fast path works.
pub(super) trait Unit {
    /// Halfwords that it takes.
    const HALVES: usize;

    /// The fast path: does all of it and returns true, or changes nothing and returns false.
    fn attempt(hart: &mut Hart, frame: &Frame<'_>, at: Cursor) -> bool;

    /// All of it and what follows, when the fast path did not work.
    #[inline(always)]
    fn slow(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
        super::plain_step(hart, frame, at, left);
    }

    /// All of it, and on to what follows.
    #[inline(always)]
    fn run(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
        if !Self::attempt(hart, frame, at) {
            return Self::slow(hart, frame, at, left);
        }
        // SAFETY: the builder gives a unit's handler to an instruction of its length.
        unsafe { at.behind(Self::HALVES) }.go(hart, frame, left);
    }
}

/// The handler of one instruction.
pub(super) fn single<A: Unit>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    A::run(hart, frame, at, left);
}

/// The handler of an instruction and the one behind it, which is decoded in its own slot as well: if the
/// first needs its slow path, or a jump leads to the second, that is where it is found.
pub(super) fn pair<A: Unit, B: Unit>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    if !A::attempt(hart, frame, at) {
        return A::slow(hart, frame, at, left);
    }
    // SAFETY: as in `Unit::run`.
    B::run(hart, frame, unsafe { at.behind(A::HALVES) }, left);
}
