//! The pool of physical frames, and the promises made on it.
//!
//! Frames are taken lazily, but every frame that a process may come to need is **charged** beforehand, to its job and to the whole pool,
//! and the pool never promises more frames than it has. Who holds a charge therefore always gets its frame:
//! a page fault cannot fail for lack of memory, only the call that asked for the memory can.
//!
//! A frame may be shared (copy-on-write): each holder has a reference to it and a charge of its own for it,
//! so the number of frames in use never exceeds the number promised.

use crate::errno;

/// Bytes in a frame.
pub const FRAME_SIZE: u64 = 4096;

const NO_FRAME: u32 = u32::MAX;
/// Marks a record whose frame is not the pool's: a hole in RAM, firmware, the kernel's image.
const NOT_OURS: u32 = u32::MAX - 1;

/// A physical frame: its address divided by [`FRAME_SIZE`].
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameNumber(pub u64);

impl FrameNumber {
    /// The frame that a physical address is in.
    pub const fn containing(address: u64) -> Self {
        Self(address / FRAME_SIZE)
    }

    /// The physical address of the frame's first byte.
    pub const fn address(self) -> u64 {
        self.0 * FRAME_SIZE
    }
}

/// What the pool keeps about one frame.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FrameRecord {
    /// How many hold the frame; 0 while it is free.
    pub references: u32,
    /// While the frame is free, the next free frame's index, or a mark; while it is in use, the holder's note.
    next_free: u32,
}

impl FrameRecord {
    /// A frame that the pool does not own, as all are before [`FramePool::add_range`].
    pub const NOT_OURS: Self = Self {
        references: 0,
        next_free: NOT_OURS,
    };
}

impl Default for FrameRecord {
    fn default() -> Self {
        Self::NOT_OURS
    }
}

/// What a job has been promised, and the most it may be.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Frames charged to the job.
    pub charged: u64,
    /// The most that may be charged.
    pub limit: u64,
    /// True for init, the shell and the kernel itself: they may use the reserve.
    pub privileged: bool,
}

impl Account {
    /// An account with nothing charged.
    pub const fn new(limit: u64, privileged: bool) -> Self {
        Self {
            charged: 0,
            limit,
            privileged,
        }
    }
}

/// Why frames could not be promised. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeError {
    /// The job's own limit is reached.
    JobLimit,
    /// The machine has no more frames to promise (beyond the reserve).
    OutOfFrames,
}

impl ChargeError {
    /// The Linux error number.
    pub const fn errno(self) -> u16 {
        errno::ENOMEM
    }
}

/// Why a frame could not be taken, shared or released: each of them a bug of the caller, none of them harms the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// More frames are in use than were charged.
    Uncharged,
    /// The frame is not one of the pool's, or it is free.
    NotInUse,
    /// The frame has 2^32 - 1 references.
    TooManyReferences,
}

/// All frames of RAM, and the sum of all promises.
#[derive(Debug)]
pub struct FramePool<'a> {
    records: &'a mut [FrameRecord],
    base: FrameNumber,
    first_free: u32,
    free: u64,
    total: u64,
    reserve: u64,
    charged: u64,
    charged_ordinary: u64,
}

impl<'a> FramePool<'a> {
    /// A pool for the frames from `base` on, one record each; it owns none of them yet.
    ///
    /// Ordinary accounts can never have the last `reserve` frames.
    pub fn new(records: &'a mut [FrameRecord], base: FrameNumber, reserve: u64) -> Self {
        let usable = records.len().min(NOT_OURS as usize);
        let records = &mut records[..usable];
        records.fill(FrameRecord::NOT_OURS);
        Self {
            records,
            base,
            first_free: NO_FRAME,
            free: 0,
            total: 0,
            reserve,
            charged: 0,
            charged_ordinary: 0,
        }
    }

    /// Gives the pool the frames of `start..end` that have a record and are not its own yet; says how many those were.
    ///
    /// The range is handed out from its lowest frame upwards.
    pub fn add_range(&mut self, start: FrameNumber, end: FrameNumber) -> u64 {
        let first = start
            .0
            .saturating_sub(self.base.0)
            .min(self.records.len() as u64) as usize;
        let last = end
            .0
            .saturating_sub(self.base.0)
            .min(self.records.len() as u64) as usize;
        let mut added = 0;
        for index in (first..last).rev() {
            if self.records[index].next_free == NOT_OURS {
                self.records[index] = FrameRecord {
                    references: 0,
                    next_free: self.first_free,
                };
                self.first_free = index as u32;
                added += 1;
            }
        }
        self.total += added;
        self.free += added;
        added
    }

    /// Promises `frames` to an account.
    ///
    /// # Errors
    /// [`ChargeError`]; nothing is charged then.
    pub fn charge(&mut self, account: &mut Account, frames: u64) -> Result<(), ChargeError> {
        self.room_for(account, frames)?;
        account.charged += frames;
        self.charged += frames;
        if !account.privileged {
            self.charged_ordinary += frames;
        }
        Ok(())
    }

    /// Takes back what was promised; the frames taken against it must have been released before. Says how many were taken back:
    /// fewer than asked for only when the account had fewer.
    pub fn uncharge(&mut self, account: &mut Account, frames: u64) -> u64 {
        let frames = frames.min(account.charged);
        account.charged -= frames;
        self.charged -= frames;
        if !account.privileged {
            self.charged_ordinary -= frames;
        }
        frames
    }

    /// Moves a promise, with the frames taken against it, to another account (a message's pages from the mailbox to the receiver).
    ///
    /// # Errors
    /// [`ChargeError`] when the receiving account has no room, [`ChargeError::JobLimit`] also when the giving one has less than `frames`.
    /// Nothing is changed then.
    pub fn transfer(
        &mut self,
        from: &mut Account,
        to: &mut Account,
        frames: u64,
    ) -> Result<(), ChargeError> {
        if from.charged < frames {
            return Err(ChargeError::JobLimit);
        }
        self.uncharge(from, frames);
        self.charge(to, frames).inspect_err(|_| {
            // The room that it had a moment ago is still there.
            from.charged += frames;
            self.charged += frames;
            if !from.privileged {
                self.charged_ordinary += frames;
            }
        })
    }

    fn room_for(&self, account: &Account, frames: u64) -> Result<(), ChargeError> {
        let fits = |used: u64, limit: u64| used.checked_add(frames).is_some_and(|sum| sum <= limit);
        if !fits(account.charged, account.limit) {
            return Err(ChargeError::JobLimit);
        }
        let ordinary = account.privileged
            || fits(
                self.charged_ordinary,
                self.total.saturating_sub(self.reserve),
            );
        if ordinary && fits(self.charged, self.total) {
            Ok(())
        } else {
            Err(ChargeError::OutOfFrames)
        }
    }

    /// Takes a free frame, with one reference, against a charge that the caller has made. Its content is what its last owner left:
    /// zeroing it is the caller's part.
    ///
    /// # Errors
    /// [`FrameError::Uncharged`] when as many frames are in use as were charged, which cannot be while every holder of a frame
    /// has a charge for it: that, and not luck, is why a fault never fails.
    pub fn take(&mut self) -> Result<FrameNumber, FrameError> {
        if self.in_use() >= self.charged {
            return Err(FrameError::Uncharged);
        }
        let index = self.first_free;
        let record = self
            .records
            .get_mut(index as usize)
            .ok_or(FrameError::Uncharged)?;
        self.first_free = record.next_free;
        *record = FrameRecord {
            references: 1,
            next_free: 0,
        };
        self.free -= 1;
        Ok(FrameNumber(self.base.0 + u64::from(index)))
    }

    /// Adds a holder to a frame. The new holder needs a charge of its own for it.
    ///
    /// # Errors
    /// [`FrameError::NotInUse`], [`FrameError::TooManyReferences`].
    #[inline(always)]
    pub fn share(&mut self, frame: FrameNumber) -> Result<(), FrameError> {
        let record = self.in_use_mut(frame)?;
        record.references = record
            .references
            .checked_add(1)
            .ok_or(FrameError::TooManyReferences)?;
        Ok(())
    }

    /// Takes a holder away; true when it was the last and the frame is free now.
    ///
    /// # Errors
    /// [`FrameError::NotInUse`].
    #[inline(always)]
    pub fn release(&mut self, frame: FrameNumber) -> Result<bool, FrameError> {
        let first_free = self.first_free;
        let record = self.in_use_mut(frame)?;
        record.references -= 1;
        if record.references > 0 {
            return Ok(false);
        }
        record.next_free = first_free;
        self.first_free = (frame.0 - self.base.0) as u32;
        self.free += 1;
        Ok(true)
    }

    /// How many hold a frame: 0 when it is free or not the pool's. A holder that is the only one may write to it.
    pub fn references(&self, frame: FrameNumber) -> u32 {
        self.index(frame)
            .map_or(0, |index| self.records[index].references)
    }

    /// The number that the holder keeps with a frame in use: how many entries of a page table are in use.
    /// 0 when the frame was just taken, is free or is not the pool's.
    pub fn note(&self, frame: FrameNumber) -> u16 {
        let record = self.index(frame).map(|index| self.records[index]);
        record.map_or(0, |record| {
            if record.references > 0 {
                record.next_free as u16
            } else {
                0
            }
        })
    }

    /// Keeps a number with a frame in use; ignored for any other.
    pub fn set_note(&mut self, frame: FrameNumber, note: u16) {
        if let Ok(record) = self.in_use_mut(frame) {
            record.next_free = u32::from(note);
        }
    }

    /// Frames that the pool owns.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Frames that nobody holds.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// Frames that somebody holds.
    pub fn in_use(&self) -> u64 {
        self.total - self.free
    }

    /// Frames promised, taken or not.
    pub fn charged(&self) -> u64 {
        self.charged
    }

    /// Frames that an ordinary account could still be promised, its own limit aside.
    pub fn available(&self) -> u64 {
        let ordinary = self
            .total
            .saturating_sub(self.reserve)
            .saturating_sub(self.charged_ordinary);
        ordinary.min(self.total - self.charged)
    }

    #[inline(always)]
    fn index(&self, frame: FrameNumber) -> Option<usize> {
        let index = usize::try_from(frame.0.checked_sub(self.base.0)?).ok()?;
        (index < self.records.len()).then_some(index)
    }

    #[inline(always)]
    fn in_use_mut(&mut self, frame: FrameNumber) -> Result<&mut FrameRecord, FrameError> {
        let index = self.index(frame).ok_or(FrameError::NotInUse)?;
        let record = &mut self.records[index];
        if record.references == 0 {
            Err(FrameError::NotInUse)
        } else {
            Ok(record)
        }
    }

    /// Proves the free list, the counts and the promise right: frames in use ≤ frames charged ≤ frames owned.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        let (mut at, mut free) = (self.first_free, 0);
        while let Some(record) = self.records.get(at as usize) {
            if record.references != 0 || record.next_free == NOT_OURS {
                return Err("a frame on the free list is not free");
            }
            free += 1;
            if free > self.free {
                return Err("the free list is longer than the count of free frames");
            }
            at = record.next_free;
        }
        if free != self.free {
            return Err("the free list is shorter than the count of free frames");
        }
        let held = self
            .records
            .iter()
            .filter(|record| record.references > 0)
            .count() as u64;
        if held != self.in_use() {
            return Err("a frame is neither free nor held");
        }
        if self.charged > self.total || self.charged_ordinary > self.charged {
            return Err("more is charged than there is");
        }
        if self.charged_ordinary > self.total.saturating_sub(self.reserve) {
            return Err("the reserve is promised away");
        }
        if held > self.charged {
            Err("more frames are in use than were charged")
        } else {
            Ok(())
        }
    }
}
