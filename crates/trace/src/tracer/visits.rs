//! What the kernel did for a thread that came to it: messages are sent and received before their caller goes on.

use machine::hart::Privilege;

use super::{Tracer, number};
use crate::guest::Guest;
use crate::identity::Who;
use crate::open_calls::OpenCall;
use crate::{Message, Sink, What, describe};

impl<S: Sink> Tracer<S> {
    /// The kernel goes back to user code, or to wait: what it did for the thread that came to it may be done, though
    /// another thread runs first.
    pub(super) fn end_visit(&mut self, guest: &Guest<'_>, now: Option<&Who>) {
        let Some(visitor) = self.hart(guest).visitor.take() else {
            return;
        };
        if now.is_some_and(|now| now.key == visitor.key) {
            return;
        }
        if let Some(now) = now
            && now.is_new
            && visitor.record.is_none()
        {
            // The thread goes on with another program, in another address space.
            let has_become = |open: &mut OpenCall| open.call.number == number::EXECVE;
            if self.calls.last(visitor.key).is_some_and(has_become) {
                for open in self.calls.forget(visitor.key) {
                    self.end_call(guest, open, Some(0));
                }
            }
        }
        let Some(open) = self.calls.last(visitor.key) else {
            return;
        };
        let mut open = open.clone();
        if let Some(result) = self.result_if_over(&open, guest)
            && !open.is_told
        {
            self.tell_message(guest, &mut open, result);
            if let Some(kept) = self.calls.last(visitor.key) {
                kept.is_told = open.is_told;
            }
        }
    }

    /// What a call that is over gave back, when its thread does not run yet.
    fn result_if_over(&self, open: &OpenCall, guest: &Guest<'_>) -> Option<u64> {
        let (pc, a0) = self.identity.fawn()?.saved(open.who.record?, guest)?;
        (pc == open.return_address()).then_some(a0)
    }

    /// Tells of the message that a call has sent or received.
    pub(super) fn tell_message(&mut self, guest: &Guest<'_>, open: &mut OpenCall, result: u64) {
        if describe::error_of(result).is_some() {
            return;
        }
        open.is_told = true;
        let thread = Some(open.who.thread.clone());
        let place = (Privilege::User, open.pc);
        let length = result & 0xffff_ffff;
        let Some(mailbox) = open.mailbox else {
            return;
        };
        let message = |id, mailbox, length| Message {
            id,
            mailbox,
            length,
        };
        match open.call.number {
            number::SEND => {
                let length = open.call.arguments.get(2).copied().unwrap_or(0);
                let id = self.messages.send(mailbox);
                self.tell(
                    guest,
                    place,
                    thread,
                    What::Sent(message(id, Some(mailbox), length)),
                );
            }
            number::CALL => {
                let id = self.messages.take_reply(open.who.thread.tid);
                let id = id.unwrap_or_else(|| self.messages.single());
                self.tell(
                    guest,
                    place,
                    thread,
                    What::Received(message(id, None, length)),
                );
            }
            number::RECEIVE | number::REPLY_WAIT => {
                let caller = (result >> 32) as u32;
                let is_called = open.call.number == number::REPLY_WAIT && caller != 0;
                let id = if is_called {
                    self.tell_request(guest, caller, mailbox, length)
                } else {
                    if !self.messages.has_message(mailbox) {
                        self.tell_finished_send(guest, mailbox);
                    }
                    self.messages.receive(mailbox)
                };
                let id = id.unwrap_or_else(|| self.messages.single());
                self.tell(
                    guest,
                    place,
                    thread,
                    What::Received(message(id, Some(mailbox), length)),
                );
            }
            _ => {}
        }
    }

    /// A server has taken the request of a thread that waits for its reply: only now it is known that it was sent.
    fn tell_request(
        &mut self,
        guest: &Guest<'_>,
        caller: u32,
        mailbox: u32,
        length: u64,
    ) -> Option<u64> {
        let is_callers = |open: &&mut OpenCall| {
            open.who.thread.tid == caller && open.call.number == number::CALL
        };
        let open = self.calls.iter_mut().find(is_callers)?.clone();
        let id = self.messages.single();
        let message = Message {
            id,
            mailbox: Some(mailbox),
            length,
        };
        let place = (Privilege::User, open.pc);
        self.tell(guest, place, Some(open.who.thread), What::Sent(message));
        Some(id)
    }

    /// A message was received that nobody was seen to send: its sender's call was finished by the receiver's.
    fn tell_finished_send(&mut self, guest: &Guest<'_>, mailbox: u32) {
        let is_one = |open: &&mut OpenCall| {
            open.mailbox == Some(mailbox) && open.call.number == number::SEND && !open.is_told
        };
        let mut candidates: Vec<OpenCall> = self
            .calls
            .iter_mut()
            .filter(is_one)
            .map(|open| open.clone())
            .collect();
        candidates.sort_by_key(|open| open.call.id);
        for mut open in candidates {
            if let Some(result) = self.result_if_over(&open, guest) {
                self.tell_message(guest, &mut open, result);
                if let Some(kept) = self.calls.last(open.who.key) {
                    kept.is_told = open.is_told;
                }
            }
        }
    }
}
