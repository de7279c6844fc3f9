//! From instructions to decoded runs.

use isa::{Insn, IsaConfig, Opcode};
use memory::{PAGE_SHIFT, Ram, Width};

use super::handlers::{self, Half};
use super::op::{HALVES, Op, Register};
use super::page::{CodePage, Kept};
use crate::Marks;

/// How a decoded instruction ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Control goes on behind it.
    Through,
    /// It ends its run.
    Run,
}

/// Decodes from `slot` to the end of the run, or to where code is decoded already.
pub(super) fn decode_run(
    code: &mut CodePage,
    ram: &mut Ram,
    page: u32,
    slot: usize,
    isa: &IsaConfig,
    marks: &Marks,
) {
    let base = ram.base() + (u64::from(page) << PAGE_SHIFT);
    let mut starts = Vec::new();
    let mut at = slot;
    let mut previous: Option<Half> = None;
    let mut left = loop {
        if at >= HALVES {
            break 0;
        }
        if code.is_decoded(at) {
            break code.op(at).left;
        }
        if marks.any_at(at) {
            *code.op_mut(at) = handlers::marked_op();
            at += 1;
            break 0;
        }
        let Some((insn, word)) = fetch(ram, base, at, isa) else {
            *code.op_mut(at) = handlers::plain_op();
            at += 2;
            break 0;
        };
        let (op, ending, fast) = translate(code, &insn, word, at, isa);
        *code.op_mut(at) = op;
        starts.push(at);
        if let (Some(before), Some(now)) = (previous, fast)
            && let Some(handler) = handlers::fuse(before, now)
        {
            code.op_mut(starts[starts.len() - 2]).handler = handler;
        }
        previous = fast;
        at += usize::from(insn.len / 2);
        if ending == Ending::Run {
            break 0;
        }
    };
    if at > slot {
        ram.mark_decoded(page, slot as u16, at as u16 - 1);
    }
    for &start in starts.iter().rev() {
        left += 1;
        code.op_mut(start).left = left;
    }
}

/// The instruction at a slot; `None` when it is illegal or goes on in the next page.
fn fetch(ram: &Ram, base: u64, slot: usize, isa: &IsaConfig) -> Option<(Insn, u32)> {
    let address = base + 2 * slot as u64;
    let low = ram.load(address, Width::Half)? as u32;
    let word = if low & 3 != 3 {
        low
    } else if slot + 1 < HALVES {
        low | (ram.load(address + 2, Width::Half)? as u32) << 16
    } else {
        return None;
    };
    isa::decode(word, isa).map(|insn| (insn, word))
}

fn translate(
    code: &mut CodePage,
    insn: &Insn,
    word: u32,
    slot: usize,
    isa: &IsaConfig,
) -> (Op, Ending, Option<Half>) {
    let half = Some(Half {
        op: insn.op,
        halves: usize::from(insn.len / 2),
    });
    let compressed_targets = isa.has(isa::Extension::C);
    let op = match insn.op {
        Opcode::Jal
        | Opcode::Beq
        | Opcode::Bne
        | Opcode::Blt
        | Opcode::Bge
        | Opcode::Bltu
        | Opcode::Bgeu => {
            if compressed_targets || insn.imm % 4 == 0 {
                let near = in_page(target(insn, slot)) && insn.op != Opcode::Jal;
                return (jump(insn, slot), Ending::Run, half.filter(|_| near));
            }
            None
        }
        Opcode::Jalr if compressed_targets => {
            let op = straight(handlers::jalr(insn.len), insn, insn.imm);
            return (op, Ending::Run, None);
        }
        _ => simple(insn),
    };
    match op {
        Some(op) => (op, Ending::Through, half),
        None => {
            let fast = handlers::float_compute(insn);
            let half = half.filter(|_| fast.is_some());
            let other = if insn.op.is_system() {
                handlers::system(insn.len)
            } else {
                handlers::kept(insn.len)
            };
            let handler = fast.unwrap_or(other);
            let index = code.keep(Kept { insn: *insn, word }) << handlers::KEPT_SHIFT;
            let sources = i32::from(insn.rs3) << 5 | i32::from(insn.rs2);
            let ends = insn.op.is_system() || insn.op == Opcode::Jalr || is_branch(insn.op);
            let ending = if ends { Ending::Run } else { Ending::Through };
            (straight(handler, insn, index | sources), ending, half)
        }
    }
}

const fn is_branch(op: Opcode) -> bool {
    use Opcode as O;
    matches!(
        op,
        O::Jal | O::Beq | O::Bne | O::Blt | O::Bge | O::Bltu | O::Bgeu
    )
}

/// The slot that a jump or branch leads to, counted from the start of its own page.
fn target(insn: &Insn, slot: usize) -> i64 {
    slot as i64 + i64::from(insn.imm) / 2
}

fn in_page(target: i64) -> bool {
    (0..HALVES as i64).contains(&target)
}

/// A jump or branch with a fixed distance: within the page it leads straight to its target's slot.
fn jump(insn: &Insn, slot: usize) -> Op {
    let near = in_page(target(insn, slot));
    let imm = if near { insn.imm / 2 } else { insn.imm };
    if insn.op == Opcode::Jal {
        return straight(handlers::jal(near, insn.len), insn, imm);
    }
    Op {
        a: Register::source(insn.rs2),
        ..straight(handlers::branch(insn.op, near, insn.len), insn, imm)
    }
}

/// A decoded instruction with destination and first source.
const fn straight(handler: super::op::Handler, insn: &Insn, imm: i32) -> Op {
    Op {
        handler,
        imm,
        a: Register::destination(insn.rd),
        b: Register::source(insn.rs1),
        left: 0,
    }
}

/// Loads, stores and computations that have a fast handler.
fn simple(insn: &Insn) -> Option<Op> {
    if let Some(handler) = handlers::load_handler(insn.op, insn.len) {
        return Some(straight(handler, insn, insn.imm));
    }
    if let Some(handler) = handlers::store_handler(insn.op, insn.len) {
        return Some(Op {
            a: Register::source(insn.rs2),
            ..straight(handler, insn, insn.imm)
        });
    }
    if let Some(handler) = handlers::compute_immediate(insn.op, insn.len) {
        return Some(straight(handler, insn, insn.imm));
    }
    if let Some(handler) = handlers::compute_registers(insn.op, insn.len) {
        return Some(straight(handler, insn, i32::from(insn.rs2)));
    }
    handlers::float_memory(insn)
}
