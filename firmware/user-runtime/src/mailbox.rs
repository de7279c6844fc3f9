//! Mailboxes: SEND and RECV on a bounded buffer.

use abi::syscall::{FOREVER, KEEP_ON_EXEC, Syscall};

use crate::Error;
use crate::syscall::call;

/// A mailbox, by its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailbox(pub u32);

impl Mailbox {
    /// Makes a mailbox for `capacity` messages of at most `size` bytes.
    ///
    /// # Errors
    /// No memory, too many descriptors, or a size that no mailbox has.
    pub fn new(capacity: u32, size: u32) -> Result<Self, Error> {
        Self::with_flags(capacity, size, 0)
    }

    /// The same, for a mailbox that a program started by `exec` is to have too, under the same number.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn inherited(capacity: u32, size: u32) -> Result<Self, Error> {
        Self::with_flags(capacity, size, KEEP_ON_EXEC)
    }

    fn with_flags(capacity: u32, size: u32, flags: u64) -> Result<Self, Error> {
        let arguments = [u64::from(capacity), u64::from(size), flags, 0];
        call(Syscall::MailboxCreate, arguments).map(|descriptor| Self(descriptor as u32))
    }

    /// Puts a message in, waiting for room.
    ///
    /// # Errors
    /// It is too long, or the descriptor is no mailbox's.
    pub fn send(self, message: &[u8]) -> Result<(), Error> {
        let arguments = [
            u64::from(self.0),
            message.as_ptr() as u64,
            message.len() as u64,
            FOREVER,
        ];
        call(Syscall::MailboxSend, arguments).map(|_| ())
    }

    /// Takes the oldest message out, waiting for one; its length.
    ///
    /// # Errors
    /// It is longer than `buffer`, or the descriptor is no mailbox's.
    pub fn receive(self, buffer: &mut [u8]) -> Result<usize, Error> {
        let arguments = [
            u64::from(self.0),
            buffer.as_mut_ptr() as u64,
            buffer.len() as u64,
            FOREVER,
        ];
        call(Syscall::MailboxRecv, arguments).map(|length| length as usize)
    }
}
