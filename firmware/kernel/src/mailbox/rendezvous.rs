//! A mailbox without room: a message goes from the sender's memory to the receiver's at the moment when both are there.

use abi::errno;
use abi::syscall::Syscall;
use kernel_core::arena::Id;

use super::{Carried, Mailbox, Message, PIECE, Place, received};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::user;
use crate::process::thread::{Thread, Wait};
use crate::syscall::Outcome;

/// Whose fault it is that a message cannot be handed over.
enum Failed {
    Sender(u16),
    Receiver(u16),
}

impl Kernel {
    /// SEND: to a receiver that waits, or by waiting for one.
    pub(super) fn offer(
        &mut self,
        hart: &Hart,
        id: Id<Mailbox>,
        message: &Message,
        deadline: u64,
    ) -> Outcome {
        loop {
            let receiver = self.first_waiter(Wait::Message(id));
            let Some(place) = self.place_of(receiver) else {
                return self.wait_for_mailbox(Wait::Room(id), deadline);
            };
            match self.hand_over(hart.current, message, receiver, &place) {
                Ok(length) => {
                    self.complete(receiver, length);
                    return Ok(0);
                }
                Err(Failed::Sender(error)) => return Err(error.into()),
                // The next one may do better.
                Err(Failed::Receiver(error)) => self.complete(receiver, negative(error)),
            }
        }
    }

    /// RECV: from a sender that waits, or by waiting for one.
    pub(super) fn accept(
        &mut self,
        hart: &Hart,
        id: Id<Mailbox>,
        place: &Place,
        deadline: u64,
    ) -> Outcome {
        loop {
            let sender = self.first_waiter(Wait::Room(id));
            let Some(message) = self.message_of(sender) else {
                let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
                if mailbox.senders == 0 {
                    return Err(errno::EPIPE.into());
                }
                return self.wait_for_mailbox(Wait::Message(id), deadline);
            };
            match self.hand_over(sender, &message, hart.current, place) {
                Ok(length) => {
                    self.complete(sender, 0);
                    return Ok(length);
                }
                Err(Failed::Sender(error)) => self.complete(sender, negative(error)),
                Err(Failed::Receiver(error)) => return Err(error.into()),
            }
        }
    }

    /// What a thread that waits in SEND wants to send: its registers still say it.
    fn message_of(&self, sender: Id<Thread>) -> Option<Message> {
        let registers = &self.threads.get(sender)?.registers;
        (registers.call() == Syscall::MailboxSend as u64).then(|| Message {
            from: registers.argument(1),
            length: registers.argument(2),
            handles_at: registers.argument(4),
            handle_count: registers.argument(5),
        })
    }

    fn place_of(&self, receiver: Id<Thread>) -> Option<Place> {
        let registers = &self.threads.get(receiver)?.registers;
        (registers.call() == Syscall::MailboxRecv as u64).then(|| Place {
            into: registers.argument(1),
            room: registers.argument(2),
            handles_at: registers.argument(4),
            handle_room: registers.argument(5),
        })
    }

    fn hand_over(
        &mut self,
        sender: Id<Thread>,
        message: &Message,
        receiver: Id<Thread>,
        place: &Place,
    ) -> Result<u64, Failed> {
        if message.length > place.room {
            return Err(Failed::Receiver(errno::EMSGSIZE));
        }
        let carried = self
            .collect_handles(sender, message)
            .map_err(Failed::Sender)?;
        let moved = self.move_message(sender, message, receiver, place, &carried);
        if moved.is_err() {
            self.drop_handles(&carried);
        }
        moved
    }

    fn move_message(
        &mut self,
        sender: Id<Thread>,
        message: &Message,
        receiver: Id<Thread>,
        place: &Place,
        carried: &Carried,
    ) -> Result<u64, Failed> {
        let mut bytes = [0; PIECE];
        let mut done = 0;
        while done < message.length {
            let part = (PIECE as u64).min(message.length - done) as usize;
            let from = message.from.wrapping_add(done);
            self.touch(sender, |memory, space| {
                user::read(memory, space, from, &mut bytes[..part])
            })
            .map_err(Failed::Sender)?;
            let into = place.into.wrapping_add(done);
            self.touch(receiver, |memory, space| {
                user::write(memory, space, into, &bytes[..part])
            })
            .map_err(Failed::Receiver)?;
            done += part as u64;
        }
        let handles = self
            .deliver_handles(receiver, carried, place)
            .map_err(Failed::Receiver)?;
        Ok(received(message.length, handles))
    }

    /// Does something with the memory of a thread's process.
    pub(super) fn touch<R>(
        &mut self,
        thread: Id<Thread>,
        act: impl FnOnce(&mut crate::memory::Memory, &mut crate::memory::space::Space) -> Result<R, u16>,
    ) -> Result<R, u16> {
        let process = self.threads.get(thread).ok_or(errno::EFAULT)?.process;
        let process = self.processes.get_mut(process).ok_or(errno::EFAULT)?;
        act(&mut self.memory, &mut process.space)
    }

    /// Ends the call that another thread waits in, with this result.
    pub(super) fn complete(&mut self, id: Id<Thread>, result: u64) {
        if let Some(thread) = self.threads.get_mut(id) {
            thread.registers.set_result(result);
            thread.registers.pc += 4;
            thread.deadline = 0;
            thread.interrupted_call = false;
            self.make_ready(id);
        }
    }
}

/// An error as a call gives it.
pub(super) const fn negative(error: u16) -> u64 {
    (-(error as i64)) as u64
}
