//! `p`, `x`, `set` and others that look at values.

use std::fmt::Write;

use super::{CommandError, Context, Done, fail};
use crate::expression::{Format, Home, Type, Value};
use crate::session::code_line;
use crate::target::{Register, Space};

/// Items that `x` shows, at most.
const MOST_ITEMS: u64 = 4096;

fn format_of(slash: &str) -> Result<Format, CommandError> {
    match slash.chars().last() {
        None => Ok(Format::Natural),
        Some(letter) => Format::by_letter(letter)
            .ok_or_else(|| CommandError(format!("`{letter}` is no format: x d u o t c f s a"))),
    }
}

pub(super) fn print(context: &mut Context<'_>, arguments: &str) -> Done {
    let format = format_of(context.slash)?;
    let text = if arguments.is_empty() { "$" } else { arguments };
    let value = context.session.evaluate(context.target, text)?;
    let shown = context.session.value_text(context.target, &value, format);
    let number = context.session.remember(value);
    context.say(format!("${number} = {shown}"));
    Ok(())
}

pub(super) fn whatis(context: &mut Context<'_>, arguments: &str) -> Done {
    let value = context.session.evaluate(context.target, arguments)?;
    let home = match &value.home {
        Some(Home::Memory(address)) => format!(", {} bytes at {address:#x}", value.bytes.len()),
        Some(Home::Register(name)) => format!(", in {name}"),
        None => String::new(),
    };
    let name = match value.ty {
        Type::Place => "an address".to_owned(),
        _ => value.ty.name(),
    };
    context.say(format!("{name}{home}"));
    Ok(())
}

pub(super) fn assert(context: &mut Context<'_>, arguments: &str) -> Done {
    let value = context.session.evaluate(context.target, arguments)?;
    if value.int()? == 0 {
        return fail(format!("it does not hold: {arguments}"));
    }
    Ok(())
}

pub(super) fn display(context: &mut Context<'_>, arguments: &str) -> Done {
    if !arguments.is_empty() {
        let value = context
            .session
            .print(context.target, arguments, Format::Natural)?;
        context.session.displays.push(arguments.to_owned());
        context.say(format!("{arguments} = {value}"));
        return Ok(());
    }
    for text in context.session.displays.clone() {
        let value = context
            .session
            .print(context.target, &text, Format::Natural);
        let value = value.unwrap_or_else(|error| error.to_string());
        context.say(format!("{text} = {value}"));
    }
    Ok(())
}

pub(super) fn undisplay(context: &mut Context<'_>, _: &str) -> Done {
    context.session.displays.clear();
    Ok(())
}

/// How `x` shows memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    count: u64,
    format: char,
    bytes: u64,
}

impl Shape {
    fn parse(text: &str) -> Result<Self, CommandError> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let mut shape = Self {
            count: 1,
            format: 'x',
            bytes: 4,
        };
        if end > 0 {
            let count = text[..end]
                .parse()
                .ok()
                .filter(|&count| count <= MOST_ITEMS);
            shape.count = count
                .ok_or_else(|| CommandError(format!("{MOST_ITEMS} items are shown at most")))?;
        }
        let mut sized = false;
        for letter in text[end..].chars() {
            match letter {
                'b' => shape.bytes = 1,
                'h' => shape.bytes = 2,
                'w' => shape.bytes = 4,
                'g' => shape.bytes = 8,
                'i' | 's' => shape.format = letter,
                letter if Format::by_letter(letter).is_some() => shape.format = letter,
                other => {
                    return fail(format!(
                        "`{other}` is no format: a count, one of x d u o t c f s a i, one of b h w g"
                    ));
                }
            }
            sized |= matches!(letter, 'b' | 'h' | 'w' | 'g');
        }
        match shape.format {
            'a' => shape.bytes = 8,
            'c' if !sized => shape.bytes = 1,
            'f' if !sized => shape.bytes = 8,
            _ => {}
        }
        Ok(shape)
    }
}

pub(super) fn examine(context: &mut Context<'_>, arguments: &str) -> Done {
    let scope = context.session.scope(context.target);
    let space = scope.space();
    drop(scope);
    examine_in(context, arguments, space)
}

pub(super) fn examine_physical(context: &mut Context<'_>, arguments: &str) -> Done {
    examine_in(context, arguments, Space::Physical)
}

fn examine_in(context: &mut Context<'_>, arguments: &str, space: Space) -> Done {
    let shape = Shape::parse(context.slash)?;
    let address = match arguments {
        "" => match context.session.continuation.examine {
            Some(address) => address,
            None => return fail("examine which address?"),
        },
        text => {
            let value = context.session.evaluate(context.target, text)?;
            match (&value.home, &value.ty) {
                // What is in memory and is no number is looked at where it is.
                (Some(Home::Memory(address)), Type::Debug(..)) => *address,
                _ => value.int()?,
            }
        }
    };
    let end = match shape.format {
        'i' => instructions(context, address, shape.count)?,
        's' => strings(context, space, address, shape.count)?,
        _ => numbers(context, space, address, shape)?,
    };
    context.session.continuation.examine = Some(end);
    Ok(())
}

fn instructions(context: &mut Context<'_>, start: u64, count: u64) -> Result<u64, CommandError> {
    let frame = context.session.scope(context.target).frame;
    let Some(frame) = frame else {
        return fail("there is no such hart");
    };
    let mut at = start;
    for _ in 0..count {
        let code = context.session.code(context.target, &frame, at);
        let Some(code) = code else {
            return fail(format!("{at:#x} cannot be read from here"));
        };
        let mark = if at == frame.registers.pc {
            "=> "
        } else {
            "   "
        };
        context.say(format!("{mark}{}", code_line(&code, true)));
        at = at.wrapping_add(code.len);
    }
    Ok(at)
}

fn strings(
    context: &mut Context<'_>,
    space: Space,
    start: u64,
    count: u64,
) -> Result<u64, CommandError> {
    const LONGEST: u64 = 200;
    let mut at = start;
    for _ in 0..count {
        let begin = at;
        let mut bytes = Vec::new();
        loop {
            let mut byte = [0];
            context.target.read(space, at, &mut byte)?;
            at = at.wrapping_add(1);
            if byte[0] == 0 || at - begin > LONGEST {
                break;
            }
            bytes.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&bytes);
        context.say(format!("{begin:#x}: {text:?}"));
    }
    Ok(at)
}

fn numbers(
    context: &mut Context<'_>,
    space: Space,
    start: u64,
    shape: Shape,
) -> Result<u64, CommandError> {
    let per_line = match shape.format {
        'a' => 2,
        'c' => 8,
        't' => 16 / shape.bytes.max(4),
        _ => 16 / shape.bytes,
    };
    let format = Format::by_letter(shape.format).unwrap_or_default();
    let ty = match (shape.format, shape.bytes) {
        ('f', 4) => Type::Float(4),
        ('f', _) => Type::Float(8),
        (letter, bytes) => Type::Int {
            bytes: bytes as u8,
            signed: letter == 'd',
        },
    };
    let mut text = String::new();
    for index in 0..shape.count {
        let at = start.wrapping_add(index * shape.bytes);
        let mut bytes = vec![0; shape.bytes as usize];
        context.target.read(space, at, &mut bytes)?;
        if index % per_line == 0 {
            let frame = context.session.scope(context.target).frame;
            let symbol = context.session.symbol(at, frame.as_ref());
            let symbol = symbol.map_or(String::new(), |symbol| format!(" <{symbol}>"));
            let _ = write!(text, "{at:#x}{symbol}:");
        }
        let value = Value {
            ty: ty.clone(),
            bytes,
            home: None,
        };
        text.push(' ');
        if shape.format == 'x' {
            let width = 2 + 2 * shape.bytes as usize;
            let _ = write!(text, "{:#0width$x}", value.raw());
        } else {
            text += &context.session.value_text(context.target, &value, format);
        }
        if index % per_line == per_line - 1 || index + 1 == shape.count {
            text.push('\n');
        }
    }
    context.say(text);
    Ok(start.wrapping_add(shape.count * shape.bytes))
}

pub(super) fn set(context: &mut Context<'_>, arguments: &str) -> Done {
    let text = arguments.strip_prefix("var ").unwrap_or(arguments);
    let Some((place, value)) = split_assignment(text) else {
        return fail("`set PLACE = EXPR`, such as `set $pc = main` or `set *(u32 *)sp = 1`");
    };
    let value = context.session.evaluate(context.target, value)?;
    let bare = place.trim().trim_start_matches('$');
    if let (Some(register), true) = (
        Register::by_name(bare),
        place.trim().starts_with('$') || bare == "pc",
    ) {
        return set_register(context, bare, register, &value);
    }
    let old = context.session.evaluate(context.target, place)?;
    match old.home {
        Some(Home::Register(name)) => match Register::by_name(&name) {
            Some(register) => set_register(context, &name, register, &value),
            None => fail(format!("there is no register {name}")),
        },
        Some(Home::Memory(address)) => {
            let mut bytes = value.bytes.clone();
            if value.float().is_none() {
                bytes = value.int()?.to_le_bytes().to_vec();
            }
            bytes.resize(old.bytes.len(), 0);
            let space = context.session.scope(context.target).space();
            context.target.write(space, address, &bytes)?;
            Ok(())
        }
        None => fail(format!(
            "`{}` has no place that could be changed",
            place.trim()
        )),
    }
}

/// What stands before and behind `=`, which is not one of `==`, `<=`, `>=`, `!=`.
fn split_assignment(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let is_sign = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        bytes[at] == b'='
            && bytes.get(at + 1) != Some(&b'=')
            && !before.is_some_and(|b| matches!(b, b'=' | b'<' | b'>' | b'!'))
    };
    let at = (0..bytes.len()).find(|&at| is_sign(at))?;
    Some((&text[..at], &text[at + 1..]))
}

fn set_register(context: &mut Context<'_>, name: &str, register: Register, value: &Value) -> Done {
    if context.session.selected.frame != 0 || context.session.selected.thread.is_some() {
        return fail(format!(
            "{name} can be changed where the hart is: `frame 0`, and no other thread"
        ));
    }
    let number = match (register, value.float()) {
        (Register::F(_), Some(float)) => float.to_bits(),
        _ => value.int()?,
    };
    let hart = context.session.selected.hart;
    context.target.set_register(hart, register, number)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_a_count_a_format_and_a_size() {
        let shape = |text| Shape::parse(text).unwrap();
        assert_eq!(
            shape("4gx"),
            Shape {
                count: 4,
                format: 'x',
                bytes: 8
            }
        );
        assert_eq!(
            shape(""),
            Shape {
                count: 1,
                format: 'x',
                bytes: 4
            }
        );
        assert_eq!(shape("10i").format, 'i');
        assert_eq!(shape("c").bytes, 1);
        assert!(Shape::parse("4q").is_err());
        assert!(Shape::parse("99999x").is_err());
    }

    #[test]
    fn an_assignment_is_no_comparison() {
        assert_eq!(split_assignment("$a0 = 5"), Some(("$a0 ", " 5")));
        assert_eq!(split_assignment("x = a == b"), Some(("x ", " a == b")));
        assert_eq!(split_assignment("a == b"), None);
        assert_eq!(split_assignment("a <= b"), None);
    }
}
