//! The regions of an address space: which addresses mean something, what may be done there, and what memory that may cost.
//!
//! Regions are kept sorted, apart from each other, and joined where they can be. Page tables say what is there now;
//! regions say what may come to be there, and so what is **charged**: every page that can ever hold a frame, and every table
//! that mapping them all can need. Whoever grows a space is handed the number of frames first and may refuse;
//! after that nothing can fail, and before it nothing has changed.
//!
//! Unmapping may be long work. It is done in two steps: [`Regions::retire`] makes a range unusable at once, but keeps its place and its charge
//! while its pages are taken away piece by piece; [`Regions::remove`] then forgets it and says what charge to take back.

use abi::layout::Record;

use crate::errno;
use crate::frame::FRAME_SIZE;
use crate::page_table::{Permissions, USER_END, span};

/// What a region is for.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Nothing can be there: a guard page, or addresses mapped without permissions and kept for later. Costs nothing;
    /// giving it permissions makes it anonymous.
    #[default]
    Guard = 0,
    /// Private pages that begin as zeros.
    Anonymous = 1,
    /// The heap that `brk` moves.
    Heap = 2,
    /// A thread's stack.
    Stack = 3,
    /// Private pages that begin as a file's.
    FileCopy = 4,
    /// Pages that several spaces see: a fork shares them as they are.
    Shared = 5,
    /// On its way out: nothing may be done there any more, but its pages may still be mapped.
    Dying = 6,
}

impl Kind {
    /// True when the region's pages may have frames: each needs a charge, since each holder of a frame needs one.
    pub const fn is_charged(self) -> bool {
        !matches!(self, Self::Guard)
    }

    /// True when fork gives the child a copy, and not the thing itself.
    pub const fn is_private(self) -> bool {
        !matches!(self, Self::Shared)
    }
}

/// Addresses with the same meaning. Both ends are multiples of the page size.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
    /// What the program may do there.
    pub permissions: Permissions,
    /// What it is for.
    pub kind: Kind,
    /// What stands behind it (a file, a shared object), as the kernel names it; 0 for nothing.
    pub backing: u64,
    /// Where in `backing` the region begins, in bytes.
    pub offset: u64,
}

impl Region {
    /// A region with nothing behind it.
    pub const fn new(start: u64, end: u64, permissions: Permissions, kind: Kind) -> Self {
        Self {
            start,
            end,
            permissions,
            kind,
            backing: 0,
            offset: 0,
        }
    }

    /// How many pages it has.
    pub const fn pages(&self) -> u64 {
        (self.end - self.start) / FRAME_SIZE
    }

    /// True when the address is in it.
    pub const fn contains(&self, address: u64) -> bool {
        self.start <= address && address < self.end
    }

    /// The part from `start` on; the caller has made sure that there is one.
    const fn from(mut self, start: u64) -> Self {
        if self.backing != 0 {
            self.offset += start - self.start;
        }
        self.start = start;
        self
    }

    /// The part up to `end`.
    const fn until(mut self, end: u64) -> Self {
        self.end = end;
        self
    }

    /// True when `next` goes on where this one ends, in every respect.
    fn continues_in(&self, next: &Self) -> bool {
        self.end == next.start
            && self.permissions == next.permissions
            && self.kind == next.kind
            && self.backing == next.backing
            && (self.backing == 0
                || next.offset.checked_sub(self.offset) == Some(next.start - self.start))
    }
}

/// Why the regions could not be changed. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionError {
    /// The range is empty, not of whole pages, or not in the user's half.
    Range,
    /// Something is there already.
    Overlap,
    /// Some address of the range means nothing, or is on its way out.
    Hole,
    /// Writable and executable.
    WriteAndExecute,
    /// There are no more slots for regions.
    Full,
    /// The frames that it would cost are refused.
    Refused,
}

impl RegionError {
    /// The Linux error number.
    pub const fn errno(self) -> u16 {
        match self {
            Self::Range => errno::EINVAL,
            Self::Overlap => errno::EEXIST,
            Self::Hole | Self::Full | Self::Refused => errno::ENOMEM,
            Self::WriteAndExecute => errno::EACCES,
        }
    }
}

/// The regions of one address space, in storage of fixed size: an array in the process's record, or a slice.
#[derive(Clone, Debug)]
pub struct Regions<S> {
    slots: S,
    len: usize,
    committed: u64,
    heap_start: u64,
    heap_end: u64,
}

/// Where tools find the regions: `regions.len` of them, from `regions.slots` on.
pub const fn fields<const N: usize>() -> &'static [Record] {
    const { &abi::fields!("regions", Regions<[Region; N]>: slots, len) }
}

impl<S: AsRef<[Region]> + AsMut<[Region]>> Regions<S> {
    /// No address means anything any more. What the storage holds is of no matter.
    pub const fn clear(&mut self) {
        self.len = 0;
        self.committed = 0;
        self.heap_start = 0;
        self.heap_end = 0;
    }

    /// A space in which no address means anything. What the storage held is of no matter.
    pub const fn new(slots: S) -> Self {
        Self {
            slots,
            len: 0,
            committed: 0,
            heap_start: 0,
            heap_end: 0,
        }
    }

    /// All regions, ascending.
    pub fn as_slice(&self) -> &[Region] {
        &self.slots.as_ref()[..self.len]
    }

    /// Frames that the space may come to need, pages and tables without the root: what is charged for it.
    pub const fn committed(&self) -> u64 {
        self.committed
    }

    /// The region that an address is in.
    pub fn find(&self, address: u64) -> Option<&Region> {
        self.at_or_after(address)
            .filter(|region| region.contains(address))
    }

    /// The first region that ends behind an address: it contains the address, or is the next one up.
    pub fn at_or_after(&self, address: u64) -> Option<&Region> {
        self.as_slice().get(self.position(address))
    }

    /// True when no address of the range means anything.
    pub fn is_free(&self, start: u64, end: u64) -> bool {
        self.at_or_after(start)
            .is_none_or(|region| region.start >= end)
    }

    /// True when every address of the range is in a region that allows all of `permissions`.
    pub fn allows(&self, start: u64, end: u64, permissions: Permissions) -> bool {
        let mut at = start;
        while at < end {
            match self.find(at) {
                Some(region)
                    if region.permissions.contains(permissions) && region.kind != Kind::Dying =>
                {
                    at = region.end
                }
                _ => return false,
            }
        }
        true
    }

    /// The index of the first region that ends behind an address.
    fn position(&self, address: u64) -> usize {
        self.as_slice()
            .partition_point(|region| region.end <= address)
    }

    /// A free range of `length` bytes in `floor..ceiling`: at `hint` if that is free, else as high as possible.
    pub fn find_gap(&self, length: u64, hint: u64, floor: u64, ceiling: u64) -> Option<u64> {
        let length = length
            .checked_next_multiple_of(FRAME_SIZE)
            .filter(|length| *length > 0)?;
        let ceiling = ceiling.min(USER_END) & !(FRAME_SIZE - 1);
        let hinted = hint & !(FRAME_SIZE - 1);
        let in_bounds =
            hinted >= floor.max(1) && hinted.checked_add(length).is_some_and(|end| end <= ceiling);
        if in_bounds && self.is_free(hinted, hinted + length) {
            return Some(hinted);
        }
        let mut top = ceiling;
        for region in self.as_slice().iter().rev() {
            if region.end <= top && top - region.end >= length {
                break;
            }
            top = top.min(region.start);
        }
        top.checked_sub(length).filter(|start| *start >= floor)
    }

    /// Adds a region where nothing is. `promise` is asked for the frames that it may cost.
    ///
    /// # Errors
    /// [`RegionError`]: range, overlap, permissions, slots, frames refused, in this order.
    pub fn insert(
        &mut self,
        region: Region,
        promise: impl FnOnce(u64) -> bool,
    ) -> Result<(), RegionError> {
        check_range(region.start, region.end)?;
        if !self.is_free(region.start, region.end) {
            return Err(RegionError::Overlap);
        }
        if region.permissions.breaks_write_xor_execute() {
            return Err(RegionError::WriteAndExecute);
        }
        let at = self.position(region.start);
        let (before, after) = self.as_slice().split_at(at);
        let joins = before.last().is_some_and(|last| last.continues_in(&region))
            || after.first().is_some_and(|next| region.continues_in(next));
        // A region that only makes a neighbour longer needs no slot, even when all are taken.
        if self.len == self.slots.as_ref().len() && !joins {
            return Err(RegionError::Full);
        }
        let committed = frames(before.iter().chain([&region]).chain(after).copied());
        if !promise(committed - self.committed) {
            return Err(RegionError::Refused);
        }
        self.committed = committed;
        self.place(at, region);
        Ok(())
    }

    /// Puts a region at an index, or makes a neighbour longer by it.
    fn place(&mut self, at: usize, region: Region) {
        let slots = self.slots.as_mut();
        if at > 0 && slots[at - 1].continues_in(&region) {
            slots[at - 1].end = region.end;
        } else if at < self.len && region.continues_in(&slots[at]) {
            slots[at].start = region.start;
            slots[at].offset = region.offset;
        } else {
            slots.copy_within(at..self.len, at + 1);
            slots[at] = region;
            self.len += 1;
        }
        self.join();
    }

    /// Gives every page of a range other permissions. `promise` is asked for the frames that kept addresses may cost from now on.
    ///
    /// # Errors
    /// [`RegionError`]: range, permissions, hole, slots, frames refused, in this order.
    pub fn protect(
        &mut self,
        start: u64,
        end: u64,
        permissions: Permissions,
        promise: impl FnOnce(u64) -> bool,
    ) -> Result<(), RegionError> {
        check_range(start, end)?;
        if permissions.breaks_write_xor_execute() {
            return Err(RegionError::WriteAndExecute);
        }
        if !self.allows(start, end, Permissions::empty()) {
            return Err(RegionError::Hole);
        }
        let change = |mut region: Region| {
            region.permissions = permissions;
            if region.kind == Kind::Guard && !permissions.is_empty() {
                region.kind = Kind::Anonymous;
            }
            Some(region)
        };
        self.check_room(start, end)?;
        let committed = frames(self.changed(start, end, change));
        if !promise(committed - self.committed) {
            return Err(RegionError::Refused);
        }
        self.edit(start, end, change);
        Ok(())
    }

    /// Makes everything in a range unusable while its pages are taken away; addresses that mean nothing stay so.
    ///
    /// # Errors
    /// [`RegionError::Range`]; [`RegionError::Full`] when a region must be cut and there is no slot for its parts.
    pub fn retire(&mut self, start: u64, end: u64) -> Result<(), RegionError> {
        check_range(start, end)?;
        self.check_room(start, end)?;
        self.edit(start, end, |region| {
            let kind = if region.kind.is_charged() {
                Kind::Dying
            } else {
                return None;
            };
            Some(Region::new(
                region.start,
                region.end,
                Permissions::empty(),
                kind,
            ))
        });
        Ok(())
    }

    /// Forgets everything in a range, none of whose pages may be mapped any more; says how many frames need not be charged from now on.
    ///
    /// # Errors
    /// As for [`Regions::retire`]; none for a range that was retired.
    pub fn remove(&mut self, start: u64, end: u64) -> Result<u64, RegionError> {
        check_range(start, end)?;
        self.check_room(start, end)?;
        let before = self.committed;
        self.edit(start, end, |_| None);
        Ok(before - self.committed)
    }

    /// Where the heap is to begin: behind the program, at a whole page. Called once, by `execve`.
    pub const fn set_heap(&mut self, start: u64) {
        self.heap_start = start.next_multiple_of(FRAME_SIZE);
        self.heap_end = self.heap_start;
    }

    /// Where the heap ends now: what `brk` returns.
    pub const fn heap_end(&self) -> u64 {
        self.heap_end
    }

    /// Moves the heap's end. A heap that shrinks retires its last pages: the range is returned, for the caller to clear and to remove.
    ///
    /// # Errors
    /// As for [`Regions::insert`] and [`Regions::retire`]; `brk` then returns the old end.
    pub fn set_heap_end(
        &mut self,
        end: u64,
        promise: impl FnOnce(u64) -> bool,
    ) -> Result<Option<(u64, u64)>, RegionError> {
        if end < self.heap_start || end > USER_END {
            return Err(RegionError::Range);
        }
        let (old, new) = (
            self.heap_end.next_multiple_of(FRAME_SIZE),
            end.next_multiple_of(FRAME_SIZE),
        );
        let mut retired = None;
        if new > old {
            let heap = Region::new(old, new, Permissions::READ | Permissions::WRITE, Kind::Heap);
            self.insert(heap, promise)?;
        } else if new < old {
            self.retire(new, old)?;
            retired = Some((new, old));
        }
        self.heap_end = end;
        Ok(retired)
    }

    /// Becomes what another space is, as fork does; what is on its way out there is not copied. `promise` is asked for all frames
    /// that the copy may cost.
    ///
    /// # Errors
    /// [`RegionError::Full`], [`RegionError::Refused`].
    pub fn copy_from<T: AsRef<[Region]> + AsMut<[Region]>>(
        &mut self,
        other: &Regions<T>,
        promise: impl FnOnce(u64) -> bool,
    ) -> Result<(), RegionError> {
        let living = || {
            other
                .as_slice()
                .iter()
                .filter(|region| region.kind != Kind::Dying)
                .copied()
        };
        let count = living().count();
        let slots = self
            .slots
            .as_mut()
            .get_mut(..count)
            .ok_or(RegionError::Full)?;
        let committed = frames(living());
        if !promise(committed) {
            return Err(RegionError::Refused);
        }
        slots
            .iter_mut()
            .zip(living())
            .for_each(|(slot, region)| *slot = region);
        self.len = count;
        self.committed = committed;
        (self.heap_start, self.heap_end) = (other.heap_start, other.heap_end);
        Ok(())
    }

    /// Cutting at both ends of a range must not need more slots than there are.
    fn check_room(&self, start: u64, end: u64) -> Result<(), RegionError> {
        let cut = |at: u64| usize::from(self.find(at).is_some_and(|region| region.start < at));
        if self.len + cut(start) + cut(end) > self.slots.as_ref().len() {
            return Err(RegionError::Full);
        }
        Ok(())
    }

    /// The regions as they would be with those parts changed that are in a range.
    fn changed(
        &self,
        start: u64,
        end: u64,
        change: impl Fn(Region) -> Option<Region>,
    ) -> impl Iterator<Item = Region> {
        self.as_slice().iter().flat_map(move |region| {
            let (low, high) = (region.start.max(start), region.end.min(end));
            if low >= high {
                return [Some(*region), None, None].into_iter().flatten();
            }
            let before = (region.start < low).then(|| region.until(low));
            let after = (high < region.end).then(|| region.from(high));
            [before, change(region.from(low).until(high)), after]
                .into_iter()
                .flatten()
        })
    }

    /// Changes those parts of the regions that are in a range; the caller has checked that there is room to cut.
    fn edit(&mut self, start: u64, end: u64, change: impl Fn(Region) -> Option<Region>) {
        self.cut(start);
        self.cut(end);
        let (first, last) = (self.position(start), self.position(end));
        let mut kept = first;
        let slots = self.slots.as_mut();
        for index in first..last {
            if let Some(region) = change(slots[index]) {
                slots[kept] = region;
                kept += 1;
            }
        }
        slots.copy_within(last..self.len, kept);
        self.len -= last - kept;
        self.join();
        self.committed = frames(self.as_slice().iter().copied());
    }

    /// Makes an address the border of two regions, if it is inside of one.
    fn cut(&mut self, address: u64) {
        let at = self.position(address);
        if at < self.len && self.slots.as_ref()[at].start < address {
            let slots = self.slots.as_mut();
            slots.copy_within(at..self.len, at + 1);
            slots[at] = slots[at].until(address);
            slots[at + 1] = slots[at + 1].from(address);
            self.len += 1;
        }
    }

    /// Joins neighbours that are the same.
    fn join(&mut self) {
        let slots = &mut self.slots.as_mut()[..self.len];
        let mut kept = 0;
        for index in 1..slots.len() {
            if slots[kept].continues_in(&slots[index]) {
                slots[kept].end = slots[index].end;
            } else {
                kept += 1;
                slots[kept] = slots[index];
            }
        }
        self.len = self.len.min(kept + 1);
    }

    /// Proves order, separation, joining and the commitment right.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        for region in self.as_slice() {
            check_range(region.start, region.end).map_err(|_| "a region has no proper range")?;
            if region.permissions.breaks_write_xor_execute() {
                return Err("a region is writable and executable");
            }
        }
        for pair in self.as_slice().windows(2) {
            if pair[0].end > pair[1].start {
                return Err("two regions overlap");
            }
            if pair[0].continues_in(&pair[1]) {
                return Err("two regions should be one");
            }
        }
        if frames(self.as_slice().iter().copied()) == self.committed {
            Ok(())
        } else {
            Err("the commitment is wrong")
        }
    }
}

fn check_range(start: u64, end: u64) -> Result<(), RegionError> {
    let whole = start.is_multiple_of(FRAME_SIZE) && end.is_multiple_of(FRAME_SIZE);
    if whole && start < end && end <= USER_END {
        Ok(())
    } else {
        Err(RegionError::Range)
    }
}

/// Frames that ascending regions may need: a frame for each page, and every table that one of their pages is in, counted once.
fn frames(regions: impl Iterator<Item = Region>) -> u64 {
    let mut frames = 0;
    // For tables of 4 KiB entries and of 2 MiB entries: the first slot that no region before has touched.
    let mut untouched = [0, 0];
    for region in regions.filter(|region| region.kind.is_charged()) {
        frames += region.pages();
        for (level, untouched) in (1..).zip(&mut untouched) {
            let first = (region.start / span(level)).max(*untouched);
            let behind = (region.end - 1) / span(level) + 1;
            frames += behind.saturating_sub(first);
            *untouched = behind;
        }
    }
    frames
}
