//! The functions that are being executed, outermost first: through the kernel to the user code that it works for.

use std::collections::HashMap;
use std::rc::Rc;

use debugger::session::Programs;
use debugger::symbols::{Program, RegisterSet, Unwinding, VariableContext};
use machine::hart::{Hart, Privilege};

use crate::guest::Guest;
use crate::tracer::Whereabouts;

/// Register numbers (psABI).
const RA: usize = 1;
const SP: usize = 2;
const FP: usize = 8;
/// Frames of a stack, at most.
const MOST_FRAMES: usize = 128;
/// Bytes of a frame, at most, where only the frame pointer tells.
const MOST_FRAME_BYTES: u64 = 1 << 20;

/// Walks stacks.
pub struct Walker {
    programs: Rc<Programs>,
    /// Unwinding rules, by address of the program.
    rules: HashMap<*const Program, Option<Rc<Unwinding>>>,
    /// Functions at a place, innermost first, by address of the program.
    functions: HashMap<(*const Program, u64), Rc<[String]>>,
}

/// A guest's memory in one mode.
struct Memory<'a> {
    guest: &'a Guest<'a>,
    privilege: Privilege,
    registers: RegisterSet,
}

impl VariableContext for Memory<'_> {
    fn register(&self, number: u16) -> Option<u64> {
        *self.registers.x.get(usize::from(number))?
    }

    fn memory(&self, address: u64, size: u8) -> Option<u64> {
        let mut bytes = [0; 8];
        let part = bytes.get_mut(..usize::from(size))?;
        let read = self.guest.read(self.privilege, address, part);
        (read == usize::from(size)).then(|| u64::from_le_bytes(bytes))
    }

    fn frame_address(&self) -> Option<u64> {
        None
    }
}

/// The registers of a hart as it is.
fn registers(hart: &Hart) -> RegisterSet {
    RegisterSet {
        pc: hart.pc,
        x: std::array::from_fn(|number| Some(hart.reg(number as u8))),
        f: None,
    }
}

impl Walker {
    /// Among these programs.
    pub fn new(programs: Rc<Programs>) -> Self {
        Self {
            programs,
            rules: HashMap::new(),
            functions: HashMap::new(),
        }
    }

    /// The functions, outermost first. Those of the kernel end in `_[k]`, those of the firmware in `_[m]`, as flame graphs
    /// mark them.
    pub fn walk(&mut self, guest: &Guest<'_>, at: &Whereabouts) -> Vec<String> {
        let privilege = guest.hart.privilege;
        let process = at.thread.as_ref().map(|thread| thread.name.as_str());
        let process = process.filter(|name| !name.is_empty());
        let mut frames = self.frames(guest, privilege, registers(guest.hart), process);
        // The kernel works for user code: that is where the stack begins.
        if privilege != Privilege::User
            && let Some(user) = &at.user
        {
            let user = RegisterSet {
                pc: user.0,
                x: std::array::from_fn(|number| user.1.get(number).copied()),
                f: None,
            };
            frames.extend(self.frames(guest, Privilege::User, user, process));
        }
        frames.reverse();
        frames
    }

    /// The functions of one mode, innermost first.
    fn frames(
        &mut self,
        guest: &Guest<'_>,
        privilege: Privilege,
        mut registers: RegisterSet,
        process: Option<&str>,
    ) -> Vec<String> {
        let mark = match privilege {
            Privilege::User => "",
            Privilege::Supervisor => "_[k]",
            Privilege::Machine => "_[m]",
        };
        let mut names = Vec::new();
        while names.len() < MOST_FRAMES {
            let is_innermost = names.is_empty();
            let probe = if is_innermost {
                registers.pc
            } else {
                registers.pc.wrapping_sub(1)
            };
            let program = self.programs.at(probe, privilege, process).cloned();
            let functions = program
                .as_ref()
                .map(|program| self.functions(program, probe));
            let Some(functions) = functions.filter(|functions| !functions.is_empty()) else {
                if is_innermost {
                    names.push(format!("{:#x}{mark}", registers.pc));
                }
                break;
            };
            names.extend(functions.iter().map(|name| format!("{name}{mark}")));
            let memory = Memory {
                guest,
                privilege,
                registers,
            };
            let caller = program.and_then(|program| {
                let rules = self.rules(&program)?;
                Some(rules.caller(&registers, is_innermost, &memory)?.registers)
            });
            let Some(caller) = caller.or_else(|| by_frame_pointer(&memory)) else {
                break;
            };
            // A stack grows downwards; what does not lead up leads nowhere.
            let is_up =
                caller.x[SP] > registers.x[SP] || is_innermost && caller.x[SP] == registers.x[SP];
            if caller.pc == 0 || !is_up {
                break;
            }
            registers = caller;
        }
        names
    }

    /// The functions that an address is in, innermost first: those that the compiler has put into others, too, where
    /// debugging information tells.
    fn functions(&mut self, program: &Rc<Program>, address: u64) -> Rc<[String]> {
        let find = || {
            let inline = program.debug().map(|debug| debug.functions_at(address));
            let inline = inline
                .unwrap_or_default()
                .into_iter()
                .map(|frame| frame.function);
            let mut names: Vec<String> = inline.collect();
            if names.is_empty() || names.iter().any(String::is_empty) {
                let symbol = program.symbols.nearest(address);
                names = symbol
                    .into_iter()
                    .map(|(name, _)| name.to_owned())
                    .collect();
            }
            names
                .into_iter()
                .map(|name| name.replace(';', ":"))
                .collect()
        };
        let key = (Rc::as_ptr(program), address);
        self.functions.entry(key).or_insert_with(find).clone()
    }

    fn rules(&mut self, program: &Rc<Program>) -> Option<Rc<Unwinding>> {
        let read = || Unwinding::read(&program.file).map(Rc::new);
        self.rules
            .entry(Rc::as_ptr(program))
            .or_insert_with(read)
            .clone()
    }
}

/// The caller by the convention for frame pointers: the return address is below where s0 points, the caller's s0 below that.
fn by_frame_pointer(memory: &Memory<'_>) -> Option<RegisterSet> {
    let x = &memory.registers.x;
    let (sp, fp) = (x[SP]?, x[FP]?);
    if fp <= sp || fp - sp > MOST_FRAME_BYTES || fp % 8 != 0 {
        return None;
    }
    let pc = memory.memory(fp.wrapping_sub(8), 8)?;
    let mut x = *x;
    x[FP] = memory.memory(fp.wrapping_sub(16), 8);
    x[SP] = Some(fp);
    x[RA] = None;
    Some(RegisterSet { pc, x, f: None })
}
