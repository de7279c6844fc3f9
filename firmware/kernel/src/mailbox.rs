//! Mailboxes: bounded buffers between processes. Messages are copied in and out; whoever finds no room or no message waits.

use abi::errno;
use abi::syscall::KEEP_ON_EXEC;
use kernel_core::arena::Id;
use kernel_core::frame::FrameNumber;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::PAGE;
use crate::memory::{direct, user};
use crate::process::thread::Wait;
use crate::process::{Descriptor, Process};
use crate::syscall::Outcome;

/// Bytes before each message in the buffer: its length.
const HEADER: usize = 8;

/// A mailbox: a ring of equal slots in one frame.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Mailbox {
    buffer: FrameNumber,
    /// Messages that it holds at most.
    capacity: u32,
    /// Bytes in a message at most.
    size: u32,
    /// The slot of the oldest message.
    first: u32,
    /// Messages in it.
    count: u32,
    /// Descriptors that lead to it, in all processes.
    pub descriptors: u32,
}

impl Mailbox {
    fn slot_bytes(&self) -> usize {
        HEADER + (self.size as usize).next_multiple_of(8)
    }

    fn slot(&self, index: u32) -> usize {
        (index % self.capacity) as usize * self.slot_bytes()
    }
}

impl Kernel {
    /// A new mailbox in a free descriptor of the process.
    pub fn create_mailbox(
        &mut self,
        process: Id<Process>,
        capacity: u64,
        size: u64,
        flags: u64,
    ) -> Result<u64, u16> {
        let slot = HEADER as u64 + size.min(PAGE).next_multiple_of(8);
        if flags & !KEEP_ON_EXEC != 0
            || capacity == 0
            || size == 0
            || capacity.min(PAGE) * slot > PAGE
        {
            return Err(errno::EINVAL);
        }
        let process = self.processes.get_mut(process).ok_or(errno::EINVAL)?;
        let free = process
            .descriptors
            .iter()
            .position(|entry| *entry == Descriptor::Free);
        let free = free.ok_or(errno::EMFILE)?;
        let charged = self.memory.pool.charge(&mut self.account, 1);
        charged.map_err(|error| error.errno())?;
        let buffer = self.memory.take_zeroed().ok_or(errno::ENOMEM)?;
        let mailbox = Mailbox {
            buffer,
            capacity: capacity as u32,
            size: size as u32,
            descriptors: 1,
            ..Mailbox::default()
        };
        let Ok(id) = self.mailboxes.insert(mailbox) else {
            self.memory.release(buffer);
            self.memory.pool.uncharge(&mut self.account, 1);
            return Err(errno::ENOMEM);
        };
        process.descriptors[free] = Descriptor::Mailbox(id);
        process.kept_on_exec &= !(1 << free);
        process.kept_on_exec |= u32::from(flags & KEEP_ON_EXEC != 0) << free;
        Ok(free as u64)
    }

    /// The mailbox of a descriptor.
    fn mailbox_of(&self, process: Id<Process>, descriptor: u64) -> Result<Id<Mailbox>, u16> {
        let process = self.processes.get(process).ok_or(errno::EBADF)?;
        match process.descriptors.get(descriptor as usize) {
            Some(Descriptor::Mailbox(id)) => Ok(*id),
            _ => Err(errno::EBADF),
        }
    }

    /// Puts a message in. The message is in the mailbox when this says so, and not at all before.
    pub fn mailbox_send(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        from: u64,
        length: u64,
        deadline: u64,
    ) -> Outcome {
        let process = self.current_process(hart);
        let id = self.mailbox_of(process, descriptor)?;
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        if length > u64::from(mailbox.size) {
            return Err(errno::EMSGSIZE.into());
        }
        if mailbox.count == mailbox.capacity {
            return self.wait_for_mailbox(hart, id, deadline);
        }
        let at = mailbox.slot(mailbox.first + mailbox.count);
        let buffer = mailbox.buffer;
        let space = &mut self.processes.get_mut(process).ok_or(errno::EBADF)?.space;
        let mut bytes = [0; PAGE as usize / 16];
        let mut done = 0;
        while done < length as usize {
            let part = bytes.len().min(length as usize - done);
            user::read(
                &mut self.memory,
                space,
                from.wrapping_add(done as u64),
                &mut bytes[..part],
            )?;
            direct::write_bytes(buffer, at + HEADER + done, &bytes[..part]);
            done += part;
        }
        direct::write_word(buffer, at / 8, length);
        mailbox.count += 1;
        self.wake(Wait::Mailbox(id));
        Ok(0)
    }

    /// Takes the oldest message out; its length.
    pub fn mailbox_receive(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        into: u64,
        room: u64,
        deadline: u64,
    ) -> Outcome {
        let process = self.current_process(hart);
        let id = self.mailbox_of(process, descriptor)?;
        let mailbox = self.mailboxes.get_mut(id).ok_or(errno::EBADF)?;
        if mailbox.count == 0 {
            return self.wait_for_mailbox(hart, id, deadline);
        }
        let at = mailbox.slot(mailbox.first);
        let length = direct::read_word(mailbox.buffer, at / 8);
        if length > room {
            return Err(errno::EMSGSIZE.into());
        }
        let space = &mut self.processes.get_mut(process).ok_or(errno::EBADF)?.space;
        let mut bytes = [0; PAGE as usize / 16];
        let mut done = 0;
        while done < length as usize {
            let part = bytes.len().min(length as usize - done);
            direct::read_bytes(mailbox.buffer, at + HEADER + done, &mut bytes[..part]);
            user::write(
                &mut self.memory,
                space,
                into.wrapping_add(done as u64),
                &bytes[..part],
            )?;
            done += part;
        }
        mailbox.first = (mailbox.first + 1) % mailbox.capacity;
        mailbox.count -= 1;
        self.wake(Wait::Mailbox(id));
        Ok(length)
    }

    fn wait_for_mailbox(&self, _: &Hart, id: Id<Mailbox>, deadline: u64) -> Outcome {
        match deadline {
            0 => Err(errno::EAGAIN.into()),
            abi::syscall::FOREVER => Err(Wait::Mailbox(id).into()),
            _ => Err(errno::EINVAL.into()),
        }
    }

    /// A descriptor that leads to a mailbox is gone; with the last one the mailbox is.
    pub fn close_descriptor(&mut self, descriptor: Descriptor) {
        let Descriptor::Mailbox(id) = descriptor else {
            return;
        };
        let Some(mailbox) = self.mailboxes.get_mut(id) else {
            return;
        };
        mailbox.descriptors -= 1;
        if mailbox.descriptors == 0 {
            let buffer = mailbox.buffer;
            self.mailboxes.remove(id);
            self.memory.release(buffer);
            self.memory.pool.uncharge(&mut self.account, 1);
        }
    }
}
