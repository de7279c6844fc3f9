//! Breakpoints: marks on decoded code, never on guest memory.

use std::collections::BTreeSet;

/// Halfwords in a page.
const HALVES: usize = 2048;

/// The addresses before which a run stops. They are virtual, and hold in every address space: who set them looks
/// whether the stop is meant.
///
/// Decoded code is kept by physical page, which no virtual address tells. So a mark stands at the same place of every
/// page, and whoever comes to one asks [`Marks::stops`].
#[derive(Clone, Debug, Default)]
pub struct Marks {
    addresses: BTreeSet<u64>,
    places: Option<Box<[u64; HALVES / 64]>>,
    passed: Option<u64>,
}

impl Marks {
    /// Marks at these addresses.
    #[must_use]
    pub fn new(addresses: BTreeSet<u64>) -> Self {
        let mut places = None;
        for &address in &addresses {
            let place = (address as usize & 0xfff) >> 1;
            let places = places.get_or_insert_with(|| Box::new([0; HALVES / 64]));
            places[place / 64] |= 1 << (place % 64);
        }
        Self {
            addresses,
            places,
            passed: None,
        }
    }

    /// The marked addresses.
    #[must_use]
    pub fn addresses(&self) -> &BTreeSet<u64> {
        &self.addresses
    }

    /// Lets the step that comes after `step` steps pass: a run that stopped there goes on.
    pub fn pass(&mut self, step: u64) {
        self.passed = Some(step);
    }

    /// Whether some page may have a mark at halfword `place`.
    #[must_use]
    pub fn any_at(&self, place: usize) -> bool {
        let places = self.places.as_ref();
        places.is_some_and(|places| places[place / 64 % 32] >> (place % 64) & 1 != 0)
    }

    /// Whether the run stops before the instruction at `pc`, after `step` steps.
    #[inline]
    #[must_use]
    pub fn stops(&self, pc: u64, step: u64) -> bool {
        !self.addresses.is_empty() && self.passed != Some(step) && self.addresses.contains(&pc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stops_at_its_address_only_and_lets_one_step_pass() {
        let mut marks = Marks::new(BTreeSet::from([0x8000_0ffe, 0x8000_1002]));
        assert!(marks.any_at(2047) && marks.any_at(1) && !marks.any_at(0));
        assert!(marks.stops(0x8000_0ffe, 7));
        assert!(!marks.stops(0x8000_1ffe, 7), "another page");
        marks.pass(7);
        assert!(!marks.stops(0x8000_0ffe, 7));
        assert!(marks.stops(0x8000_0ffe, 8));
        assert!(!Marks::default().any_at(1) && !Marks::default().stops(0, 0));
    }
}
