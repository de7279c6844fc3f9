//! The thread that a hart runs, by the tables of Fawn's kernel: a few words read at each crossing between user and kernel.
//!
//! The debugger's [`debugger::os::Fawn`] tells everything about a system that stands still; this tells very little, very
//! often, and from within a run.

use std::collections::HashMap;
use std::rc::Rc;

use debugger::os::Layout;
use machine::hart::{Privilege, Slot};

use crate::Thread;
use crate::guest::Guest;

/// Where `descriptor.object` says what kind of object it is, and the number of mailboxes there.
const MAILBOX: u64 = 4;
/// The register that carries a call's result, in `thread.registers.x`, which begins with x1.
const A0_INDEX: u64 = 9;

/// A table: where its address is, and the bytes from one element to the next.
#[derive(Clone, Copy, Debug)]
struct Table {
    address_at: u64,
    stride: u64,
}

/// What is where, looked up once.
#[derive(Debug)]
pub struct FawnTables {
    harts: Table,
    threads: Table,
    processes: Table,
    hart_current: u64,
    thread_generation: u64,
    thread_process: u64,
    thread_tid: u64,
    thread_pc: u64,
    thread_x: u64,
    process_pid: u64,
    process_name: u64,
    /// Descriptors: where the first is in a process, the bytes from one to the next, how many, and where in one its object is.
    descriptors: Option<(u64, u64, u64, u64)>,
    known: HashMap<u64, Rc<Thread>>,
}

/// The thread that a hart runs.
#[derive(Clone, Debug)]
pub struct Current {
    /// The thread.
    pub thread: Rc<Thread>,
    /// Its name in the kernel's table: unique for ever.
    pub name: u64,
    /// Address of its record.
    pub record: u64,
}

impl FawnTables {
    /// From the kernel's layout note; none when it lacks what is needed.
    #[must_use]
    pub fn new(layout: &Layout) -> Option<Self> {
        let table = |name: &str| {
            let (index, stride) = layout.table(name)?;
            let address_at = layout.tables().wrapping_add(16 * index);
            Some(Table { address_at, stride })
        };
        let field = |name: &str| layout.field(name).map(|(offset, _)| offset);
        let descriptors = || {
            let (slots, bytes) = layout.field("descriptors.slots")?;
            let stride = layout
                .constant("descriptor.stride")
                .filter(|&stride| stride > 0)?;
            let first = field("process.descriptors")? + slots;
            Some((
                first,
                stride,
                u64::from(bytes) / stride,
                field("descriptor.object")?,
            ))
        };
        Some(Self {
            harts: table("hart")?,
            threads: table("thread")?,
            processes: table("process")?,
            hart_current: field("hart.current")?,
            thread_generation: field("thread.generation")?,
            thread_process: field("thread.process")?,
            thread_tid: field("thread.tid")?,
            thread_pc: field("thread.registers.pc")?,
            thread_x: field("thread.registers.x")?,
            process_pid: field("process.pid")?,
            process_name: field("process.name")?,
            descriptors: descriptors(),
            known: HashMap::new(),
        })
    }

    /// The element that a name means.
    fn element(table: Table, name: u64, guest: &Guest<'_>) -> Option<u64> {
        let address = guest.kernel_word::<8>(table.address_at)?;
        let index = name & 0xffff_ffff;
        (address != 0 && name >> 32 != 0).then(|| address.wrapping_add(index * table.stride))
    }

    /// The thread whose code the guest's hart has just left by a trap, or goes on with: right only at these moments.
    pub fn current(&mut self, guest: &Guest<'_>) -> Option<Current> {
        // While user code runs, `sscratch` leads to the kernel's record of the hart.
        let hart = guest.hart[Slot::Sscratch];
        let first = guest.kernel_word::<8>(self.harts.address_at)?;
        let distance = hart.checked_sub(first)?;
        let is_record = distance % self.harts.stride.max(1) == 0;
        if first == 0 || !is_record || distance / self.harts.stride.max(1) >= 64 {
            return None;
        }
        let name = guest.kernel_word::<8>(hart.wrapping_add(self.hart_current))?;
        let record = Self::element(self.threads, name, guest)?;
        let generation = guest.kernel_word::<4>(record.wrapping_add(self.thread_generation))?;
        if generation != name >> 32 {
            return None;
        }
        let thread = self.thread(name, record, guest)?;
        Some(Current {
            thread,
            name,
            record,
        })
    }

    fn thread(&mut self, name: u64, record: u64, guest: &Guest<'_>) -> Option<Rc<Thread>> {
        let process = guest.kernel_word::<8>(record.wrapping_add(self.thread_process))?;
        let process = Self::element(self.processes, process, guest)?;
        let mut bytes = [0; 16];
        let at = process.wrapping_add(self.process_name);
        if guest.read(Privilege::Supervisor, at, &mut bytes) < bytes.len() {
            return None;
        }
        let end = bytes
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(bytes.len());
        let program = &bytes[..end];
        // `execve` gives a thread another program.
        if let Some(known) = self.known.get(&name)
            && known.name.as_bytes() == program
        {
            return Some(known.clone());
        }
        let thread = Rc::new(Thread {
            pid: guest.kernel_word::<4>(process.wrapping_add(self.process_pid))? as u32,
            tid: guest.kernel_word::<4>(record.wrapping_add(self.thread_tid))? as u32,
            name: String::from_utf8_lossy(program).into_owned(),
        });
        self.known.insert(name, thread.clone());
        Some(thread)
    }

    /// The program counter and a0 that the kernel has saved for a thread that does not run.
    #[must_use]
    pub fn saved(&self, record: u64, guest: &Guest<'_>) -> Option<(u64, u64)> {
        let pc = guest.kernel_word::<8>(record.wrapping_add(self.thread_pc))?;
        let a0 = record.wrapping_add(self.thread_x + 8 * A0_INDEX);
        Some((pc, guest.kernel_word::<8>(a0)?))
    }

    /// The mailbox that a descriptor of a thread's process leads to: its slot in the kernel's table.
    #[must_use]
    pub fn mailbox(&self, record: u64, descriptor: u64, guest: &Guest<'_>) -> Option<u32> {
        let (first, stride, count, object) = self.descriptors?;
        if descriptor >= count {
            return None;
        }
        let process = guest.kernel_word::<8>(record.wrapping_add(self.thread_process))?;
        let process = Self::element(self.processes, process, guest)?;
        let at = process.wrapping_add(first + descriptor * stride + object);
        if guest.kernel_word::<4>(at)? != MAILBOX {
            return None;
        }
        guest
            .kernel_word::<4>(at.wrapping_add(4))
            .map(|index| index as u32)
    }
}
