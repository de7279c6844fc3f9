//! Reading, writing and cutting files.

use super::content::MAX_PAGES;
use super::{Files, Inode, Kind, Node, PIECE, Pages, SIZE_MAX, errno};
use crate::frame::{FRAME_SIZE, FrameNumber};

const PAGE: usize = FRAME_SIZE as usize;
static ZEROS: [u8; PAGE] = [0; PAGE];

const _: () = assert!(MAX_PAGES as u64 * FRAME_SIZE == SIZE_MAX);

/// Pages that a size takes, the last one maybe in part. Sizes are at most [`SIZE_MAX`].
const fn pages_in(size: u64) -> u32 {
    size.div_ceil(FRAME_SIZE) as u32
}

/// The page of an offset, the place in it, and how many of `length` bytes are in it.
fn part(offset: u64, length: usize) -> (u32, usize, usize) {
    let within = (offset % FRAME_SIZE) as usize;
    let page = (offset / FRAME_SIZE) as u32;
    (page, within, length.min(PAGE - within))
}

impl Inode {
    fn read_page(&self, pages: &impl Pages, offset: u64, into: &mut [u8]) {
        let (page, within, _) = part(offset, 0);
        if let Some(frame) = self.content.find(pages, page) {
            return pages.read(frame, within, into);
        }
        let archived = self.archived.get(offset as usize..).unwrap_or_default();
        let there = archived.len().min(into.len());
        let (head, tail) = into.split_at_mut(there);
        head.copy_from_slice(&archived[..there]);
        tail.fill(0);
    }

    /// Writes bytes that are all in one page; false without memory for it.
    fn write_page(&mut self, pages: &mut impl Pages, offset: u64, bytes: &[u8]) -> bool {
        let (page, within, _) = part(offset, 0);
        let frame = self.content.find(pages, page).or_else(|| {
            let frame = self.content.add(pages, page)?;
            let archived = self.archived.chunks(PAGE).nth(page as usize);
            if let Some(archived) = archived.filter(|_| bytes.len() < PAGE) {
                pages.write(frame, 0, archived);
            }
            Some(frame)
        });
        if let Some(frame) = frame {
            pages.write(frame, within, bytes);
            self.size = self.size.max(offset + bytes.len() as u64);
        }
        frame.is_some()
    }

    /// Makes the file end earlier, whatever frames may still be behind its end. What is left of the last page there is zeroed,
    /// so that it is zero should the file grow again.
    fn cut(&mut self, pages: &mut impl Pages, size: u64) {
        let (page, within, _) = part(size, 0);
        if within > 0
            && let Some(frame) = self.content.find(pages, page)
        {
            pages.write(frame, within, &ZEROS[within..]);
        }
        self.archived = self.archived.get(..size as usize).unwrap_or(self.archived);
        self.size = size;
    }

    /// Takes away frames behind the end, which an earlier cut has left there; true once there are none.
    fn clear_behind(&mut self, pages: &mut impl Pages, mut budget: u32) -> bool {
        self.content.shrink(pages, pages_in(self.size), &mut budget)
    }
}

impl Files<'_> {
    fn file(&self, node: Node) -> Result<&Inode, u16> {
        let inode = self.inode(node)?;
        inode.must_be_file()?;
        Ok(inode)
    }

    fn file_mut(&mut self, node: Node) -> Result<&mut Inode, u16> {
        let inode = self.inode_mut(node)?;
        inode.must_be_file()?;
        Ok(inode)
    }

    /// Reads what a file has at an offset; says how many bytes, fewer than wanted only at its end. Holes are zeros.
    ///
    /// # Errors
    /// ENOENT; EISDIR; EINVAL for links and devices.
    pub fn read(
        &self,
        pages: &impl Pages,
        node: Node,
        offset: u64,
        into: &mut [u8],
    ) -> Result<usize, u16> {
        let inode = self.file(node)?;
        let there = inode.size.saturating_sub(offset).min(into.len() as u64) as usize;
        let mut done = 0;
        while done < there {
            let at = offset + done as u64;
            let (_, _, length) = part(at, there - done);
            inode.read_page(pages, at, &mut into[done..done + length]);
            done += length;
        }
        Ok(there)
    }

    /// Writes bytes at an offset, beyond the end too; says how many: fewer than wanted when memory or [`SIZE_MAX`] is reached on the way.
    /// A page of the initrd is copied when it is first written.
    ///
    /// # Errors
    /// ENOENT; EISDIR; EINVAL for links and devices; ENOSPC without memory; EFBIG from [`SIZE_MAX`] on;
    /// EAGAIN when the file is to grow over frames that an unfinished [`Files::truncate_piece`] has left: each call takes
    /// [`PIECE`] of them away, so the kernel just executes the system call again. Nothing was written in any of these cases.
    pub fn write(
        &mut self,
        pages: &mut impl Pages,
        node: Node,
        offset: u64,
        bytes: &[u8],
    ) -> Result<usize, u16> {
        let inode = self.file_mut(node)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let room = SIZE_MAX.checked_sub(offset).filter(|room| *room > 0);
        let wanted = room.ok_or(errno::EFBIG)?.min(bytes.len() as u64) as usize;
        if offset + wanted as u64 > inode.size && !inode.clear_behind(pages, PIECE) {
            return Err(errno::EAGAIN);
        }
        let mut done = 0;
        while done < wanted {
            let at = offset + done as u64;
            let (_, _, length) = part(at, wanted - done);
            if !self.write_page(pages, node, at, &bytes[done..done + length]) {
                break;
            }
            done += length;
        }
        if done > 0 {
            Ok(done)
        } else {
            Err(errno::ENOSPC)
        }
    }

    /// Writes within a page; without memory, tries again with what the dying have.
    fn write_page(
        &mut self,
        pages: &mut impl Pages,
        node: Node,
        offset: u64,
        bytes: &[u8],
    ) -> bool {
        if self
            .file_mut(node)
            .is_ok_and(|inode| inode.write_page(pages, offset, bytes))
        {
            return true;
        }
        if self.dying.is_none() {
            return false;
        }
        self.reclaim(pages, PIECE);
        self.file_mut(node)
            .is_ok_and(|inode| inode.write_page(pages, offset, bytes))
    }

    /// Makes a file end at a size; what it gains are zeros. All at once: long for a large file, see [`Files::truncate_piece`].
    ///
    /// # Errors
    /// ENOENT; EISDIR; EINVAL for links and devices; EFBIG beyond [`SIZE_MAX`].
    pub fn truncate(&mut self, pages: &mut impl Pages, node: Node, size: u64) -> Result<(), u16> {
        while !self.truncate_piece(pages, node, size, PIECE)? {}
        Ok(())
    }

    /// Makes a file end at a size, in pieces of at most `budget` frames or holes; true once it is done, and until then it is to be
    /// called again. A file that gets shorter does so with the first piece, the others only give back its frames,
    /// so a caller that is killed in between leaves nothing half-done: they go with the next growth, or with the file.
    /// A file that gets longer does so with the last piece, and there are several only after such a caller.
    ///
    /// # Errors
    /// As for [`Files::truncate`].
    pub fn truncate_piece(
        &mut self,
        pages: &mut impl Pages,
        node: Node,
        size: u64,
        budget: u32,
    ) -> Result<bool, u16> {
        let inode = self.file_mut(node)?;
        if size > SIZE_MAX {
            return Err(errno::EFBIG);
        }
        if size < inode.size {
            inode.cut(pages, size);
        }
        let done = inode.clear_behind(pages, budget);
        if done {
            inode.size = size;
        }
        Ok(done)
    }

    /// The frame of a file's page, to be mapped; `None` for a hole, a page that is still in the initrd, and behind the end.
    pub fn page_of(&self, pages: &impl Pages, node: Node, page_index: u64) -> Option<FrameNumber> {
        let inode = self.file(node).ok()?;
        if page_index >= u64::from(pages_in(inode.size)) {
            return None;
        }
        inode.content.find(pages, page_index as u32)
    }
}

impl Inode {
    fn must_be_file(&self) -> Result<(), u16> {
        match self.kind {
            Kind::File => Ok(()),
            Kind::Directory => Err(errno::EISDIR),
            Kind::Link | Kind::Device(_) => Err(errno::EINVAL),
        }
    }
}
