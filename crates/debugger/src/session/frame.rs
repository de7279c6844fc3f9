//! Frames: what functions are active, from the innermost out, across `ecall`s and interrupts too.

use std::rc::Rc;

use machine::hart::{Privilege, Slot};

use super::Session;
use crate::os::{Fawn, ThreadView};
use crate::symbols::{Caller, InlineFrame, Program, RegisterSet, VariableContext};
use crate::target::{Space, Target};

/// Longer backtraces are cut.
const MOST_FRAMES: usize = 512;
const RA: usize = 1;
const SP: usize = 2;
const FP: usize = 8;

/// How a frame came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The innermost one.
    Innermost,
    /// It called the next inner one.
    Call,
    /// It was interrupted, or asked, by a trap.
    Trap,
}

/// A function that is active.
#[derive(Clone)]
pub struct Frame {
    /// Its registers, as far as they are known.
    pub registers: RegisterSet,
    /// Where its addresses have their meaning.
    pub space: Space,
    /// The privilege that it runs at.
    pub privilege: Privilege,
    /// The program that it belongs to.
    pub program: Option<Rc<Program>>,
    /// How it came to be.
    pub link: Link,
    /// The functions at its address: the first is the innermost inlined one, the last has the frame.
    pub functions: Vec<InlineFrame>,
    /// The stack pointer before it was called, if the rules are known.
    pub frame_address: Option<u64>,
    /// It was inlined into the next one: they share everything but the function.
    pub inlined: usize,
}

impl Frame {
    /// The address to look up: in a caller that of the call, not of what comes behind it.
    #[must_use]
    pub fn probe(&self) -> u64 {
        match self.link {
            Link::Call => self.registers.pc.wrapping_sub(1),
            _ => self.registers.pc,
        }
    }

    /// The function that it shows.
    #[must_use]
    pub fn function(&self) -> Option<&InlineFrame> {
        self.functions.get(self.inlined)
    }
}

/// Reads memory and registers of a frame.
pub struct FrameContext<'a> {
    /// The machine.
    pub target: &'a dyn Target,
    /// The frame's registers.
    pub registers: &'a RegisterSet,
    /// Its address space.
    pub space: Space,
    /// Its canonical frame address.
    pub frame_address: Option<u64>,
}

impl VariableContext for FrameContext<'_> {
    fn register(&self, number: u16) -> Option<u64> {
        match number {
            0 => Some(0),
            1..=31 => self.registers.x[usize::from(number)],
            32..=63 => Some(self.registers.f?[usize::from(number) - 32]),
            _ => None,
        }
    }

    fn memory(&self, address: u64, size: u8) -> Option<u64> {
        let mut bytes = [0; 8];
        let len = usize::from(size.clamp(1, 8));
        self.target
            .read(self.space, address, &mut bytes[..len])
            .ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    fn frame_address(&self) -> Option<u64> {
        self.frame_address
    }
}

impl Session {
    /// The innermost frame of what is selected: a hart, or a thread that waits.
    #[must_use]
    pub fn innermost(&self, target: &dyn Target) -> Option<Frame> {
        let fawn = self.fawn(target);
        if let Some(tid) = self.selected.thread
            && let Some(fawn) = &fawn
            && let Some(thread) = fawn.threads().into_iter().find(|t| t.tid == tid)
            && thread.hart.is_none()
        {
            return Some(self.user_frame(&thread, fawn, Link::Innermost));
        }
        self.innermost_of(target, self.selected.hart)
    }

    /// The innermost frame of a hart.
    #[must_use]
    pub fn innermost_of(&self, target: &dyn Target, number: usize) -> Option<Frame> {
        let fawn = self.fawn(target);
        let hart = target.hart(number)?;
        let mut x = [None; 32];
        for (to, from) in x.iter_mut().zip(&hart.x[..32]) {
            *to = Some(*from);
        }
        let registers = RegisterSet {
            pc: hart.pc,
            x,
            f: Some(hart.f),
        };
        let space = match hart.privilege {
            Privilege::Machine => Space::Physical,
            _ => Space::Root(hart[Slot::Satp]),
        };
        let process = fawn.as_ref().and_then(|fawn| fawn.process_on(number));
        let process = process.map(|process| process.name);
        Some(self.frame(
            registers,
            (space, hart.privilege),
            process.as_deref(),
            Link::Innermost,
        ))
    }

    fn frame(
        &self,
        registers: RegisterSet,
        (space, privilege): (Space, Privilege),
        process: Option<&str>,
        link: Link,
    ) -> Frame {
        let probe = match link {
            Link::Call => registers.pc.wrapping_sub(1),
            _ => registers.pc,
        };
        let program = self.programs.at(probe, privilege, process).cloned();
        let debug = program.as_ref().and_then(|program| program.debug());
        let functions = debug.map_or_else(Vec::new, |debug| debug.functions_at(probe));
        Frame {
            registers,
            space,
            privilege,
            program,
            link,
            functions,
            frame_address: None,
            inlined: 0,
        }
    }

    /// Where a thread of the user is: its saved registers, in its own address space.
    fn user_frame(&self, thread: &ThreadView, fawn: &Fawn<'_>, link: Link) -> Frame {
        let mut x = [None; 32];
        x[0] = Some(0);
        for (to, from) in x[1..].iter_mut().zip(thread.x) {
            *to = Some(from);
        }
        let registers = RegisterSet {
            pc: thread.pc,
            x,
            f: None,
        };
        let process = fawn.process(thread.process);
        let space = process
            .as_ref()
            .map_or(Space::Physical, |process| Space::Root(process.satp));
        let name = process.map(|process| process.name);
        self.frame(registers, (space, Privilege::User), name.as_deref(), link)
    }

    /// All active functions, the innermost first. Functions that were inlined have frames of their own.
    #[must_use]
    pub fn backtrace(&self, target: &dyn Target) -> Vec<Frame> {
        let mut all = Vec::new();
        let mut next = self.innermost(target);
        while let Some(mut frame) = next.take() {
            let caller = self.caller(target, &frame);
            frame.frame_address = caller.as_ref().map(|caller| caller.frame_address);
            for inlined in 0..frame.functions.len().max(1) {
                all.push(Frame {
                    inlined,
                    ..frame.clone()
                });
            }
            if all.len() >= MOST_FRAMES {
                break;
            }
            next = match caller {
                Some(caller) if goes_on(&frame, &caller) => {
                    Some(self.calling(target, &frame, caller))
                }
                _ => self.beyond_trap(target, &frame),
            };
        }
        all
    }

    fn calling(&self, target: &dyn Target, frame: &Frame, caller: Caller) -> Frame {
        let process = match frame.privilege {
            Privilege::User => self.process_name_of(target, frame.space),
            _ => None,
        };
        self.frame(
            caller.registers,
            (frame.space, frame.privilege),
            process.as_deref(),
            Link::Call,
        )
    }

    fn process_name_of(&self, target: &dyn Target, space: Space) -> Option<String> {
        let fawn = self.fawn(target)?;
        let Space::Root(satp) = space else {
            return None;
        };
        let root = satp & ((1 << 44) - 1);
        let mut all = fawn.processes().into_iter();
        all.find(|process| process.satp & ((1 << 44) - 1) == root)
            .map(|process| process.name)
    }

    /// The caller of a frame: by the compiler's rules, else by what a function without rules must have left.
    #[must_use]
    pub fn caller(&self, target: &dyn Target, frame: &Frame) -> Option<Caller> {
        let context = FrameContext {
            target,
            registers: &frame.registers,
            space: frame.space,
            frame_address: None,
        };
        let is_exact = frame.link != Link::Call;
        let debug = frame.program.as_ref().and_then(|program| program.debug());
        let by_rules = debug.and_then(|d| d.caller(&frame.registers, is_exact, &context));
        if by_rules.is_some() {
            return by_rules;
        }
        let process = self.process_name_of(target, frame.space);
        let is_code = |address: u64| {
            let program = self
                .programs
                .at(address, frame.privilege, process.as_deref());
            address & 1 == 0 && program.is_some()
        };
        // The symbols where control enters by trap have nobody who called them.
        if self.is_trap_entry(frame) {
            return None;
        }
        let x = &frame.registers.x;
        // A chain of frame pointers.
        if let (Some(fp), Some(sp)) = (x[FP], x[SP])
            && fp > sp
            && fp - sp < 1 << 20
            && fp & 7 == 0
            && let Some(ra) = context
                .memory(fp.wrapping_sub(8), 8)
                .filter(|&ra| is_code(ra))
        {
            let mut registers = frame.registers;
            registers.pc = ra;
            registers.f = None;
            registers.x[RA] = None;
            registers.x[SP] = Some(fp);
            registers.x[FP] = context.memory(fp.wrapping_sub(16), 8);
            return Some(Caller {
                registers,
                frame_address: fp,
            });
        }
        // A function in assembler that calls nobody and has not moved the stack pointer.
        let (ra, sp) = (x[RA]?, x[SP]?);
        if is_exact && is_code(ra) && ra != frame.registers.pc {
            let mut registers = frame.registers;
            registers.pc = ra;
            registers.f = None;
            registers.x[RA] = None;
            return Some(Caller {
                registers,
                frame_address: sp,
            });
        }
        None
    }

    fn symbol_of(&self, frame: &Frame) -> Option<(String, u64)> {
        let program = frame.program.as_ref()?;
        let (name, offset) = program.symbols.nearest(frame.probe())?;
        Some((name.to_owned(), offset))
    }

    fn is_trap_entry(&self, frame: &Frame) -> bool {
        let name = self.symbol_of(frame).map(|(name, _)| name);
        name.is_some_and(|name| {
            matches!(
                name.as_str(),
                "trap_entry" | "trap_return" | "enter_user" | "_start"
            )
        })
    }

    /// Who was interrupted by, or asked for, the trap that the outermost frame of a privilege handles.
    fn beyond_trap(&self, target: &dyn Target, frame: &Frame) -> Option<Frame> {
        match frame.privilege {
            Privilege::User => None,
            Privilege::Supervisor => {
                let name = self.symbol_of(frame).map(|(name, _)| name)?;
                // Functions that never return keep no caller: Fawn's `trap` module is where they are entered from.
                let is_entry = matches!(name.as_str(), "trap_entry" | "trap_return");
                if !is_entry && !name.starts_with("kernel::trap::") {
                    return None;
                }
                let fawn = self.fawn(target)?;
                let mut thread = fawn.thread_on(self.selected.hart)?;
                let hart = target.hart(self.selected.hart)?;
                // In the first instructions the registers are still those of the thread.
                if let Some(pc) = fawn.interrupted_at_entry(hart) {
                    thread.pc = pc;
                    thread.x.copy_from_slice(&hart.x[1..32]);
                }
                Some(self.user_frame(&thread, &fawn, Link::Trap))
            }
            Privilege::Machine => self.below_firmware(target),
        }
    }

    /// Firmware was called, or came in between: `mepc` and `mstatus.MPP` say where.
    fn below_firmware(&self, target: &dyn Target) -> Option<Frame> {
        let hart = target.hart(self.selected.hart)?;
        let status = hart[Slot::Mstatus];
        let privilege = match status >> 11 & 3 {
            0 => Privilege::User,
            1 => Privilege::Supervisor,
            _ => return None,
        };
        let pc = hart[Slot::Mepc];
        if pc == 0 {
            return None;
        }
        let registers = RegisterSet {
            pc,
            x: [None; 32],
            f: None,
        };
        let process = self
            .fawn(target)
            .and_then(|f| f.process_on(self.selected.hart));
        let process = process.map(|process| process.name);
        let space = Space::Root(hart[Slot::Satp]);
        let at = (space, privilege);
        Some(self.frame(registers, at, process.as_deref(), Link::Trap))
    }
}

/// A caller whose frame is not further out is no caller.
fn goes_on(frame: &Frame, caller: &Caller) -> bool {
    let sp = frame.registers.x[SP].unwrap_or(0);
    caller.registers.pc > 1
        && caller.frame_address >= sp
        && (caller.frame_address > sp || caller.registers.pc != frame.registers.pc)
}
