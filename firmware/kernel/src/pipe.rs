//! Pipes: bytes from writers to readers, through one frame.

use abi::errno;
use abi::layout::Record;
use kernel_core::arena::{Id, Slot};
use kernel_core::descriptor::Rights;
use kernel_core::frame::FrameNumber;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::PAGE;
use crate::memory::{direct, user};
use crate::object::Object;
use crate::process::job::Job;
use crate::process::signal;
use crate::process::thread::Wait;
use crate::syscall::Outcome;

/// Bytes that a pipe holds.
const CAPACITY: u32 = PAGE as u32;
/// Bytes that one call moves: interrupts are off meanwhile.
const AT_ONCE: usize = 1024;

/// A pipe.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Pipe {
    buffer: FrameNumber,
    /// Where the oldest byte is.
    first: u32,
    /// Bytes in it.
    count: u32,
    /// Descriptors to read by.
    readers: u32,
    /// Descriptors to write by.
    writers: u32,
    /// The job that has made it.
    job: Id<Job>,
}

/// Where tools find what a pipe is.
pub const FIELDS: &[Record] =
    &abi::fields!("pipe", Pipe; Slot<Pipe>: buffer, first, count, readers, writers);

impl Pipe {
    /// One more descriptor with these rights leads here.
    pub fn retain(&mut self, rights: Rights) {
        self.readers += u32::from(rights.contains(Rights::READ));
        self.writers += u32::from(rights.contains(Rights::WRITE));
    }

    /// Whether a read would give something, or the end.
    pub const fn can_read(&self) -> bool {
        self.count > 0 || self.writers == 0
    }

    /// Whether a write would take something, or fail.
    pub const fn can_write(&self) -> bool {
        self.count < CAPACITY || self.readers == 0
    }

    /// Whether the other end is gone.
    pub const fn is_broken(&self) -> bool {
        self.readers == 0 || self.writers == 0
    }
}

/// A descriptor is gone; who waits at the other end finds out when it was the last.
pub fn release(kernel: &mut Kernel, id: Id<Pipe>, rights: Rights) {
    let Some(pipe) = kernel.pipes.get_mut(id) else {
        return;
    };
    pipe.readers -= u32::from(rights.contains(Rights::READ));
    pipe.writers -= u32::from(rights.contains(Rights::WRITE));
    if pipe.readers == 0 && pipe.writers == 0 {
        let (buffer, job) = (pipe.buffer, pipe.job);
        kernel.pipes.remove(id);
        kernel.release_for(job, buffer);
        kernel.object_left(job);
    } else {
        kernel.wake(Wait::Pipe(id));
    }
}

impl Kernel {
    /// `pipe2(descriptors, flags)`: one to read by, one to write by.
    ///
    /// # Errors
    /// EMFILE, ENFILE, ENOMEM, EFAULT.
    pub fn make_pipe(&mut self, hart: &Hart, at: u64, flags: u64) -> Outcome {
        let process = self.current_process(hart);
        let job = self.processes.get(process).ok_or(errno::ESRCH)?.job;
        self.admit_object(job)?;
        let Some(buffer) = self.take_for(job) else {
            self.object_left(job);
            return Err(errno::ENOMEM.into());
        };
        let pipe = Pipe {
            buffer,
            job,
            ..Pipe::default()
        };
        let Ok(id) = self.pipes.insert(pipe) else {
            self.release_for(job, buffer);
            self.object_left(job);
            return Err(errno::ENFILE.into());
        };
        let mut entry = Self::entry(Object::Pipe(id));
        entry.close_on_exec = flags & abi::file::O_CLOEXEC != 0;
        entry.flags = (flags & abi::file::O_NONBLOCK) as u32;
        entry.rights = Rights::READ;
        // Held here, so that a failure in between takes it all back.
        self.retain(&entry);
        let made = self.install_pipe(process, entry, at);
        self.release(&entry);
        made?;
        Ok(0)
    }

    fn install_pipe(
        &mut self,
        process: Id<crate::process::Process>,
        mut entry: kernel_core::descriptor::Entry<Object>,
        at: u64,
    ) -> Result<(), u16> {
        let reader = self.install(process, entry)?;
        entry.rights = Rights::WRITE;
        let writer = self.install(process, entry);
        let told = writer.and_then(|writer| {
            let record = self.processes.get_mut(process).ok_or(errno::ESRCH)?;
            let mut bytes = [0; 8];
            bytes[..4].copy_from_slice(&(reader as u32).to_le_bytes());
            bytes[4..].copy_from_slice(&(writer as u32).to_le_bytes());
            user::write(&mut self.memory, &mut record.space, at, &bytes)
        });
        if let Err(error) = told {
            for descriptor in [Some(reader), writer.ok()].into_iter().flatten() {
                let record = self.processes.get_mut(process);
                let closed = record.and_then(|record| record.descriptors.close(descriptor).ok());
                if let Some(entry) = closed {
                    self.release(&entry);
                }
            }
            return Err(error);
        }
        Ok(())
    }

    /// Takes bytes out; 0 at the end.
    pub fn read_pipe(
        &mut self,
        hart: &Hart,
        id: Id<Pipe>,
        into: u64,
        length: u64,
        blocks: bool,
    ) -> Outcome {
        let pipe = self.pipes.get_mut(id).ok_or(errno::EBADF)?;
        if pipe.count == 0 {
            return match (pipe.writers, blocks) {
                (0, _) => Ok(0),
                (_, true) => Err(Wait::Pipe(id).into()),
                (_, false) => Err(errno::EAGAIN.into()),
            };
        }
        let mut bytes = [0; AT_ONCE];
        let count = (pipe.count as usize).min(length.min(AT_ONCE as u64) as usize);
        let first = direct::read_bytes(pipe.buffer, pipe.first as usize, &mut bytes[..count]);
        direct::read_bytes(pipe.buffer, 0, &mut bytes[first..count]);
        self.write_user(hart, into, &bytes[..count])?;
        let pipe = self.pipes.get_mut(id).ok_or(errno::EBADF)?;
        pipe.first = (pipe.first + count as u32) % CAPACITY;
        pipe.count -= count as u32;
        self.wake(Wait::Pipe(id));
        Ok(count as u64)
    }

    /// Puts bytes in, as many as there is room for.
    pub fn write_pipe(
        &mut self,
        hart: &Hart,
        id: Id<Pipe>,
        from: u64,
        length: u64,
        blocks: bool,
    ) -> Outcome {
        let pipe = self.pipes.get(id).ok_or(errno::EBADF)?;
        if pipe.readers == 0 {
            let process = self.current_process(hart);
            self.raise(process, signal::PIPE);
            return Err(errno::EPIPE.into());
        }
        let room = (CAPACITY - pipe.count) as usize;
        let wanted = length.min(AT_ONCE as u64) as usize;
        // Writes of up to so many bytes are not torn apart (POSIX's PIPE_BUF, but for its size).
        if room < wanted {
            return match blocks {
                true => Err(Wait::Pipe(id).into()),
                false => Err(errno::EAGAIN.into()),
            };
        }
        let mut bytes = [0; AT_ONCE];
        self.read_user(hart, from, &mut bytes[..wanted])?;
        let pipe = self.pipes.get_mut(id).ok_or(errno::EBADF)?;
        let at = (pipe.first + pipe.count) % CAPACITY;
        let first = direct::write_bytes(pipe.buffer, at as usize, &bytes[..wanted]);
        direct::write_bytes(pipe.buffer, 0, &bytes[first..wanted]);
        pipe.count += wanted as u32;
        self.wake(Wait::Pipe(id));
        Ok(wanted as u64)
    }
}
