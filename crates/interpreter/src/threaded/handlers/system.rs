//! System instructions: the reference engine executes them; what follows is entered without leaving decoded code
//! as long as there is nothing to look at.

use hart::Hart;

use super::super::op::{Cursor, Handler};
use super::super::run::{self, Exit, Frame, enter, enter_far};
use super::{Kept, execute_kept};
use crate::plain::Step;

/// A system instruction, the last of its run.
///
/// Behind a CSR write or a return, interrupts are sampled. That is done here: if none is to be taken,
/// a sample leaves no trace. Steps were given up to the hart's next deadline; if that has moved, the run loop
/// must give them anew.
fn system_instruction<const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let pc = frame.pc(at);
    let before = left + 1;
    frame.sync(hart, before);
    hart.pc = pc;
    let (fetch, flushes) = (hart.contexts.fetch, hart.tlb.flushes());
    let deadline = hart.timer_setting();
    let (step, behind) = match execute_kept(hart, frame, at) {
        Kept::Missing => return frame.leave(hart, pc, before, Exit::Plain),
        Kept::Trapped => return run::trap(hart, frame, pc, before),
        Kept::Done(step, behind) => (step, behind),
    };
    let next = hart.pc;
    frame.sync(hart, left);
    if hart.catch.has_caught() {
        frame.bus.raise_attention();
    }
    let goes_on = match step {
        Step::Next | Step::Sync => true,
        Step::Returned => !frame.watched,
        _ => false,
    } && !frame.must_stop()
        && deadline == hart.timer_setting()
        && !interrupted(hart, frame);
    if !goes_on {
        return frame.leave(hart, next, left, Exit::Step(step));
    }
    if behind && fetch == hart.contexts.fetch && flushes == hart.tlb.flushes() {
        enter(hart, frame, at.skip::<HALVES>(), left);
    } else {
        enter_far(hart, frame, next, left);
    }
}

/// Whether an interrupt is to be taken before the next instruction.
#[inline(always)]
fn interrupted(hart: &Hart, frame: &Frame<'_>) -> bool {
    let lines = frame.bus.lines.into_hart(hart.id() as usize);
    let ticks = frame.bus.clock.ticks();
    hart.pending_interrupt(lines, ticks).is_some()
}

/// The handler of a system instruction.
pub(in super::super) const fn system(len: u8) -> Handler {
    if len == 2 {
        system_instruction::<1>
    } else {
        system_instruction::<2>
    }
}
