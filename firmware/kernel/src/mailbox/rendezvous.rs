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
    /// SEND, or the first half of a call: to a receiver that waits, or by waiting for one.
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
                    let given = self.begin_call(hart.current, receiver);
                    let result = self.result_for(receiver, length, given.unwrap_or(Id::NONE));
                    self.complete(receiver, result);
                    return match given {
                        Ok(caller) if caller.is_none() => Ok(0),
                        Ok(_) => Err(Wait::Reply.into()),
                        Err(error) => Err(error.into()),
                    };
                }
                Err(Failed::Sender(error)) => return Err(error.into()),
                // The next one may do better.
                Err(Failed::Receiver(error)) => self.complete(receiver, negative(error)),
            }
        }
    }

    /// RECV, or the second half of `reply_wait`: from a sender that waits, or by waiting for one.
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
                    let given = self.begin_call(sender, hart.current);
                    match given {
                        Ok(caller) if caller.is_none() => self.complete(sender, 0),
                        // It makes its call again, and waits for the reply.
                        Ok(_) => self.make_ready(sender),
                        Err(error) => self.complete(sender, negative(error)),
                    }
                    return Ok(self.result_for(hart.current, length, given.unwrap_or(Id::NONE)));
                }
                Err(Failed::Sender(error)) => self.complete(sender, negative(error)),
                Err(Failed::Receiver(error)) => return Err(error.into()),
            }
        }
    }

    /// If what was handed over is a request: its sender waits for the receiver's reply from now on. Gives it, or none for a message that needs no reply.
    ///
    /// # Errors
    /// EPIPE: the receiver has no way to reply.
    fn begin_call(&mut self, sender: Id<Thread>, receiver: Id<Thread>) -> Result<Id<Thread>, u16> {
        if !self.makes(sender, Syscall::MailboxCall) {
            return Ok(Id::NONE);
        }
        if !self.makes(receiver, Syscall::MailboxReplyWait) {
            return Err(errno::EPIPE);
        }
        let server = self.threads.get(receiver).ok_or(errno::EPIPE)?.process;
        let thread = self.threads.get_mut(sender).ok_or(errno::EPIPE)?;
        thread.has_called = true;
        thread.server = server;
        Ok(sender)
    }

    /// What the receiver's call gives: `reply_wait` names the caller where `recv` tells of handles.
    fn result_for(&self, receiver: Id<Thread>, received: u64, caller: Id<Thread>) -> u64 {
        if !self.makes(receiver, Syscall::MailboxReplyWait) {
            return received;
        }
        let token = self.threads.get(caller).map_or(0, |thread| thread.tid);
        received & 0xffff_ffff | u64::from(token) << 32
    }

    fn makes(&self, thread: Id<Thread>, call: Syscall) -> bool {
        let thread = self.threads.get(thread);
        thread.is_some_and(|thread| thread.registers.call() == call as u64)
    }

    /// What a thread that waits in SEND or in a call wants to send: its registers still say it.
    fn message_of(&self, sender: Id<Thread>) -> Option<Message> {
        let registers = &self.threads.get(sender)?.registers;
        let is_send = registers.call() == Syscall::MailboxSend as u64;
        let is_call = registers.call() == Syscall::MailboxCall as u64;
        let of_send = |index| {
            if is_send {
                registers.argument(index)
            } else {
                0
            }
        };
        (is_send || is_call).then(|| Message {
            from: registers.argument(1),
            length: registers.argument(2),
            handles_at: of_send(4),
            handle_count: of_send(5),
        })
    }

    fn place_of(&self, receiver: Id<Thread>) -> Option<Place> {
        let registers = &self.threads.get(receiver)?.registers;
        if registers.call() == Syscall::MailboxReplyWait as u64 {
            return Some(Place {
                into: registers.argument(4),
                room: registers.argument(5),
                handles_at: 0,
                handle_room: 0,
            });
        }
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
            thread.has_replied = false;
            self.make_ready(id);
        }
    }
}

/// An error as a call gives it.
pub(super) const fn negative(error: u16) -> u64 {
    (-(error as i64)) as u64
}
