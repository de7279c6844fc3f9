//! The end of a process, and how its parent learns of it.

use abi::errno;
use kernel_core::arena::Id;

use super::thread::Wait;
use super::{Descriptor, Process, State};
use crate::arch::sbi;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::memory::space::{Space, kernel_satp};
use crate::memory::user;
use crate::println;
use crate::syscall::Outcome;

/// `wait4`: do not wait.
const WNOHANG: u64 = 1;

/// Ends the process of the thread that runs. `status` is the wait status: a signal, or an exit status shifted by eight.
pub fn end_process(kernel: &mut Kernel, hart: &mut Hart, status: u32) {
    let id = kernel.current_process(hart);
    if id == kernel.init {
        end_machine(status);
    }
    let thread = hart.current;
    // The process's root must not be in use when it goes.
    hart.current = Id::NONE;
    hart.use_space(kernel_satp(kernel.root));
    kernel.forget_thread(thread);
    kernel.bury(id, status);
}

fn end_machine(status: u32) -> ! {
    let failed = status != 0;
    if failed {
        println!("fawn: init has ended with wait status {status:#x}");
    }
    sbi::shut_down(failed)
}

impl Kernel {
    /// Takes everything from a process but its number and its status.
    fn bury(&mut self, id: Id<Process>, status: u32) {
        let Some(process) = self.processes.get_mut(id) else {
            return;
        };
        process.state = State::Zombie;
        process.status = status;
        let parent = process.parent;
        let space = core::mem::take(&mut process.space);
        let descriptors = core::mem::take(&mut process.descriptors);
        space.free(&mut self.memory, &mut self.account);
        for descriptor in descriptors {
            if descriptor != Descriptor::Free {
                self.close_descriptor(descriptor);
            }
        }
        self.adopt_children(id);
        self.wake_parent(parent);
    }

    /// Gives a process's children to init.
    fn adopt_children(&mut self, id: Id<Process>) {
        let init = self.init;
        let mut from = 0;
        while let Some(child) = self.processes.next_from(from) {
            from = child.index() + 1;
            if let Some(child) = self.processes.get_mut(child)
                && child.parent == id
            {
                child.parent = init;
            }
        }
        self.wake_parent(init);
    }

    fn wake_parent(&mut self, parent: Id<Process>) {
        self.wake_if(|thread| thread.process == parent && thread.wait == Wait::Child);
    }

    /// `wait4`: the number of a child that has ended, its status written where the caller says.
    pub fn wait_for_child(
        &mut self,
        hart: &Hart,
        who: i64,
        status_at: u64,
        options: u64,
    ) -> Outcome {
        let parent = self.current_process(hart);
        let is_meant = |process: &Process| {
            process.parent == parent && (who <= 0 || i64::from(process.pid) == who)
        };
        let mut found = None;
        let mut children = 0;
        for (id, process) in self
            .processes
            .iter()
            .filter(|(_, process)| is_meant(process))
        {
            children += 1;
            // The oldest first, so that the order does not depend on where records lie.
            if process.state == State::Zombie && found.is_none_or(|(_, pid, _)| process.pid < pid) {
                found = Some((id, process.pid, process.status));
            }
        }
        let Some((id, pid, status)) = found else {
            return match (children, options & WNOHANG) {
                (0, _) => Err(errno::ECHILD.into()),
                (_, 0) => Err(Wait::Child.into()),
                _ => Ok(0),
            };
        };
        if status_at != 0 {
            let space: &mut Space = &mut self.processes.get_mut(parent).ok_or(errno::EFAULT)?.space;
            user::write(&mut self.memory, space, status_at, &status.to_le_bytes())?;
        }
        self.processes.remove(id);
        Ok(u64::from(pid))
    }
}
