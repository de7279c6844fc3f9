//! `info mem`: which virtual addresses a hart's page tables map, and where to.

use std::fmt::Write;

use machine::Machine;
use machine::hart::{Hart, Pte, Slot};

/// Tables that are looked at, at most: a guest's tables may form loops.
const MOST_TABLES: usize = 65_536;
/// Lines that are printed, at most.
const MOST_LINES: usize = 512;
const PAGE: u64 = 4096;

/// A stretch of addresses that are mapped alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    start: u64,
    physical: u64,
    size: u64,
    attributes: u64,
}

impl Stretch {
    /// Takes in the stretch that follows, if it goes on in the same way.
    fn join(&mut self, next: Self) -> bool {
        let follows = self.start.wrapping_add(self.size) == next.start
            && self.physical + self.size == next.physical
            && self.attributes == next.attributes;
        if follows {
            self.size += next.size;
        }
        follows
    }
}

struct Tour<'a> {
    machine: &'a Machine,
    stretches: Vec<Stretch>,
    tables: usize,
}

impl Tour<'_> {
    /// Visits the table at a physical address, whose entries map `1 << (12 + 9 * level)` bytes each from `start` on.
    fn visit(&mut self, table: u64, level: u32, start: u64) {
        self.tables += 1;
        let size = 1u64 << (12 + 9 * level);
        for index in 0..512 {
            if self.tables >= MOST_TABLES || self.stretches.len() > MOST_LINES {
                return;
            }
            let entry = self.machine.bus().ram.load_u64(table + 8 * index);
            let Some(entry) = entry.map(Pte).filter(|entry| entry.0 & Pte::V != 0) else {
                continue;
            };
            let at = start.wrapping_add(index * size);
            if entry.is_leaf() {
                self.add(Stretch {
                    start: at,
                    physical: (entry.ppn() * PAGE) & !(size - 1),
                    size,
                    attributes: entry.0 & 0xfe,
                });
            } else if level > 0 {
                self.visit(entry.ppn() * PAGE, level - 1, at);
            }
        }
    }

    fn add(&mut self, stretch: Stretch) {
        let joined = self
            .stretches
            .last_mut()
            .is_some_and(|last| last.join(stretch));
        if !joined {
            self.stretches.push(stretch);
        }
    }
}

/// The mappings of a hart, a line a stretch.
pub fn describe(machine: &Machine, hart: &Hart) -> String {
    let Some(scheme) = hart.scheme() else {
        return format!("hart {}: no translation (satp is 0)\n", hart.id());
    };
    let satp = hart[Slot::Satp];
    let root = (satp & ((1 << 44) - 1)) * PAGE;
    let mut tour = Tour {
        machine,
        stretches: Vec::new(),
        tables: 0,
    };
    tour.visit(root, scheme.levels() - 1, 0);
    let asid = satp >> 44 & 0xffff;
    let mut text = format!(
        "hart {}: {scheme:?}, root {root:#x}, address space {asid}\nvirtual          physical         size             attributes\n",
        hart.id()
    );
    let unused = 64 - (12 + 9 * scheme.levels());
    for stretch in tour.stretches.iter().take(MOST_LINES) {
        let start = ((stretch.start << unused) as i64 >> unused) as u64;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{start:016x} {:016x} {:016x} {}",
            stretch.physical,
            stretch.size,
            attributes(stretch.attributes)
        );
    }
    if tour.stretches.len() > MOST_LINES || tour.tables >= MOST_TABLES {
        text += "… and more\n";
    }
    text
}

fn attributes(bits: u64) -> String {
    [
        (Pte::R, 'r'),
        (Pte::W, 'w'),
        (Pte::X, 'x'),
        (Pte::U, 'u'),
        (Pte::G, 'g'),
        (Pte::A, 'a'),
        (Pte::D, 'd'),
    ]
    .into_iter()
    .map(|(bit, letter)| if bits & bit != 0 { letter } else { '-' })
    .collect()
}
