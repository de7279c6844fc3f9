//! Ranges of physical memory that are nobody's yet: what boot takes its tables from, and then the frame pool its frames.

use crate::layout::PAGE;

const MOST: usize = 16;

/// Free ranges, in no order, each of whole pages.
#[derive(Clone, Copy)]
pub struct Ranges {
    ranges: [(u64, u64); MOST],
    count: usize,
}

impl Ranges {
    /// One range, shrunk to whole pages.
    pub fn new(start: u64, end: u64) -> Self {
        let mut ranges = [(0, 0); MOST];
        ranges[0] = (start.next_multiple_of(PAGE), end & !(PAGE - 1));
        Self { ranges, count: 1 }
    }

    /// Takes `start..end`, grown to whole pages, out of what is free. With more holes than there is room for, memory
    /// behind the hole is given up.
    pub fn exclude(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        let (start, end) = (start & !(PAGE - 1), end.next_multiple_of(PAGE));
        for index in 0..self.count {
            let (low, high) = self.ranges[index];
            if end <= low || high <= start {
                continue;
            }
            self.ranges[index] = (low, start.max(low));
            if end < high {
                if start <= low {
                    self.ranges[index] = (end, high);
                } else if self.count < MOST {
                    self.ranges[self.count] = (end, high);
                    self.count += 1;
                }
            }
        }
    }

    /// Takes `bytes`, in whole pages, from the first range that has them; the physical address, page-aligned.
    pub fn take(&mut self, bytes: u64) -> Option<u64> {
        let bytes = bytes.next_multiple_of(PAGE);
        let range = self
            .iter_mut()
            .find(|(start, end)| end.saturating_sub(*start) >= bytes)?;
        let at = range.0;
        range.0 += bytes;
        Some(at)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut (u64, u64)> {
        self.ranges[..self.count].iter_mut()
    }

    /// What is free.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges[..self.count]
            .iter()
            .copied()
            .filter(|(start, end)| start < end)
    }
}
