//! Programs out of files: `execve`, and the first program.

use abi::errno;
use abi::syscall::SYSTEM;
use kernel_core::arena::Id;
use kernel_core::elf::{self, Program, Segment};
use kernel_core::files::Node;
use kernel_core::frame::Account;
use kernel_core::page_table::Permissions;
use kernel_core::region::{Kind, Region};

use super::job::Job;
use super::thread::{Registers, Thread, Wait};
use super::{Process, State};
use crate::arch::fpu::FloatState;
use crate::fault::Access;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::{PAGE, TRAMPOLINE, USER_END};
use crate::memory::space::{Refused, SIGNAL_RETURN, Space, file_backing};
use crate::memory::{Memory, user};
use crate::object::{Descriptors, Object};
use crate::syscall::{NotNow, Outcome};

/// Where a position-independent program is put, at least.
pub const RELOCATED_BASE: u64 = 0x10_0000;
/// The stack that a program begins with.
pub const STACK_BYTES: u64 = 256 << 10;
/// Its end: below the end of the user's half, with room for a guard.
const STACK_END: u64 = USER_END - 0x1_0000;
/// The longest path, and the longest argument.
const PATH_BYTES: usize = 512;
/// The most bytes of arguments and environment, with their zeros.
const ARGUMENT_BYTES: usize = 4096;
/// The most arguments, and the most entries of the environment.
const ARGUMENTS: usize = 64;

/// Arguments and environment on their way from one program to the next.
struct Arguments {
    text: [u8; ARGUMENT_BYTES],
    length: usize,
    /// How many are arguments, and how many are the environment's.
    counts: [usize; 2],
}

impl Arguments {
    const fn new() -> Self {
        Self {
            text: [0; ARGUMENT_BYTES],
            length: 0,
            counts: [0; 2],
        }
    }

    /// Adds a text to the arguments (0) or to the environment (1), which comes last.
    fn push(&mut self, kind: usize, text: &[u8]) -> Result<(), Refused> {
        let end = self.length + text.len();
        if end >= ARGUMENT_BYTES || self.counts[kind] == ARGUMENTS {
            return Err(errno::E2BIG);
        }
        self.text[self.length..end].copy_from_slice(text);
        self.text[end] = 0;
        self.length = end + 1;
        self.counts[kind] += 1;
        Ok(())
    }

    /// Copies the vectors that are in the memory of the hart's process.
    fn read(kernel: &mut Kernel, hart: &Hart, vectors: [u64; 2]) -> Result<Self, Refused> {
        let mut arguments = Self::new();
        for (kind, vector) in vectors.into_iter().enumerate() {
            if vector == 0 {
                continue;
            }
            for index in 0u64.. {
                let text = kernel.read_user_u64(hart, vector.wrapping_add(8 * index))?;
                if text == 0 {
                    break;
                }
                let mut bytes = [0; PATH_BYTES];
                let argument = kernel.read_path(hart, text, &mut bytes);
                let argument = argument.map_err(|error| match error {
                    errno::ENAMETOOLONG => errno::E2BIG,
                    other => other,
                })?;
                arguments.push(kind, argument)?;
            }
        }
        Ok(arguments)
    }
}

/// A program ready to begin.
struct Loaded {
    space: Space,
    registers: Registers,
    program: Node,
}

/// `execve`: the thread becomes another program, and the other threads of its process end.
pub fn execve(
    kernel: &mut Kernel,
    hart: &mut Hart,
    path_at: u64,
    arguments_at: u64,
    environment_at: u64,
) -> Outcome {
    let id = kernel.current_process(hart);
    let mut path = [0; PATH_BYTES];
    let path = kernel.read_path(hart, path_at, &mut path)?;
    let arguments = Arguments::read(kernel, hart, [arguments_at, environment_at])?;
    let process = kernel.processes.get(id).ok_or(errno::ESRCH)?;
    let node = kernel.memory.tree.resolve(process.directory, path, true)?;
    let (job, threads) = (process.job, process.threads);
    let loaded = load(kernel, job, node, &arguments)?;
    if threads > 1 {
        // Nothing but these threads' ends is awaited; then the call is made again.
        discard(kernel, job, loaded);
        kernel.end_other_threads(id, hart.current);
        return Err(Wait::Child(id).into());
    }
    become_program(kernel, hart, id, path, loaded);
    Err(NotNow::Gone)
}

fn discard(kernel: &mut Kernel, job: Id<Job>, mut loaded: Loaded) {
    if let Some(job) = kernel.jobs.get_mut(job) {
        loaded.space.free(&mut kernel.memory, &mut job.account);
    }
}

/// Nothing can fail from here on.
fn become_program(
    kernel: &mut Kernel,
    hart: &mut Hart,
    id: Id<Process>,
    path: &[u8],
    loaded: Loaded,
) {
    kernel.enter_kernel_space(hart);
    let Some(process) = kernel.processes.get_mut(id) else {
        return;
    };
    process.set_name(path);
    process.actions.forget_handlers();
    let mut old = core::mem::replace(&mut process.space, loaded.space);
    let old_program = core::mem::replace(&mut process.program, loaded.program);
    process.space.enter(hart, &mut kernel.asids);
    if let Some(job) = kernel.jobs.get_mut(process.job) {
        old.free(&mut kernel.memory, &mut job.account);
    }
    let (tree, mut pages) = kernel.memory.files();
    tree.open(loaded.program);
    tree.close(&mut pages, old_program);
    kernel.close_on_exec(id);
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.registers = loaded.registers;
        thread.float = FloatState::default();
        thread.has_float = false;
        thread.clear_on_end = 0;
        thread.deadline = 0;
        thread.interrupted_call = false;
        thread.signals.stack = (0, 0);
        hart.float_is_zero = false;
        hart.show_float(thread);
    }
    kernel.code_generation += 1;
    hart.see_code(kernel.code_generation);
}

/// Makes process 1 out of a program.
///
/// # Errors
/// The program is not there, cannot be run, or does not fit.
pub fn start_init(kernel: &mut Kernel, path: &[u8], script: &[u8]) -> Result<(), Refused> {
    let mut arguments = Arguments::new();
    arguments.push(0, path)?;
    for word in script
        .split(|&byte| byte == b' ')
        .filter(|word| !word.is_empty())
    {
        arguments.push(0, word)?;
    }
    let root = kernel.memory.tree.root();
    let node = kernel.memory.tree.resolve(root, path, true)?;
    let job = Job {
        number: 1,
        account: Account::new(kernel.memory.pool.total(), true),
        processes: 1,
        process_limit: u32::MAX,
        threads: 1,
        thread_limit: u32::MAX,
        object_limit: u32::MAX,
        ..Job::default()
    };
    let job = kernel.jobs.insert(job).map_err(|_| errno::EAGAIN)?;
    let loaded = load(kernel, job, node, &arguments)?;
    let mut descriptors = Descriptors::new();
    for _ in 0..3 {
        descriptors.install(Kernel::entry(Object::Console))?;
    }
    descriptors.replace(SYSTEM, Kernel::entry(Object::System))?;
    let mut process = Process {
        pid: kernel.next_pid,
        state: State::Alive,
        job,
        threads: 1,
        space: loaded.space,
        descriptors,
        directory: root,
        program: loaded.program,
        ..Process::default()
    };
    process.set_name(path);
    kernel.memory.tree.open(loaded.program);
    let thread = Thread {
        registers: loaded.registers,
        tid: process.pid,
        ..Thread::default()
    };
    kernel.next_pid += 1;
    let id = kernel
        .processes
        .insert(process)
        .map_err(|_| errno::EAGAIN)?;
    let thread = Thread {
        process: id,
        ..thread
    };
    let thread = kernel.threads.insert(thread).map_err(|_| errno::EAGAIN)?;
    kernel.scheduler.add_job(job.index(), 1024);
    kernel.introduce_process(id, job);
    kernel.introduce_thread(thread, id);
    kernel.init = id;
    kernel.foreground = 1;
    kernel.code_generation += 1;
    kernel.make_ready(thread);
    Ok(())
}

/// A program being put into a new address space.
struct Loader<'k> {
    memory: &'k mut Memory,
    account: &'k mut Account,
    space: Space,
    node: Node,
    base: u64,
}

fn load(
    kernel: &mut Kernel,
    job: Id<Job>,
    node: Node,
    arguments: &Arguments,
) -> Result<Loaded, Refused> {
    let mut head = [0; elf::HEAD_BYTES];
    let (tree, pages) = kernel.memory.files();
    let size = tree.stat(node).ok_or(errno::ENOENT)?.size;
    let count = tree.read(&pages, node, 0, &mut head)?;
    let program = Program::parse(&head[..count], size).map_err(|error| error.errno())?;
    let random = [kernel.next_random(), kernel.next_random()];
    let account = &mut kernel.jobs.get_mut(job).ok_or(errno::EAGAIN)?.account;
    let space = Space::new(&mut kernel.memory, account, kernel.root)?;
    let mut loader = Loader {
        memory: &mut kernel.memory,
        account,
        space,
        node,
        base: if program.position_independent {
            RELOCATED_BASE.next_multiple_of(program.alignment)
        } else {
            0
        },
    };
    match loader.fill(&program, arguments, random) {
        Ok(registers) => Ok(Loaded {
            space: loader.space,
            registers,
            program: node,
        }),
        Err(error) => {
            loader.space.free(loader.memory, loader.account);
            Err(error)
        }
    }
}

impl Loader<'_> {
    fn fill(
        &mut self,
        program: &Program,
        arguments: &Arguments,
        random: [u64; 2],
    ) -> Result<Registers, Refused> {
        let mut end = 0;
        for segment in program.segments() {
            self.add_segment(segment)?;
            end = end.max(self.base + segment.pages().1);
        }
        self.space.regions.set_heap(end);
        let read_write = Permissions::READ | Permissions::WRITE;
        let stack = Region::new(STACK_END - STACK_BYTES, STACK_END, read_write, Kind::Stack);
        self.add(stack)?;
        let mut trampoline = Region::new(
            TRAMPOLINE,
            TRAMPOLINE + PAGE,
            Permissions::READ | Permissions::EXECUTE,
            Kind::FileCopy,
        );
        trampoline.backing = SIGNAL_RETURN;
        self.add(trampoline)?;
        let sp = self.write_stack(program, arguments, random)?;
        let mut registers = Registers {
            pc: self.base + program.entry,
            ..Registers::default()
        };
        registers.set_sp(sp);
        Ok(registers)
    }

    fn add(&mut self, region: Region) -> Result<(), Refused> {
        self.space.add_region(self.memory, self.account, region)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Refused> {
        user::write(self.memory, &mut self.space, address, bytes)
    }

    /// Whole pages of the file are read when they are touched; the rest, and what begins as zeros, is private memory.
    fn add_segment(&mut self, segment: &Segment) -> Result<(), Refused> {
        let (start, end) = segment.pages();
        let (start, end) = (self.base + start, self.base + end);
        if end > STACK_END - STACK_BYTES - PAGE {
            return Err(errno::ENOMEM);
        }
        let address = self.base + segment.address;
        let file_end = address + segment.file_size;
        let from_file = if (address ^ segment.file_offset).is_multiple_of(PAGE) {
            file_end & !(PAGE - 1)
        } else {
            start
        };
        if from_file > start {
            let mut region = Region::new(start, from_file, segment.permissions, Kind::FileCopy);
            region.backing = file_backing(self.node);
            region.offset = segment.file_offset & !(PAGE - 1);
            self.add(region)?;
        }
        if end > from_file {
            let from_file = from_file.max(start);
            let region = Region::new(from_file, end, segment.permissions, Kind::Anonymous);
            self.add(region)?;
            self.copy_rest(segment, address, from_file.max(address), file_end)?;
        }
        Ok(())
    }

    fn copy_rest(
        &mut self,
        segment: &Segment,
        address: u64,
        mut at: u64,
        end: u64,
    ) -> Result<(), Refused> {
        let access = match segment.permissions.contains(Permissions::READ) {
            true => Access::Read,
            false => Access::Execute,
        };
        while at < end {
            let mut bytes = [0; 512];
            let count = bytes.len().min((end - at) as usize);
            let (tree, pages) = self.memory.files();
            let from = segment.file_offset + (at - address);
            let count = tree.read(&pages, self.node, from, &mut bytes[..count])?;
            if count == 0 {
                return Err(errno::ENOEXEC);
            }
            user::write_as(self.memory, &mut self.space, at, &bytes[..count], access)?;
            at += count as u64;
        }
        Ok(())
    }

    /// Lays out what a program finds on its stack, as Linux does: argc, argv, envp, auxv, and the texts above them.
    fn write_stack(
        &mut self,
        program: &Program,
        arguments: &Arguments,
        random: [u64; 2],
    ) -> Result<u64, Refused> {
        const RANDOM_BYTES: u64 = 16;
        let texts = STACK_END - (arguments.length as u64).next_multiple_of(16);
        let random_at = texts - RANDOM_BYTES;
        self.write(texts, &arguments.text[..arguments.length])?;
        for (index, word) in random.into_iter().enumerate() {
            self.write(random_at + 8 * index as u64, &word.to_le_bytes())?;
        }
        let pairs = self.auxiliary(program, random_at, texts);
        let count = 1 + arguments.counts[0] + 1 + arguments.counts[1] + 1 + 2 * pairs.len();
        let sp = (random_at - 8 * count as u64) & !15;
        let mut at = sp;
        let mut put = |word: u64| {
            let written = self.write(at, &word.to_le_bytes());
            at += 8;
            written
        };
        put(arguments.counts[0] as u64)?;
        let mut text = texts;
        let mut listed = arguments.text[..arguments.length].split_inclusive(|&byte| byte == 0);
        for count in arguments.counts {
            for argument in listed.by_ref().take(count) {
                put(text)?;
                text += argument.len() as u64;
            }
            put(0)?;
        }
        for (kind, value) in pairs {
            put(kind)?;
            put(value)?;
        }
        Ok(sp)
    }

    fn auxiliary(&self, program: &Program, random: u64, name: u64) -> [(u64, u64); 10] {
        const AT_NULL: u64 = 0;
        const AT_PHDR: u64 = 3;
        const AT_PHENT: u64 = 4;
        const AT_PHNUM: u64 = 5;
        const AT_PAGESZ: u64 = 6;
        const AT_ENTRY: u64 = 9;
        const AT_HWCAP: u64 = 16;
        const AT_CLKTCK: u64 = 17;
        const AT_RANDOM: u64 = 25;
        const AT_EXECFN: u64 = 31;
        /// A, C, D, F, I and M, a bit for each letter.
        const IMAFDC: u64 = 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8 | 1 << 12;
        let headers = program.headers.map_or(0, |headers| self.base + headers);
        [
            (AT_PHDR, headers),
            (AT_PHENT, 56),
            (AT_PHNUM, u64::from(program.header_count)),
            (AT_PAGESZ, PAGE),
            (AT_ENTRY, self.base + program.entry),
            (AT_HWCAP, IMAFDC),
            (AT_CLKTCK, 100),
            (AT_RANDOM, random),
            (AT_EXECFN, name),
            (AT_NULL, 0),
        ]
    }
}
