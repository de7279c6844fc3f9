//! What descriptors lead to, and how many lead there.

use abi::errno;
use abi::layout::Record;
use kernel_core::arena::{Id, Slot};
use kernel_core::descriptor::{Entry, Rights, Table};
use kernel_core::files::Node;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::mailbox::Mailbox;
use crate::pipe::{self, Pipe};
use crate::process::Process;
use crate::process::job::Job;

/// The most descriptors of a process.
pub const DESCRIPTORS: usize = 64;

/// A process's descriptors.
pub type Descriptors = Table<Object, DESCRIPTORS>;

/// What a descriptor leads to.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Object {
    /// The console.
    #[default]
    Console,
    /// Nothing to read, and everything written is lost.
    Null,
    /// A file or directory, opened.
    File(Id<OpenFile>),
    /// A pipe, at the end that the descriptor's rights say.
    Pipe(Id<Pipe>),
    /// A mailbox, to do what the descriptor's rights say.
    Mailbox(Id<Mailbox>),
    /// A process: to be looked at, or to be signalled.
    Process(Id<Process>),
    /// The whole system: to be looked at, or to be ended.
    System,
}

/// A file that is open: descriptors that were copied share its place.
#[repr(C)]
#[derive(Debug, Default)]
pub struct OpenFile {
    /// Which file.
    pub node: Node,
    /// Where the next read or write is; of a directory, the cookie of the last entry read.
    pub offset: u64,
    /// Every write goes to the end.
    pub append: bool,
    /// Descriptors that lead here, in all processes.
    pub descriptors: u32,
    /// The job that has opened it.
    pub job: Id<Job>,
}

/// Where tools find what an open file is, and what a descriptor leads to. A slot of the table is in use while its bit in `descriptors.used` is set.
pub const FIELDS: &[&[Record]] = &[
    &abi::fields!("file", OpenFile; Slot<OpenFile>: node, offset, append, descriptors),
    &abi::fields!("descriptor", Entry<Object>: object, rights, close_on_exec, flags),
    kernel_core::descriptor::fields::<Object, DESCRIPTORS>(),
];

impl Kernel {
    /// What a descriptor of the hart's process leads to.
    ///
    /// # Errors
    /// EBADF: nothing, or not with these rights.
    pub fn object(&self, hart: &Hart, descriptor: u64, rights: Rights) -> Result<Object, u16> {
        let process = self.current_process(hart);
        let process = self.processes.get(process).ok_or(errno::EBADF)?;
        let entry = process.descriptors.get_with(descriptor, rights)?;
        Ok(entry.object)
    }

    /// Puts an object under the lowest free number of a process; one more descriptor leads there.
    ///
    /// # Errors
    /// EMFILE.
    pub fn install(&mut self, process: Id<Process>, entry: Entry<Object>) -> Result<u64, u16> {
        let record = self.processes.get_mut(process).ok_or(errno::ESRCH)?;
        let descriptor = record.descriptors.install(entry)?;
        self.retain(&entry);
        Ok(u64::from(descriptor))
    }

    /// One more descriptor leads to an object.
    pub fn retain(&mut self, entry: &Entry<Object>) {
        match entry.object {
            Object::File(file) => {
                if let Some(file) = self.files.get_mut(file) {
                    file.descriptors += 1;
                }
            }
            Object::Pipe(pipe) => {
                if let Some(pipe) = self.pipes.get_mut(pipe) {
                    pipe.retain(entry.rights);
                }
            }
            Object::Mailbox(mailbox) => {
                if let Some(mailbox) = self.mailboxes.get_mut(mailbox) {
                    mailbox.retain(entry.rights);
                }
            }
            // A handle keeps no process: its name finds nothing once that is gone.
            Object::Console | Object::Null | Object::Process(_) | Object::System => {}
        }
    }

    /// A descriptor is gone; with the last one the object is.
    pub fn release(&mut self, entry: &Entry<Object>) {
        match entry.object {
            Object::File(file) => self.release_file(file),
            Object::Pipe(pipe) => pipe::release(self, pipe, entry.rights),
            Object::Mailbox(mailbox) => self.release_mailbox(mailbox, entry.rights),
            Object::Console | Object::Null | Object::Process(_) | Object::System => {}
        }
    }

    fn release_file(&mut self, id: Id<OpenFile>) {
        let Some(file) = self.files.get_mut(id) else {
            return;
        };
        file.descriptors -= 1;
        if file.descriptors == 0 {
            let (node, job) = (file.node, file.job);
            self.files.remove(id);
            let (tree, mut pages) = self.memory.files();
            tree.close(&mut pages, node);
            self.object_left(job);
        }
    }

    /// A copy of a process was made: everything has one more descriptor.
    pub fn retain_descriptors(&mut self, process: Id<Process>) {
        let mut from = 0;
        while let Some(record) = self.processes.get(process)
            && let Some((descriptor, &entry)) = record.descriptors.next_from(from)
        {
            self.retain(&entry);
            from = descriptor + 1;
        }
    }

    /// Closes everything.
    pub fn release_descriptors(&mut self, process: Id<Process>) {
        while let Some(record) = self.processes.get_mut(process)
            && let Some(entry) = record.descriptors.take_any()
        {
            self.release(&entry);
        }
    }

    /// Closes what the next program is not to have.
    pub fn close_on_exec(&mut self, process: Id<Process>) {
        while let Some(record) = self.processes.get_mut(process)
            && let Some(entry) = record.descriptors.take_close_on_exec()
        {
            self.release(&entry);
        }
    }

    /// `close`.
    ///
    /// # Errors
    /// EBADF.
    pub fn close(&mut self, hart: &Hart, descriptor: u64) -> Result<u64, u16> {
        let process = self.current_process(hart);
        let record = self.processes.get_mut(process).ok_or(errno::EBADF)?;
        let entry = record.descriptors.close(descriptor)?;
        self.release(&entry);
        Ok(0)
    }

    /// `dup`, and `fcntl(F_DUPFD)`: the lowest free number from `least` on.
    ///
    /// # Errors
    /// EBADF, EMFILE.
    pub fn duplicate(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        least: u64,
        close_on_exec: bool,
    ) -> Result<u64, u16> {
        let process = self.current_process(hart);
        let record = self.processes.get_mut(process).ok_or(errno::EBADF)?;
        let mut entry = *record.descriptors.get(descriptor)?;
        entry.close_on_exec = close_on_exec;
        let least = u32::try_from(least).map_err(|_| errno::EINVAL)?;
        let new = record.descriptors.install_from(entry, least)?;
        self.retain(&entry);
        Ok(u64::from(new))
    }

    /// `dup3`: under a certain number, whatever was there.
    ///
    /// # Errors
    /// EBADF; EINVAL for the same number.
    pub fn duplicate_to(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        to: u64,
        close_on_exec: bool,
    ) -> Result<u64, u16> {
        if descriptor == to {
            return Err(errno::EINVAL);
        }
        let process = self.current_process(hart);
        let record = self.processes.get_mut(process).ok_or(errno::EBADF)?;
        let mut entry = *record.descriptors.get(descriptor)?;
        entry.close_on_exec = close_on_exec;
        let before = record.descriptors.replace(to, entry)?;
        self.retain(&entry);
        if let Some(before) = before {
            self.release(&before);
        }
        Ok(to)
    }

    /// A descriptor's entry with everything allowed.
    pub fn entry(object: Object) -> Entry<Object> {
        Entry {
            object,
            rights: Rights::READ | Rights::WRITE | Rights::CONTROL,
            close_on_exec: false,
            flags: 0,
        }
    }
}
