//! Shortcuts through the host's FPU.
//!
//! Each function computes on the host and returns the encoding if that is provably what the
//! specification asks for under round-to-nearest-even *and* the operation raises no exception but,
//! possibly, `NX`; else `None`, and the caller takes the exact way. The caller vouches that the
//! rounding mode is [`NearestEven`](crate::RoundingMode::NearestEven) and that `NX` has been raised
//! already: then nothing needs to be recorded. That is how compiled code spends nearly all its time.
//!
//! # Why a look at the result is enough
//!
//! The host's `+ − × ÷ √` and `fma` are IEEE 754 operations in its default environment (to nearest
//! even, subnormals honoured), which Rust guarantees on the hosts listed in `HOST_IS_IEEE`;
//! elsewhere nothing is fast. So the *value* is right whenever it is not a NaN, whose payload is the
//! host's choice. What remains is to exclude `NV`, `DZ`, `OF` and `UF`:
//!
//! * `NV` gives a NaN, or is a signalling NaN as operand, which also gives a NaN. A NaN operand of
//!   any kind gives a NaN.
//! * `DZ` gives an infinity.
//! * `OF` gives an infinity, the mode being round-to-nearest.
//!
//! So a finite result excludes these three whatever the operands were. `UF` needs a result that is
//! tiny after rounding, that is, rounded as with unbounded exponents:
//!
//! * For `+` and `−` a sum below the smallest normal number is a multiple of the smallest subnormal,
//!   hence exact, and raises nothing. A finite result is enough.
//! * For `×`, `÷` and `fma` a result *above* the smallest normal number, 2^emin, in magnitude is not
//!   tiny: rounding is monotonic and 2^emin is a fixed point of it both with and without a lower
//!   bound on exponents, so the exact value lies above 2^emin too. The result 2^emin itself is left
//!   out because it may come from a tiny value that only the coarser subnormal grid rounds up to it.
//! * `√` of a non-zero number is never near the subnormal range: a finite result is enough.
//!
//! A zero product or quotient may be an underflow, unless an operand explains it: zero times a
//! finite number and zero divided by a non-NaN, non-zero number are exact, with the host's sign.

/// Hosts on which Rust's float operations are those of IEEE 754 without exception: not 32-bit x86,
/// whose x87 unit rounds twice, nor 32-bit Arm, whose vector unit may flush subnormals.
const HOST_IS_IEEE: bool = cfg!(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "loongarch64",
));

macro_rules! fast_paths {
    ($float:ty, $bits:ty,
     $add:ident, $sub:ident, $mul:ident, $div:ident, $sqrt:ident) => {
        /// a + b. See the [module](self) for the contract.
        #[inline(always)]
        #[must_use]
        pub fn $add(a: $bits, b: $bits) -> Option<$bits> {
            <$float>::finite(<$float>::from_bits(a) + <$float>::from_bits(b))
        }

        /// a − b. See the [module](self) for the contract.
        #[inline(always)]
        #[must_use]
        pub fn $sub(a: $bits, b: $bits) -> Option<$bits> {
            <$float>::finite(<$float>::from_bits(a) - <$float>::from_bits(b))
        }

        /// a × b. See the [module](self) for the contract.
        #[inline(always)]
        #[must_use]
        pub fn $mul(a: $bits, b: $bits) -> Option<$bits> {
            let result = <$float>::from_bits(a) * <$float>::from_bits(b);
            // Shifted left the sign is gone; `result` being a zero, neither operand is a NaN or ∞.
            <$float>::above_tiny(result)
                .or_else(|| <$float>::zero(result).filter(|_| a << 1 == 0 || b << 1 == 0))
        }

        /// a ÷ b. See the [module](self) for the contract.
        #[inline(always)]
        #[must_use]
        pub fn $div(a: $bits, b: $bits) -> Option<$bits> {
            let result = <$float>::from_bits(a) / <$float>::from_bits(b);
            <$float>::above_tiny(result).or_else(|| <$float>::zero(result).filter(|_| a << 1 == 0))
        }

        /// √a. See the [module](self) for the contract.
        #[cfg(feature = "std")]
        #[inline(always)]
        #[must_use]
        pub fn $sqrt(a: $bits) -> Option<$bits> {
            <$float>::finite(<$float>::from_bits(a).sqrt())
        }
    };
}

/// The checks on a host result; each returns its encoding if the check holds.
trait HostResult: Sized {
    type Bits;

    /// Zero, subnormal or normal.
    fn finite(result: Self) -> Option<Self::Bits>;
    /// Finite, and greater in magnitude than the smallest normal number.
    fn above_tiny(result: Self) -> Option<Self::Bits>;
    /// +0 or −0.
    fn zero(result: Self) -> Option<Self::Bits>;
}

macro_rules! host_result {
    ($float:ty, $bits:ty) => {
        impl HostResult for $float {
            type Bits = $bits;

            #[inline(always)]
            fn finite(result: Self) -> Option<$bits> {
                let bits = result.to_bits();
                let infinity = <$float>::INFINITY.to_bits() << 1;
                (HOST_IS_IEEE && bits << 1 < infinity).then_some(bits)
            }

            #[inline(always)]
            fn above_tiny(result: Self) -> Option<$bits> {
                let bits = result.to_bits();
                let infinity = <$float>::INFINITY.to_bits() << 1;
                let lowest = (<$float>::MIN_POSITIVE.to_bits() + 1) << 1;
                let in_range = (bits << 1).wrapping_sub(lowest) < infinity - lowest;
                (HOST_IS_IEEE && in_range).then_some(bits)
            }

            #[inline(always)]
            fn zero(result: Self) -> Option<$bits> {
                let bits = result.to_bits();
                (HOST_IS_IEEE && bits << 1 == 0).then_some(bits)
            }
        }
    };
}

host_result!(f32, u32);
host_result!(f64, u64);

fast_paths!(
    f32,
    u32,
    add_f32_fast,
    sub_f32_fast,
    mul_f32_fast,
    div_f32_fast,
    sqrt_f32_fast
);
fast_paths!(
    f64,
    u64,
    add_f64_fast,
    sub_f64_fast,
    mul_f64_fast,
    div_f64_fast,
    sqrt_f64_fast
);

/// a × b + c, by the host's instruction; without one (see [`fma_f64_is_fast`]) always `None`.
/// See the [module](self) for the contract.
#[inline(always)]
#[must_use]
pub fn fma_f64_fast(a: u64, b: u64, c: u64) -> Option<u64> {
    #[cfg(feature = "std")]
    if fma_f64_is_fast() {
        let [a, b, c] = [a, b, c].map(f64::from_bits);
        return f64::above_tiny(a.mul_add(b, c));
    }
    let _ = (a, b, c);
    None
}

/// Whether [`fma_f64_fast`] can succeed: whether `f64::mul_add` ends in an instruction of the host.
///
/// On x86-64 that instruction is no part of the baseline, and `mul_add` calls the C library. glibc
/// goes on to the instruction where the CPU has it; what others do instead may be slow or, worse,
/// rounded twice.
#[inline(always)]
#[must_use]
pub fn fma_f64_is_fast() -> bool {
    if cfg!(not(feature = "std")) || !HOST_IS_IEEE {
        return false;
    }
    if cfg!(any(target_feature = "fma", not(target_arch = "x86_64"))) {
        return true;
    }
    #[cfg(all(
        feature = "std",
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "gnu"
    ))]
    return std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(all(
        feature = "std",
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "gnu"
    )))]
    return false;
}

/// a × b + c, without need of a fused instruction. See the [module](self) for the contract.
///
/// The product of two 24-bit significands is exact in binary64, whose exponents leave room for it,
/// so only the sum is rounded there, and then again to binary32. The second rounding goes wrong
/// only if the first one landed on the midpoint of two binary32 numbers without being exact: every
/// such midpoint is a binary64 number, so by monotonicity a sum rounded to anything else lies on
/// the same side of each midpoint as the exact value. Midpoints in the normal range of binary32
/// (and the bound of overflow) have the bit below the 24 kept ones set, and all others clear; they
/// are refused, exact or not. The range check is on the final result and holds for the exact value
/// by the same monotonicity.
#[inline(always)]
#[must_use]
pub fn fma_f32_fast(a: u32, b: u32, c: u32) -> Option<u32> {
    const BELOW_BINARY32: u64 = (1 << 29) - 1;
    const MIDPOINT: u64 = 1 << 28;
    let [a, b, c] = [a, b, c].map(|bits| f64::from(f32::from_bits(bits)));
    let sum = a * b + c;
    f32::above_tiny(sum as f32).filter(|_| sum.to_bits() & BELOW_BINARY32 != MIDPOINT)
}

/// A binary64 number in binary32. See the [module](self) for the contract.
///
/// Argued as a product is: the host's conversion rounds to nearest even and monotonically.
#[inline(always)]
#[must_use]
pub fn narrow_fast(a: u64) -> Option<u32> {
    let result = f64::from_bits(a) as f32;
    f32::above_tiny(result).or_else(|| f32::zero(result).filter(|_| a << 1 == 0))
}
