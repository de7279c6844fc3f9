//! Mailboxes: SEND and RECV on a bounded buffer, between threads that share nothing else.

use core::marker::PhantomData;

pub use abi::syscall::MailboxEntry;
use abi::syscall::{FOREVER, KEEP_ON_EXEC, Syscall, rights};

use crate::Error;
use crate::syscall::{call, call6};

/// A mailbox, by its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailbox(pub u32);

/// How long to wait for the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Not at all.
    Now,
    /// Until a time in nanoseconds since the machine started ([`crate::thread::now`]).
    Time(u64),
    /// For ever.
    Forever,
}

impl Until {
    const fn deadline(self) -> u64 {
        match self {
            Self::Now => 0,
            Self::Time(nanos) => {
                if nanos == 0 {
                    1
                } else {
                    nanos
                }
            }
            Self::Forever => FOREVER,
        }
    }
}

/// What was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes in the message.
    pub length: usize,
    /// Handles that came with it.
    pub handles: usize,
}

impl Mailbox {
    /// Makes a mailbox for `capacity` messages of at most `size` bytes; with a capacity of 0, sender and receiver meet.
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

    /// The same mailbox under another number, to send only.
    ///
    /// # Errors
    /// Too many descriptors, or it may not send itself.
    pub fn sender(self) -> Result<Self, Error> {
        self.restricted(rights::WRITE)
    }

    /// The same mailbox under another number, to receive only.
    ///
    /// # Errors
    /// Too many descriptors, or it may not receive itself.
    pub fn receiver(self) -> Result<Self, Error> {
        self.restricted(rights::READ)
    }

    fn restricted(self, rights: u64) -> Result<Self, Error> {
        let arguments = [u64::from(self.0), rights, 0, 0];
        call(Syscall::HandleRestrict, arguments).map(|descriptor| Self(descriptor as u32))
    }

    /// Gives the handle up.
    ///
    /// # Errors
    /// The descriptor is no mailbox's.
    pub fn close(self) -> Result<(), Error> {
        crate::file::close(self.0)
    }

    /// Puts a message in, waiting for room.
    ///
    /// # Errors
    /// It is too long, nobody can receive it (EPIPE), or the descriptor may not send.
    pub fn send(self, message: &[u8]) -> Result<(), Error> {
        self.send_with(message, &[], Until::Forever)
    }

    /// The same, for as long as is said.
    ///
    /// # Errors
    /// As [`Self::send`]; EAGAIN and ETIMEDOUT.
    pub fn send_until(self, message: &[u8], until: Until) -> Result<(), Error> {
        self.send_with(message, &[], until)
    }

    /// The same, with handles: the receiver may then send to those mailboxes.
    ///
    /// # Errors
    /// As [`Self::send_until`]; EBADF for a handle that may not send.
    pub fn send_with(self, message: &[u8], handles: &[Self], until: Until) -> Result<(), Error> {
        let mut numbers = [0u32; 4];
        for (number, handle) in numbers.iter_mut().zip(handles) {
            *number = handle.0;
        }
        let arguments = [
            u64::from(self.0),
            message.as_ptr() as u64,
            message.len() as u64,
            until.deadline(),
            numbers.as_ptr() as u64,
            handles.len() as u64,
        ];
        call6(Syscall::MailboxSend, arguments).map(|_| ())
    }

    /// Takes the oldest message out, waiting for one; its length.
    ///
    /// # Errors
    /// It is longer than `buffer`, nobody can send one (EPIPE), or the descriptor may not receive.
    pub fn receive(self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.receive_until(buffer, Until::Forever)
    }

    /// The same, for as long as is said.
    ///
    /// # Errors
    /// As [`Self::receive`]; EAGAIN and ETIMEDOUT.
    pub fn receive_until(self, buffer: &mut [u8], until: Until) -> Result<usize, Error> {
        let mut none: [Self; 0] = [];
        self.receive_with(buffer, &mut none, until)
            .map(|received| received.length)
    }

    /// The same, with room for handles (at most 4).
    ///
    /// # Errors
    /// As [`Self::receive_until`]; EMSGSIZE when there is too little room for the handles, EMFILE.
    pub fn receive_with(
        self,
        buffer: &mut [u8],
        handles: &mut [Self],
        until: Until,
    ) -> Result<Received, Error> {
        let mut numbers = [0u32; 4];
        let arguments = [
            u64::from(self.0),
            buffer.as_mut_ptr() as u64,
            buffer.len() as u64,
            until.deadline(),
            numbers.as_mut_ptr() as u64,
            handles.len().min(numbers.len()) as u64,
        ];
        let result = call6(Syscall::MailboxRecv, arguments)?;
        let received = Received {
            length: (result & 0xffff_ffff) as usize,
            handles: (result >> 32) as usize,
        };
        for (handle, number) in handles.iter_mut().zip(numbers).take(received.handles) {
            *handle = Self(number);
        }
        Ok(received)
    }

    /// Sends a request and waits for its reply; the reply's length.
    ///
    /// # Errors
    /// As [`Self::send`]; EPIPE also when the server ends without having replied.
    pub fn call(self, request: &[u8], reply: &mut [u8]) -> Result<usize, Error> {
        let arguments = [
            u64::from(self.0),
            request.as_ptr() as u64,
            request.len() as u64,
            reply.as_mut_ptr() as u64,
            reply.len() as u64,
            0,
        ];
        call6(Syscall::MailboxCall, arguments).map(|length| length as usize)
    }

    /// Answers a caller, if there is one, and waits for the next request: its length, and its caller.
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn reply_wait(
        self,
        caller: Option<Caller>,
        reply: &[u8],
        request: &mut [u8],
    ) -> Result<(usize, Option<Caller>), Error> {
        let arguments = [
            u64::from(self.0),
            caller.map_or(0, |caller| u64::from(caller.0)),
            reply.as_ptr() as u64,
            reply.len() as u64,
            request.as_mut_ptr() as u64,
            request.len() as u64,
        ];
        let result = call6(Syscall::MailboxReplyWait, arguments)?;
        let caller = (result >> 32) as u32;
        let caller = (caller != 0).then_some(Caller(caller));
        Ok(((result & 0xffff_ffff) as usize, caller))
    }
}

/// Who waits for a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(u32);

/// A mailbox for values of one type, copied as they are.
#[derive(Debug)]
pub struct Typed<T: Copy> {
    mailbox: Mailbox,
    kind: PhantomData<fn(T) -> T>,
}

impl<T: Copy> Clone for Typed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Copy> Copy for Typed<T> {}

impl<T: Copy> Typed<T> {
    /// Makes a mailbox for so many values.
    ///
    /// # Errors
    /// As [`Mailbox::new`].
    pub fn new(capacity: u32) -> Result<Self, Error> {
        Mailbox::new(capacity, size_of::<T>() as u32).map(|mailbox| Self {
            mailbox,
            kind: PhantomData,
        })
    }

    /// The same mailbox under another number, to send only.
    ///
    /// # Errors
    /// As [`Mailbox::sender`].
    pub fn sender(self) -> Result<Self, Error> {
        self.mailbox.sender().map(|mailbox| Self {
            mailbox,
            kind: PhantomData,
        })
    }

    /// The same mailbox under another number, to receive only.
    ///
    /// # Errors
    /// As [`Mailbox::receiver`].
    pub fn receiver(self) -> Result<Self, Error> {
        self.mailbox.receiver().map(|mailbox| Self {
            mailbox,
            kind: PhantomData,
        })
    }

    /// The mailbox itself.
    #[must_use]
    pub const fn mailbox(self) -> Mailbox {
        self.mailbox
    }

    /// Puts a value in.
    ///
    /// # Errors
    /// As [`Mailbox::send`].
    pub fn send(self, value: T) -> Result<(), Error> {
        // SAFETY: the bytes of a value, for as long as the value is there.
        let bytes =
            unsafe { core::slice::from_raw_parts((&raw const value).cast::<u8>(), size_of::<T>()) };
        self.mailbox.send(bytes)
    }

    /// Takes a value out.
    ///
    /// # Errors
    /// As [`Mailbox::receive`]; EMSGSIZE when what comes is no such value.
    pub fn receive(self) -> Result<T, Error> {
        let mut value = core::mem::MaybeUninit::<T>::uninit();
        // SAFETY: room for one value; the kernel writes to it.
        let bytes = unsafe {
            core::slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size_of::<T>())
        };
        bytes.fill(0);
        if self.mailbox.receive(bytes)? != size_of::<T>() {
            return Err(Error(abi::errno::EMSGSIZE));
        }
        // SAFETY: only `send` of the same type puts messages of this length into a typed mailbox; they are copies of values.
        Ok(unsafe { value.assume_init() })
    }
}

/// All mailboxes of the system, for who holds its handle.
///
/// # Errors
/// This process does not.
pub fn list() -> Result<alloc::vec::Vec<MailboxEntry>, Error> {
    let mut entries = alloc::vec![MailboxEntry::default(); 64];
    loop {
        let room = entries.len();
        let arguments = [entries.as_mut_ptr() as u64, room as u64, 0, 0];
        let count = call(Syscall::MailboxList, arguments)? as usize;
        entries.resize(count, MailboxEntry::default());
        if count <= room {
            return Ok(entries);
        }
    }
}

/// The numbers of threads that wait for each other for ever, in every process.
///
/// # Errors
/// As the kernel says.
pub fn deadlocks() -> Result<alloc::vec::Vec<u32>, Error> {
    let mut threads = alloc::vec![0u32; 64];
    let arguments = [threads.as_mut_ptr() as u64, threads.len() as u64, 0, 0];
    let count = call(Syscall::Deadlocks, arguments)? as usize;
    threads.truncate(count);
    Ok(threads)
}
