//! From an encoding to an instruction.

use crate::compressed;
use crate::opcode::{Opcode, Requires, TABLE};
use crate::{Insn, IsaConfig};

/// Rows by bits 6:2 and 14:12 of the encoding: the range of [`CANDIDATES`] that can match.
static BUCKETS: [(u16, u16); 256] = BUILT.0;
/// Row numbers, bucket after bucket, in table order.
static CANDIDATES: [u16; CANDIDATE_COUNT] = BUILT.1;

const CANDIDATE_COUNT: usize = count();
const BUILT: ([(u16, u16); 256], [u16; CANDIDATE_COUNT]) = build();

const fn key(word: u32) -> usize {
    (word >> 2 & 31 | word >> 7 & 0xe0) as usize
}

const fn fits(row: usize, bucket: usize) -> bool {
    let word = (bucket as u32 & 31) << 2 | (bucket as u32 >> 5) << 12 | 3;
    let mask = TABLE[row].mask & 0x707f;
    TABLE[row].value & 3 == 3 && word & mask == TABLE[row].value & mask
}

const fn count() -> usize {
    let (mut total, mut bucket) = (0, 0);
    while bucket < 256 {
        let mut row = 0;
        while row < TABLE.len() {
            total += fits(row, bucket) as usize;
            row += 1;
        }
        bucket += 1;
    }
    total
}

const fn build() -> ([(u16, u16); 256], [u16; CANDIDATE_COUNT]) {
    let mut buckets = [(0, 0); 256];
    let mut candidates = [0; CANDIDATE_COUNT];
    let (mut at, mut bucket) = (0, 0);
    while bucket < 256 {
        let first = at;
        let mut row = 0;
        while row < TABLE.len() {
            if fits(row, bucket) {
                candidates[at] = row as u16;
                at += 1;
            }
            row += 1;
        }
        buckets[bucket] = (first as u16, at as u16);
        bucket += 1;
    }
    (buckets, candidates)
}

/// Length in bytes of the instruction that starts with `half`: 2, 4, or more for encodings that
/// no standard extension uses.
#[must_use]
pub const fn insn_len(half: u16) -> u8 {
    match half {
        _ if half & 3 != 3 => 2,
        _ if half & 0x1f != 0x1f => 4,
        _ if half & 0x3f != 0x3f => 6,
        _ => 8,
    }
}

/// Decodes an instruction: 32 bits when the low two are ones, else the low 16, expanded.
///
/// `None` means illegal: reserved, or of an extension that is off. Reserved rounding modes
/// are legal encodings; executing them traps.
#[must_use]
pub fn decode(word: u32, isa: &IsaConfig) -> Option<Insn> {
    if word & 3 != 3 {
        return compressed::expand(word as u16, isa);
    }
    let (first, last) = BUCKETS[key(word)];
    CANDIDATES[usize::from(first)..usize::from(last)]
        .iter()
        .map(|&row| &TABLE[usize::from(row)])
        .filter(|row| word & row.mask == row.value)
        .find(|row| isa.meets(&row.requires))
        .and_then(|row| row.format.operands(row.op, word))
}

impl IsaConfig {
    /// Whether an instruction with these requirements exists.
    #[inline]
    #[must_use]
    pub fn meets(&self, requires: &Requires) -> bool {
        requires.any.iter().any(|&e| self.has(e)) && requires.also.is_none_or(|e| self.has(e))
    }

    /// Whether an instruction exists.
    #[must_use]
    pub fn has_instruction(&self, op: Opcode) -> bool {
        self.meets(&TABLE[op as usize].requires)
    }
}
