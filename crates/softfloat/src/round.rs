//! The one place where results are rounded to a format, and the shifts that lead there.

use crate::environment::{Flags, RoundingMode};
use crate::format::{Format, infinity};

/// Shifts right, keeping in the lowest bit whether any set bit was shifted out ("sticky").
#[inline]
pub(crate) fn shift_right_sticky(value: u64, distance: u32) -> u64 {
    if distance >= 64 {
        return u64::from(value != 0);
    }
    let lost = value & ((1 << distance) - 1);
    (value >> distance) | u64::from(lost != 0)
}

/// As [`shift_right_sticky`], for 128 bits.
#[inline]
pub(crate) fn shift_right_sticky_wide(value: u128, distance: u32) -> u128 {
    if distance >= 128 {
        return u128::from(value != 0);
    }
    let lost = value & ((1 << distance) - 1);
    (value >> distance) | u128::from(lost != 0)
}

/// The upper half, with the lower half folded into a sticky lowest bit.
#[inline]
pub(crate) fn narrow_sticky(value: u128) -> u64 {
    (value >> 64) as u64 | u64::from(value as u64 != 0)
}

/// Rounds ±`significand` × 2^(`exponent` − 63) to the format and raises `NX`, `UF` and `OF`.
///
/// The significand's top bit must be set, and its lowest bits may be sticky: every format leaves at
/// least eleven bits below the precision, so that a sticky bit never counts as half a unit.
#[inline]
pub(crate) fn round<F: Format>(
    negative: bool,
    exponent: i32,
    significand: u64,
    mode: RoundingMode,
    flags: &mut Flags,
) -> F {
    debug_assert!(significand >> 63 == 1);
    let field = exponent + F::BIAS;
    if field <= 0 {
        return round_subnormal(negative, field, significand, mode, flags);
    }
    if field >= F::EXPONENT_MAX {
        return overflow(negative, mode, flags);
    }
    let (units, exact) = round_significand::<F>(negative, significand, mode);
    // The implicit bit in `units` adds one to the exponent field, and so does a carry out of it.
    let magnitude = (((field - 1) as u64) << F::FRACTION_BITS) + units;
    if magnitude >= F::INFINITY {
        return overflow(negative, mode, flags);
    }
    if !exact {
        flags.insert(Flags::NX);
    }
    with_sign(negative, magnitude)
}

/// The significand in units of the last place, rounded, and whether that was exact.
#[inline]
fn round_significand<F: Format>(
    negative: bool,
    significand: u64,
    mode: RoundingMode,
) -> (u64, bool) {
    let cut = 63 - F::FRACTION_BITS;
    let units = significand >> cut;
    let tail = significand & ((1 << cut) - 1);
    let up = mode.rounds_up(negative, units & 1 != 0, tail, 1 << (cut - 1));
    (units + u64::from(up), tail == 0)
}

/// [`round`] for a magnitude below the smallest normal number: `field` is zero or negative.
#[cold]
fn round_subnormal<F: Format>(
    negative: bool,
    field: i32,
    significand: u64,
    mode: RoundingMode,
    flags: &mut Flags,
) -> F {
    // Tiny after rounding: still below the smallest normal number when rounded to full precision
    // as if the exponent had no lower bound. Only a carry from just below escapes.
    let carries = round_significand::<F>(negative, significand, mode).0 > 2 * F::FRACTION + 1;
    let tiny = field < 0 || !carries;

    let denormal = shift_right_sticky(significand, (1 - field) as u32);
    let (magnitude, exact) = round_significand::<F>(negative, denormal, mode);
    if !exact {
        flags.insert(if tiny {
            Flags::NX | Flags::UF
        } else {
            Flags::NX
        });
    }
    // A carry into the implicit bit's place is the smallest normal number's exponent field.
    with_sign(negative, magnitude)
}

#[cold]
fn overflow<F: Format>(negative: bool, mode: RoundingMode, flags: &mut Flags) -> F {
    flags.insert(Flags::OF | Flags::NX);
    let to_infinity = match mode {
        RoundingMode::NearestEven | RoundingMode::NearestMaxMagnitude => true,
        RoundingMode::TowardZero => false,
        RoundingMode::Down => negative,
        RoundingMode::Up => !negative,
    };
    if to_infinity {
        infinity(negative)
    } else {
        with_sign(negative, F::INFINITY - 1)
    }
}

#[inline]
fn with_sign<F: Format>(negative: bool, magnitude: u64) -> F {
    F::from_raw(magnitude | if negative { F::SIGN } else { 0 })
}
