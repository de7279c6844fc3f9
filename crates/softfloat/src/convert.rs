//! Conversions between the formats, and from and to integers.

use crate::arithmetic::nan_result;
use crate::environment::{Flags, RoundingMode};
use crate::format::{Format, infinity, unpack, zero};
use crate::round::{round, shift_right_sticky_wide};

/// `FCVT.fmt.fmt`: the value in another format. Widening is exact and ignores the mode.
#[inline]
pub fn convert<S: Format, D: Format>(a: S, mode: RoundingMode, flags: &mut Flags) -> D {
    if a.is_nan() {
        nan_result(&[a], flags);
        return D::from_raw(D::CANONICAL_NAN);
    }
    if a.is_infinite() {
        return infinity(a.is_negative());
    }
    let x = unpack(a);
    if x.significand == 0 {
        return zero(x.negative);
    }
    round(x.negative, x.exponent, x.significand, mode, flags)
}

/// ±`magnitude` in the format.
#[inline]
fn from_magnitude<F: Format>(
    negative: bool,
    magnitude: u64,
    mode: RoundingMode,
    flags: &mut Flags,
) -> F {
    if magnitude == 0 {
        return zero(false);
    }
    let shift = magnitude.leading_zeros();
    round(negative, 63 - shift as i32, magnitude << shift, mode, flags)
}

/// `FCVT.fmt.W`.
#[inline]
pub fn from_i32<F: Format>(value: i32, mode: RoundingMode, flags: &mut Flags) -> F {
    from_i64(i64::from(value), mode, flags)
}

/// `FCVT.fmt.WU`.
#[inline]
pub fn from_u32<F: Format>(value: u32, mode: RoundingMode, flags: &mut Flags) -> F {
    from_magnitude(false, u64::from(value), mode, flags)
}

/// `FCVT.fmt.L`.
#[inline]
pub fn from_i64<F: Format>(value: i64, mode: RoundingMode, flags: &mut Flags) -> F {
    from_magnitude(value < 0, value.unsigned_abs(), mode, flags)
}

/// `FCVT.fmt.LU`.
#[inline]
pub fn from_u64<F: Format>(value: u64, mode: RoundingMode, flags: &mut Flags) -> F {
    from_magnitude(false, value, mode, flags)
}

/// A finite number's integer part and what follows the point.
struct FixedPoint {
    /// The integer part of the magnitude.
    integer: u64,
    /// The fraction in units of 2^-64, the lowest bit sticky.
    fraction: u64,
}

/// The magnitude of a finite number in fixed point; `None` if it is 2^64 or more.
#[inline]
fn fixed_point<F: Format>(a: F) -> Option<FixedPoint> {
    let x = unpack(a);
    if x.significand == 0 {
        return Some(FixedPoint {
            integer: 0,
            fraction: 0,
        });
    }
    let shift = u32::try_from(63 - x.exponent).ok()?;
    let fixed = shift_right_sticky_wide(u128::from(x.significand) << 64, shift);
    Some(FixedPoint {
        integer: (fixed >> 64) as u64,
        fraction: fixed as u64,
    })
}

/// The magnitude of a finite number rounded to an integer, and whether that was exact; `None` if
/// it is 2^64 or more.
#[inline]
fn rounded_magnitude<F: Format>(a: F, mode: RoundingMode) -> Option<(u64, bool)> {
    let FixedPoint { integer, fraction } = fixed_point(a)?;
    let up = mode.rounds_up(a.is_negative(), integer & 1 != 0, fraction, 1 << 63);
    // No carry: a number with a fraction has an integer part of at most 52 bits.
    Some((integer + u64::from(up), fraction == 0))
}

/// Converts to the integers from −`lowest` to `highest`, given as a two's complement pattern;
/// saturates and raises `NV` outside. A NaN counts as above all.
#[inline]
fn to_integer<F: Format>(
    a: F,
    lowest: u64,
    highest: u64,
    mode: RoundingMode,
    flags: &mut Flags,
) -> u64 {
    let above = a.is_nan() || !a.is_negative();
    let limit = if above { highest } else { lowest };
    let in_range = if a.is_nan() || a.is_infinite() {
        None
    } else {
        rounded_magnitude(a, mode).filter(|&(magnitude, _)| magnitude <= limit)
    };
    let (magnitude, exact) = in_range.unwrap_or_else(|| {
        flags.insert(Flags::NV);
        (limit, true)
    });
    if !exact {
        flags.insert(Flags::NX);
    }
    if above {
        magnitude
    } else {
        magnitude.wrapping_neg()
    }
}

/// `FCVT.W.fmt`.
#[inline]
pub fn to_i32<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> i32 {
    to_integer(a, 1 << 31, (1 << 31) - 1, mode, flags) as i32
}

/// `FCVT.WU.fmt`. The instruction sign-extends this result.
#[inline]
pub fn to_u32<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> u32 {
    to_integer(a, 0, u64::from(u32::MAX), mode, flags) as u32
}

/// `FCVT.L.fmt`.
#[inline]
pub fn to_i64<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> i64 {
    to_integer(a, 1 << 63, (1 << 63) - 1, mode, flags) as i64
}

/// `FCVT.LU.fmt`.
#[inline]
pub fn to_u64<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> u64 {
    to_integer(a, 0, u64::MAX, mode, flags)
}

/// `FCVTMOD.W.D` (Zfa): towards zero, modulo 2^32; infinities and NaNs give zero.
///
/// The flags are those of `FCVT.W.D` with RTZ: `NV` outside the range of `i32`, else `NX`.
#[inline]
pub fn to_i32_modular<F: Format>(a: F, flags: &mut Flags) -> i32 {
    to_i32(a, RoundingMode::TowardZero, flags);
    if a.is_nan() || a.is_infinite() {
        return 0;
    }
    let x = unpack(a);
    let magnitude = if x.exponent > 63 {
        // What is shifted out at the top is a multiple of 2^64.
        x.significand
            .checked_shl((x.exponent - 63) as u32)
            .unwrap_or(0)
    } else {
        fixed_point(a).map_or(0, |fixed| fixed.integer)
    };
    let low = magnitude as i32;
    if x.negative { low.wrapping_neg() } else { low }
}
