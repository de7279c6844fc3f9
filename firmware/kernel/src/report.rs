//! What a person is told of a process that an exception has ended: the cause, the address, the function, the registers.

use core::fmt::{self, Write};

use kernel_core::elf::symbols;
use kernel_core::files::Node;

use crate::fault::cause_name;
use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::println;
use crate::process::exec::RELOCATED_BASE;
use crate::process::thread::Registers;

/// The most of a function's name that is read, and that is shown.
const NAME_BYTES: usize = 256;
const SHOWN_BYTES: usize = 96;

/// Names of x1 to x31 by the calling convention.
const NAMES: [&str; 31] = [
    "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

/// Reports that the hart's process ends by an exception.
pub fn print(kernel: &mut Kernel, hart: &Hart, cause: u64, value: u64) {
    let Some(thread) = kernel.threads.get(hart.current) else {
        return;
    };
    let (registers, id) = (thread.registers, thread.process);
    let program = kernel.processes.get(id).map(|process| process.program);
    let function = match kernel.reports_in_full {
        true => function(kernel, program.unwrap_or_default(), registers.pc),
        false => Line::new(),
    };
    let Some(process) = kernel.processes.get(id) else {
        return;
    };
    println!(
        "fawn: process {} ({}) is killed: {} at address {value:#x}, pc {:#x}{function}",
        process.pid,
        process.name(),
        cause_name(cause),
        registers.pc,
    );
    if kernel.reports_in_full {
        print_registers(&registers);
    }
}

fn print_registers(registers: &Registers) {
    let named = |index: usize| (NAMES[index], registers.x[index]);
    for row in 0..8 {
        let mut line = Line::<128>::new();
        for (name, value) in (row * 4..(row * 4 + 4).min(NAMES.len())).map(named) {
            // A line has room for four.
            let _ = write!(line, "  {name:>3} {value:016x}");
        }
        println!("fawn: {}", line.text());
    }
}

/// ` in FUNCTION+OFFSET`, or nothing when the program's file does not tell.
fn function(kernel: &mut Kernel, program: Node, pc: u64) -> Line<SHOWN_BYTES> {
    let mut text = Line::new();
    let (tree, pages) = kernel.memory.files();
    let read = |at: u64, into: &mut [u8]| {
        let length = into.len();
        (tree.read(&pages, program, at, into) == Ok(length)).then_some(())
    };
    let Some(symbol) = symbols::find(read, pc, RELOCATED_BASE) else {
        return text;
    };
    let mut name = [0; NAME_BYTES];
    let read = tree.read(&pages, program, symbol.name_at, &mut name);
    let name = &name[..read.unwrap_or(0)];
    let name = name.split(|&byte| byte == 0).next().unwrap_or(name);
    let name = core::str::from_utf8(name).unwrap_or("?");
    // What does not fit is left out.
    let _ = write!(
        text,
        " in {:#}+{:#x}",
        rustc_demangle::demangle(name),
        symbol.offset
    );
    text
}

/// Text of a bounded length: what would be longer ends the writing.
struct Line<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Line<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
        }
    }

    fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("?")
    }
}

impl<const N: usize> Write for Line<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..self.length + text.len());
        room.ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

impl<const N: usize> fmt::Display for Line<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
