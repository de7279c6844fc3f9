//! The three interchange formats, and taking their values apart.

use core::fmt::{self, Debug, LowerHex};

mod sealed {
    pub trait Sealed {}
}

/// A binary interchange format of IEEE 754.
///
/// Implemented by [`F16`], [`F32`] and [`F64`] only. All arithmetic works on the encoding held in
/// the low bits of a `u64`, so that one implementation serves the three.
pub trait Format: sealed::Sealed + Copy + Eq + Debug {
    /// Width of the encoding in bits.
    const BITS: u32;
    /// Width of the trailing significand field: precision − 1.
    const FRACTION_BITS: u32;

    /// Distance between the exponent field and the exponent.
    const BIAS: i32 = (1 << (Self::BITS - Self::FRACTION_BITS - 2)) - 1;
    /// The exponent field of infinities and NaNs.
    const EXPONENT_MAX: i32 = 2 * Self::BIAS + 1;
    /// The sign bit.
    const SIGN: u64 = 1 << (Self::BITS - 1);
    /// All bits below the sign.
    const MAGNITUDE: u64 = Self::SIGN - 1;
    /// The trailing significand field.
    const FRACTION: u64 = (1 << Self::FRACTION_BITS) - 1;
    /// +∞.
    const INFINITY: u64 = Self::MAGNITUDE & !Self::FRACTION;
    /// The bit that tells a quiet NaN from a signalling one.
    const QUIET: u64 = 1 << (Self::FRACTION_BITS - 1);
    /// The canonical NaN: positive, quiet, no payload.
    const CANONICAL_NAN: u64 = Self::INFINITY | Self::QUIET;

    /// The value encoded by the low [`Self::BITS`] bits; higher bits are ignored.
    fn from_raw(bits: u64) -> Self;
    /// The encoding, zero-extended.
    fn raw(self) -> u64;

    /// Whether this is a NaN of either kind.
    #[inline]
    #[must_use]
    fn is_nan(self) -> bool {
        self.raw() & Self::MAGNITUDE > Self::INFINITY
    }

    /// Whether this is a signalling NaN, which raises `NV` wherever it is an operand.
    #[inline]
    #[must_use]
    fn is_signaling_nan(self) -> bool {
        self.is_nan() && self.raw() & Self::QUIET == 0
    }

    /// Whether this is +∞ or −∞.
    #[inline]
    #[must_use]
    fn is_infinite(self) -> bool {
        self.raw() & Self::MAGNITUDE == Self::INFINITY
    }

    /// Whether this is +0 or −0.
    #[inline]
    #[must_use]
    fn is_zero(self) -> bool {
        self.raw() & Self::MAGNITUDE == 0
    }

    /// Whether the sign bit is set (NaNs and zeros included).
    #[inline]
    #[must_use]
    fn is_negative(self) -> bool {
        self.raw() & Self::SIGN != 0
    }
}

macro_rules! format {
    ($(#[$doc:meta])* $name:ident($bits:ty), fraction: $fraction:literal) => {
        $(#[$doc])*
        ///
        /// `==` compares encodings, not values: use [`crate::eq`] for the latter.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name($bits);

        impl $name {
            /// The value with this encoding.
            #[inline]
            #[must_use]
            pub const fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            /// The encoding.
            #[inline]
            #[must_use]
            pub const fn to_bits(self) -> $bits {
                self.0
            }
        }

        impl sealed::Sealed for $name {}

        impl Format for $name {
            const BITS: u32 = <$bits>::BITS;
            const FRACTION_BITS: u32 = $fraction;

            #[inline]
            fn from_raw(bits: u64) -> Self {
                Self(bits as $bits)
            }

            #[inline]
            fn raw(self) -> u64 {
                u64::from(self.0)
            }
        }

        impl Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                LowerHex::fmt(&self.0, f)?;
                f.write_str(")")
            }
        }
    };
}

format!(
    /// binary16: half precision.
    F16(u16), fraction: 10
);
format!(
    /// binary32: single precision.
    F32(u32), fraction: 23
);
format!(
    /// binary64: double precision.
    F64(u64), fraction: 52
);

/// A finite number taken apart: its magnitude is `significand` × 2^(`exponent` − 63).
///
/// The significand of every non-zero number, subnormals included, has its top bit set; zero has
/// significand zero and no meaningful exponent.
#[derive(Clone, Copy)]
pub(crate) struct Unpacked {
    pub negative: bool,
    pub exponent: i32,
    pub significand: u64,
}

/// The exponent field, which is [`Format::EXPONENT_MAX`] for infinities and NaNs.
#[inline]
pub(crate) fn exponent_field<F: Format>(value: F) -> i32 {
    ((value.raw() & F::MAGNITUDE) >> F::FRACTION_BITS) as i32
}

/// Whether the value is an infinity or a NaN.
#[inline]
pub(crate) fn is_special<F: Format>(value: F) -> bool {
    value.raw() & F::INFINITY == F::INFINITY
}

/// Takes a finite number apart.
#[inline]
pub(crate) fn unpack<F: Format>(value: F) -> Unpacked {
    let negative = value.is_negative();
    let field = exponent_field(value);
    let fraction = value.raw() & F::FRACTION;
    if field != 0 {
        let significand = (fraction | (F::FRACTION + 1)) << (63 - F::FRACTION_BITS);
        return Unpacked {
            negative,
            exponent: field - F::BIAS,
            significand,
        };
    }
    let shift = fraction.leading_zeros();
    Unpacked {
        negative,
        exponent: 64 - F::BIAS - F::FRACTION_BITS as i32 - shift as i32,
        significand: fraction.checked_shl(shift).unwrap_or(0),
    }
}

/// A zero of the given sign.
#[inline]
pub(crate) fn zero<F: Format>(negative: bool) -> F {
    F::from_raw(if negative { F::SIGN } else { 0 })
}

/// An infinity of the given sign.
#[inline]
pub(crate) fn infinity<F: Format>(negative: bool) -> F {
    F::from_raw(if negative {
        F::SIGN | F::INFINITY
    } else {
        F::INFINITY
    })
}

/// The canonical NaN.
#[inline]
pub(crate) fn canonical_nan<F: Format>() -> F {
    F::from_raw(F::CANONICAL_NAN)
}
