//! Random numbers, the same for the same seed.

/// A generator (SplitMix64).
#[derive(Clone, Copy)]
pub struct Random(u64);

impl Random {
    /// The generator of a round.
    pub fn of(seed: u32, round: u32) -> Self {
        Self(u64::from(seed) << 32 | u64::from(round))
    }

    /// The generator that begins there.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next word.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of several.
    pub fn pick(&mut self, among: &[u64]) -> u64 {
        let index = self.below(among.len() as u64) as usize;
        among.get(index).copied().unwrap_or(0)
    }
}
