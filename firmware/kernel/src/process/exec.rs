//! Programs out of the archive: `execve`, and the first program.

use abi::errno;
use kernel_core::arena::Id;
use kernel_core::cpio;
use kernel_core::elf::{self, Program, Segment};
use kernel_core::page_table::Permissions;

use super::thread::{Registers, Thread};
use super::{DESCRIPTORS, Descriptor, Process};
use crate::arch::csr;
use crate::arch::fpu::FloatState;
use crate::fault::Access;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::layout::{PAGE, USER_END};
use crate::memory::space::{Refused, Region, Space, kernel_satp};
use crate::memory::user;
use crate::syscall::{NotNow, Outcome};

/// Where a position-independent program is put, at least.
const RELOCATED_BASE: u64 = 0x10_0000;
/// The stack that a program begins with.
const STACK_BYTES: u64 = 256 << 10;
/// Its end: below the end of the user's half, with room for a guard.
const STACK_END: u64 = USER_END - 0x1_0000;
/// The longest path.
const PATH_BYTES: usize = 256;
/// The most bytes of arguments, with their zeros.
const ARGUMENT_BYTES: usize = 2048;
/// The most arguments.
const ARGUMENTS: usize = 64;

/// Arguments on their way from one program to the next.
struct Arguments {
    text: [u8; ARGUMENT_BYTES],
    length: usize,
    count: usize,
}

impl Arguments {
    const fn new() -> Self {
        Self {
            text: [0; ARGUMENT_BYTES],
            length: 0,
            count: 0,
        }
    }

    fn push(&mut self, argument: &[u8]) -> Result<(), Refused> {
        let end = self.length + argument.len();
        if end >= ARGUMENT_BYTES || self.count == ARGUMENTS {
            return Err(errno::E2BIG);
        }
        self.text[self.length..end].copy_from_slice(argument);
        self.text[end] = 0;
        self.length = end + 1;
        self.count += 1;
        Ok(())
    }

    /// Copies the vector that is at `at` in a process's memory.
    fn read(kernel: &mut Kernel, process: Id<Process>, at: u64) -> Result<Self, Refused> {
        let mut arguments = Self::new();
        let space = &mut kernel
            .processes
            .get_mut(process)
            .ok_or(errno::EFAULT)?
            .space;
        for index in 0u64.. {
            let text = user::read_u64(&mut kernel.memory, space, at.wrapping_add(8 * index))?;
            if text == 0 {
                break;
            }
            let mut bytes = [0; PATH_BYTES];
            let argument = user::read_text(&mut kernel.memory, space, text, &mut bytes);
            arguments.push(argument.map_err(|error| match error {
                errno::ENAMETOOLONG => errno::E2BIG,
                other => other,
            })?)?;
        }
        Ok(arguments)
    }
}

/// A program ready to begin.
struct Loaded {
    space: Space,
    registers: Registers,
}

/// `execve`: the thread becomes another program.
pub fn execve(kernel: &mut Kernel, hart: &mut Hart, path_at: u64, arguments_at: u64) -> Outcome {
    let id = kernel.current_process(hart);
    let mut path = [0; PATH_BYTES];
    let space = &mut kernel.processes.get_mut(id).ok_or(errno::EFAULT)?.space;
    let path = user::read_text(&mut kernel.memory, space, path_at, &mut path)?;
    let arguments = Arguments::read(kernel, id, arguments_at)?;
    let loaded = load(kernel, path, &arguments)?;
    // Nothing can fail from here on.
    hart.use_space(kernel_satp(kernel.root));
    let Some(process) = kernel.processes.get_mut(id) else {
        return Err(NotNow::Gone);
    };
    process.set_name(path);
    let old = core::mem::replace(&mut process.space, loaded.space);
    process.space.enter(hart, &mut kernel.asids);
    old.free(&mut kernel.memory, &mut kernel.account);
    kernel.close_on_exec(id);
    if let Some(thread) = kernel.threads.get_mut(hart.current) {
        thread.registers = loaded.registers;
        thread.float = FloatState::default();
        crate::arch::fpu::load(&thread.float);
        hart.return_status = csr::SSTATUS_SPIE | csr::FS_CLEAN;
    }
    kernel.code_generation += 1;
    hart.see_code(kernel.code_generation);
    Err(NotNow::Gone)
}

/// Makes process 1 out of a program of the archive.
///
/// # Errors
/// The program is not there, cannot be run, or does not fit.
pub fn start_init(kernel: &mut Kernel, path: &[u8]) -> Result<(), Refused> {
    let mut arguments = Arguments::new();
    arguments.push(path)?;
    let loaded = load(kernel, path, &arguments)?;
    let mut descriptors = [Descriptor::Free; DESCRIPTORS];
    descriptors[..3].fill(Descriptor::Console);
    let mut process = Process {
        pid: kernel.next_pid,
        space: loaded.space,
        descriptors,
        ..Process::default()
    };
    process.set_name(path);
    kernel.next_pid += 1;
    let id = kernel
        .processes
        .insert(process)
        .map_err(|_| errno::EAGAIN)?;
    let thread = Thread {
        registers: loaded.registers,
        process: id,
        ..Thread::default()
    };
    let thread = kernel.threads.insert(thread).map_err(|_| errno::EAGAIN)?;
    if let Some(process) = kernel.processes.get_mut(id) {
        process.thread = thread;
    }
    kernel.init = id;
    kernel.code_generation += 1;
    kernel.make_ready(thread);
    Ok(())
}

impl Kernel {
    fn close_on_exec(&mut self, id: Id<Process>) {
        for index in 0..DESCRIPTORS {
            let Some(process) = self.processes.get_mut(id) else {
                return;
            };
            if process.kept_on_exec >> index & 1 != 0 {
                continue;
            }
            if let mailbox @ Descriptor::Mailbox(_) = process.descriptors[index] {
                process.descriptors[index] = Descriptor::Free;
                self.close_descriptor(mailbox);
            }
        }
    }
}

/// The file of that name; a leading slash means nothing.
fn find(archive: &'static [u8], path: &[u8]) -> Result<&'static [u8], Refused> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    for entry in cpio::Entries::new(archive) {
        let entry = entry.map_err(|_| errno::EIO)?;
        let name = entry.name.strip_prefix(b"./").unwrap_or(entry.name);
        if name == path {
            return Ok(entry.data);
        }
    }
    Err(errno::ENOENT)
}

fn load(kernel: &mut Kernel, path: &[u8], arguments: &Arguments) -> Result<Loaded, Refused> {
    let file = find(kernel.initrd, path)?;
    let head = &file[..file.len().min(elf::HEAD_BYTES)];
    let program = Program::parse(head, file.len() as u64).map_err(|error| error.errno())?;
    let mut space = Space::new(&mut kernel.memory, &mut kernel.account, kernel.root)?;
    match fill(kernel, &mut space, &program, file, arguments) {
        Ok(registers) => Ok(Loaded { space, registers }),
        Err(error) => {
            space.free(&mut kernel.memory, &mut kernel.account);
            Err(error)
        }
    }
}

fn fill(
    kernel: &mut Kernel,
    space: &mut Space,
    program: &Program,
    file: &[u8],
    arguments: &Arguments,
) -> Result<Registers, Refused> {
    let base = if program.position_independent {
        RELOCATED_BASE.next_multiple_of(program.alignment)
    } else {
        0
    };
    for segment in program.segments() {
        add_segment(kernel, space, segment, base, file)?;
    }
    let stack = Region {
        start: STACK_END - STACK_BYTES,
        end: STACK_END,
        permissions: Permissions::READ | Permissions::WRITE,
    };
    space.add_region(&mut kernel.memory, &mut kernel.account, stack)?;
    let entry = base + program.entry;
    let sp = write_stack(kernel, space, program, base, arguments)?;
    let mut registers = Registers {
        pc: entry,
        ..Registers::default()
    };
    registers.set_sp(sp);
    Ok(registers)
}

fn add_segment(
    kernel: &mut Kernel,
    space: &mut Space,
    segment: &Segment,
    base: u64,
    file: &[u8],
) -> Result<(), Refused> {
    let (start, end) = segment.pages();
    if base + end > STACK_END - STACK_BYTES - PAGE {
        return Err(errno::ENOMEM);
    }
    let region = Region {
        start: base + start,
        end: base + end,
        permissions: segment.permissions,
    };
    space.add_region(&mut kernel.memory, &mut kernel.account, region)?;
    let access = if segment.permissions.contains(Permissions::READ) {
        Access::Read
    } else {
        Access::Execute
    };
    let from = segment.file_offset as usize;
    let bytes = file
        .get(from..from + segment.file_size as usize)
        .ok_or(errno::ENOEXEC)?;
    user::write_as(
        &mut kernel.memory,
        space,
        base + segment.address,
        bytes,
        access,
    )
}

/// Lays out what a program finds on its stack, as Linux does: argc, argv, envp, auxv, and the texts above them.
fn write_stack(
    kernel: &mut Kernel,
    space: &mut Space,
    program: &Program,
    base: u64,
    arguments: &Arguments,
) -> Result<u64, Refused> {
    const AT_NULL: u64 = 0;
    const AT_PHDR: u64 = 3;
    const AT_PHENT: u64 = 4;
    const AT_PHNUM: u64 = 5;
    const AT_PAGESZ: u64 = 6;
    const AT_ENTRY: u64 = 9;
    const AUXILIARY: usize = 6;
    let texts = STACK_END - (arguments.length as u64).next_multiple_of(16);
    user::write(
        &mut kernel.memory,
        space,
        texts,
        &arguments.text[..arguments.length],
    )?;
    let mut words = [0u64; ARGUMENTS + 3 + 2 * AUXILIARY];
    words[0] = arguments.count as u64;
    let mut at = texts;
    let listed = arguments.text[..arguments.length].split_inclusive(|&byte| byte == 0);
    for (word, text) in words[1..].iter_mut().zip(listed) {
        *word = at;
        at += text.len() as u64;
    }
    // After argv and its end, envp is empty: only its end.
    let auxiliary = 1 + arguments.count + 2;
    let pairs = [
        (AT_PHDR, program.headers.map_or(0, |headers| base + headers)),
        (AT_PHENT, 56),
        (AT_PHNUM, u64::from(program.header_count)),
        (AT_PAGESZ, PAGE),
        (AT_ENTRY, base + program.entry),
        (AT_NULL, 0),
    ];
    let count = auxiliary + 2 * pairs.len();
    for (place, (kind, value)) in words[auxiliary..count].chunks_exact_mut(2).zip(pairs) {
        place.copy_from_slice(&[kind, value]);
    }
    let sp = (texts - 8 * count as u64) & !15;
    for (index, word) in words[..count].iter().enumerate() {
        user::write(
            &mut kernel.memory,
            space,
            sp + 8 * index as u64,
            &word.to_le_bytes(),
        )?;
    }
    Ok(sp)
}
