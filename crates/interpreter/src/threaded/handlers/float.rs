//! Floating point on the host's FPU, where that is exact.
//!
//! `hart.float_fast` says that FS is dirty, NX has been raised and the dynamic rounding mode is
//! to-nearest-even: then a result that the host computes without any other exception is the
//! specified one, and there is nothing to record. Everything else is the reference engine's.

use hart::Hart;
use isa::{Insn, Opcode};
use softfloat::fast;

use super::super::op::{Cursor, Handler, Op, Register};
use super::super::run::Frame;
use super::memory::float_access;
use super::next;
use super::unit::{Unit, single};

/// Bits of `Op::imm` below the index of the kept instruction: rs2 and rs3.
pub(in super::super) const KEPT_SHIFT: u32 = 10;

/// Rounding-mode fields with which a fast path may be taken: RNE and dynamic.
pub(super) const fn rounds_to_nearest(field: u8) -> bool {
    matches!(field, 0 | 7)
}

#[inline(always)]
const fn second(op: &Op) -> usize {
    (op.imm & 31) as usize
}

#[inline(always)]
const fn third(op: &Op) -> usize {
    (op.imm >> 5 & 31) as usize
}

const BOX: u64 = 0xffff_ffff_0000_0000;

#[inline(always)]
const fn unboxed(register: u64) -> Option<u32> {
    if register >= BOX {
        Some(register as u32)
    } else {
        None
    }
}

/// The operations that have a fast path.
#[derive(Clone, Copy)]
enum Fast {
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    Fused,
}

const FAST: [Fast; 6] = [
    Fast::Add,
    Fast::Sub,
    Fast::Mul,
    Fast::Div,
    Fast::Sqrt,
    Fast::Fused,
];

/// Signs of product and addend of the fused operations: fmadd, fmsub, fnmsub, fnmadd.
const SIGNS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[inline(always)]
fn compute_f64<const OP: usize, const SIGN: usize>(a: u64, b: u64, c: u64) -> Option<u64> {
    const MINUS: u64 = 1 << 63;
    match FAST[OP] {
        Fast::Add => fast::add_f64_fast(a, b),
        Fast::Sub => fast::sub_f64_fast(a, b),
        Fast::Mul => fast::mul_f64_fast(a, b),
        Fast::Div => fast::div_f64_fast(a, b),
        Fast::Sqrt => fast::sqrt_f64_fast(a),
        Fast::Fused => {
            let (product, addend) = SIGNS[SIGN];
            let a = if product { a ^ MINUS } else { a };
            let c = if addend { c ^ MINUS } else { c };
            fast::fma_f64_fast(a, b, c)
        }
    }
}

#[inline(always)]
fn compute_f32<const OP: usize, const SIGN: usize>(a: u64, b: u64, c: u64) -> Option<u64> {
    const MINUS: u32 = 1 << 31;
    let a = unboxed(a)?;
    let result = match FAST[OP] {
        Fast::Add => fast::add_f32_fast(a, unboxed(b)?),
        Fast::Sub => fast::sub_f32_fast(a, unboxed(b)?),
        Fast::Mul => fast::mul_f32_fast(a, unboxed(b)?),
        Fast::Div => fast::div_f32_fast(a, unboxed(b)?),
        Fast::Sqrt => fast::sqrt_f32_fast(a),
        Fast::Fused => {
            let (product, addend) = SIGNS[SIGN];
            let (b, c) = (unboxed(b)?, unboxed(c)?);
            let a = if product { a ^ MINUS } else { a };
            let c = if addend { c ^ MINUS } else { c };
            fast::fma_f32_fast(a, b, c)
        }
    };
    result.map(|bits| u64::from(bits) | BOX)
}

/// Arithmetic on doubles (or singles) that raises nothing but, possibly, NX.
pub(super) struct Arithmetic<const OP: usize, const SIGN: usize, const DOUBLE: bool>;

impl<const OP: usize, const SIGN: usize, const DOUBLE: bool> Unit for Arithmetic<OP, SIGN, DOUBLE> {
    const HALVES: usize = 2;

    #[inline(always)]
    fn attempt(hart: &mut Hart, _: &Frame<'_>, at: Cursor) -> bool {
        let op = at.op();
        let (a, b) = (hart.f[op.b.float()], hart.f[second(op)]);
        let c = if matches!(FAST[OP], Fast::Fused) {
            hart.f[third(op)]
        } else {
            0
        };
        let result = if DOUBLE {
            compute_f64::<OP, SIGN>(a, b, c)
        } else {
            compute_f32::<OP, SIGN>(a, b, c)
        };
        match result {
            Some(value) if hart.float_fast => {
                hart.f[op.a.float()] = value;
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn slow(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
        super::kept_instruction::<2>(hart, frame, at, left);
    }
}

/// Sign injection of doubles; with equal sources it is a move.
fn inject_sign<const KIND: u8>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    if !hart.float_ready {
        return super::kept_instruction::<2>(hart, frame, at, left);
    }
    const MINUS: u64 = 1 << 63;
    let op = at.op();
    let (a, b) = (hart.f[op.b.float()], hart.f[second(op)]);
    let sign = match KIND {
        0 => b,
        1 => !b,
        _ => a ^ b,
    };
    hart.f[op.a.float()] = a & !MINUS | sign & MINUS;
    next::<2>(hart, frame, at, left);
}

/// Comparison of doubles that are no NaNs.
fn compare<const KIND: u8>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let op = at.op();
    let a = f64::from_bits(hart.f[op.b.float()]);
    let b = f64::from_bits(hart.f[second(op)]);
    if !hart.float_ready || a.is_nan() || b.is_nan() {
        return super::kept_instruction::<2>(hart, frame, at, left);
    }
    let holds = match KIND {
        0 => a <= b,
        1 => a < b,
        _ => a == b,
    };
    op.a.write(hart, u64::from(holds));
    next::<2>(hart, frame, at, left);
}

/// The bits of a double into an integer register.
fn move_to_integer(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    if !hart.float_ready {
        return super::kept_instruction::<2>(hart, frame, at, left);
    }
    let op = at.op();
    op.a.write(hart, hart.f[op.b.float()]);
    next::<2>(hart, frame, at, left);
}

/// The bits of a double from an integer register.
fn move_from_integer(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    if !hart.float_ready {
        return super::kept_instruction::<2>(hart, frame, at, left);
    }
    let op = at.op();
    hart.f[op.a.float()] = op.b.read(hart);
    next::<2>(hart, frame, at, left);
}

/// A 32-bit integer as a double: always exact.
fn word_to_double<const SIGNED: bool>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    if !hart.float_ready {
        return super::kept_instruction::<2>(hart, frame, at, left);
    }
    let op = at.op();
    let word = op.b.read(hart) as u32;
    let value = if SIGNED {
        f64::from(word as i32)
    } else {
        f64::from(word)
    };
    hart.f[op.a.float()] = value.to_bits();
    next::<2>(hart, frame, at, left);
}

/// The handler of a load or store, which keeps no instruction beside.
pub(in super::super) fn float_memory(insn: &Insn) -> Option<Op> {
    let handler = float_access(insn.op, insn.len)?;
    let stores = matches!(insn.op, Opcode::Fsw | Opcode::Fsd);
    Some(Op {
        handler,
        imm: insn.imm,
        a: Register::source(if stores { insn.rs2 } else { insn.rd }),
        b: Register::source(insn.rs1),
        left: 0,
    })
}

/// The fast handler of a computation, which falls back to the instruction kept beside it.
pub(in super::super) fn float_compute(insn: &Insn) -> Option<Handler> {
    fixed(insn).or_else(|| rounds_to_nearest(insn.aux).then(|| rounded(insn.op))?)
}

fn fixed(insn: &Insn) -> Option<Handler> {
    // These conversions never round, but a reserved rounding mode traps all the same; the dynamic one may be reserved.
    let mode_exists = insn.aux < 5;
    Some(match insn.op {
        Opcode::FsgnjD => inject_sign::<0>,
        Opcode::FsgnjnD => inject_sign::<1>,
        Opcode::FsgnjxD => inject_sign::<2>,
        Opcode::FleD => compare::<0>,
        Opcode::FltD => compare::<1>,
        Opcode::FeqD => compare::<2>,
        Opcode::FmvXD => move_to_integer,
        Opcode::FmvDX => move_from_integer,
        Opcode::FcvtDW if mode_exists => word_to_double::<true>,
        Opcode::FcvtDWu if mode_exists => word_to_double::<false>,
        _ => return None,
    })
}

fn rounded(op: Opcode) -> Option<Handler> {
    Some(match op {
        Opcode::FaddD => single::<Arithmetic<0, 0, true>>,
        Opcode::FsubD => single::<Arithmetic<1, 0, true>>,
        Opcode::FmulD => single::<Arithmetic<2, 0, true>>,
        Opcode::FdivD => single::<Arithmetic<3, 0, true>>,
        Opcode::FsqrtD => single::<Arithmetic<4, 0, true>>,
        Opcode::FmaddD => single::<Arithmetic<5, 0, true>>,
        Opcode::FmsubD => single::<Arithmetic<5, 1, true>>,
        Opcode::FnmsubD => single::<Arithmetic<5, 2, true>>,
        Opcode::FnmaddD => single::<Arithmetic<5, 3, true>>,
        Opcode::FaddS => single::<Arithmetic<0, 0, false>>,
        Opcode::FsubS => single::<Arithmetic<1, 0, false>>,
        Opcode::FmulS => single::<Arithmetic<2, 0, false>>,
        Opcode::FdivS => single::<Arithmetic<3, 0, false>>,
        Opcode::FsqrtS => single::<Arithmetic<4, 0, false>>,
        Opcode::FmaddS => single::<Arithmetic<5, 0, false>>,
        Opcode::FmsubS => single::<Arithmetic<5, 1, false>>,
        Opcode::FnmsubS => single::<Arithmetic<5, 2, false>>,
        Opcode::FnmaddS => single::<Arithmetic<5, 3, false>>,
        _ => return None,
    })
}
