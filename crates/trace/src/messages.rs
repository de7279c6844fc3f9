//! Messages between threads: which receive takes what which send has sent.

use std::collections::{HashMap, VecDeque};

/// Messages on their way, by the order in which mailboxes pass them on.
#[derive(Debug, Default)]
pub struct Messages {
    last: u64,
    in_mailboxes: HashMap<u32, VecDeque<u64>>,
    /// By the number of the thread that waits for it.
    replies: HashMap<u32, u64>,
}

impl Messages {
    /// A message by itself.
    pub fn single(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A message is in a mailbox; its number.
    pub fn send(&mut self, mailbox: u32) -> u64 {
        let id = self.single();
        self.in_mailboxes.entry(mailbox).or_default().push_back(id);
        id
    }

    /// The oldest message is taken out of a mailbox.
    pub fn receive(&mut self, mailbox: u32) -> Option<u64> {
        self.in_mailboxes.get_mut(&mailbox)?.pop_front()
    }

    /// Whether a mailbox is known to have a message.
    pub fn has_message(&self, mailbox: u32) -> bool {
        let queue = self.in_mailboxes.get(&mailbox);
        queue.is_some_and(|queue| !queue.is_empty())
    }

    /// A reply to a thread; its number.
    pub fn reply(&mut self, to: u32) -> u64 {
        let id = self.single();
        self.replies.insert(to, id);
        id
    }

    /// A thread has its reply.
    pub fn take_reply(&mut self, to: u32) -> Option<u64> {
        self.replies.remove(&to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in() {
        let mut messages = Messages::default();
        let (first, second) = (messages.send(3), messages.send(3));
        let other = messages.send(4);
        assert!(messages.has_message(3));
        assert_eq!(messages.receive(3), Some(first));
        assert_eq!(messages.receive(4), Some(other));
        assert_eq!(messages.receive(3), Some(second));
        assert_eq!(messages.receive(3), None);
        let reply = messages.reply(7);
        assert_eq!(messages.take_reply(7), Some(reply));
        assert_eq!(messages.take_reply(7), None);
    }
}
