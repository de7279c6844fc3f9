//! The ordinary cases of the common computations, by way of the host's FPU.

use isa::Opcode;
use softfloat::{RoundingMode, fast};

/// What [`super::float_op`] would return, if the host's FPU provably gives that and nothing needs
/// to be raised but, possibly, `NX`; `None` says nothing, and the exact way must be taken.
///
/// The caller vouches that `NX` has been raised already; `mode` is the rounding mode in force.
/// Operands are raw registers, boxed as they are. See [`softfloat::fast`] for the argument about
/// arithmetic; conversions and comparisons are argued here. To be inlined where `op` is a constant.
#[inline(always)]
#[must_use]
pub fn float_fast(op: Opcode, mode: RoundingMode, a: u64, b: u64, c: u64) -> Option<u64> {
    // No closures here: the compiler does not always inline them, and then nothing folds.
    let rounded = match mode {
        RoundingMode::NearestEven => nearest_even(op, a, b, c),
        RoundingMode::TowardZero => truncation(op, a),
        _ => None,
    };
    if rounded.is_some() {
        return rounded;
    }
    if let Some(result) = exact_conversion(op, a) {
        return Some(result);
    }
    if let Some(result) = bit_operation(op, a, b) {
        return Some(result);
    }
    comparison(op, a, b)
}

/// What is rounded to nearest, even if tied.
#[inline(always)]
fn nearest_even(op: Opcode, a: u64, b: u64, c: u64) -> Option<u64> {
    if let Some(result) = double_arithmetic(op, a, b, c) {
        return Some(result);
    }
    if let Some(result) = single_arithmetic(op, a, b, c) {
        return Some(result);
    }
    rounded_conversion(op, a)
}

const SIGN_DOUBLE: u64 = 1 << 63;
const SIGN_SINGLE: u32 = 1 << 31;

/// The single in a register, if it is boxed.
#[inline(always)]
fn unboxed(register: u64) -> Option<u32> {
    (register >> 32 == 0xffff_ffff).then_some(register as u32)
}

#[inline(always)]
fn boxed(bits: u32) -> u64 {
    0xffff_ffff_0000_0000 | u64::from(bits)
}

#[inline(always)]
fn double_arithmetic(op: Opcode, a: u64, b: u64, c: u64) -> Option<u64> {
    use Opcode as O;
    match op {
        O::FaddD => fast::add_f64_fast(a, b),
        O::FsubD => fast::sub_f64_fast(a, b),
        O::FmulD => fast::mul_f64_fast(a, b),
        O::FdivD => fast::div_f64_fast(a, b),
        O::FsqrtD => fast::sqrt_f64_fast(a),
        O::FmaddD => fast::fma_f64_fast(a, b, c),
        O::FmsubD => fast::fma_f64_fast(a, b, c ^ SIGN_DOUBLE),
        O::FnmaddD => fast::fma_f64_fast(a ^ SIGN_DOUBLE, b, c ^ SIGN_DOUBLE),
        O::FnmsubD => fast::fma_f64_fast(a ^ SIGN_DOUBLE, b, c),
        _ => None,
    }
}

#[inline(always)]
fn single_arithmetic(op: Opcode, a: u64, b: u64, c: u64) -> Option<u64> {
    use Opcode as O;
    let result = match op {
        O::FaddS => fast::add_f32_fast(unboxed(a)?, unboxed(b)?),
        O::FsubS => fast::sub_f32_fast(unboxed(a)?, unboxed(b)?),
        O::FmulS => fast::mul_f32_fast(unboxed(a)?, unboxed(b)?),
        O::FdivS => fast::div_f32_fast(unboxed(a)?, unboxed(b)?),
        O::FsqrtS => fast::sqrt_f32_fast(unboxed(a)?),
        O::FmaddS => fast::fma_f32_fast(unboxed(a)?, unboxed(b)?, unboxed(c)?),
        O::FmsubS => fast::fma_f32_fast(unboxed(a)?, unboxed(b)?, unboxed(c)? ^ SIGN_SINGLE),
        O::FnmaddS => {
            let (a, c) = (unboxed(a)? ^ SIGN_SINGLE, unboxed(c)? ^ SIGN_SINGLE);
            fast::fma_f32_fast(a, unboxed(b)?, c)
        }
        O::FnmsubS => fast::fma_f32_fast(unboxed(a)? ^ SIGN_SINGLE, unboxed(b)?, unboxed(c)?),
        _ => None,
    };
    result.map(boxed)
}

/// Conversions that round: Rust's casts from integers and between formats round to nearest even on
/// every host. An integer is far from underflow and overflow in either format; for a narrowed
/// number [`fast::narrow_fast`] sees to that.
#[inline(always)]
fn rounded_conversion(op: Opcode, a: u64) -> Option<u64> {
    use Opcode as O;
    let single = |value: f32| boxed(value.to_bits());
    Some(match op {
        O::FcvtSD => boxed(fast::narrow_fast(a)?),
        O::FcvtSW => single(a as i32 as f32),
        O::FcvtSWu => single(a as u32 as f32),
        O::FcvtSL => single(a as i64 as f32),
        O::FcvtSLu => single(a as f32),
        O::FcvtDL => (a as i64 as f64).to_bits(),
        O::FcvtDLu => (a as f64).to_bits(),
        _ => return None,
    })
}

/// Conversions that need no rounding in any mode. A NaN, which may be a signalling one, and whose
/// payload must not survive, is left to the exact way.
#[inline(always)]
fn exact_conversion(op: Opcode, a: u64) -> Option<u64> {
    match op {
        Opcode::FcvtDS => {
            let value = f32::from_bits(unboxed(a)?);
            (!value.is_nan()).then(|| f64::from(value).to_bits())
        }
        Opcode::FcvtDW => Some(f64::from(a as i32).to_bits()),
        Opcode::FcvtDWu => Some(f64::from(a as u32).to_bits()),
        _ => None,
    }
}

/// Conversions to integers towards zero, which is what Rust's casts do, of numbers in range. The
/// bounds of the open intervals are numbers of binary64, and NaNs lie in none.
#[inline(always)]
fn truncation(op: Opcode, a: u64) -> Option<u64> {
    use Opcode as O;
    const TWO_31: f64 = 2_147_483_648.0;
    const TWO_32: f64 = 2.0 * TWO_31;
    const TWO_63: f64 = TWO_31 * TWO_32;
    const TWO_64: f64 = 2.0 * TWO_63;
    let value = match op {
        O::FcvtWD | O::FcvtWuD | O::FcvtLD | O::FcvtLuD => f64::from_bits(a),
        O::FcvtWS | O::FcvtWuS | O::FcvtLS | O::FcvtLuS => f64::from(f32::from_bits(unboxed(a)?)),
        _ => return None,
    };
    let between = |low: f64, high: f64| low < value && value < high;
    match op {
        O::FcvtWD | O::FcvtWS => between(-TWO_31 - 1.0, TWO_31).then_some(value as i32 as u64),
        O::FcvtWuD | O::FcvtWuS => between(-1.0, TWO_32).then_some(value as u32 as i32 as u64),
        // −2^63 itself would be in range; the exact way takes it.
        O::FcvtLD | O::FcvtLS => between(-TWO_63, TWO_63).then_some(value as i64 as u64),
        _ => between(-1.0, TWO_64).then_some(value as u64),
    }
}

/// Moves and sign injection, which look at no value and raise nothing.
#[inline(always)]
fn bit_operation(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    const BELOW_DOUBLE: u64 = SIGN_DOUBLE - 1;
    const BELOW_SINGLE: u32 = SIGN_SINGLE - 1;
    Some(match op {
        O::FmvXD | O::FmvDX => a,
        O::FmvXW => a as i32 as u64,
        O::FmvWX => boxed(a as u32),
        O::FsgnjD => (a & BELOW_DOUBLE) | (b & SIGN_DOUBLE),
        O::FsgnjnD => (a & BELOW_DOUBLE) | (!b & SIGN_DOUBLE),
        O::FsgnjxD => a ^ (b & SIGN_DOUBLE),
        O::FsgnjS => boxed((unboxed(a)? & BELOW_SINGLE) | (unboxed(b)? & SIGN_SINGLE)),
        O::FsgnjnS => boxed((unboxed(a)? & BELOW_SINGLE) | (!unboxed(b)? & SIGN_SINGLE)),
        O::FsgnjxS => boxed(unboxed(a)? ^ (unboxed(b)? & SIGN_SINGLE)),
        _ => return None,
    })
}

/// Comparisons of numbers, not NaNs, and the lesser or greater of two that differ. Singles are
/// compared as doubles, which they all are.
#[inline(always)]
fn comparison(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    let (x, y) = match op {
        O::FeqD | O::FltD | O::FleD | O::FminD | O::FmaxD => (f64::from_bits(a), f64::from_bits(b)),
        O::FeqS | O::FltS | O::FleS | O::FminS | O::FmaxS => {
            let single = |register| unboxed(register).map(|bits| f64::from(f32::from_bits(bits)));
            (single(a)?, single(b)?)
        }
        _ => return None,
    };
    let ordered = !x.is_nan() && !y.is_nan();
    match op {
        O::FeqD | O::FeqS => ordered.then_some(u64::from(x == y)),
        O::FltD | O::FltS => ordered.then_some(u64::from(x < y)),
        O::FleD | O::FleS => ordered.then_some(u64::from(x <= y)),
        // Equal numbers may be zeros of different signs.
        _ if x == y || !ordered => None,
        O::FminD | O::FminS => Some(if x < y { a } else { b }),
        _ => Some(if x < y { b } else { a }),
    }
}

#[cfg(test)]
mod tests {
    use isa::{Insn, Opcode as O};
    use softfloat::Flags;

    use super::super::{float_op, kind};
    use super::*;

    /// Every opcode that has a fast way.
    const FAST: [O; 57] = [
        O::FaddD,
        O::FsubD,
        O::FmulD,
        O::FdivD,
        O::FsqrtD,
        O::FmaddD,
        O::FmsubD,
        O::FnmaddD,
        O::FnmsubD,
        O::FaddS,
        O::FsubS,
        O::FmulS,
        O::FdivS,
        O::FsqrtS,
        O::FmaddS,
        O::FmsubS,
        O::FnmaddS,
        O::FnmsubS,
        O::FcvtSD,
        O::FcvtSW,
        O::FcvtSWu,
        O::FcvtSL,
        O::FcvtSLu,
        O::FcvtDL,
        O::FcvtDLu,
        O::FcvtDS,
        O::FcvtDW,
        O::FcvtDWu,
        O::FcvtWD,
        O::FcvtWuD,
        O::FcvtLD,
        O::FcvtLuD,
        O::FcvtWS,
        O::FcvtWuS,
        O::FcvtLS,
        O::FcvtLuS,
        O::FmvXD,
        O::FmvDX,
        O::FmvXW,
        O::FmvWX,
        O::FsgnjD,
        O::FsgnjnD,
        O::FsgnjxD,
        O::FsgnjS,
        O::FsgnjnS,
        O::FsgnjxS,
        O::FeqD,
        O::FltD,
        O::FleD,
        O::FminD,
        O::FmaxD,
        O::FeqS,
        O::FltS,
        O::FleS,
        O::FminS,
        O::FmaxS,
        O::FaddH,
    ];

    /// Doubles and boxed singles at the edges of the formats and of the integers, and what is
    /// neither.
    fn operands() -> Vec<u64> {
        let doubles = [
            0.0,
            5e-324,
            2.225_073_858_507_201e-308,
            f64::MIN_POSITIVE,
            1e-300,
            1e-46,
            f64::from(f32::MIN_POSITIVE),
            f64::from(f32::MIN_POSITIVE) * (1.0 - 1e-9),
            1e-10,
            0.1,
            0.5,
            0.75,
            1.0,
            1.0 + f64::EPSILON,
            1.5,
            3.0,
            2_147_483_647.5,
            2_147_483_648.0,
            2_147_483_649.0,
            4_294_967_295.5,
            4_294_967_296.0,
            9.007_199_254_740_993e15,
            9_223_372_036_854_775_807.0,
            1.844_674_407_370_955e19,
            1.844_674_407_370_955_2e19,
            3.402_823_5e38,
            3.402_823_567e38,
            1e200,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
            f64::from_bits(0x7ff0_0000_0000_0001),
        ];
        let singles = [
            0.0,
            1e-45,
            f32::MIN_POSITIVE,
            1e-20,
            0.1,
            1.0,
            1.0 + f32::EPSILON,
            2.5,
            16_777_215.0,
            2_147_483_648.0,
            9.223_372e18,
            1.844_674_4e19,
            1e20,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
            f32::from_bits(0x7f80_0001),
        ];
        let patterns = [
            u64::MAX,
            1 << 63,
            0x7fff_ffff,
            0x8000_0000,
            0x1234_5678_3f80_0000,
            7,
        ];
        let doubles = doubles
            .iter()
            .flat_map(|value| [value.to_bits(), (-value).to_bits()]);
        let singles = singles
            .iter()
            .flat_map(|value: &f32| [boxed(value.to_bits()), boxed((-value).to_bits())]);
        doubles.chain(singles).chain(patterns).collect()
    }

    /// Checks an answer against the exact way and returns whether there was one.
    fn check(op: O, mode: RoundingMode, [a, b, c]: [u64; 3]) -> bool {
        let Some(result) = float_fast(op, mode, a, b, c) else {
            return false;
        };
        let mut flags = Flags::empty();
        let exact = float_op(&Insn::new(op), a, b, c, mode, &mut flags);
        assert_eq!(result, exact, "{op:?} {mode:?} {a:#x} {b:#x} {c:#x}");
        assert!(
            Flags::NX.contains(flags),
            "{op:?} {a:#x} {b:#x} {c:#x} raises {flags:?}"
        );
        true
    }

    #[test]
    fn answers_are_exact_and_raise_nothing_but_inexact() {
        let operands = operands();
        for op in FAST {
            let mut answers = 0;
            let fused = kind::decompose(op).is_some_and(|(kind, _)| kind.is_fused());
            // A third operand of every size; all of them only for those that have one.
            let thirds = if fused { &operands[..] } else { &operands[..1] };
            for mode in RoundingMode::ALL {
                for (&a, &b) in operands
                    .iter()
                    .flat_map(|a| operands.iter().map(move |b| (a, b)))
                {
                    answers += thirds
                        .iter()
                        .filter(|&&c| check(op, mode, [a, b, c]))
                        .count();
                }
            }
            let double_fused = fused && format!("{op:?}").ends_with('D');
            let expected = op != O::FaddH && (!double_fused || softfloat::fast::fma_f64_is_fast());
            assert_eq!(answers > 0, expected, "{op:?}: {answers} answers");
        }
    }
}
