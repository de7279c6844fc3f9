//! Frames, and slots for inodes.

use kernel_core::arena::Slot;
use kernel_core::files::{Inode, Pages};
use kernel_core::frame::FrameNumber;

pub(super) const PAGE: u64 = 4096;

/// A limited number of frames; using one that is not taken panics.
pub(super) struct Ram {
    pub(super) frames: Vec<Option<Vec<u8>>>,
    pub(super) limit: usize,
    pub(super) used: usize,
    pub(super) refused: bool,
}

impl Ram {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            frames: vec![None],
            limit,
            used: 0,
            refused: false,
        }
    }

    pub(super) fn frame(&self, frame: FrameNumber) -> &[u8] {
        self.frames[frame.0 as usize]
            .as_ref()
            .expect("the frame is taken")
    }
}

impl Pages for Ram {
    fn take(&mut self) -> Option<FrameNumber> {
        if self.used == self.limit {
            self.refused = true;
            return None;
        }
        self.used += 1;
        let free = self
            .frames
            .iter()
            .skip(1)
            .position(Option::is_none)
            .map(|at| at + 1);
        let at = free.unwrap_or(self.frames.len());
        if at == self.frames.len() {
            self.frames.push(None);
        }
        self.frames[at] = Some(vec![0; PAGE as usize]);
        Some(FrameNumber(at as u64))
    }

    fn release(&mut self, frame: FrameNumber) {
        assert!(
            self.frames[frame.0 as usize].take().is_some(),
            "released twice"
        );
        self.used -= 1;
    }

    fn read_word(&self, frame: FrameNumber, index: usize) -> u64 {
        u64::from_le_bytes(self.frame(frame)[index * 8..][..8].try_into().unwrap())
    }

    fn write_word(&mut self, frame: FrameNumber, index: usize, value: u64) {
        self.write(frame, index * 8, &value.to_le_bytes());
    }

    fn read(&self, frame: FrameNumber, offset: usize, into: &mut [u8]) {
        into.copy_from_slice(&self.frame(frame)[offset..][..into.len()]);
    }

    fn write(&mut self, frame: FrameNumber, offset: usize, bytes: &[u8]) {
        let frame = self.frames[frame.0 as usize]
            .as_mut()
            .expect("the frame is taken");
        frame[offset..][..bytes.len()].copy_from_slice(bytes);
    }
}

pub(super) fn slots(capacity: usize) -> Vec<Slot<Inode>> {
    (0..capacity).map(|_| Slot::default()).collect()
}
