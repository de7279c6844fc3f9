//! Looking at processes and mailboxes, and handles of processes: authority is what one comes from or holds.

use abi::errno;
use abi::syscall::{MailboxEntry, ProcessEntry, Syscall};
use kernel_core::arena::Id;
use kernel_core::descriptor::{Entry, Rights};

use super::Outcome;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::mailbox::Mailbox;
use crate::object::Object;
use crate::process::thread::{State as ThreadState, Wait};
use crate::process::{Pid, Process, State};

pub fn make(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, ..] = arguments;
    match call {
        Syscall::ProcessList => kernel.list_processes(hart, a0, a1),
        Syscall::ProcessInspect => kernel.inspect_process(hart, a0, a1),
        Syscall::MailboxList => kernel.list_mailboxes(hart, a0, a1),
        Syscall::PidfdOpen => kernel.open_process(hart, a0, a1),
        Syscall::PidfdSendSignal => kernel.signal_by_handle(hart, a0, a1, a2, a3),
        _ => Err(errno::ENOSYS.into()),
    }
}

impl Kernel {
    /// Whether a process holds the handle of the system with a right.
    pub fn holds_system(&self, process: Id<Process>, right: Rights) -> bool {
        self.holds(process, Object::System, right)
    }

    /// Whether a process may signal another: it is that one or comes before it, or it holds a handle of it.
    pub fn may_control(&self, caller: Id<Process>, process: Id<Process>) -> bool {
        self.is_ancestor(caller, process)
            || self.holds(caller, Object::Process(process), Rights::CONTROL)
    }

    fn holds(&self, process: Id<Process>, object: Object, right: Rights) -> bool {
        let Some(process) = self.processes.get(process) else {
            return false;
        };
        let mut entries = process.descriptors.iter();
        entries.any(|(_, entry)| entry.object == object && entry.rights.contains(right))
    }

    /// `pidfd_open(process, flags)`: a handle of the caller or a descendant, or a second one of what it has one of.
    fn open_process(&mut self, hart: &Hart, pid: u64, flags: u64) -> Outcome {
        const NONBLOCK: u64 = 0o4000;
        if flags & !NONBLOCK != 0 {
            return Err(errno::EINVAL.into());
        }
        let caller = self.current_process(hart);
        let pid = u32::try_from(pid).map_err(|_| errno::EINVAL)?;
        let process = self.find_process(pid).ok_or(errno::ESRCH)?;
        if !self.may_control(caller, process) {
            return Err(errno::EPERM.into());
        }
        let entry = Entry {
            object: Object::Process(process),
            rights: Rights::READ | Rights::CONTROL,
            close_on_exec: true,
            flags: 0,
        };
        Ok(self.install(caller, entry)?)
    }

    /// `pidfd_send_signal(descriptor, signal, information, flags)`: ESRCH when the process is gone, whoever has its number now.
    fn signal_by_handle(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        signal: u64,
        information: u64,
        flags: u64,
    ) -> Outcome {
        if signal > 64 || information != 0 || flags != 0 {
            return Err(errno::EINVAL.into());
        }
        let Object::Process(id) = self.object(hart, descriptor, Rights::CONTROL)? else {
            return Err(errno::EBADF.into());
        };
        if !self.lives(id) {
            return Err(errno::ESRCH.into());
        }
        if signal != 0 {
            self.raise(id, signal as u32);
        }
        Ok(0)
    }

    /// Whether a process has not ended.
    pub fn lives(&self, id: Id<Process>) -> bool {
        let process = self.processes.get(id);
        process.is_some_and(|process| matches!(process.state, State::Embryo | State::Alive))
    }

    /// `process_inspect(descriptor, entry)`.
    fn inspect_process(&mut self, hart: &Hart, descriptor: u64, at: u64) -> Outcome {
        let Object::Process(id) = self.object(hart, descriptor, Rights::READ)? else {
            return Err(errno::EBADF.into());
        };
        if self.processes.get(id).is_none() {
            return Err(errno::ESRCH.into());
        }
        let bytes = self.describe_process(id);
        self.write_user(hart, at, &bytes)?;
        Ok(0)
    }

    /// `mailbox_list`: all mailboxes, for who holds the handle of the system.
    fn list_mailboxes(&mut self, hart: &Hart, at: u64, room: u64) -> Outcome {
        if !self.holds_system(self.current_process(hart), Rights::READ) {
            return Err(errno::EPERM.into());
        }
        let (mut told, mut from) = (0, 0);
        while let Some(id) = self.mailboxes.next_from(from) {
            from = id.index() + 1;
            if told < room {
                let bytes = self.describe_mailbox(id);
                let place = at.wrapping_add(told * size_of::<MailboxEntry>() as u64);
                self.write_user(hart, place, &bytes)?;
            }
            told += 1;
        }
        Ok(told)
    }

    fn describe_mailbox(&self, id: Id<Mailbox>) -> [u8; size_of::<MailboxEntry>()] {
        let mut bytes = [0; size_of::<MailboxEntry>()];
        let Some(mailbox) = self.mailboxes.get(id) else {
            return bytes;
        };
        let waiting = |wait| {
            let threads = self.threads.iter();
            let waits = threads
                .filter(|(_, thread)| thread.state == ThreadState::Waiting && thread.wait == wait);
            waits.count() as u32
        };
        let [capacity, size, count, receivers, senders] = mailbox.figures();
        let words = [
            id.index() as u32,
            capacity,
            size,
            count,
            receivers,
            senders,
            waiting(Wait::Message(id)),
            waiting(Wait::Room(id)),
        ];
        for (into, word) in bytes.chunks_exact_mut(4).zip(words) {
            into.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// `process_list`: the caller's descendants and itself, by number; all for who holds the handle of the system.
    fn list_processes(&mut self, hart: &Hart, at: u64, room: u64) -> Outcome {
        let caller = self.current_process(hart);
        let sees_all = self.holds_system(caller, Rights::READ);
        let mut told = 0;
        let mut after = 0;
        while let Some((id, pid)) = self.next_by_number(after) {
            after = pid;
            if !sees_all && !self.is_ancestor(caller, id) {
                continue;
            }
            if told < room {
                let bytes = self.describe_process(id);
                let place = at.wrapping_add(told * size_of::<ProcessEntry>() as u64);
                self.write_user(hart, place, &bytes)?;
            }
            told += 1;
        }
        Ok(told)
    }

    /// The process with the lowest number above one.
    fn next_by_number(&self, after: Pid) -> Option<(Id<Process>, Pid)> {
        let processes = self.processes.iter();
        processes
            .filter(|(_, process)| process.pid > after && process.state != State::Embryo)
            .map(|(id, process)| (id, process.pid))
            .min_by_key(|&(_, pid)| pid)
    }

    fn describe_process(&self, id: Id<Process>) -> [u8; size_of::<ProcessEntry>()] {
        let mut bytes = [0; size_of::<ProcessEntry>()];
        let Some(process) = self.processes.get(id) else {
            return bytes;
        };
        let ticks = process.ran
            + self
                .threads
                .iter()
                .filter(|(_, thread)| thread.process == id)
                .map(|(_, thread)| thread.ran)
                .sum::<u64>();
        let stopped = if process.stopped { 16 } else { 0 };
        let words = [
            process.pid,
            self.parent_pid_of(id),
            self.jobs.get(process.job).map_or(0, |job| job.number),
            process.state as u32 + stopped,
            process.threads,
            process.space.promised() as u32,
        ];
        for (into, word) in bytes.chunks_exact_mut(4).zip(words) {
            into.copy_from_slice(&word.to_le_bytes());
        }
        bytes[24..32].copy_from_slice(&self.nanos(ticks).to_le_bytes());
        bytes[32..48].copy_from_slice(&process.name);
        bytes
    }
}
