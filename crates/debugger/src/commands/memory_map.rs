//! The mappings of an address space: `info mem` in QEMU's columns, and `page-table`.

use std::fmt::Write;

use machine::hart::{Pte, Slot};

use crate::target::{Space, Target};

/// Tables that are looked at, at most: a guest's tables may form loops.
const MOST_TABLES: usize = 65_536;
/// Lines that are printed, at most.
const MOST_LINES: usize = 512;
const PAGE: u64 = 4096;

/// A stretch of addresses that are mapped alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub start: u64,
    pub physical: u64,
    pub size: u64,
    pub attributes: u64,
}

struct Tour<'a> {
    target: &'a dyn Target,
    stretches: Vec<Stretch>,
    tables: usize,
}

impl Tour<'_> {
    fn visit(&mut self, table: u64, level: u32, start: u64) {
        self.tables += 1;
        let size = 1u64 << (12 + 9 * level);
        for index in 0..512 {
            if self.tables >= MOST_TABLES || self.stretches.len() > MOST_LINES {
                return;
            }
            let mut bytes = [0; 8];
            let at = table + 8 * index;
            if self.target.read(Space::Physical, at, &mut bytes).is_err() {
                return;
            }
            let entry = Pte(u64::from_le_bytes(bytes));
            if entry.0 & Pte::V == 0 {
                continue;
            }
            let at = start.wrapping_add(index * size);
            if entry.is_leaf() {
                self.add(Stretch {
                    start: at,
                    physical: (entry.ppn() * PAGE) & !(size - 1),
                    size,
                    attributes: entry.0 & 0xff,
                });
            } else if level > 0 {
                self.visit(entry.ppn() * PAGE, level - 1, at);
            }
        }
    }

    fn add(&mut self, next: Stretch) {
        if let Some(last) = self.stretches.last_mut() {
            let follows = last.start.wrapping_add(last.size) == next.start
                && last.physical + last.size == next.physical
                && last.attributes == next.attributes;
            if follows {
                last.size += next.size;
                return;
            }
        }
        self.stretches.push(next);
    }
}

/// Levels of the tables that a `satp` leads to; none when it translates nothing.
pub(crate) fn levels(satp: u64) -> Option<u32> {
    match satp >> 60 {
        8 => Some(3),
        9 => Some(4),
        10 => Some(5),
        _ => None,
    }
}

/// What an address space maps, in order.
pub(crate) fn stretches(target: &dyn Target, satp: u64) -> Vec<Stretch> {
    let Some(levels) = levels(satp) else {
        return Vec::new();
    };
    let mut tour = Tour {
        target,
        stretches: Vec::new(),
        tables: 0,
    };
    tour.visit((satp & ((1 << 44) - 1)) * PAGE, levels - 1, 0);
    let unused = 64 - (12 + 9 * levels);
    for stretch in &mut tour.stretches {
        stretch.start = ((stretch.start << unused) as i64 >> unused) as u64;
    }
    tour.stretches
}

/// The mappings of a hart, in QEMU's columns.
pub(super) fn describe(target: &dyn Target, hart: usize) -> String {
    let satp = target.hart(hart).map_or(0, |hart| hart[Slot::Satp]);
    if levels(satp).is_none() {
        return "No translation or protection\n".to_owned();
    }
    let mut text = "vaddr            paddr            size             attr\n\
        ---------------- ---------------- ---------------- -------\n"
        .to_owned();
    let all = stretches(target, satp);
    for stretch in all.iter().take(MOST_LINES) {
        let _ = writeln!(
            text,
            "{:016x} {:016x} {:016x} {}",
            stretch.start,
            stretch.physical,
            stretch.size,
            attributes(stretch.attributes)
        );
    }
    if all.len() > MOST_LINES {
        text += "… and more\n";
    }
    text
}

/// The bits of an entry as letters.
pub(crate) fn attributes(bits: u64) -> String {
    let letter = |(bit, letter)| if bits & bit != 0 { letter } else { '-' };
    [
        (Pte::R, 'r'),
        (Pte::W, 'w'),
        (Pte::X, 'x'),
        (Pte::U, 'u'),
        (Pte::G, 'g'),
        (Pte::A, 'a'),
        (Pte::D, 'd'),
    ]
    .map(letter)
    .iter()
    .collect()
}
