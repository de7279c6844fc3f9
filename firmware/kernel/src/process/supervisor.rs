//! Supervisors: a fault of one process becomes a message to another, which decides.
//!
//! A process names a mailbox. A thread of it that faults and has no handler sends one message there, waiting for room like any sender,
//! and then waits for the answer: to go on, with other registers if need be, or to be killed. When nobody can receive any more, the fault
//! is what it would have been without a supervisor.

use abi::errno;
use abi::syscall::{FaultMessage, fault_answer};
use kernel_core::arena::Id;
use kernel_core::descriptor::Rights;

use super::thread::{Registers, State, Thread, Wait};
use super::{Process, signal};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::mailbox::Mailbox;
use crate::object::Object;
use crate::syscall::Outcome;

impl Kernel {
    /// `supervise(descriptor)`: this process's faults, and its children's from now on, go to that mailbox; -1 ends it.
    pub fn supervise(&mut self, hart: &Hart, descriptor: u64) -> Outcome {
        let id = self.current_process(hart);
        let new = match descriptor as i32 {
            -1 => Id::NONE,
            _ => match self.object(hart, descriptor, Rights::WRITE)? {
                Object::Mailbox(mailbox) => mailbox,
                _ => return Err(errno::EINVAL.into()),
            },
        };
        if let Some(mailbox) = self.mailboxes.get_mut(new) {
            mailbox.retain(Rights::WRITE);
        }
        let process = self.processes.get_mut(id).ok_or(errno::ESRCH)?;
        let old = core::mem::replace(&mut process.supervisor, new);
        self.release_mailbox(old, Rights::WRITE);
        Ok(0)
    }

    /// A process ends, or its copy never comes to be: it sends no faults any more.
    pub fn release_supervisor(&mut self, id: Id<Process>) {
        if let Some(process) = self.processes.get_mut(id) {
            let old = core::mem::take(&mut process.supervisor);
            self.release_mailbox(old, Rights::WRITE);
        }
    }

    /// The thread that runs has faulted: tells its supervisor. False when there is none who could listen.
    pub fn report_fault(&mut self, hart: &mut Hart, cause: u64, address: u64) -> bool {
        let id = self.current_process(hart);
        let Some(process) = self.processes.get(id) else {
            return false;
        };
        let (supervisor, pid) = (process.supervisor, process.pid);
        if !self
            .mailboxes
            .get(supervisor)
            .is_some_and(Mailbox::has_receiver)
        {
            return false;
        }
        let Some(thread) = self.threads.get(hart.current) else {
            return false;
        };
        let message = FaultMessage {
            pid,
            tid: thread.tid,
            cause,
            address,
            pc: thread.registers.pc,
        };
        let wait = match self.put_notice(supervisor, &message.to_bytes()) {
            Ok(true) => Wait::Supervisor(supervisor),
            // It runs into the same fault again when there is room.
            Ok(false) => Wait::Room(supervisor),
            Err(_) => return false,
        };
        let faulted = hart.current;
        self.wait(hart, wait, u64::MAX);
        if let Some(thread) = self.threads.get_mut(faulted) {
            // It was in no call that it could make again.
            thread.interrupted_call = false;
        }
        true
    }

    /// Nobody listens at a mailbox any more: whose faults were told there have them now.
    pub fn abandon_faults(&mut self, supervisor: Id<Mailbox>) {
        let mut from = 0;
        while let Some(id) = self.threads.next_from(from) {
            from = id.index() + 1;
            let process = self
                .threads
                .get(id)
                .filter(|thread| thread.wait == Wait::Supervisor(supervisor))
                .map(|thread| thread.process);
            if let Some(process) = process {
                self.end_process(process, signal::SEGV);
            }
        }
    }

    /// `fault_answer(thread, action, registers)`: what becomes of a thread whose fault was told to a mailbox that the caller may receive from.
    ///
    /// # Errors
    /// ESRCH: no such thread waits; EPERM: for somebody else; EINVAL, EFAULT.
    pub fn answer_fault(&mut self, hart: &Hart, tid: u64, action: u64, at: u64) -> Outcome {
        let found = self
            .threads
            .iter()
            .find(|(_, thread)| u64::from(thread.tid) == tid && thread.state == State::Waiting)
            .map(|(id, thread)| (id, thread.wait, thread.process));
        let Some((id, Wait::Supervisor(supervisor), process)) = found else {
            return Err(errno::ESRCH.into());
        };
        let caller = self.processes.get(self.current_process(hart));
        let may = caller.is_some_and(|caller| {
            caller.descriptors.iter().any(|(_, entry)| {
                entry.rights.contains(Rights::READ) && entry.object == Object::Mailbox(supervisor)
            })
        });
        if !may {
            return Err(errno::EPERM.into());
        }
        match action {
            fault_answer::RESUME => self.make_ready(id),
            fault_answer::KILL => self.end_process(process, signal::SEGV),
            fault_answer::READ => self.read_registers(hart, id, at)?,
            fault_answer::RESUME_WITH => {
                self.write_registers(hart, id, at)?;
                self.make_ready(id);
            }
            _ => return Err(errno::EINVAL.into()),
        }
        Ok(0)
    }

    fn read_registers(&mut self, hart: &Hart, id: Id<Thread>, at: u64) -> Result<(), u16> {
        let registers = self.threads.get(id).ok_or(errno::ESRCH)?.registers;
        let words = core::iter::once(registers.pc).chain(registers.x);
        for (index, word) in (0..).zip(words) {
            self.write_user(hart, at.wrapping_add(8 * index), &word.to_le_bytes())?;
        }
        Ok(())
    }

    fn write_registers(&mut self, hart: &Hart, id: Id<Thread>, at: u64) -> Result<(), u16> {
        let mut registers = Registers {
            pc: self.read_user_u64(hart, at)?,
            ..Registers::default()
        };
        for (index, register) in (1..).zip(&mut registers.x) {
            *register = self.read_user_u64(hart, at.wrapping_add(8 * index))?;
        }
        let thread = self.threads.get_mut(id).ok_or(errno::ESRCH)?;
        thread.registers = registers;
        Ok(())
    }
}
