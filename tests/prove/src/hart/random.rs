//! Random numbers, weighted towards what is hard.

/// A generator (splitmix64): the same seed gives the same program for ever.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// An integer: small, near a power of two, a pattern, or anything.
    pub fn integer(&mut self) -> u64 {
        match self.below(8) {
            0 => self.below(16),
            1 => self.below(16).wrapping_neg(),
            2 => (1u64 << self.below(64)).wrapping_sub(self.below(3)),
            3 => (1u64 << self.below(64))
                .wrapping_neg()
                .wrapping_add(self.below(3)),
            4 => self.next() as i32 as i64 as u64,
            5 => u64::from(self.next() as u32),
            _ => self.next(),
        }
    }

    /// What a floating-point register may hold: numbers of three widths, boxed and not.
    pub fn float(&mut self) -> u64 {
        const BOX_32: u64 = 0xffff_ffff << 32;
        const BOX_16: u64 = 0xffff_ffff_ffff << 16;
        match self.below(8) {
            0..=2 => self.format(11, 52),
            3..=4 => BOX_32 | self.format(8, 23),
            5..=6 => BOX_16 | self.format(5, 10),
            _ => self.next(),
        }
    }

    /// A number of a format: zero, subnormal, near one, huge, infinite, NaN; sparse fractions.
    fn format(&mut self, exponent_bits: u32, fraction_bits: u32) -> u64 {
        let most = (1u64 << exponent_bits) - 1;
        let exponent = match self.below(8) {
            0 => 0,
            1 => most,
            2 => 1,
            3 => most - 1,
            4..=5 => (most / 2).wrapping_add(self.below(8)).wrapping_sub(4),
            _ => self.below(most + 1),
        };
        let mask = (1u64 << fraction_bits) - 1;
        let fraction = match self.below(6) {
            0 => 0,
            1 => mask,
            2 => 1 << self.below(u64::from(fraction_bits)),
            3 => mask & (1u64 << self.below(u64::from(fraction_bits))).wrapping_neg(),
            _ => self.next() & mask,
        };
        let sign = self.below(2) << (exponent_bits + fraction_bits);
        sign | (exponent & most) << fraction_bits | fraction
    }
}
