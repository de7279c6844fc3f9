//! Berkeley SoftFloat behind the operations that the tests of `hartland-softfloat` try.

use hartland_softfloat::{F16, F32, F64, Flags, Format, RoundingMode};
use softfloat_wrapper::{ExceptionFlags, Float, RoundingMode as Mode};

#[path = "../../tests/suite/support/mod.rs"]
pub mod support;

use support::operations::{Operation, Outcome};

/// A format that the oracle knows too.
pub trait Oracle: Format {
    type Berkeley: Float;

    fn oracle(bits: u64) -> Self::Berkeley;
    fn bits(value: &Self::Berkeley) -> u64;
}

macro_rules! oracle {
    ($($name:ident($bits:ty)),*) => {$(
        impl Oracle for $name {
            type Berkeley = softfloat_wrapper::$name;

            fn oracle(bits: u64) -> Self::Berkeley {
                Self::Berkeley::from_bits(bits as $bits)
            }

            fn bits(value: &Self::Berkeley) -> u64 {
                value.to_bits().into()
            }
        }
    )*};
}

oracle!(F16(u16), F32(u32), F64(u64));

fn oracle_mode(mode: RoundingMode) -> Mode {
    match mode {
        RoundingMode::NearestEven => Mode::TiesToEven,
        RoundingMode::TowardZero => Mode::TowardZero,
        RoundingMode::Down => Mode::TowardNegative,
        RoundingMode::Up => Mode::TowardPositive,
        RoundingMode::NearestMaxMagnitude => Mode::TiesToAway,
    }
}

/// Computes `operation` with Berkeley SoftFloat, or where it has none, from its parts.
pub fn evaluate<F: Oracle>(
    operation: Operation,
    operands: [u64; 3],
    mode: RoundingMode,
) -> Outcome {
    ExceptionFlags::from_bits(0).set();
    if let Some(outcome) = derived::<F>(operation, operands, mode) {
        return outcome;
    }
    let result = direct::<F>(operation, operands, oracle_mode(mode));
    (result, raised())
}

/// What the oracle has raised since its flags, which are per thread, were cleared.
fn raised() -> Flags {
    let mut raised = ExceptionFlags::default();
    raised.get();
    let flags = [
        (raised.is_inexact(), Flags::NX),
        (raised.is_underflow(), Flags::UF),
        (raised.is_overflow(), Flags::OF),
        (raised.is_infinite(), Flags::DZ),
        (raised.is_invalid(), Flags::NV),
    ];
    flags
        .into_iter()
        .filter(|(is_raised, _)| *is_raised)
        .map(|(_, flag)| flag)
        .collect()
}

/// The operations that Berkeley SoftFloat has.
fn direct<F: Oracle>(operation: Operation, operands: [u64; 3], mode: Mode) -> u64 {
    use Operation as Op;
    let [a, b, c] = operands.map(F::oracle);
    let [minus_a, _, minus_c] = operands.map(|bits| F::oracle(bits ^ F::SIGN));
    let integer = operands[0];
    let float = |value: F::Berkeley| F::bits(&value);
    match operation {
        Op::Add => float(a.add(b, mode)),
        Op::Sub => float(a.sub(b, mode)),
        Op::Mul => float(a.mul(b, mode)),
        Op::Div => float(a.div(b, mode)),
        Op::Sqrt => float(a.sqrt(mode)),
        Op::FusedMultiplyAdd => float(a.fused_mul_add(b, c, mode)),
        Op::MultiplySub => float(a.fused_mul_add(b, minus_c, mode)),
        Op::NegatedMultiplyAdd => float(minus_a.fused_mul_add(b, c, mode)),
        Op::NegatedMultiplySub => float(minus_a.fused_mul_add(b, minus_c, mode)),
        Op::RoundToIntegral => float(a.round_to_integral(mode)),
        Op::Eq => u64::from(a.eq(b)),
        Op::Lt => u64::from(a.lt(b)),
        Op::Le => u64::from(a.le(b)),
        Op::LtQuiet => u64::from(a.lt_quiet(b)),
        Op::LeQuiet => u64::from(a.le_quiet(b)),
        Op::ToF16 => F16::bits(&a.to_f16(mode)),
        Op::ToF32 => F32::bits(&a.to_f32(mode)),
        Op::ToF64 => F64::bits(&a.to_f64(mode)),
        Op::ToI32 => a.to_i32(mode, true) as u64,
        Op::ToU32 => u64::from(a.to_u32(mode, true)),
        Op::ToI64 => a.to_i64(mode, true) as u64,
        Op::ToU64 => a.to_u64(mode, true),
        Op::FromI32 => float(F::Berkeley::from_i32(integer as i32, mode)),
        Op::FromU32 => float(F::Berkeley::from_u32(integer as u32, mode)),
        Op::FromI64 => float(F::Berkeley::from_i64(integer as i64, mode)),
        Op::FromU64 => float(F::Berkeley::from_u64(integer, mode)),
        _ => unreachable!("{operation:?} is derived"),
    }
}

/// The operations of RISC-V that Berkeley SoftFloat lacks, spelt out from those it has.
fn derived<F: Oracle>(
    operation: Operation,
    operands: [u64; 3],
    mode: RoundingMode,
) -> Option<Outcome> {
    use Operation as Op;
    let [a, b, _] = operands.map(F::from_raw);
    Some(match operation {
        // The wrapper converts a format to itself by copying, and no instruction asks for it.
        Op::ToF16 if F::BITS == 16 => itself(a),
        Op::ToF32 if F::BITS == 32 => itself(a),
        Op::ToF64 if F::BITS == 64 => itself(a),
        Op::RoundToIntegralExact => {
            let integral = direct::<F>(Op::RoundToIntegral, operands, oracle_mode(mode));
            let inexact = !a.is_nan() && integral != a.raw();
            (
                integral,
                if inexact {
                    raised() | Flags::NX
                } else {
                    raised()
                },
            )
        }
        Op::Min | Op::MinPropagating => extremum(a, b, true, operation == Op::MinPropagating),
        Op::Max | Op::MaxPropagating => extremum(a, b, false, operation == Op::MaxPropagating),
        Op::Classify => (class::<F>(operands[0]), Flags::empty()),
        Op::ToI32Modular => {
            direct::<F>(Op::ToI32, operands, Mode::TowardZero);
            let flags = raised();
            let double = direct::<F>(Op::ToF64, operands, Mode::TiesToEven);
            let value = f64::from_bits(double);
            // The remainder is exact, and fits an i64.
            let remainder = if value.is_finite() {
                value.trunc() % 4_294_967_296.0
            } else {
                0.0
            };
            (remainder as i64 as i32 as u64, flags)
        }
        _ => return None,
    })
}

fn itself<F: Format>(a: F) -> Outcome {
    let flags = if a.is_signaling_nan() {
        Flags::NV
    } else {
        Flags::empty()
    };
    (
        if a.is_nan() {
            F::CANONICAL_NAN
        } else {
            a.raw()
        },
        flags,
    )
}

/// minimumNumber, minimum and their counterparts, from the oracle's order.
fn extremum<F: Oracle>(a: F, b: F, minimum: bool, propagating: bool) -> Outcome {
    let [x, y] = [a, b].map(|value| F::oracle(value.raw()));
    let a_first = x.lt_quiet(&y) || (x.eq(&y) && a.is_negative());
    let result = match (a.is_nan(), b.is_nan()) {
        (false, false) => {
            if a_first == minimum {
                a.raw()
            } else {
                b.raw()
            }
        }
        (true, false) if !propagating => b.raw(),
        (false, true) if !propagating => a.raw(),
        _ => F::CANONICAL_NAN,
    };
    let signaling = a.is_signaling_nan() || b.is_signaling_nan();
    (result, if signaling { Flags::NV } else { Flags::empty() })
}

fn class<F: Oracle>(bits: u64) -> u64 {
    let value = F::oracle(bits);
    let classes = [
        value.is_negative_infinity(),
        value.is_negative_normal(),
        value.is_negative_subnormal(),
        value.is_negative_zero(),
        value.is_positive_zero(),
        value.is_positive_subnormal(),
        value.is_positive_normal(),
        value.is_positive_infinity(),
        value.is_signaling_nan(),
        value.is_nan() && !value.is_signaling_nan(),
    ];
    classes
        .iter()
        .enumerate()
        .map(|(bit, &is)| u64::from(is) << bit)
        .sum()
}
