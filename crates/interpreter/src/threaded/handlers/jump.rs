//! Jumps and branches.

use hart::Hart;
use hart::semantics::integer::branch_taken;
use isa::Opcode;

use super::super::op::{Cursor, Handler};
use super::super::run::{Frame, enter, enter_far};
use super::unit::{Unit, single};

fn jal_near<const HALVES: usize>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let link = frame.pc(at).wrapping_add(2 * HALVES as u64);
    at.op().a.write(hart, link);
    enter(hart, frame, at.target(), left);
}

fn jal_far<const HALVES: usize>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let pc = frame.pc(at);
    at.op().a.write(hart, pc.wrapping_add(2 * HALVES as u64));
    enter_far(
        hart,
        frame,
        pc.wrapping_add(at.op().imm as i64 as u64),
        left,
    );
}

fn jump_register<const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let op = at.op();
    let target = op.b.read(hart).wrapping_add(op.imm as i64 as u64) & !1;
    let link = frame.pc(at).wrapping_add(2 * HALVES as u64);
    op.a.write(hart, link);
    enter_far(hart, frame, target, left);
}

/// A branch within its page.
pub(super) struct Branch<const OP: u16, const HALVES: usize>;

impl<const OP: u16, const HALVES: usize> Unit for Branch<OP, HALVES> {
    const HALVES: usize = HALVES;

    #[inline(always)]
    fn attempt(_: &mut Hart, _: &Frame<'_>, _: Cursor) -> bool {
        false
    }

    #[inline(always)]
    fn run(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
        let op = at.op();
        if branch_taken(const { opcode(OP) }, op.b.read(hart), op.a.read(hart)) {
            enter(hart, frame, at.target(), left);
        } else {
            enter(hart, frame, at.skip::<HALVES>(), left);
        }
    }
}

fn branch_far<const OP: u16, const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let op = at.op();
    if branch_taken(const { opcode(OP) }, op.b.read(hart), op.a.read(hart)) {
        let target = frame.pc(at).wrapping_add(op.imm as i64 as u64);
        enter_far(hart, frame, target, left);
    } else {
        enter(hart, frame, at.skip::<HALVES>(), left);
    }
}

const fn opcode(number: u16) -> Opcode {
    Opcode::ALL[number as usize]
}

/// The handler of a `jal` whose target is in the same page, or not.
pub(in super::super) fn jal(near: bool, len: u8) -> Handler {
    match (near, len) {
        (true, 2) => jal_near::<1>,
        (true, _) => jal_near::<2>,
        (false, 2) => jal_far::<1>,
        (false, _) => jal_far::<2>,
    }
}

/// The handler of a `jalr`.
pub(in super::super) fn jalr(len: u8) -> Handler {
    if len == 2 {
        jump_register::<1>
    } else {
        jump_register::<2>
    }
}

macro_rules! branches {
    ($op:expr, $near:expr, $len:expr, $($name:ident)*) => {
        match ($op, $near, $len) {
            $(
                (Opcode::$name, true, 2) => single::<Branch<{ Opcode::$name as u16 }, 1>>,
                (Opcode::$name, true, _) => single::<Branch<{ Opcode::$name as u16 }, 2>>,
                (Opcode::$name, false, 2) => branch_far::<{ Opcode::$name as u16 }, 1>,
                (Opcode::$name, false, _) => branch_far::<{ Opcode::$name as u16 }, 2>,
            )*
            _ => super::plain_step,
        }
    };
}

/// The handler of a branch whose target is in the same page, or not.
pub(in super::super) fn branch(op: Opcode, near: bool, len: u8) -> Handler {
    branches!(op, near, len, Beq Bne Blt Bge Bltu Bgeu)
}
