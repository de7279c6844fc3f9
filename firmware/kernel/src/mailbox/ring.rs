//! Messages that are copied: a ring of equal slots in frames that were taken when the mailbox was made.

use abi::errno;
use abi::layout::{self, Record};
use kernel_core::arena::Id;
use kernel_core::frame::FrameNumber;

use super::{Carried, FRAMES, HANDLES, Mailbox, Message, PIECE, Place, pages, received};
use super::{read_frames, write_frames};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::PAGE;
use crate::process::thread::{Thread, Wait};
use crate::syscall::NotNow;

/// What a slot begins with.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// Bytes in the message.
    length: u64,
    /// Rights to send that it carries.
    carried: Carried,
    /// The thread that waits for a reply, if one does.
    caller: Id<Thread>,
    /// The list of frames that a large message is in; 0 for one that is in the slot itself.
    list: FrameNumber,
}

/// Bytes of [`Head`] in a slot.
const HEAD_BYTES: usize = 8 * (3 + HANDLES);
/// Messages up to this size have their bytes in the slot, unless all are to be pages; larger ones are pages.
pub const IN_SLOT: u64 = 32 << 10;

/// Where tools find a message: a slot begins with these, each eight bytes; slots are `message.data` bytes long and as many more, in
/// words, as the mailbox's messages have, unless it goes by pages (`mailbox.by_pages`).
pub const FIELDS: &[Record] = &[
    Record::new("message.length", layout::Kind::Field, 8, 0),
    Record::new("message.caller", layout::Kind::Field, 8, 8),
    Record::new("message.list", layout::Kind::Field, 8, 16),
    Record::new("message.carried", layout::Kind::Field, 8 * HANDLES, 24),
    Record::constant("message.data", HEAD_BYTES as u64),
];

fn slot_bytes(size: u64, by_pages: bool) -> u64 {
    let inside = if by_pages { 0 } else { size };
    HEAD_BYTES as u64 + inside.next_multiple_of(8)
}

/// How many frames the ring of a mailbox needs, if it can be.
pub fn frames_needed(capacity: u64, size: u64, by_pages: bool) -> Option<u64> {
    let most = FRAMES as u64 * PAGE;
    let bytes = capacity.min(most).checked_mul(slot_bytes(size, by_pages))?;
    (bytes <= most).then_some(bytes.div_ceil(PAGE))
}

impl Head {
    fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        let words = [self.length, self.caller.to_bits(), self.list.0];
        let handles = self.carried.iter().map(|mailbox| mailbox.to_bits());
        for (into, word) in bytes
            .chunks_exact_mut(8)
            .zip(words.into_iter().chain(handles))
        {
            into.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Self {
        let word = |index: usize| {
            let part = bytes.get(8 * index..8 * index + 8);
            u64::from_le_bytes(
                part.and_then(|part| part.try_into().ok())
                    .unwrap_or_default(),
            )
        };
        Self {
            length: word(0),
            caller: Id::from_bits(word(1)),
            list: FrameNumber(word(2)),
            carried: core::array::from_fn(|index| Id::from_bits(word(3 + index))),
        }
    }
}

impl Mailbox {
    fn slot(&self, index: u32) -> usize {
        let bytes = slot_bytes(u64::from(self.size), self.by_pages);
        (index % self.capacity.max(1)) as usize * bytes as usize
    }

    fn frames(&self) -> &[FrameNumber] {
        &self.frames[..self.frame_count as usize]
    }

    fn head(&self, at: usize) -> Head {
        let mut bytes = [0; HEAD_BYTES];
        read_frames(self.frames(), at, &mut bytes);
        Head::from_bytes(&bytes)
    }
}

impl Kernel {
    /// Puts a message behind the others; there is room.
    pub(super) fn put_into_ring(
        &mut self,
        hart: &Hart,
        id: Id<Mailbox>,
        message: &Message,
        caller: Id<Thread>,
    ) -> Result<(), NotNow> {
        let list = self.store(hart, id, message)?;
        let carried = match self.collect_handles(hart.current, message) {
            Ok(carried) => carried,
            Err(error) => {
                pages::drop(self, list);
                return Err(error.into());
            }
        };
        let head = Head {
            length: message.length,
            carried,
            caller,
            list,
        };
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        let at = mailbox.slot(mailbox.first + mailbox.count);
        write_frames(mailbox.frames(), at, &head.to_bytes());
        mailbox.count += 1;
        Ok(())
    }

    /// Puts a message of the kernel's own, of a page at most, into a mailbox. False when there is no room.
    ///
    /// # Errors
    /// EMSGSIZE: the mailbox is for shorter messages, or holds none; ENOMEM.
    pub fn put_notice(&mut self, id: Id<Mailbox>, bytes: &[u8]) -> Result<bool, u16> {
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if mailbox.capacity == 0 || bytes.len() as u64 > u64::from(mailbox.size) {
            return Err(errno::EMSGSIZE);
        }
        if mailbox.count == mailbox.capacity {
            return Ok(false);
        }
        let list = match mailbox.by_pages {
            true => pages::store_notice(self, id, bytes)?,
            false => FrameNumber(0),
        };
        let head = Head {
            length: bytes.len() as u64,
            carried: [Id::NONE; HANDLES],
            caller: Id::NONE,
            list,
        };
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        let at = mailbox.slot(mailbox.first + mailbox.count);
        write_frames(mailbox.frames(), at, &head.to_bytes());
        if list.0 == 0 {
            write_frames(mailbox.frames(), at + HEAD_BYTES, bytes);
        }
        mailbox.count += 1;
        self.wake_next(Wait::Message(id));
        Ok(true)
    }

    /// Copies the bytes into the next free slot, or makes a list of their pages, if the mailbox goes by these.
    fn store(
        &mut self,
        hart: &Hart,
        id: Id<Mailbox>,
        message: &Message,
    ) -> Result<FrameNumber, NotNow> {
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if mailbox.by_pages {
            return pages::store(self, hart, id, message);
        }
        let at = mailbox.slot(mailbox.first + mailbox.count) + HEAD_BYTES;
        let mut bytes = [0; PIECE];
        let mut done = 0;
        while done < message.length as usize {
            let part = PIECE.min(message.length as usize - done);
            let from = message.from.wrapping_add(done as u64);
            self.read_user(hart, from, &mut bytes[..part])?;
            let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
            write_frames(mailbox.frames(), at + done, &bytes[..part]);
            done += part;
        }
        Ok(FrameNumber(0))
    }

    /// Takes the oldest message out; what the call gives, and who waits for a reply to it.
    pub(super) fn take_from_ring(
        &mut self,
        hart: &Hart,
        id: Id<Mailbox>,
        place: &Place,
    ) -> Result<(u64, Id<Thread>), NotNow> {
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        let at = mailbox.slot(mailbox.first);
        let head = mailbox.head(at);
        let result = if head.list.0 != 0 {
            self.take_pages(hart, &head, place)?
        } else {
            if head.length > place.room {
                return Err(errno::EMSGSIZE.into());
            }
            self.copy_out(hart, id, at + HEAD_BYTES, head.length, place)?;
            let handles = self.deliver_handles(hart.current, &head.carried, place)?;
            received(head.length, handles)
        };
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        mailbox.first = (mailbox.first + 1) % mailbox.capacity.max(1);
        mailbox.count -= 1;
        Ok((result, head.caller))
    }

    /// Receives a message of pages; what the call gives.
    fn take_pages(&mut self, hart: &Hart, head: &Head, place: &Place) -> Result<u64, NotNow> {
        let start = pages::prepare(self, hart, head.list, place)?;
        let told = self.tell_pages(hart, head, place);
        match told {
            Ok(length) => {
                pages::finish(self, hart, head.list, place, start);
                Ok(if place.into == 0 { start } else { length })
            }
            Err(error) => {
                pages::abandon(self, hart, head.list, place, start);
                Err(error.into())
            }
        }
    }

    /// Hands over what a message of pages carries. Without a buffer, the length and the number of handles stand before their numbers.
    fn tell_pages(&mut self, hart: &Hart, head: &Head, place: &Place) -> Result<u64, u16> {
        let handles = head.carried.iter().filter(|mailbox| !mailbox.is_none());
        let length = received(head.length, handles.count() as u64);
        let mut place = *place;
        if place.into == 0 && place.handles_at != 0 {
            self.write_user(hart, place.handles_at, &length.to_le_bytes())?;
            place.handles_at = place.handles_at.wrapping_add(8);
        }
        self.deliver_handles(hart.current, &head.carried, &place)?;
        Ok(length)
    }

    fn copy_out(
        &mut self,
        hart: &Hart,
        id: Id<Mailbox>,
        at: usize,
        length: u64,
        place: &Place,
    ) -> Result<(), u16> {
        let mut bytes = [0; PIECE];
        let mut done = 0;
        while done < length as usize {
            let part = PIECE.min(length as usize - done);
            let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
            read_frames(mailbox.frames(), at + done, &mut bytes[..part]);
            let into = place.into.wrapping_add(done as u64);
            self.write_user(hart, into, &bytes[..part])?;
            done += part;
        }
        Ok(())
    }

    /// Nobody can receive any more: messages, and what they carry, are gone.
    pub(super) fn drop_messages(&mut self, id: Id<Mailbox>) {
        loop {
            let Some(mailbox) = self.mailboxes.get_mut(id) else {
                return;
            };
            if mailbox.count == 0 {
                return;
            }
            let head = mailbox.head(mailbox.slot(mailbox.first));
            mailbox.first = (mailbox.first + 1) % mailbox.capacity.max(1);
            mailbox.count -= 1;
            pages::drop(self, head.list);
            self.drop_handles(&head.carried);
            self.fail_call(head.caller, errno::EPIPE);
        }
    }
}
