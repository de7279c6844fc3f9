//! Calls about the caller itself, and about others.

use abi::errno;
use abi::syscall::Syscall;
use kernel_core::arena::Id;
use kernel_core::descriptor::Rights;

use super::{Outcome, inspect};
use crate::arch::{csr, sbi};
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::object::DESCRIPTORS;
use crate::process::{Pid, Process};

pub fn make(kernel: &mut Kernel, hart: &mut Hart, call: Syscall, arguments: [u64; 6]) -> Outcome {
    let [a0, a1, a2, ..] = arguments;
    let process = kernel.current_process(hart);
    match call {
        Syscall::Getuid | Syscall::Geteuid | Syscall::Getgid | Syscall::Getegid => Ok(0),
        Syscall::SetTidAddress => {
            let thread = kernel.threads.get_mut(hart.current).ok_or(errno::ESRCH)?;
            thread.clear_on_end = a0;
            Ok(u64::from(thread.tid))
        }
        Syscall::SetRobustList => Ok(0),
        Syscall::Umask => Ok(0o22),
        Syscall::SchedSetaffinity => kernel.keep_to_harts(hart, a0, a1, a2),
        Syscall::SchedGetaffinity => kernel.tell_harts(hart, a0, a1, a2),
        Syscall::Setpriority => kernel.set_priority(hart, a0, a1, a2),
        Syscall::Getpriority => kernel.priority(hart, a0, a1),
        Syscall::Getrusage => kernel.resource_usage(hart, a1),
        Syscall::Setpgid if a0 == 0 || a0 == u64::from(kernel.pid_of(process)) => {
            Ok(kernel.begin_job(process)?)
        }
        Syscall::Getpgid => kernel.job_number(hart, a0),
        Syscall::Uname => kernel.tell_names(hart, a0),
        Syscall::Sysinfo => kernel.tell_system(hart, a0),
        Syscall::Prlimit64 => kernel.limit(hart, arguments),
        Syscall::Getrandom => kernel.random(hart, a0, a1),
        Syscall::Reboot => kernel.reboot(process, a2),
        Syscall::ProcessList
        | Syscall::ProcessInspect
        | Syscall::MailboxList
        | Syscall::PidfdOpen
        | Syscall::PidfdSendSignal => inspect::make(kernel, hart, call, arguments),
        _ => Err(errno::ENOSYS.into()),
    }
}

impl Kernel {
    /// A process's number; 0 for none.
    pub fn pid_of(&self, process: Id<Process>) -> Pid {
        self.processes.get(process).map_or(0, |process| process.pid)
    }

    /// Its parent's.
    pub fn parent_pid_of(&self, process: Id<Process>) -> Pid {
        let parent = self
            .processes
            .get(process)
            .map_or(Id::NONE, |process| process.parent);
        self.pid_of(parent)
    }

    fn job_number(&self, hart: &Hart, pid: u64) -> Outcome {
        let process = match u32::try_from(pid).unwrap_or(u32::MAX) {
            0 => Some(self.current_process(hart)),
            pid => self.find_process(pid),
        };
        let process = process
            .and_then(|id| self.processes.get(id))
            .ok_or(errno::ESRCH)?;
        let job = self.jobs.get(process.job).ok_or(errno::ESRCH)?;
        Ok(u64::from(job.number))
    }

    /// `sched_setaffinity`, of the caller only.
    fn keep_to_harts(&mut self, hart: &mut Hart, who: u64, length: u64, mask_at: u64) -> Outcome {
        if who != 0 || length < 8 {
            return Err(errno::EINVAL.into());
        }
        let mask = self.read_user_u64(hart, mask_at)? & self.harts;
        if mask == 0 {
            return Err(errno::EINVAL.into());
        }
        let thread = self.threads.get_mut(hart.current).ok_or(errno::EINVAL)?;
        thread.affinity = mask;
        self.scheduler.set_affinity(hart.current.index(), mask);
        if mask >> hart.index & 1 == 0 {
            // Looked at before the thread goes on.
            self.preempted |= 1 << hart.index;
            self.has_changed = true;
        }
        Ok(0)
    }

    fn tell_harts(&mut self, hart: &Hart, who: u64, length: u64, mask_at: u64) -> Outcome {
        if who != 0 || length < 8 {
            return Err(errno::EINVAL.into());
        }
        let thread = self.threads.get(hart.current).ok_or(errno::EINVAL)?;
        let mask = thread.affinity_mask() & self.harts;
        self.write_user(hart, mask_at, &mask.to_le_bytes())?;
        Ok(8)
    }

    /// `getrusage`: the time, and the switches, voluntary and not; the rest is zero.
    fn resource_usage(&mut self, hart: &Hart, usage_at: u64) -> Outcome {
        const BYTES: usize = 144;
        const VOLUNTARY: usize = 128;
        const INVOLUNTARY: usize = 136;
        let thread = self.threads.get(hart.current).ok_or(errno::EINVAL)?;
        let ran = self.nanos(thread.ran + csr::time().saturating_sub(thread.since));
        let mut usage = [0; BYTES];
        usage[..8].copy_from_slice(&(ran / 1_000_000_000).to_le_bytes());
        usage[8..16].copy_from_slice(&(ran / 1000 % 1_000_000).to_le_bytes());
        usage[VOLUNTARY..INVOLUNTARY].copy_from_slice(&thread.switches.to_le_bytes());
        usage[INVOLUNTARY..].copy_from_slice(&thread.preemptions.to_le_bytes());
        self.write_user(hart, usage_at, &usage)?;
        Ok(0)
    }

    fn tell_names(&mut self, hart: &Hart, at: u64) -> Outcome {
        const FIELD: usize = 65;
        let names: [&[u8]; 6] = [
            b"Fawn",
            b"fawn",
            env!("CARGO_PKG_VERSION").as_bytes(),
            b"Fawn",
            b"riscv64",
            b"(none)",
        ];
        let mut bytes = [0; 6 * FIELD];
        for (field, name) in bytes.chunks_exact_mut(FIELD).zip(names) {
            field[..name.len()].copy_from_slice(name);
        }
        self.write_user(hart, at, &bytes)?;
        Ok(0)
    }

    /// `sysinfo`: uptime, memory in pages, processes.
    fn tell_system(&mut self, hart: &Hart, at: u64) -> Outcome {
        const BYTES: usize = 112;
        let uptime = self.nanos(csr::time()) / 1_000_000_000;
        let pool = &self.memory.pool;
        let mut bytes = [0; BYTES];
        let words = [
            (0, uptime),
            (32, pool.total()),
            (40, pool.free()),
            (48, pool.charged()),
        ];
        for (place, word) in words {
            bytes[place..place + 8].copy_from_slice(&word.to_le_bytes());
        }
        let processes = self.processes.len() as u16;
        bytes[80..82].copy_from_slice(&processes.to_le_bytes());
        bytes[104..108].copy_from_slice(&(crate::layout::PAGE as u32).to_le_bytes());
        self.write_user(hart, at, &bytes)?;
        Ok(0)
    }

    /// `prlimit64`, of the caller: what may be set is the limit of descriptors.
    fn limit(&mut self, hart: &Hart, arguments: [u64; 6]) -> Outcome {
        const STACK: u64 = 3;
        const DESCRIPTOR_COUNT: u64 = 7;
        let [who, resource, new, old, ..] = arguments;
        let id = self.current_process(hart);
        let process = self.processes.get(id).ok_or(errno::ESRCH)?;
        if who != 0 && who != u64::from(process.pid) {
            return Err(errno::EPERM.into());
        }
        let (now, most) = match resource {
            STACK => (
                crate::process::exec::STACK_BYTES,
                crate::process::exec::STACK_BYTES,
            ),
            DESCRIPTOR_COUNT => (u64::from(process.descriptors.limit()), DESCRIPTORS as u64),
            0..16 => (u64::MAX, u64::MAX),
            _ => return Err(errno::EINVAL.into()),
        };
        let wanted = match new {
            0 => None,
            at => Some((
                self.read_user_u64(hart, at)?,
                self.read_user_u64(hart, at.wrapping_add(8))?,
            )),
        };
        if let Some((soft, hard)) = wanted {
            if soft > hard {
                return Err(errno::EINVAL.into());
            }
            if hard > most || resource != DESCRIPTOR_COUNT && (soft, hard) != (now, most) {
                return Err(errno::EPERM.into());
            }
        }
        if old != 0 {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&now.to_le_bytes());
            bytes[8..].copy_from_slice(&most.to_le_bytes());
            self.write_user(hart, old, &bytes)?;
        }
        if let Some((soft, _)) = wanted
            && resource == DESCRIPTOR_COUNT
            && let Some(process) = self.processes.get_mut(id)
        {
            process.descriptors.set_limit(soft as u32)?;
        }
        Ok(0)
    }

    /// `getrandom`: numbers from the device tree's seed, the same in every run of the same machine.
    fn random(&mut self, hart: &Hart, into: u64, length: u64) -> Outcome {
        let mut bytes = [0; 256];
        let count = length.min(bytes.len() as u64) as usize;
        for part in bytes[..count].chunks_mut(8) {
            let word = self.next_random().to_le_bytes();
            part.copy_from_slice(&word[..part.len()]);
        }
        self.write_user(hart, into, &bytes[..count])?;
        Ok(count as u64)
    }

    /// SplitMix64: no secrets are kept here.
    pub fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// `reboot`: by who holds the handle of the system.
    fn reboot(&self, process: Id<Process>, command: u64) -> Outcome {
        const POWER_OFF: u64 = 0x4321_fedc;
        const HALT: u64 = 0xcdef_0123;
        if !self.holds_system(process, Rights::CONTROL) {
            return Err(errno::EPERM.into());
        }
        match command as u32 as u64 {
            POWER_OFF | HALT => sbi::shut_down(false),
            _ => Err(errno::EINVAL.into()),
        }
    }
}
