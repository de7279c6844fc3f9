//! Where the parts of an image go, checked before any of them is copied.

use std::ops::Range;

use super::{LoadProblem, RamRange};

/// From the start of RAM to the place of S-mode kernels.
pub(super) const KERNEL_OFFSET: u64 = abi::memory_map::KERNEL_BASE - abi::memory_map::RAM_BASE;

/// A segment that is not copied yet.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Physical address of its first byte.
    pub address: u64,
    /// Its bytes in the file; the range was checked to be there.
    pub file: Range<usize>,
    /// Zeroes that follow them.
    pub zero_bytes: u64,
}

impl Span {
    fn len(&self) -> u64 {
        (self.file.len() as u64).saturating_add(self.zero_bytes)
    }

    fn holds(&self, address: u64) -> bool {
        address >= self.address && address - self.address < self.len()
    }
}

/// Longest page that linkers align to.
const LARGEST_PAGE: u64 = 64 << 10;

/// Leaves out the page with the file's own headers where it would lie just below RAM.
///
/// Linkers make it part of the first segment: a program linked with nothing but
/// `-Ttext=0x80000000` has a segment at 0x7ffff000, which nobody meant.
pub(super) fn leave_out_headers(spans: &mut [Span], ram: RamRange) {
    for span in spans {
        let below = ram.base.saturating_sub(span.address);
        if span.file.start == 0 && below <= LARGEST_PAGE && below < span.file.len() as u64 {
            span.file.start = below as usize;
            span.address = span.address.wrapping_add(below);
        }
    }
}

/// Sorts the spans and checks that there are some, that they lie in RAM (when `within` says where
/// it is) and apart from each other, that they hold the entry, and that together they name no more
/// bytes than the file of `file_len` bytes has: otherwise a small file could fill the host's memory.
pub(super) fn check(
    mut spans: Vec<Span>,
    entry: u64,
    within: Option<RamRange>,
    file_len: usize,
) -> Result<Vec<Span>, LoadProblem> {
    if spans.is_empty() {
        return Err(LoadProblem::NoSegments);
    }
    spans.sort_by_key(|span| span.address);
    for span in &spans {
        check_place(span, within)?;
    }
    for pair in spans.windows(2) {
        if pair[0].holds(pair[1].address) {
            return Err(LoadProblem::Overlap {
                first: pair[0].address,
                second: pair[1].address,
            });
        }
    }
    let named = spans
        .iter()
        .fold(0, |sum: usize, span| sum.saturating_add(span.file.len()));
    if named > file_len {
        return Err(LoadProblem::Damaged(
            "its segments name more bytes than it has".to_owned(),
        ));
    }
    if !spans.iter().any(|span| span.holds(entry)) {
        return Err(LoadProblem::Entry(entry));
    }
    if !entry.is_multiple_of(2) {
        return Err(LoadProblem::OddEntry(entry));
    }
    Ok(spans)
}

fn check_place(span: &Span, within: Option<RamRange>) -> Result<(), LoadProblem> {
    let (address, len) = (span.address, span.len());
    match within {
        Some(ram) if !ram.contains(address, len) => Err(LoadProblem::outside(address, len, ram)),
        None if address.checked_add(len).is_none() => Err(LoadProblem::Wraps { address, len }),
        _ => Ok(()),
    }
}
