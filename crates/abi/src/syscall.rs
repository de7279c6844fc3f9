//! System calls: Linux's numbers for RISC-V where Linux has the call, Fawn's own from 1024 up.
//!
//! The number is in a7, arguments in a0 to a5, the result in a0; an error is its number ([`crate::errno`]) below zero.

/// Defines the numbers, and the way back from a number to the call.
macro_rules! calls {
    ($($(#[doc = $doc:literal])* $name:ident = $number:literal,)*) => {
        /// A system call that Fawn has.
        #[repr(u64)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Syscall {
            $($(#[doc = $doc])* $name = $number,)*
        }

        impl TryFrom<u64> for Syscall {
            /// The number, which is no call's.
            type Error = u64;

            fn try_from(number: u64) -> Result<Self, u64> {
                match number {
                    $($number => Ok(Self::$name),)*
                    other => Err(other),
                }
            }
        }
    };
}

calls! {
    /// `write(descriptor, buffer, length)`: how many bytes were written.
    Write = 64,
    /// `exit(status)`: ends the thread, and with the last one the process.
    Exit = 93,
    /// `exit_group(status)`: ends the process.
    ExitGroup = 94,
    /// `nanosleep(request, remaining)`: waits for a time to pass.
    Nanosleep = 101,
    /// `sched_setaffinity(process, length, mask)`: on which harts the process may run; 0 is the caller.
    SchedSetaffinity = 122,
    /// `sched_yield()`: lets others run first.
    SchedYield = 124,
    /// `getrusage(who, usage)`: page faults and switches of the caller.
    Getrusage = 165,
    /// `getpid()`: the process's number.
    Getpid = 172,
    /// `getppid()`: the number of the process's parent.
    Getppid = 173,
    /// `clone(flags, stack, ...)`: a copy of the process (`flags` = SIGCHLD).
    Clone = 220,
    /// `execve(path, argv, envp)`: another program in the same process.
    Execve = 221,
    /// `wait4(process, status, options, usage)`: the end of a child.
    Wait4 = 260,
    /// `mailbox_create(capacity, size, flags)`: a mailbox for `capacity` messages of at most `size` bytes; its descriptor.
    MailboxCreate = 1024,
    /// `mailbox_send(descriptor, buffer, length, deadline)`: puts a message into a mailbox, waiting for room until the
    /// deadline (nanoseconds of the machine's time; 0: not at all; all ones: for ever).
    MailboxSend = 1025,
    /// `mailbox_recv(descriptor, buffer, length, deadline)`: takes the oldest message out of a mailbox; its length.
    MailboxRecv = 1026,
}

/// A deadline that never comes.
pub const FOREVER: u64 = u64::MAX;
/// The number of the signal that a parent gets when a child ends; the only flag of a plain fork.
pub const SIGCHLD: u64 = 17;
/// Flag of `mailbox_create`: the descriptor outlives `execve`.
pub const KEEP_ON_EXEC: u64 = 1;
