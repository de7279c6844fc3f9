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
    /// `getcwd(buffer, length)`: where the process is; the path's length with its zero.
    Getcwd = 17,
    /// `dup(descriptor)`: the same under the lowest free number.
    Dup = 23,
    /// `dup3(descriptor, to, flags)`: the same under a certain number.
    Dup3 = 24,
    /// `fcntl(descriptor, command, argument)`: `F_DUPFD`, `F_GETFD`, `F_SETFD`, `F_GETFL`, `F_SETFL`, `F_DUPFD_CLOEXEC`.
    Fcntl = 25,
    /// `ioctl(descriptor, request, argument)`: of the console, `TCGETS`, `TCSETS`, `TIOCGWINSZ`, `TIOCGPGRP`, `TIOCSPGRP`.
    Ioctl = 29,
    /// `mkdirat(directory, path, mode)`.
    Mkdirat = 34,
    /// `unlinkat(directory, path, flags)`.
    Unlinkat = 35,
    /// `symlinkat(target, directory, path)`.
    Symlinkat = 36,
    /// `ftruncate(descriptor, size)`.
    Ftruncate = 46,
    /// `faccessat(directory, path, mode)`.
    Faccessat = 48,
    /// `chdir(path)`.
    Chdir = 49,
    /// `openat(directory, path, flags, mode)`.
    Openat = 56,
    /// `close(descriptor)`.
    Close = 57,
    /// `pipe2(descriptors, flags)`.
    Pipe2 = 59,
    /// `getdents64(descriptor, buffer, length)`.
    Getdents64 = 61,
    /// `lseek(descriptor, offset, whence)`.
    Lseek = 62,
    /// `read(descriptor, buffer, length)`.
    Read = 63,
    /// `write(descriptor, buffer, length)`: how many bytes were written.
    Write = 64,
    /// `readv(descriptor, parts, count)`.
    Readv = 65,
    /// `writev(descriptor, parts, count)`.
    Writev = 66,
    /// `ppoll(entries, count, timeout, mask, size)`.
    Ppoll = 73,
    /// `readlinkat(directory, path, buffer, length)`.
    Readlinkat = 78,
    /// `newfstatat(directory, path, stat, flags)`.
    Newfstatat = 79,
    /// `fstat(descriptor, stat)`.
    Fstat = 80,
    /// `exit(status)`: ends the thread, and with the last one the process.
    Exit = 93,
    /// `exit_group(status)`: ends the process.
    ExitGroup = 94,
    /// `set_tid_address(address)`: where 0 is written when the thread ends; the thread's number.
    SetTidAddress = 96,
    /// `futex(address, operation, value, timeout)`: `FUTEX_WAIT`, `FUTEX_WAKE`, private.
    Futex = 98,
    /// `set_robust_list(head, length)`: accepted, and of no effect.
    SetRobustList = 99,
    /// `nanosleep(request, remaining)`: waits for a time to pass.
    Nanosleep = 101,
    /// `clock_gettime(clock, time)`: the time since the machine started.
    ClockGettime = 113,
    /// `clock_nanosleep(clock, flags, request, remaining)`.
    ClockNanosleep = 115,
    /// `sched_setaffinity(process, length, mask)`: on which harts the thread may run; 0 is the caller.
    SchedSetaffinity = 122,
    /// `sched_getaffinity(process, length, mask)`.
    SchedGetaffinity = 123,
    /// `sched_yield()`: lets others run first.
    SchedYield = 124,
    /// `kill(process, signal)`: the caller or a descendant.
    Kill = 129,
    /// `tkill(thread, signal)`: a thread of the caller's process.
    Tkill = 130,
    /// `tgkill(process, thread, signal)`: the same.
    Tgkill = 131,
    /// `sigaltstack(new, old)`.
    Sigaltstack = 132,
    /// `rt_sigsuspend(mask, size)`.
    RtSigsuspend = 133,
    /// `rt_sigaction(signal, new, old, size)`.
    RtSigaction = 134,
    /// `rt_sigprocmask(how, new, old, size)`.
    RtSigprocmask = 135,
    /// `rt_sigreturn()`.
    RtSigreturn = 139,
    /// `setpriority(which, who, nice)`: of one process (`which` 0; `who` 0 is the caller), -20 to 19.
    Setpriority = 140,
    /// `getpriority(which, who)`: 20 less the nice value, so that it is no error.
    Getpriority = 141,
    /// `reboot(magic, magic, command)`: power-off or reset; init and what it starts directly only.
    Reboot = 142,
    /// `setpgid(process, group)`: the caller begins a job of its own.
    Setpgid = 154,
    /// `getpgid(process)`: the number of its job.
    Getpgid = 155,
    /// `uname(buffer)`.
    Uname = 160,
    /// `getrusage(who, usage)`: page faults and switches of the caller.
    Getrusage = 165,
    /// `umask(mask)`: accepted; files belong to everybody.
    Umask = 166,
    /// `getpid()`: the process's number.
    Getpid = 172,
    /// `getppid()`: the number of the process's parent.
    Getppid = 173,
    /// `getuid()`: 0.
    Getuid = 174,
    /// `geteuid()`: 0.
    Geteuid = 175,
    /// `getgid()`: 0.
    Getgid = 176,
    /// `getegid()`: 0.
    Getegid = 177,
    /// `gettid()`: the thread's number.
    Gettid = 178,
    /// `sysinfo(buffer)`: uptime, memory, processes.
    Sysinfo = 179,
    /// `brk(end)`: moves the heap's end; where it is then.
    Brk = 214,
    /// `munmap(start, length)`.
    Munmap = 215,
    /// `clone(flags, stack, parent_tid, tls, child_tid)`: the fork, spawn and pthread sets of flags.
    Clone = 220,
    /// `execve(path, argv, envp)`: another program in the same process.
    Execve = 221,
    /// `mmap(start, length, protection, flags, descriptor, offset)`: private anonymous memory.
    Mmap = 222,
    /// `mprotect(start, length, protection)`.
    Mprotect = 226,
    /// `madvise(start, length, advice)`: accepted, and of no effect.
    Madvise = 233,
    /// `wait4(process, status, options, usage)`: the end of a child.
    Wait4 = 260,
    /// `prlimit64(process, resource, new, old)`: the limits that there are.
    Prlimit64 = 261,
    /// `renameat2(from_directory, from, to_directory, to, flags)`.
    Renameat2 = 276,
    /// `getrandom(buffer, length, flags)`.
    Getrandom = 278,
    /// `pidfd_send_signal(descriptor, signal, information, flags)`: the process that a handle leads to.
    PidfdSendSignal = 424,
    /// `pidfd_open(process, flags)`: a handle of the caller or a descendant.
    PidfdOpen = 434,
    /// `mailbox_create(capacity, size, flags)`: a mailbox for `capacity` messages of at most `size` bytes; its descriptor.
    MailboxCreate = 1024,
    /// `mailbox_send(descriptor, buffer, length, deadline, handles, count)`: puts a message into a mailbox, waiting for room until the
    /// deadline (nanoseconds of the machine's time; 0: not at all; all ones: for ever). At most 4 descriptors of mailboxes go with it: the
    /// receiver gets the right to send to them.
    MailboxSend = 1025,
    /// `mailbox_recv(descriptor, buffer, length, deadline, handles, room)`: takes the oldest message out of a mailbox; its length in the low
    /// half of the result, how many descriptors came with it in the upper. Messages of mailboxes for
    /// more than 32 KiB are whole pages and carry no descriptors; without a buffer the result is the place that the kernel chose, and the
    /// length is written where `handles` says.
    MailboxRecv = 1026,
    /// `mailbox_call(descriptor, request, length, reply, room)`: sends a request and waits for its reply; the reply's length.
    MailboxCall = 1029,
    /// `mailbox_reply_wait(descriptor, caller, reply, length, request, room)`: answers the caller (0: nobody) and waits for the next
    /// request; its length in the low half of the result, its caller in the upper (0: it was sent, and needs no reply).
    MailboxReplyWait = 1030,
    /// `deadlocks(buffer, room)`: the numbers of the threads that wait for each other for ever; how many they are.
    Deadlocks = 1031,
    /// `supervise(descriptor)`: faults of this process that no handler takes, and of children that it forks from now on, become messages
    /// ([`FaultMessage`]) to that mailbox; -1 ends it.
    Supervise = 1032,
    /// `fault_answer(thread, action, registers)`: what becomes of a thread whose fault was told to a mailbox that the caller may receive from
    /// ([`fault_answer`]).
    FaultAnswer = 1033,
    /// `handle_restrict(descriptor, rights)`: the same object under another number, with no more than these rights.
    HandleRestrict = 1027,
    /// `process_list(buffer, count)`: what the processes are and use, an entry each; how many there are.
    ProcessList = 1028,
    /// `process_inspect(descriptor, entry)`: the same of the process that a handle leads to.
    ProcessInspect = 1034,
    /// `mailbox_list(buffer, count)`: what the mailboxes are and hold, an entry each; how many there are.
    MailboxList = 1035,
}

/// A deadline that never comes.
pub const FOREVER: u64 = u64::MAX;
/// The number of the signal that a parent gets when a child ends; the only flag of a plain fork.
pub const SIGCHLD: u64 = 17;
/// Flag of `mailbox_create`: the descriptor outlives `execve`.
pub const KEEP_ON_EXEC: u64 = 1;

/// Flags of `clone`.
pub mod clone {
    /// Write the new thread's number where the caller says.
    pub const PARENT_SETTID: u64 = 0x10_0000;
    /// Write 0 where the new thread says when it ends, and wake who waits there.
    pub const CHILD_CLEARTID: u64 = 0x20_0000;
    /// Nobody is told of the new thread's end. Accepted, since nobody ever is.
    pub const DETACHED: u64 = 0x40_0000;
    /// Write its number in the new process's memory.
    pub const CHILD_SETTID: u64 = 0x100_0000;
    /// `fork`.
    pub const FORK: u64 = super::SIGCHLD;
    /// `vfork`, `posix_spawn`: shares memory until `execve`, and the parent waits. Done by copying here.
    pub const SPAWN: u64 = 0x100 | 0x4000 | super::SIGCHLD;
    /// `pthread_create`: memory, place, files, handlers, process and System V semaphores shared; a thread pointer.
    pub const THREAD_SET: u64 = 0x100 | 0x200 | 0x400 | 0x800 | 0x1_0000 | 0x4_0000 | 0x8_0000;
}

/// The descriptor under which init finds the handle of the system, and leaves it for the program that it starts: by its right to read
/// all processes and mailboxes can be seen, by its right to control the machine's run ends (`reboot`).
pub const SYSTEM: u64 = 63;

/// Rights of a handle, for `handle_restrict`.
pub mod rights {
    /// To read, or to receive.
    pub const READ: u64 = 1;
    /// To write, or to send.
    pub const WRITE: u64 = 2;
    /// To change it.
    pub const CONTROL: u64 = 4;
}

/// A process as `process_list` tells of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessEntry {
    /// Its number.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// Its job's.
    pub job: u32,
    /// 1 alive, 2 ending, 3 zombie; 16 more when it is stopped.
    pub state: u32,
    /// Threads.
    pub threads: u32,
    /// Frames that it was promised.
    pub frames: u32,
    /// Nanoseconds that its threads have run.
    pub ran: u64,
    /// Its program's name, filled with zeros.
    pub name: [u8; 16],
}

/// A mailbox as `mailbox_list` tells of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailboxEntry {
    /// Its number: it is given again when the mailbox is gone.
    pub number: u32,
    /// Messages that it may hold; 0 for a rendezvous.
    pub capacity: u32,
    /// Bytes that a message may have.
    pub size: u32,
    /// Messages in it.
    pub count: u32,
    /// Descriptors to receive by.
    pub receivers: u32,
    /// Descriptors to send by, those in messages on their way among them.
    pub senders: u32,
    /// Threads that wait for a message.
    pub waiting_receivers: u32,
    /// Threads that wait for room.
    pub waiting_senders: u32,
}

/// What a supervisor can say about a thread that has faulted.
pub mod fault_answer {
    /// Go on: the instruction is executed again.
    pub const RESUME: u64 = 0;
    /// Its process ends by SIGSEGV.
    pub const KILL: u64 = 1;
    /// Nothing yet: its registers (pc, x1 to x31) are written where the call says.
    pub const READ: u64 = 2;
    /// Go on with the registers that are there.
    pub const RESUME_WITH: u64 = 3;
}

/// A fault, as a supervisor is told of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultMessage {
    /// The process.
    pub pid: u32,
    /// The thread, which waits for an answer.
    pub tid: u32,
    /// `scause`.
    pub cause: u64,
    /// `stval`.
    pub address: u64,
    /// Where it happened.
    pub pc: u64,
}

impl FaultMessage {
    /// Bytes of a message.
    pub const BYTES: usize = 32;

    /// As it is sent.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.pid.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.tid.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.cause.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.address.to_le_bytes());
        bytes[24..].copy_from_slice(&self.pc.to_le_bytes());
        bytes
    }

    /// As it was received.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let word = |at: usize| {
            let part = bytes.get(at..at + 8).and_then(|part| part.try_into().ok());
            u64::from_le_bytes(part.unwrap_or_default())
        };
        Self {
            pid: word(0) as u32,
            tid: (word(0) >> 32) as u32,
            cause: word(8),
            address: word(16),
            pc: word(24),
        }
    }
}
