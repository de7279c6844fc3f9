//! `call` and `reply_wait`: the two halves of a round trip, one system call each.
//!
//! A request that is called names its caller, which waits until the server replies to it. When the server ends without having replied, or
//! the mailbox does, the call fails with EPIPE.

use abi::errno;
use abi::syscall::FOREVER;
use kernel_core::arena::Id;
use kernel_core::descriptor::Rights;

use super::rendezvous::negative;
use super::{Message, PIECE, Place};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::user;
use crate::process::Process;
use crate::process::thread::{State, Thread, Wait};
use crate::syscall::Outcome;

impl Kernel {
    /// `mailbox_call(descriptor, request, length, reply, room)`: sends, and waits for the reply; its length.
    pub(super) fn mailbox_call(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        let [descriptor, from, length, ..] = arguments;
        let thread = self.threads.get_mut(hart.current);
        if let Some(result) = thread.and_then(|thread| thread.reply.take()) {
            return Ok(result);
        }
        let id = self.mailbox_of(hart, descriptor, Rights::WRITE)?;
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        let (size, capacity) = (u64::from(mailbox.size), mailbox.capacity);
        if length > size {
            return Err(errno::EMSGSIZE.into());
        }
        if mailbox.receivers == 0 {
            return Err(errno::EPIPE.into());
        }
        let thread = self.threads.get(hart.current).ok_or(errno::ESRCH)?;
        if thread.has_called {
            // It was woken by a signal: the reply is still to come.
            return Err(Wait::Reply.into());
        }
        let message = Message {
            from,
            length,
            handles_at: 0,
            handle_count: 0,
        };
        if capacity == 0 {
            return self.offer(hart, id, &message, FOREVER);
        }
        if mailbox.count == capacity || self.must_queue(hart, Wait::Room(id)) {
            return self.wait_for_mailbox(Wait::Room(id), FOREVER);
        }
        self.put_into_ring(hart, id, &message, hart.current)?;
        if let Some(thread) = self.threads.get_mut(hart.current) {
            thread.has_called = true;
            thread.server = Id::NONE;
        }
        self.wake_next(Wait::Message(id));
        Err(Wait::Reply.into())
    }

    /// `mailbox_reply_wait(descriptor, caller, reply, length, into, room)`: answers a caller, if one is named, and waits for the next
    /// request; its length in the low half, and its caller's token in the upper.
    pub(super) fn mailbox_reply_wait(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        let [descriptor, token, reply, length, into, room] = arguments;
        let id = self.mailbox_of(hart, descriptor, Rights::READ)?;
        let thread = self.threads.get(hart.current).ok_or(errno::ESRCH)?;
        if token != 0 && !thread.has_replied {
            self.reply(hart, token, reply, length)?;
            if let Some(thread) = self.threads.get_mut(hart.current) {
                thread.has_replied = true;
                thread.is_mid_call = true;
            }
        }
        let place = Place {
            into,
            room,
            handles_at: 0,
            handle_room: 0,
        };
        let mailbox = self.mailboxes.get(id).ok_or(errno::EBADF)?;
        if mailbox.capacity == 0 {
            return self.accept(hart, id, &place, FOREVER);
        }
        if mailbox.count == 0 && mailbox.senders == 0 {
            return Err(errno::EPIPE.into());
        }
        if mailbox.count == 0 || self.must_queue(hart, Wait::Message(id)) {
            return self.wait_for_mailbox(Wait::Message(id), FOREVER);
        }
        let (length, caller) = self.take_from_ring(hart, id, &place)?;
        let server = self.current_process(hart);
        let mut token = 0;
        if let Some(thread) = self.threads.get_mut(caller)
            && thread.has_called
        {
            thread.server = server;
            token = u64::from(thread.tid);
        }
        self.wake_next(Wait::Room(id));
        Ok(length & 0xffff_ffff | token << 32)
    }

    /// Gives a caller its reply; a caller that is gone needs none.
    ///
    /// # Errors
    /// EFAULT: the reply cannot be read.
    fn reply(&mut self, hart: &Hart, token: u64, from: u64, length: u64) -> Result<(), u16> {
        let server = self.current_process(hart);
        let caller = self
            .threads
            .iter()
            .find(|(_, thread)| u64::from(thread.tid) == token)
            .filter(|(_, thread)| thread.has_called && thread.server == server)
            .map(|(id, _)| id);
        let Some(caller) = caller else {
            return Ok(());
        };
        let Some(thread) = self.threads.get(caller) else {
            return Ok(());
        };
        let (into, room) = (thread.registers.argument(3), thread.registers.argument(4));
        if length > room {
            self.finish_call(caller, negative(errno::EMSGSIZE));
            return Ok(());
        }
        let mut bytes = [0; PIECE];
        let mut done = 0;
        while done < length {
            let part = (PIECE as u64).min(length - done) as usize;
            self.read_user(hart, from.wrapping_add(done), &mut bytes[..part])?;
            let at = into.wrapping_add(done);
            let written = self.touch(caller, |memory, space| {
                user::write(memory, space, at, &bytes[..part])
            });
            if let Err(error) = written {
                self.finish_call(caller, negative(error));
                return Ok(());
            }
            done += part as u64;
        }
        self.finish_call(caller, length);
        Ok(())
    }

    fn finish_call(&mut self, caller: Id<Thread>, result: u64) {
        let Some(thread) = self.threads.get_mut(caller) else {
            return;
        };
        thread.has_called = false;
        if thread.state == State::Waiting {
            self.complete(caller, result);
        } else {
            // A signal has woken it, or it is on its way into the kernel on another hart: its registers are its own.
            thread.reply = Some(result);
        }
    }

    /// A request will never be answered.
    pub(super) fn fail_call(&mut self, caller: Id<Thread>, error: u16) {
        if self
            .threads
            .get(caller)
            .is_some_and(|thread| thread.has_called)
        {
            self.finish_call(caller, negative(error));
        }
    }

    /// A process has ended: who waits for its replies waits in vain.
    pub fn fail_calls_to(&mut self, server: Id<Process>) {
        let mut from = 0;
        while let Some(id) = self.threads.next_from(from) {
            from = id.index() + 1;
            let waits = self
                .threads
                .get(id)
                .is_some_and(|thread| thread.has_called && thread.server == server);
            if waits {
                self.fail_call(id, errno::EPIPE);
            }
        }
    }
}
