//! Calls that tell about files.

use abi::errno;
use abi::file::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, S_IFCHR, S_IFIFO, STAT_BYTES};
use abi::syscall::Syscall;
use kernel_core::descriptor::Rights;
use kernel_core::files::Stat;

use super::Outcome;
use super::file::PATH_BYTES;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::object::Object;

pub fn make(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, a3, ..] = arguments;
    let mut bytes = [0; PATH_BYTES];
    match call {
        Syscall::Fstat => {
            let stat = kernel.stat_descriptor(hart, a0)?;
            kernel.write_stat(hart, a1, &stat)
        }
        Syscall::Newfstatat => {
            let is_empty = kernel.read_path(hart, a1, &mut bytes)?.is_empty();
            let stat = if is_empty && a3 & AT_EMPTY_PATH != 0 {
                kernel.stat_descriptor(hart, a0)?
            } else {
                let (from, path) = kernel.path_argument(hart, a0, a1, &mut bytes)?;
                let node = kernel
                    .memory
                    .tree
                    .resolve(from, path, a3 & AT_SYMLINK_NOFOLLOW == 0)?;
                kernel.memory.tree.stat(node).ok_or(errno::ENOENT)?
            };
            kernel.write_stat(hart, a2, &stat)
        }
        Syscall::Faccessat => {
            let (from, path) = kernel.path_argument(hart, a0, a1, &mut bytes)?;
            kernel.memory.tree.resolve(from, path, true)?;
            Ok(0)
        }
        Syscall::Readlinkat => {
            let (from, path) = kernel.path_argument(hart, a0, a1, &mut bytes)?;
            let node = kernel.memory.tree.resolve(from, path, false)?;
            let mut target = [0; PATH_BYTES];
            let count = kernel.memory.tree.read_link(node, &mut target)?;
            let count = count.min(usize::try_from(a3).unwrap_or(usize::MAX));
            kernel.write_user(hart, a2, &target[..count])?;
            Ok(count as u64)
        }
        _ => Err(errno::ENOSYS.into()),
    }
}

impl Kernel {
    fn stat_descriptor(&self, hart: &Hart, descriptor: u64) -> Result<Stat, u16> {
        let special = |mode, device| Stat {
            inode: 0,
            mode,
            links: 1,
            size: 0,
            device,
        };
        Ok(match self.object(hart, descriptor, Rights::empty())? {
            Object::File(file) => {
                let file = self.files.get(file).ok_or(errno::EBADF)?;
                self.memory.tree.stat(file.node).ok_or(errno::EBADF)?
            }
            Object::Console => special(S_IFCHR | 0o620, 1),
            Object::Null => special(S_IFCHR | 0o666, 2),
            Object::Pipe(_) | Object::Mailbox(_) => special(S_IFIFO | 0o600, 0),
            // No kind of file.
            Object::Process(_) | Object::System => special(0o600, 0),
        })
    }

    /// Writes `struct stat` as Linux lays it out on RISC-V.
    fn write_stat(&mut self, hart: &Hart, at: u64, stat: &Stat) -> Outcome {
        const BLOCK: u64 = 4096;
        let mut bytes = [0; STAT_BYTES];
        let mut put = |offset: usize, value: &[u8]| {
            if let Some(into) = bytes.get_mut(offset..offset + value.len()) {
                into.copy_from_slice(value);
            }
        };
        put(0, &1u64.to_le_bytes());
        put(8, &stat.inode.to_le_bytes());
        put(16, &stat.mode.to_le_bytes());
        put(20, &stat.links.to_le_bytes());
        put(32, &u64::from(stat.device).to_le_bytes());
        put(48, &stat.size.to_le_bytes());
        put(56, &(BLOCK as u32).to_le_bytes());
        put(64, &(stat.size.div_ceil(512)).to_le_bytes());
        self.write_user(hart, at, &bytes)?;
        Ok(0)
    }
}
