//! All decoded pages, by physical page number, within a fixed budget.

use memory::Ram;

use super::op::{GUARD_SLOTS, HALVES, Op};
use super::page::CodePage;

/// Memory that decoded code may take, in bytes.
const BUDGET: usize = 32 << 20;
/// Pages that fit the budget.
const CAPACITY: usize = BUDGET / ((HALVES + GUARD_SLOTS) * size_of::<Op>());

/// The code cache. Pages are replaced in the order in which they came.
#[derive(Default)]
pub(super) struct CodeCache {
    pages: Vec<(u32, Box<CodePage>)>,
    /// For each page of RAM its place, counted from 1; 0 for none. The host commits it as RAM: where
    /// code was.
    places: Vec<u32>,
    next_victim: usize,
    generation: u64,
}

impl CodeCache {
    /// Changes whenever a page goes, so that shortcuts to it must be dropped.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    #[inline]
    fn find(&self, page: u32) -> Option<usize> {
        let place = self.places.get(page as usize)?;
        place.checked_sub(1).map(|place| place as usize)
    }

    /// Where the decoded form of a page is kept; made, if need be by replacing another.
    pub fn place(&mut self, ram: &mut Ram, page: u32) -> usize {
        if let Some(place) = self.find(page) {
            return place;
        }
        if self.places.is_empty() {
            self.places = vec![0; (ram.size() >> memory::PAGE_SHIFT) as usize];
        }
        let place = if self.pages.len() < CAPACITY {
            self.pages.push((page, CodePage::new()));
            self.pages.len() - 1
        } else {
            let victim = self.next_victim;
            self.next_victim = (victim + 1) % CAPACITY;
            let (old, code) = &mut self.pages[victim];
            self.places[*old as usize] = 0;
            ram.unmark_decoded(*old);
            code.clear();
            *old = page;
            self.generation += 1;
            victim
        };
        self.places[page as usize] = place as u32 + 1;
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
        if let Some(place) = self.find(page) {
            self.pages[place].1.clear();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self, ram: &mut Ram) {
        for (page, _) in self.pages.drain(..) {
            ram.unmark_decoded(page);
            self.places[page as usize] = 0;
        }
        self.next_victim = 0;
        self.generation += 1;
    }
}
