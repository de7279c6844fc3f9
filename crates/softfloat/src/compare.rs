//! Comparisons, minimum and maximum, classification.

use crate::environment::Flags;
use crate::format::{Format, canonical_nan};

/// A key that orders all encodings but NaNs as their values, except that −0 < +0.
#[inline]
fn key<F: Format>(value: F) -> i64 {
    let magnitude = (value.raw() & F::MAGNITUDE) as i64;
    if value.is_negative() {
        !magnitude
    } else {
        magnitude
    }
}

/// Raises `NV` if an operand is a signalling NaN.
#[inline]
fn check_signaling<F: Format>(a: F, b: F, flags: &mut Flags) {
    if a.is_signaling_nan() || b.is_signaling_nan() {
        flags.insert(Flags::NV);
    }
}

/// Whether the operands are unordered, which raises `NV`.
#[inline]
fn unordered<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    let unordered = a.is_nan() || b.is_nan();
    if unordered {
        flags.insert(Flags::NV);
    }
    unordered
}

/// Whether the operands are unordered, which raises `NV` for signalling NaNs only.
#[inline]
fn unordered_quiet<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    check_signaling(a, b, flags);
    a.is_nan() || b.is_nan()
}

#[inline]
fn both_zero<F: Format>(a: F, b: F) -> bool {
    a.is_zero() && b.is_zero()
}

#[inline]
fn ordered_lt<F: Format>(a: F, b: F) -> bool {
    key(a) < key(b) && !both_zero(a, b)
}

#[inline]
fn ordered_le<F: Format>(a: F, b: F) -> bool {
    key(a) <= key(b) || both_zero(a, b)
}

/// `FEQ`: a = b, a quiet comparison (only a signalling NaN raises `NV`).
#[inline]
pub fn eq<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    !unordered_quiet(a, b, flags) && (a.raw() == b.raw() || both_zero(a, b))
}

/// `FLT`: a < b; any NaN raises `NV`.
#[inline]
pub fn lt<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    !unordered(a, b, flags) && ordered_lt(a, b)
}

/// `FLE`: a ≤ b; any NaN raises `NV`.
#[inline]
pub fn le<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    !unordered(a, b, flags) && ordered_le(a, b)
}

/// `FLTQ` (Zfa): a < b; only a signalling NaN raises `NV`.
#[inline]
pub fn lt_quiet<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    !unordered_quiet(a, b, flags) && ordered_lt(a, b)
}

/// `FLEQ` (Zfa): a ≤ b; only a signalling NaN raises `NV`.
#[inline]
pub fn le_quiet<F: Format>(a: F, b: F, flags: &mut Flags) -> bool {
    !unordered_quiet(a, b, flags) && ordered_le(a, b)
}

/// `FMIN`: IEEE 754-2019 minimumNumber: −0 < +0, and a number wins over a NaN.
#[inline]
pub fn min<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    check_signaling(a, b, flags);
    match (a.is_nan(), b.is_nan()) {
        (true, true) => canonical_nan(),
        (true, false) => b,
        (false, true) => a,
        (false, false) => {
            if key(a) <= key(b) {
                a
            } else {
                b
            }
        }
    }
}

/// `FMAX`: IEEE 754-2019 maximumNumber: −0 < +0, and a number wins over a NaN.
#[inline]
pub fn max<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    check_signaling(a, b, flags);
    match (a.is_nan(), b.is_nan()) {
        (true, true) => canonical_nan(),
        (true, false) => b,
        (false, true) => a,
        (false, false) => {
            if key(a) >= key(b) {
                a
            } else {
                b
            }
        }
    }
}

/// `FMINM` (Zfa): as [`min`], but a NaN operand makes the result the canonical NaN.
#[inline]
pub fn min_propagating<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    let least = min(a, b, flags);
    if a.is_nan() || b.is_nan() {
        canonical_nan()
    } else {
        least
    }
}

/// `FMAXM` (Zfa): as [`max`], but a NaN operand makes the result the canonical NaN.
#[inline]
pub fn max_propagating<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    let greatest = max(a, b, flags);
    if a.is_nan() || b.is_nan() {
        canonical_nan()
    } else {
        greatest
    }
}

/// `FCLASS`: the ten-bit mask with the one bit set that names the operand's class.
#[inline]
pub fn classify<F: Format>(a: F) -> u64 {
    let magnitude = a.raw() & F::MAGNITUDE;
    if magnitude > F::INFINITY {
        return if a.is_signaling_nan() { 1 << 8 } else { 1 << 9 };
    }
    // Counted outwards from zero; negative numbers take bits 3 down to 0, positive ones 4 up to 7.
    let distance = if magnitude == 0 {
        0
    } else if magnitude <= F::FRACTION {
        1
    } else if magnitude < F::INFINITY {
        2
    } else {
        3
    };
    if a.is_negative() {
        1 << (3 - distance)
    } else {
        1 << (4 + distance)
    }
}
