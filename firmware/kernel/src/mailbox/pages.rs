//! Messages by pages: a list of frames stands for one while it is on its way.
//!
//! Whole pages of private memory are shared, until one side writes to them: from the sender if its buffer begins on a page, with the receiver
//! if its one does. What is left over at the end, shared mappings and buffers that begin elsewhere are copied. A receiver without a buffer gets the pages where the
//! kernel chooses. The frames, and the list's own, are charged to the mailbox's job before anything is queued.
//!
//! Copying is long work: it is cut into pieces, and how far it has come stands in the list.

use abi::errno;
use kernel_core::arena::Id;
use kernel_core::frame::FrameNumber;
use kernel_core::page_table::Permissions;
use kernel_core::region::{Kind, Region};

use super::{Mailbox, Message, PIECE, Place, Transport};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::{MMAP_END, MMAP_FLOOR, PAGE};
use crate::memory::space::Space;
use crate::memory::{Memory, direct, user};
use crate::process::job::Job;
use crate::process::thread::Thread;
use crate::syscall::NotNow;

/// The most bytes of a message: a list has a word for each page, and room for the words below.
pub const LARGEST: u64 = 1 << 20;

/// Words of a list behind those of the frames: how many frames there are so far,
const DONE: usize = 256;
/// the job that they are charged to,
const JOB: usize = 257;
/// the mailbox, and the sender's buffer,
const MAILBOX: usize = 258;
const FROM: usize = 259;
const LENGTH: usize = 260;
/// and how many of them have been looked at for the receiver that came last: its thread and its buffer.
const SEEN: usize = 261;
const RECEIVER: usize = 262;
const INTO: usize = 263;

/// What one piece of work may cost.
const BUDGET: u64 = 256;
/// What a page costs that is shared or mapped, and one that is copied.
const SHARE: u64 = 1;
const COPY: u64 = 24;

const READ_WRITE: Permissions = Permissions::READ.union(Permissions::WRITE);

fn pages_of(length: u64) -> u64 {
    length.div_ceil(PAGE)
}

/// How many bytes of a message are in the page of that number.
fn bytes_in(length: u64, index: u64) -> u64 {
    length.saturating_sub(index * PAGE).min(PAGE)
}

/// Makes the list for a message, or goes on with the one that this call has begun.
///
/// # Errors
/// EFAULT, ENOMEM; [`NotNow::Again`].
pub fn store(
    kernel: &mut Kernel,
    hart: &Hart,
    id: Id<Mailbox>,
    message: &Message,
) -> Result<FrameNumber, NotNow> {
    let list = match begun(kernel, hart, id, message) {
        Some(list) => list,
        None => begin(kernel, hart, id, message)?,
    };
    let filled = fill(kernel, hart, list, message);
    if filled == Err(NotNow::Again) {
        return Err(NotNow::Again);
    }
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.outgoing = FrameNumber::default();
    }
    match filled {
        Ok(()) => Ok(list),
        Err(error) => {
            drop(kernel, list);
            Err(error)
        }
    }
}

/// The list that the thread has begun to fill, if it is for the same message.
fn begun(
    kernel: &mut Kernel,
    hart: &Hart,
    id: Id<Mailbox>,
    message: &Message,
) -> Option<FrameNumber> {
    let list = kernel.threads.get(hart.current)?.outgoing;
    if list.0 == 0 {
        return None;
    }
    let words = [MAILBOX, FROM, LENGTH].map(|word| direct::read_word(list, word));
    if words == [id.to_bits(), message.from, message.length] {
        return Some(list);
    }
    kernel.drop_outgoing(hart.current);
    None
}

fn begin(
    kernel: &mut Kernel,
    hart: &Hart,
    id: Id<Mailbox>,
    message: &Message,
) -> Result<FrameNumber, u16> {
    let job = kernel.mailboxes.get(id).ok_or(errno::EBADF)?.job;
    let list = new_list(kernel, job, message.length)?;
    direct::write_word(list, MAILBOX, id.to_bits());
    direct::write_word(list, FROM, message.from);
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.outgoing = list;
    }
    Ok(list)
}

/// A list without frames; all that it will have are charged.
fn new_list(kernel: &mut Kernel, job: Id<Job>, length: u64) -> Result<FrameNumber, u16> {
    let account = &mut kernel.jobs.get_mut(job).ok_or(errno::ENOMEM)?.account;
    let count = pages_of(length) + 1;
    let charged = kernel.memory.pool.charge(account, count);
    charged.map_err(|_| errno::ENOMEM)?;
    let Some(list) = kernel.memory.take_zeroed() else {
        kernel.memory.pool.uncharge(account, count);
        return Err(errno::ENOMEM);
    };
    direct::write_word(list, JOB, job.to_bits());
    direct::write_word(list, LENGTH, length);
    Ok(list)
}

fn fill(
    kernel: &mut Kernel,
    hart: &Hart,
    list: FrameNumber,
    message: &Message,
) -> Result<(), NotNow> {
    let shares = kernel.transport != Transport::Ring;
    let process = kernel.current_process(hart);
    let process = kernel.processes.get_mut(process).ok_or(errno::EFAULT)?;
    let (memory, space) = (&mut kernel.memory, &mut process.space);
    let count = pages_of(message.length);
    let mut done = direct::read_word(list, DONE);
    let (mut spent, mut has_shared) = (0, false);
    let filled = loop {
        if done == count {
            break Ok(());
        }
        if spent >= BUDGET {
            break Err(NotNow::Again);
        }
        let at = message.from.wrapping_add(done * PAGE);
        let whole = match shares {
            true => whole_pages(space, at, message.length - done * PAGE),
            false => 0,
        };
        if whole > 0 {
            let whole = whole.min(BUDGET - spent);
            let (lent, result) = space.lend(memory, at, whole, (list, done));
            done += lent;
            has_shared |= lent > 0;
            spent += lent * SHARE;
            if let Err(error) = result {
                break Err(error.into());
            }
            continue;
        }
        match copy_in(memory, space, at, bytes_in(message.length, done)) {
            Ok(frame) => direct::write_word(list, done as usize, frame.0),
            Err(error) => break Err(error.into()),
        }
        done += 1;
        spent += COPY;
    };
    direct::write_word(list, DONE, done);
    if has_shared {
        // Before the message can be seen: what the sender writes from now on is its own.
        space.forget_all(memory);
    }
    filled
}

/// Whether a part of a message is a whole page of memory that nobody else sees.
fn is_whole_page(space: &Space, at: u64, length: u64) -> bool {
    let region = space.regions.find(at);
    at.is_multiple_of(PAGE)
        && length == PAGE
        && region.is_some_and(|region| region.kind.is_private())
}

/// How many whole pages of a part of a message are memory of one region that nobody else sees.
fn whole_pages(space: &Space, at: u64, length: u64) -> u64 {
    match space.regions.find(at) {
        Some(region) if at.is_multiple_of(PAGE) && region.kind.is_private() => {
            length.min(region.end - at) / PAGE
        }
        _ => 0,
    }
}

/// How many pages of a message, from its first on, can be mapped at once where a receiver wants it: whole ones into one region.
fn mappable_at_once(space: &Space, into: u64, length: u64) -> u64 {
    match space.regions.find(into) {
        Some(region) if region.permissions.contains(READ_WRITE) => whole_pages(space, into, length),
        _ => 0,
    }
}

/// A frame with a copy of what is at an address, zeros behind it.
fn copy_in(
    memory: &mut Memory,
    space: &mut Space,
    at: u64,
    length: u64,
) -> Result<FrameNumber, u16> {
    let frame = memory.take_zeroed().ok_or(errno::ENOMEM)?;
    let mut bytes = [0; PIECE];
    let mut done = 0;
    while done < length as usize {
        let part = PIECE.min(length as usize - done);
        let from = at.wrapping_add(done as u64);
        if let Err(error) = user::read(memory, space, from, &mut bytes[..part]) {
            memory.release(frame);
            return Err(error);
        }
        direct::write_bytes(frame, done, &bytes[..part]);
        done += part;
    }
    Ok(frame)
}

/// A list for a message of the kernel's own, of a page at most.
///
/// # Errors
/// ENOMEM.
pub fn store_notice(
    kernel: &mut Kernel,
    id: Id<Mailbox>,
    bytes: &[u8],
) -> Result<FrameNumber, u16> {
    let job = kernel.mailboxes.get(id).ok_or(errno::EBADF)?.job;
    let list = new_list(kernel, job, bytes.len() as u64)?;
    let Some(frame) = kernel.memory.take_zeroed() else {
        drop(kernel, list);
        return Err(errno::ENOMEM);
    };
    direct::write_bytes(frame, 0, bytes);
    direct::write_word(list, 0, frame.0);
    direct::write_word(list, DONE, 1);
    Ok(list)
}

/// A message is gone without having been received, or one that was begun without having been sent.
pub fn drop(kernel: &mut Kernel, list: FrameNumber) {
    if list.0 == 0 {
        return;
    }
    for index in 0..direct::read_word(list, DONE) {
        let frame = direct::read_word(list, index as usize);
        kernel.memory.release(FrameNumber(frame));
    }
    release_list(kernel, list);
}

/// The list goes, and the charge for it and its frames.
fn release_list(kernel: &mut Kernel, list: FrameNumber) {
    let job = Id::<Job>::from_bits(direct::read_word(list, JOB));
    let count = pages_of(direct::read_word(list, LENGTH)) + 1;
    kernel.memory.release(list);
    if let Some(job) = kernel.jobs.get_mut(job) {
        kernel.memory.pool.uncharge(&mut job.account, count);
    }
}

/// Whether a page of a message can be mapped where a receiver wants it, in place of what is there.
fn can_map(space: &Space, into: u64, length: u64, index: u64) -> bool {
    let at = into.wrapping_add(index * PAGE);
    is_whole_page(space, at, bytes_in(length, index))
        && space.regions.allows(at, at + PAGE, READ_WRITE)
}

/// Does all for a receiver that can fail, and leaves the message as it is: copies what has to be copied, or finds a place for the pages. Says
/// where that is.
///
/// # Errors
/// EMSGSIZE, EFAULT, ENOMEM; [`NotNow::Again`].
pub fn prepare(
    kernel: &mut Kernel,
    hart: &Hart,
    list: FrameNumber,
    place: &Place,
) -> Result<u64, NotNow> {
    let length = direct::read_word(list, LENGTH);
    if place.into == 0 {
        return Ok(choose(kernel, hart, length)?);
    }
    if length > place.room {
        return Err(errno::EMSGSIZE.into());
    }
    let receiver = [hart.current.to_bits(), place.into];
    if [RECEIVER, INTO].map(|word| direct::read_word(list, word)) != receiver {
        direct::write_word(list, RECEIVER, receiver[0]);
        direct::write_word(list, INTO, receiver[1]);
        direct::write_word(list, SEEN, 0);
    }
    let maps = kernel.transport != Transport::Ring;
    let process = kernel.current_process(hart);
    let process = kernel.processes.get_mut(process).ok_or(errno::EFAULT)?;
    let mut spent = 0;
    let mappable = match maps {
        true => mappable_at_once(&process.space, place.into, length),
        false => 0,
    };
    for index in direct::read_word(list, SEEN).max(mappable)..pages_of(length) {
        if spent >= BUDGET {
            direct::write_word(list, SEEN, index);
            return Err(NotNow::Again);
        }
        if maps && can_map(&process.space, place.into, length, index) {
            spent += SHARE;
            continue;
        }
        let frame = FrameNumber(direct::read_word(list, index as usize));
        let into = place.into.wrapping_add(index * PAGE);
        let bytes = bytes_in(length, index);
        copy_out(&mut kernel.memory, &mut process.space, frame, into, bytes)?;
        spent += COPY;
    }
    // Nothing runs between this and the end of the call: the next receiver begins anew.
    direct::write_word(list, SEEN, 0);
    Ok(place.into)
}

fn copy_out(
    memory: &mut Memory,
    space: &mut Space,
    frame: FrameNumber,
    into: u64,
    length: u64,
) -> Result<(), u16> {
    let mut bytes = [0; PIECE];
    let mut done = 0;
    while done < length as usize {
        let part = PIECE.min(length as usize - done);
        direct::read_bytes(frame, done, &mut bytes[..part]);
        let at = into.wrapping_add(done as u64);
        user::write(memory, space, at, &bytes[..part])?;
        done += part;
    }
    Ok(())
}

/// A new region for a message of that length.
fn choose(kernel: &mut Kernel, hart: &Hart, length: u64) -> Result<u64, u16> {
    let process = kernel.current_process(hart);
    let process = kernel.processes.get_mut(process).ok_or(errno::EFAULT)?;
    let job = kernel.jobs.get_mut(process.job).ok_or(errno::EFAULT)?;
    // A message without bytes has a place, too.
    let bytes = pages_of(length).max(1) * PAGE;
    let regions = &process.space.regions;
    let gap = regions.find_gap(bytes, 0, MMAP_FLOOR, MMAP_END);
    let start = gap.ok_or(errno::ENOMEM)?;
    let region = Region::new(start, start + bytes, READ_WRITE, Kind::Anonymous);
    let account = &mut job.account;
    process
        .space
        .add_region(&mut kernel.memory, account, region)?;
    Ok(start)
}

/// Takes back what [`prepare`] has done, when the message could not be received after all.
pub fn abandon(kernel: &mut Kernel, hart: &Hart, list: FrameNumber, place: &Place, start: u64) {
    if place.into != 0 {
        return;
    }
    let bytes = pages_of(direct::read_word(list, LENGTH)).max(1) * PAGE;
    let process = kernel.current_process(hart);
    let Some(process) = kernel.processes.get_mut(process) else {
        return;
    };
    let removed = process.space.regions.remove(start, start + bytes);
    if let (Ok(frames), Some(job)) = (removed, kernel.jobs.get_mut(process.job)) {
        kernel.memory.pool.uncharge(&mut job.account, frames);
    }
}

/// Hands the pages over, after [`prepare`]: they are the receiver's now, in place of what was there, and the list is gone.
pub fn finish(kernel: &mut Kernel, hart: &Hart, list: FrameNumber, place: &Place, start: u64) {
    let length = direct::read_word(list, LENGTH);
    let chosen = place.into == 0;
    let maps = chosen || kernel.transport != Transport::Ring;
    let process = kernel.current_process(hart);
    let Some(process) = kernel.processes.get_mut(process) else {
        return drop(kernel, list);
    };
    let (memory, space) = (&mut kernel.memory, &mut process.space);
    let mappable = match (chosen, maps) {
        (true, _) => pages_of(length),
        (false, true) => mappable_at_once(space, start, length),
        (false, false) => 0,
    };
    // What cannot be mapped, though its tables are charged, is lost: no page comes from nowhere.
    space.put_lent(memory, start, mappable, (list, READ_WRITE));
    for index in mappable..pages_of(length) {
        let frame = FrameNumber(direct::read_word(list, index as usize));
        let at = start + index * PAGE;
        let old = if maps && can_map(space, start, length, index) {
            space
                .exchange(memory, at, frame, READ_WRITE)
                .unwrap_or(Some(frame))
        } else {
            Some(frame)
        };
        direct::write_word(list, index as usize, old.unwrap_or_default().0);
    }
    // What was there is let go of only when no hart can reach it any more.
    space.forget_all(memory);
    for index in 0..pages_of(length) {
        let old = FrameNumber(direct::read_word(list, index as usize));
        if old != FrameNumber::default() {
            memory.release(old);
        }
    }
    release_list(kernel, list);
}

impl Kernel {
    /// A thread does not go on with the message that it has begun to send.
    pub fn drop_outgoing(&mut self, id: Id<Thread>) {
        let thread = self.threads.get_mut(id);
        let list = thread.map(|thread| core::mem::take(&mut thread.outgoing));
        drop(self, list.unwrap_or_default());
    }
}
