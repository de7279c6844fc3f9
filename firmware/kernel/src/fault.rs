//! Exceptions: each concerns the thread that ran, and no other.

use kernel_core::page_table::Permissions;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::process::signal;
use crate::report;

/// How memory is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An instruction fetch.
    Execute,
}

impl Access {
    /// What a process must be allowed for it.
    pub const fn permission(self) -> Permissions {
        match self {
            Self::Read => Permissions::READ,
            Self::Write => Permissions::WRITE,
            Self::Execute => Permissions::EXECUTE,
        }
    }
}

const ILLEGAL_INSTRUCTION: u64 = 2;
const BREAKPOINT: u64 = 3;

/// What a cause is called.
pub const fn cause_name(cause: u64) -> &'static str {
    match cause {
        0 => "instruction address misaligned",
        1 => "instruction access fault",
        ILLEGAL_INSTRUCTION => "illegal instruction",
        BREAKPOINT => "breakpoint",
        4 => "load address misaligned",
        5 => "load access fault",
        6 => "store address misaligned",
        7 => "store access fault",
        12 => "instruction page fault",
        13 => "load page fault",
        15 => "store page fault",
        _ => "unexpected trap",
    }
}

/// A page fault: gives the thread what it was promised, or ends its process.
pub fn page_fault(kernel: &mut Kernel, hart: &mut Hart, cause: u64, address: u64, access: Access) {
    let process = kernel.current_process(hart);
    let Some(process) = kernel.processes.get_mut(process) else {
        return;
    };
    match process.space.resolve(&mut kernel.memory, address, access) {
        Ok(_) => process.space.forget_page(address),
        Err(_) => exception(kernel, hart, cause, address),
    }
}

/// An exception: its handler takes it, or the process ends with a report.
pub fn exception(kernel: &mut Kernel, hart: &mut Hart, cause: u64, value: u64) {
    let pc = kernel
        .threads
        .get(hart.current)
        .map_or(0, |thread| thread.registers.pc);
    // What comes with these two differs from machine to machine: the instruction, its address, or nothing.
    let value = match cause {
        ILLEGAL_INSTRUCTION | BREAKPOINT => pc,
        _ => value,
    };
    let signal = match cause {
        ILLEGAL_INSTRUCTION => signal::ILL,
        BREAKPOINT => signal::TRAP,
        0 | 4 | 6 => signal::BUS,
        _ => signal::SEGV,
    };
    if kernel.handle_exception(hart, signal, value) || kernel.report_fault(hart, cause, value) {
        return;
    }
    let id = kernel.current_process(hart);
    report::print(kernel, hart, cause, value);
    kernel.end_process(id, signal);
}
