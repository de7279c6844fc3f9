//! Fused multiply-add and its variants: one rounding for product and sum.

use core::cmp::Ordering;

use crate::arithmetic::{exact_zero, invalid, nan_result};
use crate::environment::{Flags, RoundingMode};
use crate::format::{Format, Unpacked, infinity, is_special, unpack};
use crate::round::{narrow_sticky, round, shift_right_sticky_wide};

/// `FMADD`: a × b + c.
///
/// ∞ × 0 is invalid even when `c` is a quiet NaN (unprivileged specification, F 11.6).
#[inline]
pub fn fused_multiply_add<F: Format>(a: F, b: F, c: F, mode: RoundingMode, flags: &mut Flags) -> F {
    if is_special(a) || is_special(b) || is_special(c) {
        return special(a, b, c, flags);
    }
    let (x, y, addend) = (unpack(a), unpack(b), unpack(c));
    let negative = x.negative != y.negative;
    let product = u128::from(x.significand) * u128::from(y.significand);
    if product == 0 {
        return if c.is_zero() {
            exact_zero(negative, addend.negative, mode)
        } else {
            c
        };
    }
    let shift = product.leading_zeros();
    let exponent = x.exponent + y.exponent + 1 - shift as i32;
    let product = product << shift;
    if addend.significand == 0 {
        return round(negative, exponent, narrow_sticky(product), mode, flags);
    }
    // Both with the top bit at bit 126: room for a carry. The product has 106 significant bits at
    // most, the addend 53, so neither loses one to this shift.
    let product = Term {
        negative,
        exponent,
        significand: product >> 1,
    };
    add_terms(product, Term::from(addend), mode, flags)
}

/// A non-zero number: ±`significand` × 2^(`exponent` − 126), bit 126 being the top bit set.
#[derive(Clone, Copy)]
struct Term {
    negative: bool,
    exponent: i32,
    significand: u128,
}

impl From<Unpacked> for Term {
    #[inline]
    fn from(number: Unpacked) -> Self {
        Self {
            negative: number.negative,
            exponent: number.exponent,
            significand: u128::from(number.significand) << 63,
        }
    }
}

/// Adds exactly, then rounds once.
///
/// A term has at least 21 zero bits at its end. So alignment loses bits to the sticky bit only over
/// a distance at which the difference of the terms keeps its top bit in place, or one below.
#[inline]
fn add_terms<F: Format>(a: Term, b: Term, mode: RoundingMode, flags: &mut Flags) -> F {
    let order = a
        .exponent
        .cmp(&b.exponent)
        .then(a.significand.cmp(&b.significand));
    let (large, small) = if order == Ordering::Less {
        (b, a)
    } else {
        (a, b)
    };
    let distance = (large.exponent - small.exponent) as u32;
    let aligned = shift_right_sticky_wide(small.significand, distance);
    let sum = if large.negative == small.negative {
        large.significand + aligned
    } else {
        large.significand - aligned
    };
    if sum == 0 {
        return exact_zero(large.negative, small.negative, mode);
    }
    let shift = sum.leading_zeros();
    let exponent = large.exponent + 1 - shift as i32;
    round(
        large.negative,
        exponent,
        narrow_sticky(sum << shift),
        mode,
        flags,
    )
}

#[cold]
fn special<F: Format>(a: F, b: F, c: F, flags: &mut Flags) -> F {
    if (a.is_infinite() && b.is_zero()) || (a.is_zero() && b.is_infinite()) {
        return invalid(flags);
    }
    if a.is_nan() || b.is_nan() || c.is_nan() {
        return nan_result(&[a, b, c], flags);
    }
    if !(a.is_infinite() || b.is_infinite()) {
        return c;
    }
    let negative = a.is_negative() != b.is_negative();
    if c.is_infinite() && c.is_negative() != negative {
        return invalid(flags);
    }
    infinity(negative)
}

#[inline]
fn negate<F: Format>(value: F) -> F {
    F::from_raw(value.raw() ^ F::SIGN)
}

/// `FMSUB`: a × b − c.
#[inline]
pub fn multiply_sub<F: Format>(a: F, b: F, c: F, mode: RoundingMode, flags: &mut Flags) -> F {
    fused_multiply_add(a, b, negate(c), mode, flags)
}

/// `FNMADD`: −(a × b) − c.
#[inline]
pub fn negated_multiply_sub<F: Format>(
    a: F,
    b: F,
    c: F,
    mode: RoundingMode,
    flags: &mut Flags,
) -> F {
    fused_multiply_add(negate(a), b, negate(c), mode, flags)
}

/// `FNMSUB`: −(a × b) + c.
#[inline]
pub fn negated_multiply_add<F: Format>(
    a: F,
    b: F,
    c: F,
    mode: RoundingMode,
    flags: &mut Flags,
) -> F {
    fused_multiply_add(negate(a), b, c, mode, flags)
}
