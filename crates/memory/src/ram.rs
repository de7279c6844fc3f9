//! Guest RAM and the one write door.
//!
//! Everything that changes RAM passes here: stores and AMOs of harts, A/D updates of page walks,
//! DMA, the loader, a debugger. That is what keeps decoded code, checkpoints, watchpoints and
//! host calls right, and it costs ordinary stores nothing: they go through a host pointer that a
//! hart may keep only while the page is [`PageFlags::PLAIN`].

use std::collections::BTreeMap;

use memmap2::{MmapMut, MmapOptions};

use crate::watch::{WatchHit, WatchedRange};
use crate::{HostWrite, PAGE_SHIFT, PAGE_SIZE, PageFlags, Width};

/// RAM could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RamError {
    /// The size is zero or no multiple of the page size.
    #[error("RAM of {0} bytes: the size must be a positive multiple of 4096 bytes")]
    BadSize(u64),
    /// The host does not give so much address space.
    #[error("the host cannot reserve {size} bytes for guest RAM: {source}; use a smaller --memory")]
    Host {
        /// Bytes asked for.
        size: u64,
        /// What the host said.
        source: std::io::Error,
    },
}

/// One bit for each halfword of a page: was it decoded?
type DecodedHalves = [u64; 32];

/// Guest RAM.
pub struct Ram {
    base: u64,
    map: MmapMut,
    flags: Vec<u8>,
    touched: Vec<u32>,
    dirty: Vec<u32>,
    decoded: BTreeMap<u32, Box<DecodedHalves>>,
    stale_code: Vec<u32>,
    host_writes: Vec<HostWrite>,
    watched: Vec<WatchedRange>,
    watch_hits: Vec<WatchHit>,
    revocations: u64,
    reservation: Option<u64>,
}

impl Ram {
    /// `size` bytes of zeroes at physical address `base`; host memory is committed page by page,
    /// as the guest touches it.
    ///
    /// # Errors
    /// When the size is no multiple of the page size or the host has not so much address space.
    pub fn new(base: u64, size: u64) -> Result<Self, RamError> {
        let pages = size >> PAGE_SHIFT;
        if size == 0 || !size.is_multiple_of(PAGE_SIZE) || pages > u64::from(u32::MAX) {
            return Err(RamError::BadSize(size));
        }
        let host = |source| RamError::Host { size, source };
        let len = usize::try_from(size).map_err(|_| RamError::BadSize(size))?;
        let map = MmapOptions::new()
            .len(len)
            .no_reserve_swap()
            .map_anon()
            .map_err(host)?;
        Ok(Self {
            base,
            map,
            flags: vec![0; len >> PAGE_SHIFT],
            touched: Vec::new(),
            dirty: Vec::new(),
            decoded: BTreeMap::new(),
            stale_code: Vec::new(),
            host_writes: Vec::new(),
            watched: Vec::new(),
            watch_hits: Vec::new(),
            revocations: 0,
            reservation: None,
        })
    }

    /// Physical address of the first byte.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.map.len() as u64
    }

    /// The offset of a physical range in RAM, if all of it is RAM.
    #[inline(always)]
    #[must_use]
    pub fn offset_of(&self, address: u64, bytes: u64) -> Option<usize> {
        let offset = address.wrapping_sub(self.base);
        let size = self.map.len() as u64;
        (offset < size && bytes <= size - offset).then_some(offset as usize)
    }

    /// Reads a little-endian value of any alignment; `None` when part of it is not RAM.
    #[inline]
    #[must_use]
    pub fn load(&self, address: u64, width: Width) -> Option<u64> {
        let offset = self.offset_of(address, width.bytes())?;
        // Each width apart: a copy of a length known here is one instruction.
        Some(match width {
            Width::Byte => u64::from(*self.map.get(offset)?),
            Width::Half => u64::from(u16::from_le_bytes(self.array(offset)?)),
            Width::Word => u64::from(u32::from_le_bytes(self.array(offset)?)),
            Width::Double => u64::from_le_bytes(self.array(offset)?),
        })
    }

    #[inline(always)]
    fn array<const BYTES: usize>(&self, offset: usize) -> Option<[u8; BYTES]> {
        self.map.get(offset..)?.first_chunk().copied()
    }

    /// Reads an aligned doubleword, as page walks do.
    #[inline]
    #[must_use]
    pub fn load_u64(&self, address: u64) -> Option<u64> {
        let bytes = self.bytes(address, 8)?;
        bytes.try_into().ok().map(u64::from_le_bytes)
    }

    /// A physical range of RAM.
    #[inline]
    #[must_use]
    pub fn bytes(&self, address: u64, len: u64) -> Option<&[u8]> {
        let offset = self.offset_of(address, len)?;
        self.map.get(offset..offset + len as usize)
    }

    /// The write door: stores the low `width` bytes of `value`, of any alignment, and does what the flags of its pages ask for.
    ///
    /// Returns `false`, and changes nothing, when part of the range is not RAM.
    #[inline]
    pub fn store(&mut self, address: u64, width: Width, value: u64) -> bool {
        self.write(address, &value.to_le_bytes()[..width.bytes() as usize])
    }

    /// The write door for any number of bytes.
    ///
    /// Returns `false`, and changes nothing, when part of the range is not RAM.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        let Some(offset) = self.offset_of(address, bytes.len() as u64) else {
            return false;
        };
        if bytes.is_empty() {
            return true;
        }
        let last = offset + bytes.len() - 1;
        for page in offset >> PAGE_SHIFT..=last >> PAGE_SHIFT {
            if self.flags[page] != PageFlags::PLAIN.bits() {
                self.open_door(page, offset, last);
            }
        }
        self.map[offset..=last].copy_from_slice(bytes);
        true
    }

    /// Zeroes `len` bytes; pages that were never stored to are zero already and stay untouched.
    ///
    /// Returns `false`, and changes nothing, when part of the range is not RAM.
    pub fn zero(&mut self, address: u64, len: u64) -> bool {
        if self.offset_of(address, len).is_none() {
            return len == 0;
        }
        let zeroes = [0; PAGE_SIZE as usize];
        let (mut at, end) = (address, address + len);
        while at < end {
            let part = (PAGE_SIZE - (at - self.base) % PAGE_SIZE).min(end - at);
            let page = ((at - self.base) >> PAGE_SHIFT) as u32;
            if self.page_flags(page).contains(PageFlags::TOUCHED) {
                self.write(at, &zeroes[..part as usize]);
            }
            at += part;
        }
        true
    }

    /// A device writes: like [`Ram::write`], and a reservation on what is written is lost.
    pub fn dma_write(&mut self, address: u64, bytes: &[u8]) -> bool {
        if let Some(set) = self.reservation
            && set < address.saturating_add(bytes.len() as u64)
            && address < set + RESERVATION_BYTES
        {
            self.reservation = None;
        }
        self.write(address, bytes)
    }

    #[cold]
    fn open_door(&mut self, page: usize, first: usize, last: usize) {
        let flags = PageFlags::from_bits_truncate(self.flags[page]);
        if !flags.contains(PageFlags::TOUCHED) {
            self.touched.push(page as u32);
        }
        if !flags.contains(PageFlags::DIRTY) {
            self.dirty.push(page as u32);
        }
        self.flags[page] |= PageFlags::PLAIN.bits();
        let page_start = page << PAGE_SHIFT;
        let from = first.max(page_start) - page_start;
        let to = last.min(page_start + PAGE_SIZE as usize - 1) - page_start;
        if flags.contains(PageFlags::CODE) && self.overlaps_code(page as u32, from, to) {
            self.forget_code(page as u32);
        }
        let hit = HostWrite {
            address: self.base + (page_start + from) as u64,
            bytes: (to - from + 1) as u64,
        };
        if flags.contains(PageFlags::HOST_CALL) {
            self.host_writes.push(hit);
        }
        if flags.contains(PageFlags::WATCHED) {
            self.note_access(hit.address, hit.bytes, true);
        }
    }

    fn overlaps_code(&self, page: u32, from: usize, to: usize) -> bool {
        self.decoded.get(&page).is_some_and(|halves| {
            (from >> 1..=to >> 1).any(|half| halves[half >> 6] >> (half & 63) & 1 != 0)
        })
    }

    fn forget_code(&mut self, page: u32) {
        self.decoded.remove(&page);
        self.flags[page as usize] &= !PageFlags::CODE.bits();
        self.stale_code.push(page);
    }

    /// The flags of page number `page` (counted from the start of RAM).
    #[must_use]
    pub fn page_flags(&self, page: u32) -> PageFlags {
        PageFlags::from_bits_truncate(self.flags.get(page as usize).copied().unwrap_or(0))
    }

    /// Sets `flags` on a page; see [`Ram::revocations`].
    pub fn set_page_flags(&mut self, page: u32, flags: PageFlags) {
        if let Some(byte) = self.flags.get_mut(page as usize) {
            *byte |= flags.bits();
            self.revocations += 1;
        }
    }

    /// Clears `flags` on a page.
    pub fn clear_page_flags(&mut self, page: u32, flags: PageFlags) {
        if let Some(byte) = self.flags.get_mut(page as usize) {
            *byte &= !flags.bits();
        }
    }

    /// How often a page gained a flag. A hart that has seen fewer must drop the host pointers it
    /// holds for loads and stores before it uses them again.
    #[inline(always)]
    #[must_use]
    pub fn revocations(&self) -> u64 {
        self.revocations
    }

    /// Host address for fast loads from the page that holds `address`, if they need no attention.
    #[inline]
    #[must_use]
    pub fn fast_load_page(&self, address: u64) -> Option<*const u8> {
        let offset = self.offset_of(address & !(PAGE_SIZE - 1), PAGE_SIZE)?;
        let watched = self.flags[offset >> PAGE_SHIFT] & PageFlags::WATCHED.bits() != 0;
        (!watched).then(|| self.map[offset..].as_ptr())
    }

    /// Host address for fast stores to the page that holds `address`, if it is plain.
    #[inline]
    #[must_use]
    pub fn fast_store_page(&mut self, address: u64) -> Option<*mut u8> {
        let offset = self.offset_of(address & !(PAGE_SIZE - 1), PAGE_SIZE)?;
        let plain = self.flags[offset >> PAGE_SHIFT] == PageFlags::PLAIN.bits();
        plain.then(|| self.map[offset..].as_mut_ptr())
    }

    /// Notes that halfwords `first..=last` (0 to 2047) of a page were decoded.
    pub fn mark_decoded(&mut self, page: u32, first: u16, last: u16) {
        if page as usize >= self.flags.len() {
            return;
        }
        if self.flags[page as usize] & PageFlags::CODE.bits() == 0 {
            self.flags[page as usize] |= PageFlags::CODE.bits();
            self.revocations += 1;
        }
        let halves = self
            .decoded
            .entry(page)
            .or_insert_with(|| Box::new([0; 32]));
        for half in first..=last.min(2047) {
            halves[usize::from(half >> 6)] |= 1 << (half & 63);
        }
    }

    /// Forgets that a page holds decoded code; its owner dropped it.
    pub fn unmark_decoded(&mut self, page: u32) {
        self.decoded.remove(&page);
        self.clear_page_flags(page, PageFlags::CODE);
    }

    /// Whether decoded code was overwritten since [`Ram::take_stale_code`].
    #[inline(always)]
    #[must_use]
    pub fn has_stale_code(&self) -> bool {
        !self.stale_code.is_empty()
    }

    /// Pages whose decoded code was overwritten since the last call.
    pub fn take_stale_code(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.stale_code)
    }

    /// Stores to host-call pages since the last call.
    pub fn take_host_writes(&mut self) -> Vec<HostWrite> {
        std::mem::take(&mut self.host_writes)
    }

    /// Whether a store to a host-call page, or an access to a watched page, awaits the host.
    #[inline(always)]
    #[must_use]
    pub fn has_host_writes(&self) -> bool {
        !self.host_writes.is_empty() || !self.watch_hits.is_empty()
    }

    /// Whether a store to a host-call page awaits the host.
    #[must_use]
    pub fn has_host_calls(&self) -> bool {
        !self.host_writes.is_empty()
    }

    /// Accesses to watched ranges since the last call.
    pub fn take_watch_hits(&mut self) -> Vec<WatchHit> {
        std::mem::take(&mut self.watch_hits)
    }

    /// Whether a watched range was accessed since [`Ram::take_watch_hits`].
    #[inline(always)]
    #[must_use]
    pub fn has_watch_hits(&self) -> bool {
        !self.watch_hits.is_empty()
    }

    /// Watches exactly these ranges of physical addresses from now on. The parts of a range that are not RAM are not
    /// watched.
    pub fn watch(&mut self, ranges: Vec<WatchedRange>) {
        let old = std::mem::take(&mut self.watched);
        for page in old
            .iter()
            .flat_map(|range| self.pages_of(range))
            .collect::<Vec<_>>()
        {
            self.clear_page_flags(page, PageFlags::WATCHED);
        }
        for page in ranges
            .iter()
            .flat_map(|range| self.pages_of(range))
            .collect::<Vec<_>>()
        {
            self.set_page_flags(page, PageFlags::WATCHED);
        }
        self.watched = ranges;
        self.watch_hits.clear();
    }

    /// The ranges that are watched.
    #[must_use]
    pub fn watched(&self) -> &[WatchedRange] {
        &self.watched
    }

    fn pages_of(&self, range: &WatchedRange) -> std::ops::Range<u32> {
        let first = range.address.saturating_sub(self.base).min(self.size());
        let end = range
            .address
            .saturating_add(range.len)
            .saturating_sub(self.base)
            .min(self.size());
        (first >> PAGE_SHIFT) as u32..end.div_ceil(PAGE_SIZE) as u32
    }

    /// Notes a load by an instruction, if somebody watches where it reads.
    #[inline(always)]
    pub fn note_load(&mut self, address: u64, bytes: u64) {
        if !self.watched.is_empty() {
            self.note_access(address, bytes, false);
        }
    }

    #[cold]
    fn note_access(&mut self, address: u64, bytes: u64, write: bool) {
        let touches = |range: &WatchedRange| {
            let wanted = if write { range.writes } else { range.reads };
            wanted && range.overlaps(address, bytes)
        };
        if self.watched.iter().any(touches) {
            self.watch_hits.push(WatchHit {
                address,
                bytes,
                write,
            });
        }
    }

    /// Pages stored to since the last checkpoint.
    #[must_use]
    pub fn dirty_pages(&self) -> &[u32] {
        &self.dirty
    }

    /// Begins a new checkpoint: every page counts as clean from here on. Harts must drop their
    /// fast store paths.
    pub fn clean_all(&mut self) {
        for page in self.dirty.drain(..) {
            self.flags[page as usize] &= !PageFlags::DIRTY.bits();
        }
        self.revocations += 1;
    }

    /// Counts every page that was ever stored to as stored to since the last checkpoint.
    pub fn dirty_all(&mut self) {
        self.dirty.clone_from(&self.touched);
        for &page in &self.touched {
            self.flags[page as usize] |= PageFlags::DIRTY.bits();
        }
    }

    /// Every page that was ever stored to and is not all zeroes, in ascending order, with its
    /// bytes. This is RAM's whole content as comparisons and hashes see it.
    pub fn content(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let mut pages = self.touched.clone();
        pages.sort_unstable();
        pages.into_iter().filter_map(|page| {
            let start = (page as usize) << PAGE_SHIFT;
            let bytes = self.map.get(start..start + PAGE_SIZE as usize)?;
            bytes.iter().any(|&byte| byte != 0).then_some((page, bytes))
        })
    }

    /// Host memory pages that the guest has stored to.
    #[must_use]
    pub fn touched_pages(&self) -> usize {
        self.touched.len()
    }

    /// Takes over the content and reservation of another RAM of the same size, page by page, through the write door.
    pub fn copy_content(&mut self, from: &Self) {
        let zeroes = [0; PAGE_SIZE as usize];
        for page in self.touched.clone() {
            self.write(self.base + (u64::from(page) << PAGE_SHIFT), &zeroes);
        }
        for (page, bytes) in from.content() {
            self.write(self.base + (u64::from(page) << PAGE_SHIFT), bytes);
        }
        self.reservation = from.reservation;
    }

    /// The reserved set of the hart that runs (physical address of its first byte). It stands
    /// here because DMA must see it; it is the running hart's state.
    #[inline]
    #[must_use]
    pub fn reservation(&self) -> Option<u64> {
        self.reservation
    }

    /// Reserves the set that holds `address`, or none.
    #[inline]
    pub fn reserve(&mut self, address: Option<u64>) {
        self.reservation = address.map(|address| address & !(RESERVATION_BYTES - 1));
    }
}

/// Size of a reservation set in bytes (Za64rs).
pub const RESERVATION_BYTES: u64 = 64;
