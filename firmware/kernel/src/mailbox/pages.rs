//! Large messages: the sender's pages, shared with the receiver until one of them writes.
//!
//! Buffers are whole pages on both sides. While a message is on its way a list of its frames stands for it, charged to the kernel; a
//! receiver without a place gets one.

use abi::errno;
use kernel_core::frame::FrameNumber;
use kernel_core::page_table::Permissions;
use kernel_core::region::{Kind, Region};

use super::{Message, Place};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::{MMAP_END, MMAP_FLOOR, PAGE};
use crate::memory::direct;

/// The most bytes of a message.
pub const LARGEST: u64 = 1 << 20;

fn pages_of(length: u64) -> u64 {
    length.div_ceil(PAGE)
}

/// Shares the pages of a message; the list of them.
///
/// # Errors
/// EINVAL: the buffer is not of whole pages; EFAULT, ENOMEM.
pub fn share(kernel: &mut Kernel, hart: &Hart, message: &Message) -> Result<FrameNumber, u16> {
    if !message.from.is_multiple_of(PAGE) {
        return Err(errno::EINVAL);
    }
    let process = kernel.current_process(hart);
    let process = kernel.processes.get_mut(process).ok_or(errno::EFAULT)?;
    let memory = &mut kernel.memory;
    let count = pages_of(message.length);
    let charged = memory.pool.charge(&mut memory.system, count);
    charged.map_err(|error| error.errno())?;
    let Some(list) = memory.take_system() else {
        memory.pool.uncharge(&mut memory.system, count);
        return Err(errno::ENOMEM);
    };
    let (lent, result) = process.space.lend(memory, message.from, count, list);
    // Before the message can be seen: what the sender writes from now on is its own.
    process.space.forget_all(memory);
    if let Err(error) = result {
        release(kernel, list, lent, count);
        return Err(error);
    }
    Ok(list)
}

fn release(kernel: &mut Kernel, list: FrameNumber, taken: u64, charged: u64) {
    let memory = &mut kernel.memory;
    for index in 0..taken {
        memory.release(FrameNumber(direct::read_word(list, index as usize)));
    }
    memory.pool.uncharge(&mut memory.system, charged);
    memory.release_system(list);
}

/// A message is gone without having been received.
pub fn drop(kernel: &mut Kernel, list: FrameNumber, length: u64) {
    if list.0 != 0 {
        let count = pages_of(length);
        release(kernel, list, count, count);
    }
}

/// Whether a receiver's place can take a message of pages.
///
/// # Errors
/// EMSGSIZE, EINVAL.
pub fn check_place(place: &Place, length: u64) -> Result<(), u16> {
    if place.into == 0 {
        return Ok(());
    }
    if length > place.room {
        return Err(errno::EMSGSIZE);
    }
    match place.into.is_multiple_of(PAGE) {
        true => Ok(()),
        false => Err(errno::EINVAL),
    }
}

/// Maps the pages of a message into the receiver's memory: where it says, in place of what was there, or where the kernel chooses. Gives the length, or
/// that place.
///
/// # Errors
/// ENOMEM, EFAULT: the message stays.
pub fn map(
    kernel: &mut Kernel,
    hart: &Hart,
    list: FrameNumber,
    length: u64,
    place: &Place,
) -> Result<u64, u16> {
    let process = kernel.current_process(hart);
    let process = kernel.processes.get_mut(process).ok_or(errno::EFAULT)?;
    let job = kernel.jobs.get_mut(process.job).ok_or(errno::EFAULT)?;
    let memory = &mut kernel.memory;
    let count = pages_of(length);
    let bytes = count * PAGE;
    let read_write = Permissions::READ | Permissions::WRITE;
    let chosen = place.into == 0;
    let start = if chosen {
        let gap = process
            .space
            .regions
            .find_gap(bytes, 0, MMAP_FLOOR, MMAP_END);
        let start = gap.ok_or(errno::ENOMEM)?;
        let region = Region::new(start, start + bytes, read_write, Kind::Anonymous);
        process.space.add_region(memory, &mut job.account, region)?;
        start
    } else {
        let end = place.into.checked_add(bytes).ok_or(errno::EFAULT)?;
        if !process.space.regions.allows(place.into, end, read_write) {
            return Err(errno::EFAULT);
        }
        place.into
    };
    process
        .space
        .put_lent(memory, start, count, (list, read_write))?;
    memory.pool.uncharge(&mut memory.system, count);
    memory.release_system(list);
    Ok(if chosen { start } else { length })
}
