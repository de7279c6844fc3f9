//! All decoded pages, by physical page number, within a fixed budget.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use memory::Ram;

use super::op::{GUARD_SLOTS, HALVES, Op};
use super::page::CodePage;

/// Memory that decoded code may take, in bytes.
const BUDGET: usize = 32 << 20;
/// Pages that fit the budget.
const CAPACITY: usize = BUDGET / ((HALVES + GUARD_SLOTS) * size_of::<Op>());

/// Page numbers are their own hash: they are dense and nobody outside chooses them freely.
#[derive(Default)]
struct PageNumberHasher(u64);

impl Hasher for PageNumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        // Spread over the upper bits, which the table also uses.
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// The code cache. Pages are replaced in the order in which they came.
#[derive(Default)]
pub(super) struct CodeCache {
    pages: Vec<(u32, Box<CodePage>)>,
    places: HashMap<u32, usize, BuildHasherDefault<PageNumberHasher>>,
    next_victim: usize,
    generation: u64,
}

impl CodeCache {
    /// Changes whenever a page goes, so that shortcuts to it must be dropped.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Where the decoded form of a page is kept; made, if need be by replacing another.
    pub fn place(&mut self, ram: &mut Ram, page: u32) -> usize {
        if let Some(&place) = self.places.get(&page) {
            return place;
        }
        let place = if self.pages.len() < CAPACITY {
            self.pages.push((page, Box::new(CodePage::new())));
            self.pages.len() - 1
        } else {
            let victim = self.next_victim;
            self.next_victim = (victim + 1) % CAPACITY;
            let (old, code) = &mut self.pages[victim];
            self.places.remove(old);
            ram.unmark_decoded(*old);
            code.clear();
            *old = page;
            self.generation += 1;
            victim
        };
        self.places.insert(page, place);
        place
    }

    /// The decoded page at a place.
    pub fn page(&self, place: usize) -> &CodePage {
        &self.pages[place].1
    }

    /// The decoded page at a place, to decode more of it.
    pub fn page_mut(&mut self, place: usize) -> &mut CodePage {
        &mut self.pages[place].1
    }

    /// Forgets the code of a page that was overwritten. Shortcuts to it stay valid: they lead to
    /// slots that are decoded anew.
    pub fn forget(&mut self, page: u32) {
        if let Some(&place) = self.places.get(&page) {
            self.pages[place].1.clear();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self, ram: &mut Ram) {
        for (page, _) in self.pages.drain(..) {
            ram.unmark_decoded(page);
        }
        self.places.clear();
        self.next_victim = 0;
        self.generation += 1;
    }
}
