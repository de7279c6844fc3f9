//! Addition, subtraction, multiplication, division and square root.

use crate::environment::{Flags, RoundingMode};
use crate::format::{Format, canonical_nan, exponent_field, infinity, is_special, unpack, zero};
use crate::round::{narrow_sticky, round, shift_right_sticky};

/// `FADD`: a + b.
#[inline]
pub fn add<F: Format>(a: F, b: F, mode: RoundingMode, flags: &mut Flags) -> F {
    if is_special(a) || is_special(b) {
        return add_special(a, b, flags);
    }
    // The larger magnitude first: its exponent is the result's, and the difference stays positive.
    let (large, small) = if a.raw() & F::MAGNITUDE >= b.raw() & F::MAGNITUDE {
        (a, b)
    } else {
        (b, a)
    };
    let (large_exponent, large_significand) = addend(large);
    let (small_exponent, small_significand) = addend(small);
    let aligned = shift_right_sticky(small_significand, (large_exponent - small_exponent) as u32);
    let negative = large.is_negative();
    let sum = if negative == small.is_negative() {
        large_significand + aligned
    } else {
        large_significand - aligned
    };
    if sum == 0 {
        return exact_zero(negative, small.is_negative(), mode);
    }
    let shift = sum.leading_zeros();
    round(
        negative,
        large_exponent + 1 - shift as i32 - F::BIAS,
        sum << shift,
        mode,
        flags,
    )
}

/// `FSUB`: a − b.
#[inline]
pub fn sub<F: Format>(a: F, b: F, mode: RoundingMode, flags: &mut Flags) -> F {
    add(a, F::from_raw(b.raw() ^ F::SIGN), mode, flags)
}

/// The exponent field of a finite number (one for subnormals, whose scale that is) and its
/// significand with the implicit bit at bit 62: one bit of room for a carry, and ten below the
/// narrowest unit, so that only an operand shifted by more than ten, which cannot cancel the other
/// by more than one bit, loses bits to the sticky one.
#[inline]
fn addend<F: Format>(value: F) -> (i32, u64) {
    let field = exponent_field(value);
    let implicit = if field == 0 { 0 } else { F::FRACTION + 1 };
    let significand = (value.raw() & F::FRACTION) | implicit;
    (field.max(1), significand << (62 - F::FRACTION_BITS))
}

/// The zero that is the exact sum of two finite numbers of the given signs (IEEE 754 6.3).
#[inline]
pub(crate) fn exact_zero<F: Format>(a_negative: bool, b_negative: bool, mode: RoundingMode) -> F {
    zero(if a_negative == b_negative {
        a_negative
    } else {
        mode == RoundingMode::Down
    })
}

#[cold]
fn add_special<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    if a.is_nan() || b.is_nan() {
        return nan_result(&[a, b], flags);
    }
    if a.is_infinite() && b.is_infinite() && a.is_negative() != b.is_negative() {
        return invalid(flags);
    }
    if a.is_infinite() { a } else { b }
}

/// The canonical NaN, with `NV` raised when an operand is a signalling NaN.
pub(crate) fn nan_result<F: Format>(operands: &[F], flags: &mut Flags) -> F {
    if operands.iter().any(|operand| operand.is_signaling_nan()) {
        flags.insert(Flags::NV);
    }
    canonical_nan()
}

/// The canonical NaN of an invalid operation.
pub(crate) fn invalid<F: Format>(flags: &mut Flags) -> F {
    flags.insert(Flags::NV);
    canonical_nan()
}

/// `FMUL`: a × b.
#[inline]
pub fn mul<F: Format>(a: F, b: F, mode: RoundingMode, flags: &mut Flags) -> F {
    if is_special(a) || is_special(b) {
        return mul_special(a, b, flags);
    }
    let (x, y) = (unpack(a), unpack(b));
    let negative = x.negative != y.negative;
    let product = u128::from(x.significand) * u128::from(y.significand);
    if product == 0 {
        return zero(negative);
    }
    let shift = product.leading_zeros();
    let exponent = x.exponent + y.exponent + 1 - shift as i32;
    round(
        negative,
        exponent,
        narrow_sticky(product << shift),
        mode,
        flags,
    )
}

#[cold]
fn mul_special<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    if a.is_nan() || b.is_nan() {
        return nan_result(&[a, b], flags);
    }
    if a.is_zero() || b.is_zero() {
        return invalid(flags);
    }
    infinity(a.is_negative() != b.is_negative())
}

/// `FDIV`: a ÷ b.
#[inline]
pub fn div<F: Format>(a: F, b: F, mode: RoundingMode, flags: &mut Flags) -> F {
    if is_special(a) || is_special(b) || b.is_zero() {
        return div_special(a, b, flags);
    }
    let (x, y) = (unpack(a), unpack(b));
    let negative = x.negative != y.negative;
    if x.significand == 0 {
        return zero(negative);
    }
    // The divisor as an integer of the format's precision makes the quotient long enough.
    let divisor = y.significand >> (63 - F::FRACTION_BITS);
    let extra_bits = if F::BITS > 32 { 50 } else { 0 };
    let (quotient, exact) = if extra_bits == 0 {
        (
            x.significand / divisor,
            x.significand.is_multiple_of(divisor),
        )
    } else {
        let dividend = u128::from(x.significand) << extra_bits;
        let quotient = dividend / u128::from(divisor);
        (quotient as u64, quotient * u128::from(divisor) == dividend)
    };
    let shift = quotient.leading_zeros();
    let exponent = x.exponent - y.exponent - extra_bits + F::FRACTION_BITS as i32 - shift as i32;
    round(
        negative,
        exponent,
        (quotient << shift) | u64::from(!exact),
        mode,
        flags,
    )
}

#[cold]
fn div_special<F: Format>(a: F, b: F, flags: &mut Flags) -> F {
    if a.is_nan() || b.is_nan() {
        return nan_result(&[a, b], flags);
    }
    let negative = a.is_negative() != b.is_negative();
    if a.is_infinite() {
        return if b.is_infinite() {
            invalid(flags)
        } else {
            infinity(negative)
        };
    }
    if b.is_infinite() {
        return zero(negative);
    }
    if a.is_zero() {
        return invalid(flags);
    }
    flags.insert(Flags::DZ);
    infinity(negative)
}

/// `FSQRT`: √a.
#[inline]
pub fn sqrt<F: Format>(a: F, mode: RoundingMode, flags: &mut Flags) -> F {
    if a.is_nan() {
        return nan_result(&[a], flags);
    }
    if a.is_zero() {
        return a;
    }
    if a.is_negative() {
        return invalid(flags);
    }
    if a.is_infinite() {
        return a;
    }
    let x = unpack(a);
    // An even exponent halves exactly; the radicand's width makes the root's top bit known.
    let even = x.exponent & 1 == 0;
    let (root, exact) = if F::BITS > 32 {
        let radicand = u128::from(x.significand) << if even { 63 } else { 64 };
        let root = radicand.isqrt();
        (root as u64, root * root == radicand)
    } else {
        // At most 24 significant bits: the lowest can go.
        let radicand = x.significand >> u32::from(even);
        let root = radicand.isqrt();
        (root << 32, root * root == radicand)
    };
    round(
        false,
        x.exponent >> 1,
        root | u64::from(!exact),
        mode,
        flags,
    )
}
