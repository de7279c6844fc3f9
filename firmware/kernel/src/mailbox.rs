//! Mailboxes: bounded buffers between processes. Messages are copied in and out; whoever finds no room or no message waits.
//!
//! A mailbox lives while a descriptor that may receive leads to it. Sending to one that nobody can receive from is EPIPE, and so is
//! receiving from an empty one that nobody can send to.

use abi::errno;
use abi::syscall::{FOREVER, KEEP_ON_EXEC, Syscall};
use kernel_core::arena::Id;
use kernel_core::descriptor::Rights;
use kernel_core::frame::FrameNumber;

use crate::arch::csr;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::PAGE;
use crate::memory::direct;
use crate::object::Object;
use crate::process::thread::Wait;
use crate::syscall::{NotNow, Outcome};

/// Bytes before each message in the buffer: its length.
const HEADER: usize = 8;
/// The most frames of a buffer.
const FRAMES: usize = 16;
/// Bytes that are copied at a time.
const PIECE: usize = 256;

/// A mailbox: a ring of equal slots.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Mailbox {
    frames: [FrameNumber; FRAMES],
    frame_count: u32,
    /// Messages that it holds at most.
    capacity: u32,
    /// Bytes in a message at most.
    size: u32,
    /// The slot of the oldest message.
    first: u32,
    /// Messages in it.
    count: u32,
    /// Descriptors to receive by, in all processes.
    receivers: u32,
    /// Descriptors to send by.
    senders: u32,
}

impl Mailbox {
    fn slot_bytes(size: u32) -> usize {
        HEADER + (size as usize).next_multiple_of(8)
    }

    fn slot(&self, index: u32) -> usize {
        (index % self.capacity.max(1)) as usize * Self::slot_bytes(self.size)
    }

    /// One more descriptor with these rights leads here.
    pub fn retain(&mut self, rights: Rights) {
        self.receivers += u32::from(rights.contains(Rights::READ));
        self.senders += u32::from(rights.contains(Rights::WRITE));
    }

    /// Whether receiving would give a message, or an error.
    pub const fn can_receive(&self) -> bool {
        self.count > 0 || self.senders == 0
    }

    /// Whether sending would take a message, or fail.
    pub const fn can_send(&self) -> bool {
        self.count < self.capacity || self.receivers == 0
    }

    /// Whether one of the two ends is gone.
    pub const fn is_broken(&self) -> bool {
        self.senders == 0 || self.receivers == 0
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let place = at + done;
            let Some(&frame) = self.frames.get(place / PAGE as usize) else {
                return;
            };
            done += direct::write_bytes(frame, place % PAGE as usize, &bytes[done..]);
        }
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let place = at + done;
            let Some(&frame) = self.frames.get(place / PAGE as usize) else {
                return;
            };
            done += direct::read_bytes(frame, place % PAGE as usize, &mut bytes[done..]);
        }
    }
}

/// The calls about mailboxes.
pub fn make(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, ..] = arguments;
    match call {
        Syscall::MailboxCreate => kernel.create_mailbox(hart, a0, a1, a2),
        Syscall::MailboxSend => kernel.mailbox_send(hart, a0, a1, a2, a3),
        Syscall::MailboxRecv => kernel.mailbox_receive(hart, a0, a1, a2, a3),
        _ => Err(errno::ENOSYS.into()),
    }
}

impl Kernel {
    /// A new mailbox; its descriptor may send and receive.
    fn create_mailbox(&mut self, hart: &Hart, capacity: u64, size: u64, flags: u64) -> Outcome {
        let most = FRAMES as u64 * PAGE;
        let slot = HEADER as u64 + size.min(most).next_multiple_of(8);
        let bytes = capacity.min(most) * slot;
        if flags & !KEEP_ON_EXEC != 0 || capacity == 0 || size == 0 || bytes > most {
            return Err(errno::EINVAL.into());
        }
        let mut mailbox = Mailbox {
            capacity: capacity as u32,
            size: size as u32,
            ..Mailbox::default()
        };
        for _ in 0..bytes.div_ceil(PAGE) {
            let Some(frame) = self.memory.take_system() else {
                self.release_frames(&mailbox);
                return Err(errno::ENOMEM.into());
            };
            mailbox.frames[mailbox.frame_count as usize] = frame;
            mailbox.frame_count += 1;
        }
        let id = match self.mailboxes.insert(mailbox) {
            Ok(id) => id,
            Err(full) => {
                self.release_frames(&full.0);
                return Err(errno::ENFILE.into());
            }
        };
        let mut entry = Self::entry(Object::Mailbox(id));
        entry.close_on_exec = flags & KEEP_ON_EXEC == 0;
        // Held here, so that a full table takes it all back.
        self.retain(&entry);
        let process = self.current_process(hart);
        let installed = self.install(process, entry);
        self.release(&entry);
        Ok(installed?)
    }

    fn release_frames(&mut self, mailbox: &Mailbox) {
        for &frame in &mailbox.frames[..mailbox.frame_count as usize] {
            self.memory.release_system(frame);
        }
    }

    /// A descriptor is gone: who waits for the other side finds out when it was the last.
    pub fn release_mailbox(&mut self, id: Id<Mailbox>, rights: Rights) {
        let Some(mailbox) = self.mailboxes.get_mut(id) else {
            return;
        };
        mailbox.receivers -= u32::from(rights.contains(Rights::READ));
        mailbox.senders -= u32::from(rights.contains(Rights::WRITE));
        let (receivers, senders) = (mailbox.receivers, mailbox.senders);
        if receivers == 0 {
            self.wake(Wait::Room(id));
        }
        if senders == 0 {
            self.wake(Wait::Message(id));
        }
        if receivers == 0
            && senders == 0
            && let Some(mailbox) = self.mailboxes.remove(id)
        {
            self.release_frames(&mailbox);
        }
    }

    fn mailbox_of(&self, hart: &Hart, descriptor: u64, rights: Rights) -> Result<Id<Mailbox>, u16> {
        match self.object(hart, descriptor, rights)? {
            Object::Mailbox(id) => Ok(id),
            _ => Err(errno::EBADF),
        }
    }

    /// Puts a message in. The message is in the mailbox when this says so, and not at all before.
    fn mailbox_send(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        from: u64,
        length: u64,
        deadline: u64,
    ) -> Outcome {
        let id = self.mailbox_of(hart, descriptor, Rights::WRITE)?;
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if length > u64::from(mailbox.size) {
            return Err(errno::EMSGSIZE.into());
        }
        if mailbox.receivers == 0 {
            return Err(errno::EPIPE.into());
        }
        if mailbox.count == mailbox.capacity {
            return self.wait_for_mailbox(Wait::Room(id), deadline);
        }
        let at = mailbox.slot(mailbox.first + mailbox.count);
        let mut bytes = [0; PIECE];
        let mut done = 0;
        while done < length as usize {
            let part = PIECE.min(length as usize - done);
            self.read_user(hart, from.wrapping_add(done as u64), &mut bytes[..part])?;
            let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
            mailbox.write(at + HEADER + done, &bytes[..part]);
            done += part;
        }
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        mailbox.write(at, &length.to_le_bytes());
        mailbox.count += 1;
        self.wake_one(Wait::Message(id));
        Ok(0)
    }

    /// Takes the oldest message out; its length.
    fn mailbox_receive(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        into: u64,
        room: u64,
        deadline: u64,
    ) -> Outcome {
        let id = self.mailbox_of(hart, descriptor, Rights::READ)?;
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if mailbox.count == 0 {
            if mailbox.senders == 0 {
                return Err(errno::EPIPE.into());
            }
            return self.wait_for_mailbox(Wait::Message(id), deadline);
        }
        let at = mailbox.slot(mailbox.first);
        let mut length = [0; HEADER];
        mailbox.read(at, &mut length);
        let length = u64::from_le_bytes(length);
        if length > room {
            return Err(errno::EMSGSIZE.into());
        }
        let mut bytes = [0; PIECE];
        let mut done = 0;
        while done < length as usize {
            let part = PIECE.min(length as usize - done);
            let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
            mailbox.read(at + HEADER + done, &mut bytes[..part]);
            self.write_user(hart, into.wrapping_add(done as u64), &bytes[..part])?;
            done += part;
        }
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        mailbox.first = (mailbox.first + 1) % mailbox.capacity;
        mailbox.count -= 1;
        self.wake_one(Wait::Room(id));
        Ok(length)
    }

    /// Waits for the other side, until a time in nanoseconds.
    fn wait_for_mailbox(&self, wait: Wait, deadline: u64) -> Outcome {
        match deadline {
            0 => Err(errno::EAGAIN.into()),
            FOREVER => Err(wait.into()),
            nanos => {
                let ticks = self.ticks(nanos);
                if csr::time() >= ticks {
                    return Err(errno::ETIMEDOUT.into());
                }
                Err(NotNow::WaitUntil(wait, ticks))
            }
        }
    }
}
