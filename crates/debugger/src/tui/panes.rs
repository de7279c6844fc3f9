//! What the panes show, as text with marks.

use std::collections::HashMap;

use crate::commands::{csr_fields, csr_names, float_text};
use crate::session::{Frame, Nobody, Session, What, shown_file};
use crate::target::{Register, Target};

/// Instructions before the program counter that the code begins with, in bytes at most.
const BEFORE: u64 = 96;
/// Instructions that the code shows.
const INSTRUCTIONS: usize = 200;
/// Words of the stack.
const STACK_WORDS: u64 = 256;
/// Bytes of memory.
const MEMORY_BYTES: u64 = 2048;
/// Lines of the guest's console that are kept in sight.
const CONSOLE_LINES: usize = 2000;

/// A line of a pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Pieces of text, and whether each is changed since the last stop.
    pub pieces: Vec<(String, bool)>,
    /// It is where the program counter is.
    pub is_here: bool,
    /// It is of less weight.
    pub is_dim: bool,
    /// The address that it is about.
    pub address: Option<u64>,
}

impl Line {
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![(text.into(), false)],
            ..Self::default()
        }
    }

    pub fn text(&self) -> String {
        self.pieces.iter().map(|(text, _)| text.as_str()).collect()
    }
}

/// Which registers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RegisterSet {
    #[default]
    Integer,
    Float,
    Csr,
}

impl RegisterSet {
    pub const fn next(self) -> Self {
        match self {
            Self::Integer => Self::Float,
            Self::Float => Self::Csr,
            Self::Csr => Self::Integer,
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Integer => "registers",
            Self::Float => "floating-point registers",
            Self::Csr => "CSRs",
        }
    }
}

/// Values of registers at the last stop.
pub(super) type Values = HashMap<Register, u64>;

/// All registers of a hart.
pub(super) fn values(target: &dyn Target, hart: usize) -> Values {
    let integers = (0..32).map(Register::X);
    let floats = (0..32).map(Register::F);
    let csrs = csr_names()
        .iter()
        .filter_map(|name| Register::by_name(name));
    let all = integers.chain(floats).chain(csrs).chain([Register::Pc]);
    all.filter_map(|register| Some((register, target.register(hart, register)?)))
        .collect()
}

/// The registers, so many columns wide.
pub(super) fn registers(
    set: RegisterSet,
    values: &Values,
    before: &Values,
    width: usize,
) -> Vec<Line> {
    let changed = |register: Register| {
        before
            .get(&register)
            .is_some_and(|old| values.get(&register) != Some(old))
    };
    let value = |register: Register| values.get(&register).copied().unwrap_or(0);
    match set {
        RegisterSet::Integer => {
            let columns = (width / 20).clamp(1, 8);
            let rows = 32usize.div_ceil(columns);
            let row = |row: usize| {
                let cell = |column: usize| {
                    let number = row + column * rows;
                    (number < 32).then(|| {
                        // Zero is no news; where it would be, the program counter is.
                        let (name, register) = match number {
                            0 => ("pc", Register::Pc),
                            _ => (isa::reg::X_NAMES[number], Register::X(number as u8)),
                        };
                        let bits = value(register);
                        // Fifteen digits where the first is zero leave a gap in narrow columns.
                        let text = match bits >> 60 {
                            0 => format!("{name:>3}  {bits:015x}"),
                            _ => format!("{name:>3} {bits:016x}"),
                        };
                        (
                            format!("{text:<0$}", (width / columns).min(24)),
                            changed(register),
                        )
                    })
                };
                Line {
                    pieces: (0..columns).filter_map(cell).collect(),
                    ..Line::default()
                }
            };
            (0..rows).map(row).collect()
        }
        RegisterSet::Float => {
            let columns = (width / 40).clamp(1, 4);
            let rows = 32usize.div_ceil(columns);
            let row = |row: usize| {
                let cell = |column: usize| {
                    let number = row + column * rows;
                    (number < 32).then(|| {
                        let name = isa::reg::F_NAMES[number];
                        let register = Register::F(number as u8);
                        let bits = value(register);
                        let text = format!("{name:>4} {bits:016x} {}", float_text(bits));
                        (format!("{text:<40}"), changed(register))
                    })
                };
                Line {
                    pieces: (0..columns).filter_map(cell).collect(),
                    ..Line::default()
                }
            };
            (0..rows).map(row).collect()
        }
        RegisterSet::Csr => {
            let known = csr_names().iter().filter_map(|name| {
                let register = Register::by_name(name)?;
                let bits = *values.get(&register)?;
                let fields = csr_fields(name, bits);
                // Counters change with every step: nobody needs to be told.
                let counts = matches!(*name, "mcycle" | "minstret" | "time");
                let text = format!("{name:>10} {bits:016x} {fields}");
                Some(Line {
                    pieces: vec![(text, changed(register) && !counts)],
                    ..Line::default()
                })
            });
            known.collect()
        }
    }
}

/// Instructions around an address, with the source lines between them.
pub(super) fn code(
    session: &Session,
    target: &dyn Target,
    frame: &Frame,
    around: u64,
) -> Vec<Line> {
    let program = frame.program.as_ref().filter(|p| p.covers(around));
    let debug = program.and_then(|program| program.debug());
    let start = debug.and_then(|debug| debug.row_before(around, BEFORE));
    let symbol = || {
        let (_, offset) = program?.symbols.nearest(around)?;
        (offset <= BEFORE).then_some(around - offset)
    };
    let mut at = start.or_else(symbol).unwrap_or(around);
    let points = breakpoints(session);
    let mut lines = Vec::new();
    let mut last_line = None;
    let mut last_symbol = None;
    for _ in 0..INSTRUCTIONS {
        let Some(code) = session.code(target, frame, at) else {
            break;
        };
        let line = debug.and_then(|debug| debug.line_at(at));
        let line = line.map(|line| (line.file, line.line));
        let line = line.filter(|(_, number)| *number != 0);
        let (name, offset) = split_symbol(code.symbol.as_deref());
        if line.is_none() && name.is_some() && name != last_symbol {
            let text = format!("{}:", name.clone().unwrap_or_default());
            lines.push(Line {
                is_dim: true,
                ..Line::plain(text)
            });
        }
        last_symbol = name;
        if line.is_some() && line != last_line {
            let (file, number) = line.clone().unwrap_or_default();
            let short_file = shown_file(&file)
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            let source = session.source.line(&file, number);
            let text = match source {
                Some(source) => format!("{number:>4} {}", source.trim_end()),
                None => format!("{short_file}:{number}"),
            };
            lines.push(Line {
                is_dim: true,
                address: Some(at),
                ..Line::plain(text)
            });
            last_line = line;
        }
        let is_here = at == frame.registers.pc;
        let mark = match (points.contains(&at), is_here) {
            (true, true) => "*>",
            (true, false) => "* ",
            (false, true) => "=>",
            (false, false) => "  ",
        };
        let place = offset.map_or_else(|| "+0".to_owned(), |offset| format!("+{offset:#x}"));
        let low = at & 0xffff_ffff;
        lines.push(Line {
            is_here,
            address: Some(at),
            ..Line::plain(format!("{mark}{low:08x} {place:<6} {}", code.text))
        });
        at = at.wrapping_add(code.len);
    }
    if lines.is_empty() {
        lines.push(Line::plain(format!("{around:#x} cannot be read from here")));
    }
    lines
}

/// `main+0x8` as `main` and 8.
fn split_symbol(symbol: Option<&str>) -> (Option<String>, Option<u64>) {
    let Some(symbol) = symbol else {
        return (None, None);
    };
    match symbol.rsplit_once("+0x") {
        Some((name, offset)) => (Some(name.to_owned()), u64::from_str_radix(offset, 16).ok()),
        None => (Some(symbol.to_owned()), None),
    }
}

/// Addresses with a breakpoint.
fn breakpoints(session: &Session) -> Vec<u64> {
    let enabled = session.points().iter().filter(|point| point.enabled);
    let addresses = enabled.filter_map(|point| match &point.what {
        What::Break { addresses, .. } => Some(addresses.clone()),
        _ => None,
    });
    addresses.flatten().collect()
}

/// The words above the stack pointer.
pub(super) fn stack(session: &Session, target: &dyn Target, frame: &Frame) -> Vec<Line> {
    let Some(sp) = frame.registers.x[2] else {
        return vec![Line::plain("the stack pointer is not known")];
    };
    let mut lines = Vec::new();
    for index in 0..STACK_WORDS {
        let at = sp.wrapping_add(8 * index);
        let mut bytes = [0; 8];
        if target.read(frame.space, at, &mut bytes).is_err() {
            break;
        }
        let word = u64::from_le_bytes(bytes);
        let symbol = session.symbol(word, Some(frame)).filter(|_| word >= 0x1000);
        let symbol = symbol.map_or(String::new(), |symbol| format!(" {symbol}"));
        lines.push(Line {
            address: Some(at),
            ..Line::plain(format!("+{:<4x} {word:016x}{symbol}", 8 * index))
        });
    }
    if lines.is_empty() {
        lines.push(Line::plain(format!("sp {sp:#x} leads nowhere")));
    }
    lines
}

/// Memory from an address on, with the characters where there is room.
pub(super) fn memory(target: &dyn Target, frame: &Frame, address: u64, width: usize) -> Vec<Line> {
    let per_line: u64 = if width >= 60 { 16 } else { 8 };
    let mut lines = Vec::new();
    for offset in (0..MEMORY_BYTES).step_by(per_line as usize) {
        let at = address.wrapping_add(offset);
        let mut bytes = vec![0; per_line as usize];
        if target.read(frame.space, at, &mut bytes).is_err() {
            break;
        }
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let letter = |byte: &u8| match byte {
            32..=126 => char::from(*byte),
            _ => '.',
        };
        let letters: String = bytes.iter().map(letter).collect();
        lines.push(Line {
            address: Some(at),
            ..Line::plain(format!(
                "{:08x} {} {letters}",
                at & 0xffff_ffff,
                hex.join(" ")
            ))
        });
    }
    if lines.is_empty() {
        lines.push(Line::plain(format!(
            "{address:#x} cannot be read from here"
        )));
    }
    lines
}

/// The last lines that the guest printed.
pub(super) fn console(target: &dyn Target) -> Vec<Line> {
    let text = String::from_utf8_lossy(target.console()).into_owned();
    let lines: Vec<_> = text.split('\n').collect();
    let from = lines.len().saturating_sub(CONSOLE_LINES);
    lines[from..]
        .iter()
        .map(|line| Line::plain(printable(line)))
        .collect()
}

/// Text without what would move the cursor of our own terminal.
pub(super) fn printable(text: &str) -> String {
    let mut found = String::new();
    let mut chars = text.chars().peekable();
    while let Some(letter) = chars.next() {
        match letter {
            '\x1b' => {
                // An escape sequence: up to its final letter.
                if chars.peek() == Some(&'[') {
                    chars.next();
                    for next in chars.by_ref() {
                        if ('@'..='~').contains(&next) {
                            break;
                        }
                    }
                }
            }
            '\t' => found.push_str("    "),
            letter if letter.is_control() => {}
            letter => found.push(letter),
        }
    }
    found
}

/// What Fawn's processes and threads are about, or what the harts are.
pub(super) fn processes(session: &mut Session, target: &mut dyn Target) -> Vec<Line> {
    let command = if session.knows_os() {
        "threads"
    } else {
        "hart"
    };
    let reply = session.execute(target, command, &mut Nobody);
    let text = reply.error.unwrap_or(reply.text);
    text.lines().map(Line::plain).collect()
}
