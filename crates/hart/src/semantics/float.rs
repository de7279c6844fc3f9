//! Floating-point computation (F, D, Zfh, Zfhmin, Zfa) on raw register values: NaN boxing is
//! checked and done here.

mod fast;
mod kind;

use isa::{Insn, Opcode};
use softfloat::{F16, F32, F64, Flags, Format, RoundingMode};

pub use fast::float_fast;
pub use kind::Precision;
use kind::{Kind, decompose};

/// Which registers an operand or a result is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterFile {
    /// `x0` to `x31`.
    Int,
    /// `f0` to `f31`.
    Float,
}

/// Where an instruction's operands and result are. Second and third operands, where there are any,
/// are always floating-point registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloatForm {
    /// Where the result goes.
    pub dest: RegisterFile,
    /// Where rs1 is.
    pub src1: RegisterFile,
    /// Whether the instruction's `rm` field is a rounding mode, which then must be a valid one even
    /// if the result is always exact.
    pub uses_rm: bool,
}

/// The form of a floating-point computation; of any other instruction, that of `fadd`.
#[inline]
#[must_use]
pub fn float_form(op: Opcode) -> FloatForm {
    let kind = decompose(op).map_or(Kind::Add, |(kind, _)| kind);
    let dest = if kind.gives_integer() {
        RegisterFile::Int
    } else {
        RegisterFile::Float
    };
    let src1 = if kind.takes_integer() {
        RegisterFile::Int
    } else {
        RegisterFile::Float
    };
    FloatForm {
        dest,
        src1,
        uses_rm: kind.uses_rounding_mode(),
    }
}

/// The 64 bits that a floating-point computation writes to its destination, given the raw 64 bits
/// of its source registers ([`float_form`] says which file) and the rounding mode in force; raises
/// exceptions in `flags`.
///
/// Of `insn` only the opcode counts, and for `fli` the rs1 field, which names its constant. An
/// instruction that is no floating-point computation gives zero.
#[inline]
#[must_use]
pub fn float_op(
    insn: &Insn,
    rs1: u64,
    rs2: u64,
    rs3: u64,
    mode: RoundingMode,
    flags: &mut Flags,
) -> u64 {
    let Some((kind, precision)) = decompose(insn.op) else {
        debug_assert!(false, "{:?} computes nothing in floating point", insn.op);
        return 0;
    };
    let rs1 = if kind == Kind::LoadImmediate {
        u64::from(insn.rs1)
    } else {
        rs1
    };
    match precision {
        Precision::Half => compute::<F16>(kind, [rs1, rs2, rs3], mode, flags),
        Precision::Single => compute::<F32>(kind, [rs1, rs2, rs3], mode, flags),
        Precision::Double => compute::<F64>(kind, [rs1, rs2, rs3], mode, flags),
    }
}

/// The value in a 64-bit register: a narrower format whose higher bits are not all ones reads as
/// the canonical NaN (unprivileged specification, D 12.2).
#[inline(always)]
#[must_use]
pub fn unbox<F: Format>(register: u64) -> F {
    let above = !(F::SIGN | F::MAGNITUDE);
    F::from_raw(if register & above == above {
        register
    } else {
        F::CANONICAL_NAN
    })
}

/// The 64-bit register that holds a value: all ones above a narrower format.
#[inline(always)]
#[must_use]
pub fn nan_box<F: Format>(value: F) -> u64 {
    value.raw() | !(F::SIGN | F::MAGNITUDE)
}

/// Computes in the format `F`: that of the result, or for conversions to another type, of the
/// operand.
#[inline]
fn compute<F: Format>(
    kind: Kind,
    registers: [u64; 3],
    mode: RoundingMode,
    flags: &mut Flags,
) -> u64 {
    if kind.gives_integer() {
        return to_integer::<F>(kind, registers, mode, flags);
    }
    let [a, b, c] = registers.map(unbox::<F>);
    let result = match kind {
        Kind::Add => softfloat::add(a, b, mode, flags),
        Kind::Sub => softfloat::sub(a, b, mode, flags),
        Kind::Mul => softfloat::mul(a, b, mode, flags),
        Kind::Div => softfloat::div(a, b, mode, flags),
        Kind::Sqrt => softfloat::sqrt(a, mode, flags),
        Kind::MultiplyAdd => softfloat::fused_multiply_add(a, b, c, mode, flags),
        Kind::MultiplySub => softfloat::multiply_sub(a, b, c, mode, flags),
        Kind::NegatedMultiplyAdd => softfloat::negated_multiply_sub(a, b, c, mode, flags),
        Kind::NegatedMultiplySub => softfloat::negated_multiply_add(a, b, c, mode, flags),
        Kind::Min => softfloat::min(a, b, flags),
        Kind::Max => softfloat::max(a, b, flags),
        Kind::MinPropagating => softfloat::min_propagating(a, b, flags),
        Kind::MaxPropagating => softfloat::max_propagating(a, b, flags),
        Kind::Round => softfloat::round_to_integral(a, mode, flags),
        Kind::RoundExact => softfloat::round_to_integral_exact(a, mode, flags),
        Kind::ToHalf => return nan_box(softfloat::convert::<F, F16>(a, mode, flags)),
        Kind::ToSingle => return nan_box(softfloat::convert::<F, F32>(a, mode, flags)),
        Kind::ToDouble => return nan_box(softfloat::convert::<F, F64>(a, mode, flags)),
        Kind::SignInject => with_sign(a, b.raw()),
        Kind::SignInjectNegated => with_sign(a, !b.raw()),
        Kind::SignInjectXor => with_sign(a, a.raw() ^ b.raw()),
        _ => from_integer(kind, registers[0], mode, flags),
    };
    nan_box(result)
}

#[inline]
fn with_sign<F: Format>(value: F, sign: u64) -> F {
    F::from_raw((value.raw() & F::MAGNITUDE) | (sign & F::SIGN))
}

/// What an instruction makes of an integer register, or of a number in its place.
#[inline]
fn from_integer<F: Format>(kind: Kind, value: u64, mode: RoundingMode, flags: &mut Flags) -> F {
    match kind {
        Kind::FromWord => softfloat::from_i32(value as i32, mode, flags),
        Kind::FromUnsignedWord => softfloat::from_u32(value as u32, mode, flags),
        Kind::FromLong => softfloat::from_i64(value as i64, mode, flags),
        Kind::FromUnsignedLong => softfloat::from_u64(value, mode, flags),
        Kind::LoadImmediate => softfloat::load_immediate(value as u8),
        // `MoveFromInteger`: the bits as they are.
        _ => F::from_raw(value),
    }
}

/// What an instruction leaves in an integer register. Words are sign-extended, unsigned ones too.
#[inline]
fn to_integer<F: Format>(
    kind: Kind,
    registers: [u64; 3],
    mode: RoundingMode,
    flags: &mut Flags,
) -> u64 {
    let [a, b, _] = registers.map(unbox::<F>);
    match kind {
        Kind::Equal => u64::from(softfloat::eq(a, b, flags)),
        Kind::Less => u64::from(softfloat::lt(a, b, flags)),
        Kind::LessOrEqual => u64::from(softfloat::le(a, b, flags)),
        Kind::LessQuiet => u64::from(softfloat::lt_quiet(a, b, flags)),
        Kind::LessOrEqualQuiet => u64::from(softfloat::le_quiet(a, b, flags)),
        Kind::Classify => softfloat::classify(a),
        Kind::ToWord => softfloat::to_i32(a, mode, flags) as u64,
        Kind::ToUnsignedWord => softfloat::to_u32(a, mode, flags) as i32 as u64,
        Kind::ToLong => softfloat::to_i64(a, mode, flags) as u64,
        Kind::ToUnsignedLong => softfloat::to_u64(a, mode, flags),
        Kind::ToWordModular => softfloat::to_i32_modular(a, flags) as u64,
        // `MoveToInteger`: the bits as they are, boxed or not, sign-extended.
        _ => {
            let unused = 64 - F::BITS;
            (((registers[0] << unused) as i64) >> unused) as u64
        }
    }
}

#[cfg(test)]
mod tests;
