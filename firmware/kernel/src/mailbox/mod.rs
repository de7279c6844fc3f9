//! Mailboxes: SEND and RECV on a bounded buffer between threads that share nothing else.
//!
//! * [`ring`]: messages that are copied into the mailbox and out of it.
//! * [`rendezvous`]: a mailbox without room, in which a sender waits for its receiver.
//! * [`pages`]: large messages, whose pages are shared until one side writes to them.
//! * [`call`]: a request and its reply in one call each.
//! * [`deadlock`]: who waits for whom, and for ever.
//!
//! A mailbox lives while a descriptor that may receive leads to it. Sending to one that nobody can receive from is EPIPE, and so is
//! receiving from an empty one that nobody can send to; rights to send that travel in messages count.

mod call;
pub mod deadlock;
mod pages;
mod rendezvous;
mod ring;

use abi::errno;
use abi::layout::Record;
use abi::syscall::{FOREVER, KEEP_ON_EXEC, Syscall};
use kernel_core::arena::{Id, Slot};
use kernel_core::descriptor::Rights;
use kernel_core::frame::FrameNumber;

use crate::arch::csr;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::PAGE;
use crate::memory::direct;
use crate::object::Object;
use crate::process::job::Job;
use crate::process::thread::{Thread, Wait};
use crate::syscall::{NotNow, Outcome};

/// The most frames of a buffer.
const FRAMES: usize = 16;
/// Bytes that are copied at a time.
const PIECE: usize = 256;
/// The most rights to send that one message carries.
pub const HANDLES: usize = 4;

/// A mailbox: a ring of equal slots.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Mailbox {
    frames: [FrameNumber; FRAMES],
    frame_count: u32,
    /// Messages that it holds at most; 0 for a rendezvous.
    capacity: u32,
    /// Bytes in a message at most.
    size: u32,
    /// The slot of the oldest message.
    first: u32,
    /// Messages in it.
    count: u32,
    /// Descriptors to receive by, in all processes.
    receivers: u32,
    /// Descriptors to send by, in all processes and in messages on their way.
    senders: u32,
    /// Of these, those in messages on their way.
    in_flight: u32,
    /// Its messages are pages, and not in its slots.
    by_pages: bool,
    /// The job to whose account its frames and messages are.
    job: Id<Job>,
}

/// How messages go: the boot option `mailbox=`. Programs that keep to what every mailbox promises cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As suits their size: small ones by the ring, large ones by pages.
    BySize,
    /// Every message is copied, in and out.
    Ring,
    /// Every message is pages of its own.
    Pages,
    /// From the sender's memory to the receiver's, when both are there: no mailbox for small messages holds any.
    Rendezvous,
}

impl Transport {
    /// What the boot option says, if it is one.
    pub fn from_option(option: Option<&str>) -> Option<Self> {
        match option {
            None => Some(Self::BySize),
            Some("ring") => Some(Self::Ring),
            Some("pages") => Some(Self::Pages),
            Some("rendezvous") => Some(Self::Rendezvous),
            Some(_) => None,
        }
    }

    /// What capacity a mailbox has, and whether it goes by pages.
    fn choose(self, capacity: u64, size: u64) -> (u64, bool) {
        let is_large = size > ring::IN_SLOT;
        match self {
            Self::BySize | Self::Ring => (capacity, is_large),
            Self::Pages => (capacity, capacity > 0),
            Self::Rendezvous if is_large => (capacity, true),
            Self::Rendezvous => (0, false),
        }
    }
}

/// Where tools find what a mailbox is.
pub const FIELDS: &[Record] = &abi::fields!("mailbox", Mailbox; Slot<Mailbox>:
    frames, frame_count, capacity, size, first, count, receivers, senders, in_flight, by_pages);
pub use ring::FIELDS as MESSAGE_FIELDS;

/// What a call to send asks for.
#[derive(Clone, Copy, Debug)]
struct Message {
    from: u64,
    length: u64,
    handles_at: u64,
    handle_count: u64,
}

/// What a call to receive offers.
#[derive(Clone, Copy, Debug)]
struct Place {
    into: u64,
    room: u64,
    handles_at: u64,
    handle_room: u64,
}

/// Rights to send on their way, as many as are not none.
type Carried = [Id<Mailbox>; HANDLES];

/// What receiving gives: the length and, 32 bits up, how many handles came with it.
const fn received(length: u64, handles: u64) -> u64 {
    length | handles << 32
}

impl Mailbox {
    /// One more descriptor with these rights leads here.
    pub fn retain(&mut self, rights: Rights) {
        self.receivers += u32::from(rights.contains(Rights::READ));
        self.senders += u32::from(rights.contains(Rights::WRITE));
    }

    /// Capacity, size of a message, messages, descriptors to receive and to send by.
    pub const fn figures(&self) -> [u32; 5] {
        [
            self.capacity,
            self.size,
            self.count,
            self.receivers,
            self.senders,
        ]
    }

    /// Whether somebody could receive from it.
    pub const fn has_receiver(&self) -> bool {
        self.receivers > 0
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
}

/// The calls about mailboxes.
pub fn make(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, a4, a5] = arguments;
    let message = Message {
        from: a1,
        length: a2,
        handles_at: a4,
        handle_count: a5,
    };
    let place = Place {
        into: a1,
        room: a2,
        handles_at: a4,
        handle_room: a5,
    };
    match call {
        Syscall::MailboxCreate => kernel.create_mailbox(hart, a0, a1, a2),
        Syscall::MailboxSend => kernel.mailbox_send(hart, a0, &message, a3),
        Syscall::MailboxRecv => kernel.mailbox_receive(hart, a0, &place, a3),
        Syscall::MailboxCall => kernel.mailbox_call(hart, arguments),
        Syscall::MailboxReplyWait => kernel.mailbox_reply_wait(hart, arguments),
        Syscall::Deadlocks => kernel.tell_deadlocks(hart, a0, a1),
        _ => Err(errno::ENOSYS.into()),
    }
}

impl Kernel {
    /// A new mailbox; its descriptor may send and receive.
    fn create_mailbox(&mut self, hart: &Hart, capacity: u64, size: u64, flags: u64) -> Outcome {
        let (capacity, by_pages) = self.transport.choose(capacity, size);
        let frames = ring::frames_needed(capacity, size, by_pages).ok_or(errno::EINVAL)?;
        if flags & !KEEP_ON_EXEC != 0 || size == 0 || size > pages::LARGEST {
            return Err(errno::EINVAL.into());
        }
        if capacity == 0 && size > ring::IN_SLOT {
            // It would be copied at once, with interrupts off.
            return Err(errno::EINVAL.into());
        }
        let process = self.current_process(hart);
        let job = self.processes.get(process).ok_or(errno::ESRCH)?.job;
        let mut mailbox = Mailbox {
            capacity: capacity as u32,
            size: size as u32,
            by_pages,
            job,
            ..Mailbox::default()
        };
        self.admit_object(job)?;
        for _ in 0..frames {
            let Some(frame) = self.take_for(job) else {
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
        let installed = self.install(process, entry);
        self.release(&entry);
        Ok(installed?)
    }

    fn release_frames(&mut self, mailbox: &Mailbox) {
        for &frame in &mailbox.frames[..mailbox.frame_count as usize] {
            self.release_for(mailbox.job, frame);
        }
        self.object_left(mailbox.job);
    }

    /// A descriptor is gone: who waits for the other side finds out when it was the last.
    pub fn release_mailbox(&mut self, id: Id<Mailbox>, rights: Rights) {
        let Some(mailbox) = self.mailboxes.get_mut(id) else {
            return;
        };
        let receives = rights.contains(Rights::READ);
        mailbox.receivers -= u32::from(receives);
        mailbox.senders -= u32::from(rights.contains(Rights::WRITE));
        if mailbox.receivers == 0 && receives {
            // Nobody will take them. What they carry goes too; a right to send never ends a queue, so this ends.
            self.drop_messages(id);
            self.wake(Wait::Room(id));
            self.abandon_faults(id);
        }
        let Some(mailbox) = self.mailboxes.get(id) else {
            return;
        };
        let (receivers, senders) = (mailbox.receivers, mailbox.senders);
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

    /// `mailbox_send`: the message is in the mailbox when this says so, and not at all before.
    fn mailbox_send(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        message: &Message,
        deadline: u64,
    ) -> Outcome {
        let id = self.mailbox_of(hart, descriptor, Rights::WRITE)?;
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if message.length > u64::from(mailbox.size) || message.handle_count > HANDLES as u64 {
            return Err(errno::EMSGSIZE.into());
        }
        if mailbox.receivers == 0 {
            return Err(errno::EPIPE.into());
        }
        if mailbox.capacity == 0 {
            return self.offer(hart, id, message, deadline);
        }
        let is_full = mailbox.count == mailbox.capacity;
        if is_full || self.must_queue(hart, Wait::Room(id)) {
            return self.wait_for_mailbox(Wait::Room(id), deadline);
        }
        self.put_into_ring(hart, id, message, Id::NONE)?;
        self.wake_next(Wait::Message(id));
        Ok(0)
    }

    /// `mailbox_recv`: takes the oldest message out.
    fn mailbox_receive(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        place: &Place,
        deadline: u64,
    ) -> Outcome {
        let id = self.mailbox_of(hart, descriptor, Rights::READ)?;
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if mailbox.capacity == 0 {
            return self.accept(hart, id, place, deadline);
        }
        if mailbox.count == 0 && mailbox.senders == 0 {
            return Err(errno::EPIPE.into());
        }
        if mailbox.count == 0 || self.must_queue(hart, Wait::Message(id)) {
            return self.wait_for_mailbox(Wait::Message(id), deadline);
        }
        let (length, caller) = self.take_from_ring(hart, id, place)?;
        // Who receives like this has no way to reply.
        self.fail_call(caller, errno::EPIPE);
        self.wake_next(Wait::Room(id));
        Ok(length)
    }

    /// Whether others came before, and it is not this thread's turn.
    fn must_queue(&mut self, hart: &Hart, wait: Wait) -> bool {
        let Some(thread) = self.threads.get_mut(hart.current) else {
            return false;
        };
        if thread.granted == Some(wait) {
            thread.granted = None;
            return false;
        }
        !self.first_waiter(wait).is_none()
    }

    /// Gives the first thread that waits for this its turn: nobody who comes later gets before it.
    pub fn wake_next(&mut self, wait: Wait) {
        let first = self.first_waiter(wait);
        if let Some(thread) = self.threads.get_mut(first) {
            thread.granted = Some(wait);
        }
        self.wake_one(wait);
    }

    /// A thread that was given its turn does not use it: the next one has it.
    pub fn pass_on_turn(&mut self, id: Id<Thread>) {
        let turn = self
            .threads
            .get_mut(id)
            .and_then(|thread| thread.granted.take());
        if let Some(wait) = turn {
            self.wake_next(wait);
        }
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

    /// The rights to send that a message names, held for it.
    ///
    /// # Errors
    /// EBADF: one of them is no mailbox's, or may not send; EFAULT. None is held then.
    fn collect_handles(&mut self, sender: Id<Thread>, message: &Message) -> Result<Carried, u16> {
        let mut carried = [Id::NONE; HANDLES];
        let process = self.threads.get(sender).ok_or(errno::ESRCH)?.process;
        for index in 0..message.handle_count.min(HANDLES as u64) {
            let mut bytes = [0; 4];
            let record = self.processes.get_mut(process).ok_or(errno::ESRCH)?;
            let at = message.handles_at.wrapping_add(4 * index);
            crate::memory::user::read(&mut self.memory, &mut record.space, at, &mut bytes)?;
            let descriptor = u64::from(u32::from_le_bytes(bytes));
            let entry = record.descriptors.get_with(descriptor, Rights::WRITE)?;
            let Object::Mailbox(mailbox) = entry.object else {
                return Err(errno::EBADF);
            };
            carried[index as usize] = mailbox;
        }
        for &mailbox in carried.iter().filter(|mailbox| !mailbox.is_none()) {
            if let Some(mailbox) = self.mailboxes.get_mut(mailbox) {
                mailbox.senders += 1;
                mailbox.in_flight += 1;
            }
        }
        Ok(carried)
    }

    /// Rights that were on their way go nowhere.
    fn drop_handles(&mut self, carried: &Carried) {
        for &mailbox in carried.iter().filter(|mailbox| !mailbox.is_none()) {
            if let Some(record) = self.mailboxes.get_mut(mailbox) {
                record.in_flight -= 1;
            }
            self.release_mailbox(mailbox, Rights::WRITE);
        }
    }

    /// Puts rights that arrived into the receiver's table, and tells it their numbers; how many they were.
    ///
    /// # Errors
    /// EMSGSIZE, EMFILE, EFAULT: nothing has changed.
    fn deliver_handles(
        &mut self,
        receiver: Id<Thread>,
        carried: &Carried,
        place: &Place,
    ) -> Result<u64, u16> {
        let count = carried.iter().filter(|mailbox| !mailbox.is_none()).count() as u64;
        if count > place.handle_room {
            return Err(errno::EMSGSIZE);
        }
        let process = self.threads.get(receiver).ok_or(errno::ESRCH)?.process;
        let mut installed = [u32::MAX; HANDLES];
        for index in 0..count as usize {
            let mut entry = Self::entry(Object::Mailbox(carried[index]));
            entry.rights = Rights::WRITE;
            entry.close_on_exec = true;
            let record = self.processes.get_mut(process).ok_or(errno::ESRCH)?;
            let told = record.descriptors.install(entry).and_then(|descriptor| {
                installed[index] = descriptor;
                let at = place.handles_at.wrapping_add(4 * index as u64);
                let bytes = descriptor.to_le_bytes();
                crate::memory::user::write(&mut self.memory, &mut record.space, at, &bytes)
            });
            if let Err(error) = told {
                for descriptor in installed.into_iter().filter(|&number| number != u32::MAX) {
                    // The message still holds what they lead to.
                    let _ = record.descriptors.close(u64::from(descriptor));
                }
                return Err(error);
            }
        }
        for &mailbox in carried.iter().filter(|mailbox| !mailbox.is_none()) {
            if let Some(mailbox) = self.mailboxes.get_mut(mailbox) {
                // From the message's hand to the table's.
                mailbox.in_flight -= 1;
            }
        }
        Ok(count)
    }
}

/// A word of a buffer that spans several frames.
fn write_frames(frames: &[FrameNumber], at: usize, bytes: &[u8]) {
    let mut done = 0;
    while done < bytes.len() {
        let place = at + done;
        let Some(&frame) = frames.get(place / PAGE as usize) else {
            return;
        };
        done += direct::write_bytes(frame, place % PAGE as usize, &bytes[done..]);
    }
}

fn read_frames(frames: &[FrameNumber], at: usize, bytes: &mut [u8]) {
    let mut done = 0;
    while done < bytes.len() {
        let place = at + done;
        let Some(&frame) = frames.get(place / PAGE as usize) else {
            return;
        };
        done += direct::read_bytes(frame, place % PAGE as usize, &mut bytes[done..]);
    }
}
