//! Mailboxes and what is in them.

use super::layout::Name;
use super::view::{Element, Fawn};

const PAGE: u64 = 4096;
/// Bytes of a message that are shown.
const MOST_SHOWN: u64 = 64;

/// A mailbox.
#[derive(Clone, Debug)]
pub struct MailboxView {
    /// Its slot in the kernel's table.
    pub name: Name,
    /// How many messages have room; 0 for a rendezvous.
    pub capacity: u32,
    /// How many are in it.
    pub count: u32,
    /// Bytes of its largest messages.
    pub size: u32,
    /// Handles to receive, to send, and to send that are on their way in messages.
    pub receivers: u32,
    /// Handles to send.
    pub senders: u32,
    /// Handles to send that travel.
    pub in_flight: u32,
    first: u32,
    frames: Vec<u64>,
}

/// A message that nobody has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Its length in bytes.
    pub length: u64,
    /// Its first bytes; none when it is passed by pages.
    pub bytes: Option<Vec<u8>>,
    /// The thread that waits for a reply.
    pub caller: Option<Name>,
}

impl Fawn<'_> {
    /// All mailboxes, by slot.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<MailboxView> {
        let all = self.elements("mailbox").into_iter();
        all.filter_map(|element| self.view_mailbox(element))
            .collect()
    }

    /// A mailbox by its slot.
    #[must_use]
    pub fn mailbox(&self, name: Name) -> Option<MailboxView> {
        self.view_mailbox(self.named("mailbox", name)?)
    }

    fn view_mailbox(&self, element: Element) -> Option<MailboxView> {
        let get = |field: &str| {
            let value = self.field(element, &format!("mailbox.{field}"))?;
            Some(value as u32)
        };
        let (_, frames_len) = self.layout.field("mailbox.frames")?;
        let frames = self.bytes(
            self.place(element, "mailbox.frames")?,
            u64::from(frames_len.min(4096)),
        )?;
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        Some(MailboxView {
            name: Name {
                index: element.index,
                generation: get("generation")?,
            },
            capacity: get("capacity")?,
            count: get("count")?,
            size: get("size")?,
            receivers: get("receivers")?,
            senders: get("senders")?,
            in_flight: get("in_flight")?,
            first: get("first")?,
            frames: frames.chunks_exact(8).map(number).collect(),
        })
    }

    /// The messages in a mailbox, the oldest first.
    #[must_use]
    pub fn messages(&self, mailbox: &MailboxView) -> Vec<MessageView> {
        let count = mailbox.count.min(mailbox.capacity);
        let slots = (0..count).map(|nth| (mailbox.first + nth) % mailbox.capacity.max(1));
        slots
            .filter_map(|slot| self.message(mailbox, slot))
            .collect()
    }

    fn message(&self, mailbox: &MailboxView, slot: u32) -> Option<MessageView> {
        let head = self.layout.constant("message.data")?;
        let in_slot = self.layout.constant("message.in_slot")?;
        let size = u64::from(mailbox.size);
        let room = if size > in_slot {
            0
        } else {
            size.next_multiple_of(8)
        };
        let at = u64::from(slot) * (head + room);
        let long = |name: &str| {
            let (offset, _) = self.layout.field(name)?;
            let bytes = self.in_frames(mailbox, at + offset, 8)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        let length = long("message.length")?;
        let shown = length.min(MOST_SHOWN);
        let bytes = (size <= in_slot).then(|| self.in_frames(mailbox, at + head, shown));
        Some(MessageView {
            length,
            bytes: bytes.flatten(),
            caller: Name::from_word(long("message.caller")?),
        })
    }

    /// Bytes of the frames of a mailbox, which lie side by side for it.
    fn in_frames(&self, mailbox: &MailboxView, at: u64, len: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for at in at..at + len {
            let frame = mailbox.frames.get((at / PAGE) as usize)?;
            let mut byte = [0];
            let physical = frame.checked_mul(PAGE)? + at % PAGE;
            let space = crate::target::Space::Physical;
            self.target.read(space, physical, &mut byte).ok()?;
            bytes.extend(byte);
        }
        Some(bytes)
    }
}
