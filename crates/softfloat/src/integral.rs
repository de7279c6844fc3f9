//! Rounding to an integral value in the same format (Zfa `FROUND`, `FROUNDNX`).

use crate::arithmetic::nan_result;
use crate::environment::{Flags, RoundingMode};
use crate::format::{Format, exponent_field};

/// `FROUND`: the nearest integral value in the given direction; inexactness raises nothing.
#[inline]
pub fn round_to_integral<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> F {
    round_in_place(a, mode, flags).0
}

/// `FROUNDNX`: as [`round_to_integral`], raising `NX` if the result differs from the operand.
#[inline]
pub fn round_to_integral_exact<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> F {
    let (result, exact) = round_in_place(a, mode, flags);
    if !exact {
        flags.insert(Flags::NX);
    }
    result
}

/// Rounds the encoding where it stands: a carry out of the fraction steps the exponent up.
/// Returns the result and whether it equals the operand.
#[inline]
fn round_in_place<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> (F, bool) {
    if a.is_nan() {
        return (nan_result(&[a], flags), true);
    }
    let exponent = exponent_field(a) - F::BIAS;
    if exponent >= F::FRACTION_BITS as i32 || a.is_zero() {
        return (a, true);
    }
    let negative = a.is_negative();
    let sign = a.raw() & F::SIGN;
    let magnitude = a.raw() & F::MAGNITUDE;
    if exponent < 0 {
        // Between zero and one, the encodings being ordered as their values.
        let half = ((F::BIAS - 1) as u64) << F::FRACTION_BITS;
        let one = (F::BIAS as u64) << F::FRACTION_BITS;
        let up = mode.rounds_up(negative, false, magnitude, half);
        return (F::from_raw(sign | if up { one } else { 0 }), false);
    }
    let unit = 1 << (F::FRACTION_BITS - exponent as u32);
    let tail = magnitude & (unit - 1);
    let kept = magnitude - tail;
    // At exponent zero the units bit is the implicit one.
    let odd = exponent == 0 || kept & unit != 0;
    let up = mode.rounds_up(negative, odd, tail, unit / 2);
    (
        F::from_raw(sign | (kept + if up { unit } else { 0 })),
        tail == 0,
    )
}
