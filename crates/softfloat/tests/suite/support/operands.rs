//! Operands weighted towards the hard cases, from a fixed seed.

use hartland_softfloat::{Flags, Format, RoundingMode, convert, mul};

/// SplitMix64: small, seedable, good enough to pick test operands.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }
}

/// Every kind of number at its edges, in both signs.
pub fn landmarks<F: Format>() -> Vec<F> {
    let min_normal = F::FRACTION + 1;
    let one = (F::BIAS as u64) << F::FRACTION_BITS;
    let magnitudes = [
        0,
        1,
        2,
        F::FRACTION / 2,
        F::FRACTION - 1,
        F::FRACTION,
        min_normal,
        min_normal + 1,
        min_normal * 2 - 1,
        min_normal * 2,
        one / 2,
        one - 1,
        one,
        one + 1,
        one + min_normal - 1,
        one + min_normal,
        one + min_normal * 3 / 2,
        F::INFINITY - min_normal,
        F::INFINITY - 2,
        F::INFINITY - 1,
        F::INFINITY,
        F::INFINITY | 1,
        F::INFINITY | (F::QUIET - 1),
        F::CANONICAL_NAN,
        F::CANONICAL_NAN | 1,
        F::MAGNITUDE,
    ];
    magnitudes
        .iter()
        .flat_map(|&bits| [bits, bits | F::SIGN])
        .map(F::from_raw)
        .collect()
}

/// A fraction field: anything, a few bits, a run of ones, or next to a power of two.
fn fraction<F: Format>(random: &mut Random) -> u64 {
    let width = u64::from(F::FRACTION_BITS);
    let bits = match random.below(6) {
        0 | 1 => random.word(),
        2 => random.below(4),
        3 => F::FRACTION - random.below(4),
        4 => (1 << random.below(width)) | (1 << random.below(width)),
        _ => (F::FRACTION >> random.below(width)) << random.below(width),
    };
    bits & F::FRACTION
}

/// One operand.
pub fn operand<F: Format>(random: &mut Random, landmarks: &[F]) -> F {
    let max = F::EXPONENT_MAX as u64;
    let bias = F::BIAS as u64;
    let field = match random.below(16) {
        0 | 1 => return landmarks[random.below(landmarks.len() as u64) as usize],
        2 => return F::from_raw(random.word()),
        3 => 0,
        4 => 1 + random.below(3),
        5 => max - 1 - random.below(3),
        // Around the limits of the integers.
        6 => bias + [31, 32, 63, 64][random.below(4) as usize] - random.below(2),
        7 => bias + random.below(70),
        8..=11 => bias - 2 + random.below(5),
        // Square roots of the limits of the range, for products and quotients.
        12 => bias / 2 + random.below(4),
        13 => bias * 3 / 2 + random.below(4),
        _ => random.below(max),
    };
    let sign = if random.below(2) == 0 { F::SIGN } else { 0 };
    F::from_raw(sign | (field.min(max - 1) << F::FRACTION_BITS) | fraction::<F>(random))
}

/// An operand that stands in a difficult relation to `other`: close, cancelling, just too far to
/// matter, or such that product or quotient comes near underflow or overflow.
pub fn partner<F: Format>(random: &mut Random, other: F, landmarks: &[F]) -> F {
    let field = ((other.raw() & F::MAGNITUDE) >> F::FRACTION_BITS) as i64;
    let (bias, precision) = (i64::from(F::BIAS), i64::from(F::FRACTION_BITS) + 1);
    let jitter = random.below(5) as i64 - 2;
    let target = match random.below(8) {
        0 => return F::from_raw(other.raw() ^ F::SIGN ^ random.below(3)),
        1 => field + jitter,
        2 => field - precision + jitter,
        3 => bias - field + jitter,
        4 => bias - field + bias + jitter,
        5 => field - bias + jitter,
        6 => field - random.below(2 * precision as u64 + 4) as i64,
        _ => return operand(random, landmarks),
    };
    let target = target.clamp(0, i64::from(F::EXPONENT_MAX) - 1) as u64;
    let sign = random.word() & F::SIGN;
    F::from_raw(sign | (target << F::FRACTION_BITS) | fraction::<F>(random))
}

/// An addend for the product of `a` and `b`: mostly one that nearly cancels it or lies beside it.
pub fn addend<F: Format>(random: &mut Random, a: F, b: F, landmarks: &[F]) -> F {
    let product = mul(a, b, RoundingMode::NearestEven, &mut Flags::empty());
    match random.below(4) {
        0 => F::from_raw(
            (product.raw() ^ F::SIGN)
                .wrapping_add(random.below(3))
                .wrapping_sub(1),
        ),
        1 | 2 => partner(random, product, landmarks),
        _ => operand(random, landmarks),
    }
}

/// An operand for a narrowing conversion: half of them sit on or beside what the narrow format
/// `D` can just represent, or halfway between two such.
pub fn wide_operand<S: Format, D: Format>(random: &mut Random, wide: &[S], narrow: &[D]) -> S {
    if random.below(2) == 0 {
        return operand(random, wide);
    }
    let near: D = operand(random, narrow);
    let exact: S = convert(near, RoundingMode::NearestEven, &mut Flags::empty());
    let half_unit = if S::FRACTION_BITS > D::FRACTION_BITS {
        1 << (S::FRACTION_BITS - D::FRACTION_BITS - 1)
    } else {
        0
    };
    let offset = [0, half_unit, half_unit / 2][random.below(3) as usize];
    S::from_raw(
        exact
            .raw()
            .wrapping_add(offset)
            .wrapping_add(random.below(3))
            .wrapping_sub(1),
    )
}
