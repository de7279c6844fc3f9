//! Places, frames and stops in words.

use std::fmt::Write;

use machine::hart::{Caught, Privilege};

use super::location::short;
use super::{Frame, Link, Report, Session, What};
use crate::expression::{Format, Printer};
use crate::os::{Call, describe_call};
use crate::points::{Event, WatchKind};
use crate::target::{Register, Space, Target, Why};

/// What stands for the repository in the images that travel with the emulator.
const REPOSITORY: &str = "/hartland/";

/// The instruction word at an address: the low 16 bits only of a compressed one.
pub(crate) fn word_at(target: &dyn Target, space: Space, address: u64) -> Option<u32> {
    let mut half = [0; 2];
    target.read(space, address, &mut half).ok()?;
    let low = u16::from_le_bytes(half);
    if low & 3 != 3 {
        return Some(u32::from(low));
    }
    target
        .read(space, address.wrapping_add(2), &mut half)
        .ok()?;
    Some(u32::from(u16::from_le_bytes(half)) << 16 | u32::from(low))
}

/// A file's name as people know it.
#[must_use]
pub(crate) fn shown_file(file: &str) -> &str {
    if let Some(own) = file.strip_prefix(REPOSITORY) {
        return own;
    }
    // Rust's own libraries, without the compiler's hash.
    let rust = file
        .strip_prefix("/rustc/")
        .and_then(|rest| rest.split_once('/'));
    rust.map_or(file, |(_, rest)| rest)
}

/// An instruction at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeText {
    /// Its address.
    pub address: u64,
    /// `main+0x8`.
    pub symbol: Option<String>,
    /// Its encoding.
    pub word: u32,
    /// Its length in bytes.
    pub len: u64,
    /// Assembler text, with the symbol of what it refers to.
    pub text: String,
}

impl Session {
    /// The instruction at an address of a frame's space.
    #[must_use]
    pub fn code(&self, target: &dyn Target, frame: &Frame, address: u64) -> Option<CodeText> {
        let word = word_at(target, frame.space, address)?;
        let len = if word & 3 == 3 { 4 } else { 2 };
        let isa = *target.hart(self.selected.hart)?.isa();
        let insn = isa::decode(word, &isa);
        let text = match &insn {
            Some(insn) => {
                let mut text = isa::disassemble(insn, address)
                    .to_string()
                    .replace('\t', " ");
                let refers = insn.imm != 0 && is_relative(insn.op);
                let to = address.wrapping_add(insn.imm as i64 as u64);
                if let Some(symbol) = self.symbol(to, Some(frame)).filter(|_| refers) {
                    let _ = write!(text, " <{symbol}>");
                }
                text
            }
            None => format!(".insn {word:#x}"),
        };
        Some(CodeText {
            address,
            symbol: self.symbol(address, Some(frame)),
            word,
            len,
            text,
        })
    }

    /// A frame on one line, as in a backtrace: `main (argc=1) at src/main.rs:12`.
    #[must_use]
    pub fn frame_line(&self, target: &dyn Target, frame: &Frame, with_values: bool) -> String {
        let pc = frame.registers.pc;
        let function = frame.function();
        let name = function.map(|function| function.function.clone());
        let symbol = || self.symbol(pc, Some(frame));
        let name = name
            .filter(|name| name != "??")
            .map(|name| short(&name).to_owned())
            .or_else(symbol);
        let mut text = name.unwrap_or_else(|| format!("{pc:#x} in ??"));
        if with_values && function.is_some() {
            let _ = write!(text, " ({})", self.parameters(target, frame));
        }
        if let Some(function) = function
            && let (Some(file), Some(line)) = (&function.file, function.line)
        {
            let _ = write!(text, " at {}:{line}", shown_file(file));
        } else if let Some(program) = &frame.program {
            let name = program.name.rsplit('/').next().unwrap_or_default();
            let _ = write!(text, " in {name}");
        }
        text
    }

    /// The parameters of a frame's function with their values.
    fn parameters(&self, target: &dyn Target, frame: &Frame) -> String {
        const MOST: usize = 8;
        const LONGEST: usize = 60;
        let scope = self.scope_of(target, frame.clone());
        let place = |address: u64| self.symbol(address, Some(frame));
        let printer = Printer {
            scope: &scope,
            place: &place,
            format: Format::Natural,
        };
        let variables = scope.variables();
        let parameters = variables.iter().filter(|variable| variable.is_parameter);
        let text = parameters.take(MOST).map(|variable| {
            let value = scope.value_of(variable);
            let value = value.map_or("…".to_owned(), |value| printer.text(&value));
            let cut: String = value.chars().take(LONGEST).collect();
            let more = if cut.len() < value.len() { "…" } else { "" };
            format!("{}={cut}{more}", variable.name)
        });
        text.collect::<Vec<_>>().join(", ")
    }

    /// The line of source, or the instruction, at a frame.
    #[must_use]
    pub fn source_line(&self, target: &dyn Target, frame: &Frame) -> String {
        let function = frame.function();
        if let Some(function) = function
            && let (Some(file), Some(line)) = (&function.file, function.line)
            && let Some(text) = self.source.line(file, line)
        {
            return format!("{line}\t{text}");
        }
        match self.code(target, frame, frame.registers.pc) {
            Some(code) => code_line(&code, true),
            None => format!("{:#x}: cannot be read", frame.registers.pc),
        }
    }

    /// Where a hart is: step, hart, privilege, and whose code it is.
    #[must_use]
    pub fn whereabouts(&self, target: &dyn Target) -> String {
        let hart = self.selected.hart;
        let mut text = format!("step {}", target.now().step);
        if target.is_past() {
            text += " (past)";
        }
        if target.harts() > 1 {
            let _ = write!(text, ", hart {hart}");
        }
        let privilege = target.register(hart, Register::Privilege).unwrap_or(3);
        let _ = write!(text, ", {}", Privilege::from_bits(privilege).letter());
        if let Some(fawn) = self.fawn(target)
            && let (Some((tid, pid)), Some(process)) = (fawn.running(hart), fawn.process_on(hart))
        {
            let _ = write!(text, ", process {pid} {}", process.name);
            if tid != pid {
                let _ = write!(text, ", thread {tid}");
            }
        }
        text
    }

    /// Why a run stopped, where it is now, and what comes next there.
    #[must_use]
    pub fn describe_stop(&self, target: &dyn Target, report: &Report) -> String {
        let reason = self.reason(target, report);
        let mut text = match &report.stopped.why {
            Why::Exit(exit) => {
                return format!(
                    "the guest ended with {} by {} after {} steps\n",
                    exit.code,
                    exit.via,
                    target.now().step
                );
            }
            Why::Stuck(stuck) => format!("the guest can never go on: {stuck}\n"),
            _ => reason.map_or(String::new(), |reason| reason + "\n"),
        };
        text += &self.describe_here(target);
        text
    }

    /// Where it is now, and what comes next there.
    #[must_use]
    pub fn describe_here(&self, target: &dyn Target) -> String {
        let Some(frame) = self.scope(target).frame else {
            return "there is no such hart\n".to_owned();
        };
        let mut text = format!("[{}]\n", self.whereabouts(target));
        let _ = writeln!(text, "{}", self.frame_line(target, &frame, true));
        let _ = writeln!(text, "{}", self.source_line(target, &frame));
        for display in &self.displays {
            let value = self.print(target, display, Format::Natural);
            let value = value.unwrap_or_else(|error| error.to_string());
            let _ = writeln!(text, "{display} = {value}");
        }
        text
    }

    /// The value of an expression as text.
    ///
    /// # Errors
    /// See [`crate::expression::evaluate`].
    pub fn print(
        &self,
        target: &dyn Target,
        text: &str,
        format: Format,
    ) -> Result<String, crate::expression::ExpressionError> {
        let value = self.evaluate(target, text)?;
        Ok(self.value_text(target, &value, format))
    }

    /// A value as text, seen from the selected frame.
    #[must_use]
    pub fn value_text(
        &self,
        target: &dyn Target,
        value: &crate::expression::Value,
        format: Format,
    ) -> String {
        let scope = self.scope(target);
        let frame = scope.frame.clone();
        let place = |address: u64| self.symbol(address, frame.as_ref());
        let printer = Printer {
            scope: &scope,
            place: &place,
            format,
        };
        printer.text(value)
    }

    fn reason(&self, target: &dyn Target, report: &Report) -> Option<String> {
        match &report.stopped.why {
            Why::Idle => {
                return Some("the guest waits for input (`input TEXT` types a line)".to_owned());
            }
            Why::Interrupted => return Some("interrupted".to_owned()),
            Why::Beginning => return Some("the beginning: nothing is earlier".to_owned()),
            Why::Present => {
                return Some("the present: what comes next has not happened yet".to_owned());
            }
            Why::Done | Why::Exit(_) | Why::Stuck(_) => return None,
            Why::Point(_) => {}
        }
        let number = report.point?;
        let point = self.points.iter().find(|point| point.number == number);
        let head = match point.map(|point| &point.what) {
            Some(What::Break { .. }) => format!("breakpoint {number}"),
            Some(What::Watch { text, kind, .. }) => {
                let kind = match kind {
                    WatchKind::Read => "read watchpoint",
                    WatchKind::Access => "access watchpoint",
                    _ => "watchpoint",
                };
                format!("{kind} {number}: {text}")
            }
            Some(_) => format!("catchpoint {number}"),
            None => format!("temporary breakpoint {number}"),
        };
        let event = report
            .event()
            .map(|event| self.event(target, report, event, point));
        Some(match event {
            Some(event) if !event.is_empty() => format!("{head}: {event}"),
            _ => head,
        })
    }

    fn event(
        &self,
        target: &dyn Target,
        report: &Report,
        event: &Event,
        point: Option<&super::UserPoint>,
    ) -> String {
        let hart = report.stopped.hart;
        match event {
            Event::Break(_) => String::new(),
            Event::Output => "the guest printed it".to_owned(),
            Event::Access { access, old, new } => {
                if let Some(What::Switch { .. }) = point.map(|point| &point.what) {
                    return self.switched(target, *new);
                }
                if access.write {
                    format!("{old} ({old:#x}) -> {new} ({new:#x})")
                } else {
                    format!("reads {new} ({new:#x})")
                }
            }
            Event::Caught(Caught::Exception { trap, pc, from }) => {
                let is_call = trap.cause as u64 == 8 && *from == Privilege::User;
                if is_call && self.knows_os() {
                    return self.call_text(target, hart);
                }
                let place = self.place_seen(target, *pc);
                let tval = match trap.tval {
                    0 => String::new(),
                    tval => format!(", tval {tval:#x}"),
                };
                format!(
                    "{} at {pc:#x}{place} in {}-mode{tval}",
                    trap.cause,
                    from.letter()
                )
            }
            Event::Caught(Caught::Interrupt {
                interrupt,
                pc,
                from,
            }) => {
                let place = self.place_seen(target, *pc);
                format!("{interrupt} at {pc:#x}{place} in {}-mode", from.letter())
            }
            Event::Caught(Caught::Privilege { from, to }) => {
                format!("from {} to {}", from.letter(), to.letter())
            }
            Event::Caught(Caught::CsrWrite { number, value }) => {
                let name = isa::csr::name(*number).unwrap_or("?");
                format!("{value:#x} was written to {name}")
            }
        }
    }

    /// The symbol of an address that was executed right before, whoever's it is.
    fn place_seen(&self, target: &dyn Target, address: u64) -> String {
        let hart = self.selected.hart;
        let fawn = self.fawn(target);
        let process = fawn.and_then(|fawn| fawn.process_on(hart));
        let name = process.map(|process| process.name);
        let privilege = match address >> 63 {
            0 if self.knows_os() && address < 0x8000_0000 => Privilege::User,
            0 => Privilege::Machine,
            _ => Privilege::Supervisor,
        };
        let program = self.programs.at(address, privilege, name.as_deref());
        let found = program.and_then(|program| program.symbols.nearest(address));
        found.map_or(String::new(), |(name, offset)| match offset {
            0 => format!(" <{}>", short(name)),
            _ => format!(" <{}+{offset:#x}>", short(name)),
        })
    }

    /// The system call that a hart has just begun.
    fn call_text(&self, target: &dyn Target, hart: usize) -> String {
        let register = |number| target.register(hart, Register::X(number)).unwrap_or(0);
        let mut arguments = [0; 6];
        for (to, number) in arguments.iter_mut().zip(10..) {
            *to = register(number);
        }
        describe_call(&Call {
            number: register(17),
            arguments,
        })
    }

    fn switched(&self, target: &dyn Target, to: u64) -> String {
        let Some(fawn) = self.fawn(target) else {
            return String::new();
        };
        let name = crate::os::Name::from_word(to);
        let thread = name.and_then(|name| {
            let all = fawn.threads();
            all.into_iter().find(|thread| thread.slot == name)
        });
        match thread {
            Some(thread) => {
                let process = fawn.process(thread.process);
                let process = process.map_or(String::new(), |p| {
                    format!(" of process {} {}", p.pid, p.name)
                });
                format!("to thread {}{process}", thread.tid)
            }
            None => "to nobody: the hart idles".to_owned(),
        }
    }

    /// A frame as a scope of names.
    #[must_use]
    pub fn scope_of<'a>(&'a self, target: &'a dyn Target, frame: Frame) -> super::FrameScope<'a> {
        super::FrameScope::new(self, target, Some(frame))
    }

    /// What stands between two frames in a backtrace, if they are not caller and callee.
    #[must_use]
    pub fn between(&self, target: &dyn Target, inner: &Frame, outer: &Frame) -> Option<String> {
        if outer.link != Link::Trap || outer.inlined != 0 {
            return None;
        }
        let modes = format!(
            "{} from {}",
            inner.privilege.letter(),
            outer.privilege.letter()
        );
        let hart = target.hart(self.selected.hart)?;
        let cause = match inner.privilege {
            Privilege::Machine => hart[machine::hart::Slot::Mcause],
            _ => hart[machine::hart::Slot::Scause],
        };
        let name = match cause >> 63 {
            0 => isa::trap::exception_name(cause),
            _ => isa::trap::interrupt_name(cause & 63),
        };
        let call = (cause == 8).then(|| {
            let mut arguments = [0; 6];
            for (to, from) in arguments.iter_mut().zip(&outer.registers.x[10..16]) {
                *to = from.unwrap_or(0);
            }
            let number = outer.registers.x[17]?;
            Some(describe_call(&Call { number, arguments }))
        });
        let call = call.flatten().filter(|_| self.knows_os());
        let what = call.unwrap_or_else(|| name.unwrap_or("trap").to_owned());
        Some(format!("<{what}, {modes}>"))
    }
}

/// An instruction on one line.
#[must_use]
pub(crate) fn code_line(code: &CodeText, with_symbol: bool) -> String {
    let symbol = code.symbol.as_ref().filter(|_| with_symbol);
    let symbol = symbol.map_or(String::new(), |symbol| format!(" <{symbol}>"));
    format!("{:#x}{symbol}:\t{}", code.address, code.text)
}

/// Whether an instruction's immediate is a distance from itself.
fn is_relative(op: isa::Opcode) -> bool {
    use isa::Opcode as O;
    matches!(
        op,
        O::Beq | O::Bne | O::Blt | O::Bge | O::Bltu | O::Bgeu | O::Jal
    )
}
