//! Calls about the caller's memory.

use abi::errno;
use abi::syscall::Syscall;
use kernel_core::page_table::Permissions;
use kernel_core::region::{Kind, Region};

use super::{NotNow, Outcome};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::{MMAP_END, MMAP_FLOOR, PAGE, USER_END};
use crate::memory::space::Progress;

const MAP_SHARED: u64 = 1;
const MAP_PRIVATE: u64 = 2;
const MAP_TYPE: u64 = 15;
const MAP_FIXED: u64 = 0x10;
const MAP_ANONYMOUS: u64 = 0x20;
const MAP_FIXED_NOREPLACE: u64 = 0x10_0000;

pub fn make(kernel: &mut Kernel, hart: &Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, ..] = arguments;
    match call {
        Syscall::Brk => kernel.move_break(hart, a0),
        Syscall::Mmap => kernel.map(hart, arguments),
        Syscall::Munmap => kernel.unmap(hart, a0, a1),
        Syscall::Mprotect => kernel.protect(hart, a0, a1, a2),
        Syscall::Madvise => kernel.advise(hart, a0, a1, a2),
        _ => Err(errno::ENOSYS.into()),
    }
}

/// What PROT_READ, PROT_WRITE and PROT_EXEC ask for.
fn permissions(protection: u64) -> Result<Permissions, u16> {
    let mut permissions = Permissions::empty();
    permissions.set(Permissions::READ, protection & 1 != 0);
    permissions.set(Permissions::WRITE, protection & 2 != 0);
    permissions.set(Permissions::EXECUTE, protection & 4 != 0);
    match protection & !7 {
        0 => Ok(permissions),
        _ => Err(errno::EINVAL),
    }
}

/// Whole pages of the user's half.
fn range(start: u64, length: u64) -> Result<(u64, u64), u16> {
    let end = length
        .checked_next_multiple_of(PAGE)
        .and_then(|length| start.checked_add(length))
        .filter(|&end| end <= USER_END && start.is_multiple_of(PAGE) && end > start);
    Ok((start, end.ok_or(errno::EINVAL)?))
}

impl Kernel {
    /// Takes away pages on their way out; the call is made again until none is left.
    fn finish_unmapping(&mut self, hart: &Hart) -> Result<(), NotNow> {
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::ENOMEM)?;
        let job = self.jobs.get_mut(process.job).ok_or(errno::ENOMEM)?;
        match process
            .space
            .clear_dying(&mut self.memory, &mut job.account)
        {
            Progress::Done => Ok(()),
            Progress::More => Err(NotNow::Again),
        }
    }

    /// `brk`: where the heap ends, moved or not.
    fn move_break(&mut self, hart: &Hart, end: u64) -> Outcome {
        self.finish_unmapping(hart)?;
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::ENOMEM)?;
        let job = self.jobs.get_mut(process.job).ok_or(errno::ENOMEM)?;
        let (memory, account) = (&mut self.memory, &mut job.account);
        let moved = process
            .space
            .regions
            .set_heap_end(end, |frames| memory.pool.charge(account, frames).is_ok());
        let now = process.space.regions.heap_end();
        if let Ok(Some(_)) = moved {
            self.finish_unmapping(hart)?;
        }
        Ok(now)
    }

    /// `mmap`, of private anonymous memory.
    fn map(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        let [start, length, protection, flags, ..] = arguments;
        let permissions = permissions(protection)?;
        if flags & MAP_ANONYMOUS == 0 {
            return Err(errno::ENODEV.into());
        }
        if flags & MAP_TYPE != MAP_PRIVATE && flags & MAP_TYPE != MAP_SHARED || length == 0 {
            return Err(errno::EINVAL.into());
        }
        self.finish_unmapping(hart)?;
        let process_id = self.current_process(hart);
        let process = self.processes.get_mut(process_id).ok_or(errno::ENOMEM)?;
        let space = &mut process.space;
        let fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) != 0;
        let (start, end) = if fixed {
            range(start, length)?
        } else {
            let found = space.regions.find_gap(length, start, MMAP_FLOOR, MMAP_END);
            range(found.ok_or(errno::ENOMEM)?, length)?
        };
        if flags & MAP_FIXED != 0 && !space.regions.is_free(start, end) {
            space.retire(start, end)?;
            self.finish_unmapping(hart)?;
        }
        let process = self.processes.get_mut(process_id).ok_or(errno::ENOMEM)?;
        let job = self.jobs.get_mut(process.job).ok_or(errno::ENOMEM)?;
        let kind = match (permissions.is_empty(), flags & MAP_TYPE) {
            (true, _) => Kind::Guard,
            (_, MAP_SHARED) => Kind::Shared,
            _ => Kind::Anonymous,
        };
        let region = Region::new(start, end, permissions, kind);
        process
            .space
            .add_region(&mut self.memory, &mut job.account, region)?;
        Ok(start)
    }

    fn unmap(&mut self, hart: &Hart, start: u64, length: u64) -> Outcome {
        let (start, end) = range(start, length)?;
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::ENOMEM)?;
        process.space.retire(start, end)?;
        self.finish_unmapping(hart)?;
        Ok(0)
    }

    /// `madvise`: `MADV_DONTNEED` forgets what private pages hold; other advice changes nothing.
    fn advise(&mut self, hart: &Hart, start: u64, length: u64, advice: u64) -> Outcome {
        const DONTNEED: u64 = 4;
        if advice != DONTNEED || length == 0 {
            return Ok(0);
        }
        let (start, end) = range(start, length)?;
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::ENOMEM)?;
        match process.space.forget_content(&mut self.memory, start, end)? {
            Progress::Done => Ok(0),
            Progress::More => Err(NotNow::Again),
        }
    }

    fn protect(&mut self, hart: &Hart, start: u64, length: u64, protection: u64) -> Outcome {
        if length == 0 {
            return Ok(0);
        }
        let range = range(start, length)?;
        let permissions = permissions(protection)?;
        let process = self.current_process(hart);
        let process = self.processes.get_mut(process).ok_or(errno::ENOMEM)?;
        let job = self.jobs.get_mut(process.job).ok_or(errno::ENOMEM)?;
        process
            .space
            .protect(&mut self.memory, &mut job.account, range, permissions)?;
        if permissions.contains(Permissions::EXECUTE) {
            self.code_generation += 1;
            self.call_harts();
        }
        Ok(0)
    }
}
