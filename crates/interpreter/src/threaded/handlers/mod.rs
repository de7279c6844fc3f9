//! What each decoded instruction does.
//!
//! A handler does its work on the hart and ends by calling the next one. Whatever is not common
//! (a TLB miss, a device, a trap) is done by an out-of-line function with the same signature, so
//! that the common case needs no stack frame.

mod compute;
mod float;
mod jump;
mod memory;
mod pair;
mod system;
mod unit;

use hart::{Flow, Hart};

use super::op::{Cursor, Handler, Op, Register};
use super::run::{Exit, Frame, enter_far};
use crate::plain::{self, Step};

pub(super) use compute::{compute_immediate, compute_registers};
pub(super) use float::{KEPT_SHIFT, float_compute, float_memory};
pub(super) use jump::{branch, jal, jalr};
pub(super) use memory::{load_handler, store_handler};
pub(super) use pair::{Half, fuse};
pub(super) use system::system;

/// Goes on with the next instruction of the same run.
#[inline(always)]
fn next<const HALVES: usize>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    at.skip::<HALVES>().go(hart, frame, left);
}

/// The instruction here was not decoded yet.
pub(super) fn undecoded(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let pc = frame.pc(at);
    frame.leave(hart, pc, left, Exit::Lookup);
}

/// Straight-line code leaves the page.
pub(super) fn page_end(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let pc = frame.pc(at);
    enter_far(hart, frame, pc, left);
}

/// The instruction here straddles pages or is illegal: the plain engine takes it.
fn plain_step(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let pc = frame.pc(at);
    if left <= 0 {
        return frame.leave(hart, pc, left, Exit::Plain);
    }
    hart.pc = pc;
    frame.sync(hart, left);
    let step = plain::step(hart, frame.bus, &mut plain::NoObserver);
    // The plain engine has counted.
    frame.counted(left - 1);
    let pc = hart.pc;
    if step != Step::Next || frame.watched || frame.must_stop() {
        return frame.leave(hart, pc, left - 1, Exit::Step(step));
    }
    enter_far(hart, frame, pc, left - 1);
}

/// What stands where the plain engine must take a step.
pub(super) const fn plain_op() -> Op {
    Op {
        handler: plain_step,
        imm: 0,
        a: Register::source(0),
        b: Register::source(0),
        left: 0,
    }
}

/// The instruction here may be marked.
fn marked(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let pc = frame.pc(at);
    frame.leave(hart, pc, left, Exit::Marked);
}

/// What stands at the place of a mark, in every page.
pub(super) const fn marked_op() -> Op {
    Op {
        handler: marked,
        ..plain_op()
    }
}

/// What the reference engine made of the instruction kept at a place, whose address is `hart.pc`.
enum Kept {
    /// There is none: it must take the step by itself.
    Missing,
    /// What it raised is put by.
    Trapped,
    /// `hart.pc` is where it leads; the second: it leads on behind itself.
    Done(Step, bool),
}

#[inline(never)]
fn execute_kept(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor) -> Kept {
    let Some(kept) = frame.kept(at) else {
        return Kept::Missing;
    };
    let result = hart.execute(frame.bus, &kept.insn, kept.word);
    let Some(flow) = frame.put_trap_by(result) else {
        return Kept::Trapped;
    };
    let behind = matches!(flow, Flow::Next | Flow::Sync);
    Kept::Done(plain::finish(hart, flow, kept.insn.len), behind)
}

/// An instruction without a fast handler: the reference engine executes it.
fn kept_instruction<const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let pc = frame.pc(at);
    let before = left + i64::from(at.op().left);
    frame.sync(hart, before);
    hart.pc = pc;
    match execute_kept(hart, frame, at) {
        Kept::Missing => frame.leave(hart, pc, before, Exit::Plain),
        Kept::Trapped => super::run::trap(hart, frame, pc, before),
        Kept::Done(Step::Next, true) if !frame.must_stop() => {
            next_or_new_run::<HALVES>(hart, frame, at, left);
        }
        Kept::Done(step, _) => {
            let pc = hart.pc;
            let step = if step == Step::Next && frame.bus.needs_attention() {
                Step::Sync
            } else {
                step
            };
            frame.leave(hart, pc, before - 1, Exit::Step(step));
        }
    }
}

/// Behind an instruction that may have ended its run: then the next run must be paid for.
#[inline(always)]
fn next_or_new_run<const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    if at.op().left == 1 {
        super::run::enter(hart, frame, at.skip::<HALVES>(), left);
    } else {
        next::<HALVES>(hart, frame, at, left);
    }
}

/// The handler for an instruction without a fast one.
pub(super) const fn kept(len: u8) -> Handler {
    if len == 2 {
        kept_instruction::<1>
    } else {
        kept_instruction::<2>
    }
}
