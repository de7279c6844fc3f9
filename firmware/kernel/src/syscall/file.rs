//! Calls about descriptors and files.

use abi::errno;
use abi::file::{
    AT_FDCWD, AT_REMOVEDIR, O_ACCMODE, O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL,
    O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT,
};
use abi::syscall::Syscall;
use kernel_core::arena::Id;
use kernel_core::descriptor::Rights;
use kernel_core::files::{Files, Kind, Node};

use super::{NotNow, Outcome};
use crate::console;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::object::{Object, OpenFile};
use crate::process::job::Job;

/// Bytes that one call moves: interrupts are off meanwhile.
const AT_ONCE: usize = 1024;
/// The most that one call says it has moved, as on Linux.
const MOST: u64 = 0x7fff_f000;
/// The longest path.
pub const PATH_BYTES: usize = 512;
/// Devices in the tree of files, by their numbers.
pub mod device {
    /// `/dev/console`, `/dev/tty`.
    pub const CONSOLE: u32 = 1;
    /// `/dev/null`.
    pub const NULL: u32 = 2;
}

pub fn make(kernel: &mut Kernel, hart: &mut Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, ..] = arguments;
    match call {
        Syscall::Read => kernel.read(hart, a0, a1, a2),
        Syscall::Write => kernel.write(hart, a0, a1, a2),
        Syscall::Readv => kernel.vector(hart, a0, a1, a2, false),
        Syscall::Writev => kernel.vector(hart, a0, a1, a2, true),
        Syscall::Close => Ok(kernel.close(hart, a0)?),
        Syscall::Dup => Ok(kernel.duplicate(hart, a0, 0, false)?),
        Syscall::Dup3 => Ok(kernel.duplicate_to(hart, a0, a1, a2 & O_CLOEXEC != 0)?),
        Syscall::HandleRestrict => kernel.restrict(hart, a0, a1),
        Syscall::Fcntl => kernel.control_descriptor(hart, a0, a1, a2),
        Syscall::Openat => kernel.open(hart, a0, a1, a2, a3),
        Syscall::Lseek => kernel.seek(hart, a0, a1 as i64, a2),
        Syscall::Pipe2 => kernel.make_pipe(hart, a0, a1),
        Syscall::Ftruncate => kernel.truncate(hart, a0, a1),
        Syscall::Getdents64 => kernel.read_directory(hart, a0, a1, a2),
        Syscall::Chdir => kernel.change_directory(hart, a0),
        Syscall::Getcwd => kernel.where_it_is(hart, a0, a1),
        _ => change_tree(kernel, hart, call, arguments),
    }
}

fn change_tree(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, ..] = arguments;
    let (mut bytes, mut other) = ([0; PATH_BYTES], [0; PATH_BYTES]);
    match call {
        Syscall::Mkdirat => {
            let (from, path) = kernel.path_argument(hart, a0, a1, &mut bytes)?;
            let tree = &mut kernel.memory.tree;
            let (directory, name) = tree.resolve_parent(from, path)?;
            tree.create(directory, name, Kind::Directory, a2 as u32 & 0o777)?;
        }
        Syscall::Unlinkat => {
            let (from, path) = kernel.path_argument(hart, a0, a1, &mut bytes)?;
            let (tree, mut pages) = kernel.memory.files();
            let (directory, name) = tree.resolve_parent(from, path)?;
            tree.unlink(&mut pages, directory, name, a2 & AT_REMOVEDIR != 0)?;
        }
        Syscall::Symlinkat => {
            let target = kernel.read_path(hart, a0, &mut other)?;
            let (from, path) = kernel.path_argument(hart, a1, a2, &mut bytes)?;
            let tree = &mut kernel.memory.tree;
            let (directory, name) = tree.resolve_parent(from, path)?;
            tree.make_link(directory, name, target)?;
        }
        Syscall::Renameat2 => {
            let (from, path) = kernel.path_argument(hart, a0, a1, &mut bytes)?;
            let (to, to_path) = kernel.path_argument(hart, a2, a3, &mut other)?;
            let (tree, mut pages) = kernel.memory.files();
            let (directory, name) = tree.resolve_parent(from, path)?;
            let (to_directory, to_name) = tree.resolve_parent(to, to_path)?;
            tree.rename(&mut pages, directory, name, to_directory, to_name)?;
        }
        _ => return Err(errno::ENOSYS.into()),
    }
    Ok(0)
}

/// What a node is.
fn kind(tree: &Files<'_>, node: Node) -> Option<Kind> {
    let stat = tree.stat(node)?;
    Some(match stat.mode & S_IFMT {
        S_IFDIR => Kind::Directory,
        S_IFLNK => Kind::Link,
        S_IFCHR => Kind::Device(stat.device),
        _ => Kind::File,
    })
}

impl Kernel {
    /// A path and where it begins: at a directory's descriptor, or where the process is.
    ///
    /// # Errors
    /// EBADF, ENOTDIR, EFAULT, ENAMETOOLONG.
    pub fn path_argument<'b>(
        &mut self,
        hart: &Hart,
        directory: u64,
        path_at: u64,
        bytes: &'b mut [u8],
    ) -> Result<(Node, &'b [u8]), u16> {
        let path = self.read_path(hart, path_at, bytes)?;
        if path.starts_with(b"/") {
            return Ok((self.memory.tree.root(), path));
        }
        if i64::from(directory as i32) == AT_FDCWD {
            let process = self.current_process(hart);
            let process = self.processes.get(process).ok_or(errno::EBADF)?;
            return Ok((process.directory, path));
        }
        match self.object(hart, directory, Rights::empty())? {
            Object::File(file) => {
                let file = self.files.get(file).ok_or(errno::EBADF)?;
                Ok((file.node, path))
            }
            _ => Err(errno::ENOTDIR),
        }
    }

    fn open(&mut self, hart: &Hart, at: u64, path_at: u64, flags: u64, mode: u64) -> Outcome {
        let mut bytes = [0; PATH_BYTES];
        let (from, path) = self.path_argument(hart, at, path_at, &mut bytes)?;
        let node = self.find_or_make(from, path, flags, mode)?;
        let (tree, mut pages) = self.memory.files();
        let kind = kind(tree, node).ok_or(errno::ENOENT)?;
        let writes = flags & O_ACCMODE != O_RDONLY;
        match kind {
            Kind::Directory if writes => return Err(errno::EISDIR.into()),
            Kind::Directory => {}
            _ if flags & O_DIRECTORY != 0 => return Err(errno::ENOTDIR.into()),
            Kind::Link => return Err(errno::ELOOP.into()),
            Kind::File if flags & O_TRUNC != 0 && writes => tree.truncate(&mut pages, node, 0)?,
            Kind::File | Kind::Device(_) => {}
        }
        let process = self.current_process(hart);
        let job = self.processes.get(process).ok_or(errno::ESRCH)?.job;
        let object = self.open_object(job, node, kind, flags)?;
        let mut entry = Self::entry(object);
        entry.close_on_exec = flags & O_CLOEXEC != 0;
        entry.flags = (flags & (O_NONBLOCK | O_APPEND)) as u32;
        entry.rights = match flags & O_ACCMODE {
            O_RDONLY => Rights::READ | Rights::CONTROL,
            O_WRONLY => Rights::WRITE | Rights::CONTROL,
            _ => Rights::READ | Rights::WRITE | Rights::CONTROL,
        };
        // Held here, so that a full table takes it all back.
        self.retain(&entry);
        let installed = self.install(process, entry);
        self.release(&entry);
        Ok(installed?)
    }

    fn find_or_make(
        &mut self,
        from: Node,
        path: &[u8],
        flags: u64,
        mode: u64,
    ) -> Result<Node, u16> {
        let tree = &mut self.memory.tree;
        let found = tree.resolve(from, path, flags & O_NOFOLLOW == 0);
        if flags & O_CREAT == 0 {
            return found;
        }
        match found {
            Ok(_) if flags & O_EXCL != 0 => Err(errno::EEXIST),
            Err(errno::ENOENT) => {
                let (directory, name) = tree.resolve_parent(from, path)?;
                tree.create(directory, name, Kind::File, mode as u32 & 0o777)
            }
            other => other,
        }
    }

    fn open_object(
        &mut self,
        job: Id<Job>,
        node: Node,
        kind: Kind,
        flags: u64,
    ) -> Result<Object, u16> {
        match kind {
            Kind::Device(device::CONSOLE) => return Ok(Object::Console),
            Kind::Device(device::NULL) => return Ok(Object::Null),
            Kind::Device(_) => return Err(errno::ENODEV),
            _ => {}
        }
        self.admit_object(job)?;
        let file = OpenFile {
            node,
            append: flags & O_APPEND != 0,
            job,
            ..OpenFile::default()
        };
        let Ok(id) = self.files.insert(file) else {
            self.object_left(job);
            return Err(errno::ENFILE);
        };
        self.memory.tree.open(node);
        Ok(Object::File(id))
    }

    /// `read`.
    fn read(&mut self, hart: &Hart, descriptor: u64, into: u64, length: u64) -> Outcome {
        let object = self.object(hart, descriptor, Rights::READ)?;
        let blocks = !self.is_nonblocking(hart, descriptor);
        match object {
            Object::Console => self.read_console(hart, into, length, blocks),
            Object::Null => Ok(0),
            Object::Pipe(pipe) => self.read_pipe(hart, pipe, into, length, blocks),
            Object::File(file) => self.read_file(hart, file, into, length),
            Object::Mailbox(_) | Object::Process(_) | Object::System => Err(errno::EINVAL.into()),
        }
    }

    /// `write`.
    fn write(&mut self, hart: &Hart, descriptor: u64, from: u64, length: u64) -> Outcome {
        let object = self.object(hart, descriptor, Rights::WRITE)?;
        let blocks = !self.is_nonblocking(hart, descriptor);
        match object {
            Object::Console => self.write_console(hart, from, length),
            Object::Null => Ok(length.min(MOST)),
            Object::Pipe(pipe) => self.write_pipe(hart, pipe, from, length, blocks),
            Object::File(file) => self.write_file(hart, file, from, length),
            Object::Mailbox(_) | Object::Process(_) | Object::System => Err(errno::EINVAL.into()),
        }
    }

    fn is_nonblocking(&self, hart: &Hart, descriptor: u64) -> bool {
        let process = self.processes.get(self.current_process(hart));
        let entry = process.and_then(|process| process.descriptors.get(descriptor).ok());
        entry.is_some_and(|entry| u64::from(entry.flags) & O_NONBLOCK != 0)
    }

    fn write_console(&mut self, hart: &Hart, from: u64, length: u64) -> Outcome {
        /// The port is slow on real machines.
        const CONSOLE_AT_ONCE: usize = 256;
        let mut bytes = [0; CONSOLE_AT_ONCE];
        let count = length.min(CONSOLE_AT_ONCE as u64) as usize;
        self.read_user(hart, from, &mut bytes[..count])?;
        console::write_bytes(&bytes[..count]);
        Ok(count as u64)
    }

    fn read_file(&mut self, hart: &Hart, id: Id<OpenFile>, into: u64, length: u64) -> Outcome {
        let file = self.files.get(id).ok_or(errno::EBADF)?;
        let (node, offset) = (file.node, file.offset);
        let mut bytes = [0; AT_ONCE];
        let count = length.min(AT_ONCE as u64) as usize;
        let (tree, pages) = self.memory.files();
        let count = tree.read(&pages, node, offset, &mut bytes[..count])?;
        self.write_user(hart, into, &bytes[..count])?;
        if let Some(file) = self.files.get_mut(id) {
            file.offset += count as u64;
        }
        Ok(count as u64)
    }

    fn write_file(&mut self, hart: &Hart, id: Id<OpenFile>, from: u64, length: u64) -> Outcome {
        let mut bytes = [0; AT_ONCE];
        let count = length.min(AT_ONCE as u64) as usize;
        self.read_user(hart, from, &mut bytes[..count])?;
        let file = self.files.get(id).ok_or(errno::EBADF)?;
        let node = file.node;
        let offset = match file.append {
            true => self.memory.tree.stat(node).map_or(0, |stat| stat.size),
            false => file.offset,
        };
        let (tree, mut pages) = self.memory.files();
        // What an earlier, longer content left behind is cleared first, in pieces.
        let count = match tree.write(&mut pages, node, offset, &bytes[..count]) {
            Err(errno::EAGAIN) => return Err(NotNow::Again),
            other => other?,
        };
        if let Some(file) = self.files.get_mut(id) {
            file.offset = offset + count as u64;
        }
        Ok(count as u64)
    }

    /// `readv` and `writev`: the first part that is not empty; callers take a short count.
    fn vector(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        parts: u64,
        count: u64,
        writes: bool,
    ) -> Outcome {
        const MOST: u64 = 1024;
        if count > MOST {
            return Err(errno::EINVAL.into());
        }
        let mut done = 0;
        for index in 0..count {
            let at = parts.wrapping_add(16 * index);
            let start = self.read_user_u64(hart, at)?;
            let length = self.read_user_u64(hart, at.wrapping_add(8))?;
            if length == 0 {
                continue;
            }
            let moved = match writes {
                true => self.write(hart, descriptor, start, length),
                false => self.read(hart, descriptor, start, length),
            };
            match moved {
                Ok(moved) => {
                    done += moved;
                    if moved < length {
                        break;
                    }
                }
                // What was moved before counts.
                Err(_) if done > 0 => break,
                Err(other) => return Err(other),
            }
        }
        Ok(done)
    }

    fn restrict(&mut self, hart: &Hart, descriptor: u64, rights: u64) -> Outcome {
        let process = self.current_process(hart);
        let record = self.processes.get_mut(process).ok_or(errno::EBADF)?;
        let rights = Rights::from_bits_truncate(rights as u32);
        let new = record.descriptors.duplicate(descriptor, 0, rights)?;
        let entry = *record.descriptors.get(u64::from(new))?;
        self.retain(&entry);
        Ok(u64::from(new))
    }

    fn control_descriptor(
        &mut self,
        hart: &Hart,
        descriptor: u64,
        command: u64,
        argument: u64,
    ) -> Outcome {
        const F_DUPFD: u64 = 0;
        const F_GETFD: u64 = 1;
        const F_SETFD: u64 = 2;
        const F_GETFL: u64 = 3;
        const F_SETFL: u64 = 4;
        const F_DUPFD_CLOEXEC: u64 = 1030;
        if command == F_DUPFD || command == F_DUPFD_CLOEXEC {
            let close_on_exec = command == F_DUPFD_CLOEXEC;
            return Ok(self.duplicate(hart, descriptor, argument, close_on_exec)?);
        }
        let process = self.current_process(hart);
        let record = self.processes.get_mut(process).ok_or(errno::EBADF)?;
        let entry = record.descriptors.get_mut(descriptor)?;
        match command {
            F_GETFD => Ok(u64::from(entry.close_on_exec)),
            F_SETFD => {
                entry.close_on_exec = argument & 1 != 0;
                Ok(0)
            }
            F_GETFL => {
                let access = match (
                    entry.rights.contains(Rights::READ),
                    entry.rights.contains(Rights::WRITE),
                ) {
                    (true, true) => 2,
                    (false, true) => 1,
                    _ => 0,
                };
                Ok(u64::from(entry.flags) | access)
            }
            F_SETFL => {
                entry.flags = (argument & (O_NONBLOCK | O_APPEND)) as u32;
                Ok(0)
            }
            _ => Err(errno::EINVAL.into()),
        }
    }

    fn seek(&mut self, hart: &Hart, descriptor: u64, offset: i64, whence: u64) -> Outcome {
        let Object::File(id) = self.object(hart, descriptor, Rights::empty())? else {
            return Err(errno::ESPIPE.into());
        };
        let file = self.files.get_mut(id).ok_or(errno::EBADF)?;
        let base = match whence {
            0 => 0,
            1 => file.offset,
            2 => self.memory.tree.stat(file.node).map_or(0, |stat| stat.size),
            _ => return Err(errno::EINVAL.into()),
        };
        let place = base
            .checked_add_signed(offset)
            .filter(|&at| at <= i64::MAX as u64);
        file.offset = place.ok_or(errno::EINVAL)?;
        Ok(file.offset)
    }

    fn truncate(&mut self, hart: &Hart, descriptor: u64, size: u64) -> Outcome {
        let Object::File(id) = self.object(hart, descriptor, Rights::WRITE)? else {
            return Err(errno::EINVAL.into());
        };
        let node = self.files.get(id).ok_or(errno::EBADF)?.node;
        let (tree, mut pages) = self.memory.files();
        tree.truncate(&mut pages, node, size)?;
        Ok(0)
    }

    /// `getdents64`: as many entries as fit.
    fn read_directory(&mut self, hart: &Hart, descriptor: u64, into: u64, length: u64) -> Outcome {
        const HEAD: usize = 19;
        let Object::File(id) = self.object(hart, descriptor, Rights::READ)? else {
            return Err(errno::ENOTDIR.into());
        };
        let file = self.files.get(id).ok_or(errno::EBADF)?;
        let (node, mut cookie) = (file.node, file.offset);
        if kind(&self.memory.tree, node) != Some(Kind::Directory) {
            return Err(errno::ENOTDIR.into());
        }
        let mut bytes = [0u8; AT_ONCE];
        let room = length.min(AT_ONCE as u64) as usize;
        let mut done = 0;
        while let Some((next, name, entry, kind)) = self.memory.tree.entries(node, cookie) {
            let size = (HEAD + name.len() + 1).next_multiple_of(8);
            let Some(record) = bytes[..room].get_mut(done..done + size) else {
                break;
            };
            let kind: u8 = match kind {
                Kind::Directory => 4,
                Kind::File => 8,
                Kind::Link => 10,
                Kind::Device(_) => 2,
            };
            record[..8].copy_from_slice(&(entry.index() as u64 + 1).to_le_bytes());
            record[8..16].copy_from_slice(&next.to_le_bytes());
            record[16..18].copy_from_slice(&(size as u16).to_le_bytes());
            record[18] = kind;
            record[HEAD..HEAD + name.len()].copy_from_slice(name);
            done += size;
            cookie = next;
        }
        let more = self.memory.tree.entries(node, cookie).is_some();
        if done == 0 && more {
            return Err(errno::EINVAL.into());
        }
        self.write_user(hart, into, &bytes[..done])?;
        if let Some(file) = self.files.get_mut(id) {
            file.offset = cookie;
        }
        Ok(done as u64)
    }

    fn change_directory(&mut self, hart: &Hart, path_at: u64) -> Outcome {
        let mut bytes = [0; PATH_BYTES];
        let (from, path) = self.path_argument(hart, AT_FDCWD as u64, path_at, &mut bytes)?;
        let node = self.memory.tree.resolve(from, path, true)?;
        if kind(&self.memory.tree, node) != Some(Kind::Directory) {
            return Err(errno::ENOTDIR.into());
        }
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::ESRCH)?;
        process.directory = node;
        Ok(0)
    }

    fn where_it_is(&mut self, hart: &Hart, into: u64, length: u64) -> Outcome {
        let process = self.current_process(hart);
        let process = self.processes.get(process).ok_or(errno::ESRCH)?;
        let mut bytes = [0; PATH_BYTES];
        let count = self.memory.tree.path(process.directory, &mut bytes)?;
        if count + 1 > bytes.len() || count as u64 + 1 > length {
            return Err(errno::ERANGE.into());
        }
        bytes[count] = 0;
        self.write_user(hart, into, &bytes[..=count])?;
        Ok(count as u64 + 1)
    }
}
