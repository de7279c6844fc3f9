//! Page tables of a block: a fixed frame with random leaves, and the pointers that lead to them.

use super::layout as at;
use super::random::Random;

const V: u64 = 1;
const R: u64 = 1 << 1;
const W: u64 = 1 << 2;
const X: u64 = 1 << 3;
const U: u64 = 1 << 4;
const G: u64 = 1 << 5;
const A: u64 = 1 << 6;
const D: u64 = 1 << 7;

const fn entry(physical: u64, flags: u64) -> u64 {
    physical >> 12 << 10 | flags
}

/// A value for `satp`: off, or one of the three roots, each with an ASID of its own.
pub fn satp(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => 0,
        n => {
            let n = n - 1;
            (8 + n) << 60 | (n + 1) << 44 | at::ROOTS[n as usize] >> 12
        }
    }
}

/// An address to load and store at: mostly one that is mapped somehow.
pub fn pointer(random: &mut Random) -> u64 {
    // Accesses reach 2 KiB to both sides: they stay on the four data pages, whatever maps them.
    let offset = 0x800 + random.below(at::DATA_BYTES - 0x1000);
    let offset = match random.below(4) {
        0 => offset,
        1 => offset & !7,
        2 => (offset & !0xfff).max(0x1000),
        _ => offset & !0xff,
    };
    let base = match random.below(16) {
        0..=7 => at::DATA,
        8..=9 => at::ALIASES,
        10 => at::ALIASES + 0x1_0000,
        11 => at::SUPERPAGE,
        12 => random.pick(&[at::BROKEN_SUPERPAGE, at::UNMAPPED, at::SELF_MAPPED]),
        13 => random.pick(&[at::DATA, at::ALIASES, at::SUPERPAGE]) + at::UPPER_HALF,
        14 => at::DATA,
        _ => random.pick(&[1 << 38, 1 << 47, 1 << 56, 1 << 63, 0x0700_0000]),
    };
    base + offset
}

/// A leaf for a page: mostly usable, often with something wrong or unusual.
pub fn leaf(random: &mut Random, physical: u64) -> u64 {
    let mut flags = V | R | W | A | D;
    for (bit, odds) in [(X, 3), (U, 2), (G, 4)] {
        flags |= bit * u64::from(random.one_in(odds));
    }
    for (bit, odds) in [(W, 5), (R, 8), (A, 5), (D, 4), (V, 30)] {
        flags &= !(bit * u64::from(random.one_in(odds)));
    }
    flags |= random.below(4) << 8; // for software
    if random.one_in(12) {
        flags |= 1 << (54 + random.below(7)); // reserved
    }
    if random.one_in(8) {
        flags |= random.below(4) << 61; // Svpbmt
    }
    if random.one_in(16) {
        // Svnapot, mostly with a reserved size; see "known differences" for A and D.
        flags |= 1 << 63 | A | D;
    }
    entry(physical, flags)
}

/// Every entry that is not zero: address and value.
pub fn patches(random: &mut Random) -> Vec<(u64, u64)> {
    let [sv39, sv48, sv57] = at::ROOTS;
    let table = |physical| entry(physical, V);
    let mut patches = vec![
        (sv39 + 8 * 2, table(at::LEVEL_1)),
        (sv39 + 8 * 510, table(at::LEVEL_1)),
        (sv48, table(sv39)),
        (sv48 + 8 * 511, table(sv39)),
        (sv57, table(sv48)),
        (sv57 + 8 * 511, table(sv48)),
    ];
    let global = G * random.below(2);
    let level_1 = |n: u64| at::LEVEL_1 + 8 * n;
    patches.extend([
        (
            level_1(0),
            entry(at::HARNESS, V | R | W | X | A | D | global),
        ),
        (level_1(1), table(at::LEAVES_CODE)),
        (level_1(2), table(at::LEAVES_DATA)),
        (level_1(3), entry(at::TABLES, V | R | W | A | D)),
        (level_1(128), table(at::LEAVES_ALIAS)),
        (level_1(129), leaf(random, at::DATA)),
        (level_1(130), leaf(random, at::DATA + 0x1000)),
        (level_1(132), table(at::LEVEL_1)),
    ]);
    for page in 0..at::WINDOW_BYTES >> 12 {
        for (n, user) in [(page, 0), (16 + page, U)] {
            let flags = V | X | A | user | (R * random.below(2)) | (D * random.below(2));
            let flags = if flags & R != 0 && random.one_in(2) {
                flags | W
            } else {
                flags
            };
            let leaf = entry(at::WINDOW + (page << 12), flags);
            patches.push((at::LEAVES_CODE + 8 * n, leaf));
        }
    }
    let pages = at::DATA_BYTES >> 12;
    for page in 0..pages {
        let physical = at::DATA + (page << 12);
        patches.push((at::LEAVES_DATA + 8 * page, leaf(random, physical)));
        patches.push((at::LEAVES_ALIAS + 8 * page, leaf(random, physical)));
    }
    // Sixteen entries of a page of 64 KiB: the low bits of their page number say so.
    let size = if random.one_in(4) { 4 } else { 8 };
    let accessed = if size == 4 { A | D } else { 0 };
    let napot = leaf(random, at::DATA) | (1 << 63) | (size << 10) | accessed;
    for n in 16..32 {
        patches.push((at::LEAVES_ALIAS + 8 * n, napot));
    }
    patches
}
