//! Fork: a process becomes two.

use abi::errno;
use kernel_core::arena::Id;

use super::thread::Thread;
use super::{Descriptor, Pid, Process};
use crate::arch::{csr, fpu};
use crate::hart::Hart;
use crate::kernel::Kernel;

impl Kernel {
    /// Copies the process of the thread that runs; the copy's number. The copy sees 0 as the result of the call.
    ///
    /// # Errors
    /// Too little memory, or too many processes or threads.
    pub fn fork(&mut self, hart: &mut Hart) -> Result<Pid, u16> {
        let parent_id = self.current_process(hart);
        let child = self.copy_thread(hart)?;
        let thread_id = self.threads.insert(child).map_err(|_| errno::EAGAIN)?;
        match self.copy_process(parent_id, thread_id) {
            Ok((id, pid)) => {
                if let Some(thread) = self.threads.get_mut(thread_id) {
                    thread.process = id;
                }
                self.make_ready(thread_id);
                Ok(pid)
            }
            Err(error) => {
                self.threads.remove(thread_id);
                Err(error)
            }
        }
    }

    fn copy_thread(&mut self, hart: &mut Hart) -> Result<Thread, u16> {
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        if hart.return_status & csr::SSTATUS_FS == csr::FS_DIRTY {
            fpu::save(&mut thread.float);
            hart.return_status = csr::SSTATUS_SPIE | csr::FS_CLEAN;
        }
        let mut registers = thread.registers;
        registers.set_result(0);
        registers.pc += 4; // behind the `ecall`
        Ok(Thread {
            registers,
            float: thread.float,
            affinity: thread.affinity,
            ..Thread::default()
        })
    }

    fn copy_process(
        &mut self,
        parent_id: Id<Process>,
        thread: Id<Thread>,
    ) -> Result<(Id<Process>, Pid), u16> {
        let parent = self.processes.get_mut(parent_id).ok_or(errno::EINVAL)?;
        let space = parent
            .space
            .duplicate(&mut self.memory, &mut self.account, self.root)?;
        let pid = self.next_pid;
        let child = Process {
            pid,
            parent: parent_id,
            thread,
            space,
            descriptors: parent.descriptors,
            kept_on_exec: parent.kept_on_exec,
            name: parent.name,
            ..Process::default()
        };
        let descriptors = child.descriptors;
        let id = match self.processes.insert(child) {
            Ok(id) => id,
            Err(full) => {
                full.0.space.free(&mut self.memory, &mut self.account);
                return Err(errno::EAGAIN);
            }
        };
        self.next_pid += 1;
        for descriptor in descriptors {
            if let Descriptor::Mailbox(mailbox) = descriptor
                && let Some(mailbox) = self.mailboxes.get_mut(mailbox)
            {
                mailbox.descriptors += 1;
            }
        }
        Ok((id, pid))
    }
}
