//! Frames, source, instructions, harts, and what the guest printed.

use std::fmt::Write;

use super::run::unquoted;
use super::{Context, Done, fail, info};
use crate::session::{Frame, code_line, shown_file};
use crate::target::Register;

/// Lines that `list` shows.
const LIST_LINES: u32 = 10;
/// Instructions that `disassemble` shows, at most.
const MOST_INSTRUCTIONS: u64 = 2000;

pub(super) fn backtrace(context: &mut Context<'_>, arguments: &str) -> Done {
    let most = match arguments {
        "" => usize::MAX,
        text => context.number(text)? as usize,
    };
    let frames = context.session.backtrace(context.target);
    if frames.is_empty() {
        return fail("there is no such hart");
    }
    let mut text = String::new();
    for (number, frame) in frames.iter().enumerate().take(most) {
        if let Some(before) = number.checked_sub(1).and_then(|before| frames.get(before))
            && let Some(between) = context.session.between(context.target, before, frame)
        {
            let _ = writeln!(text, "    {between}");
        }
        let line = context.session.frame_line(context.target, frame, true);
        let _ = writeln!(text, "#{number:<2} {line}");
    }
    if frames.len() > most {
        text += "(more)\n";
    }
    context.say(text);
    Ok(())
}

fn select(context: &mut Context<'_>, number: usize) -> Done {
    let frames = context.session.backtrace(context.target);
    let Some(frame) = frames.get(number) else {
        let last = frames.len().saturating_sub(1);
        return fail(format!("frames go from 0 to {last}"));
    };
    context.session.selected.frame = number;
    context.session.continuation.list = None;
    tell_frame(context, number, frame);
    Ok(())
}

fn tell_frame(context: &mut Context<'_>, number: usize, frame: &Frame) {
    let line = context.session.frame_line(context.target, frame, true);
    let source = context.session.source_line(context.target, frame);
    context.say(format!("#{number:<2} {line}\n{source}"));
}

pub(super) fn frame(context: &mut Context<'_>, arguments: &str) -> Done {
    let number = match arguments {
        "" => context.session.selected.frame,
        text => context.number(text)? as usize,
    };
    select(context, number)
}

pub(super) fn up(context: &mut Context<'_>, arguments: &str) -> Done {
    let count = context.count(arguments)? as usize;
    select(
        context,
        context.session.selected.frame.saturating_add(count),
    )
}

pub(super) fn down(context: &mut Context<'_>, arguments: &str) -> Done {
    let count = context.count(arguments)? as usize;
    match context.session.selected.frame.checked_sub(count) {
        Some(number) => select(context, number),
        None => fail("frame 0 is the innermost one"),
    }
}

pub(super) fn list(context: &mut Context<'_>, arguments: &str) -> Done {
    let (file, first, mark) = if arguments.is_empty() {
        match context.session.continuation.list.clone() {
            Some((file, next)) => (file, next, None),
            None => {
                let current = context.session.current_line(context.target);
                let Some((file, line)) = current else {
                    return fail("there is no source line here: `disas` shows instructions");
                };
                (file, line.saturating_sub(LIST_LINES / 2), Some(line))
            }
        }
    } else {
        let place = context.session.location(context.target, arguments, None)?;
        let address = place.addresses.first().copied().unwrap_or(0);
        let frame = context.session.scope(context.target).frame;
        let program = place.program.or_else(|| frame?.program);
        let debug = program.as_ref().and_then(|program| program.debug());
        let Some(line) = debug.and_then(|debug| debug.line_at(address)) else {
            return fail(format!(
                "{address:#x} belongs to no source line that is known"
            ));
        };
        (line.file, line.line.saturating_sub(LIST_LINES / 2), None)
    };
    let Some(lines) = context.session.source.lines(&file) else {
        return fail(format!(
            "{} is not found: `directory DIR` says where to look",
            shown_file(&file)
        ));
    };
    let first = first.max(1);
    let mut text = String::new();
    for number in first..first + LIST_LINES {
        let Some(line) = lines.get(number as usize - 1) else {
            break;
        };
        let sign = if mark == Some(number) { '>' } else { ' ' };
        let _ = writeln!(text, "{sign}{number}\t{line}");
    }
    if text.is_empty() {
        return fail(format!("{} ends before line {first}", shown_file(&file)));
    }
    context.session.continuation.list = Some((file, first + LIST_LINES));
    context.say(text);
    Ok(())
}

pub(super) fn disassemble(context: &mut Context<'_>, arguments: &str) -> Done {
    let Some(frame) = context.session.scope(context.target).frame else {
        return fail("there is no such hart");
    };
    let (place, count) = match arguments.rsplit_once(' ') {
        Some((place, count)) if count.parse::<u64>().is_ok() => (place, count.parse().ok()),
        _ => (arguments, None),
    };
    let mut program = frame.program.clone();
    let start = match place {
        "" => frame.probe(),
        text => {
            let place = context.session.location(context.target, text, None)?;
            program = place.program.or(program);
            place.addresses.first().copied().unwrap_or(0)
        }
    };
    // The function around the place, or so many instructions from it on.
    let debug = program.as_ref().and_then(|program| program.debug());
    let (begin, end) = match (count, debug.and_then(|debug| debug.function_range(start))) {
        (None, Some(range)) => range,
        (None, None) => (start, start.saturating_add(40)),
        (Some(_), _) => (start, u64::MAX),
    };
    let most = count.unwrap_or(MOST_INSTRUCTIONS).min(MOST_INSTRUCTIONS);
    let mut text = String::new();
    let mut at = begin;
    let mut last_line = None;
    for _ in 0..most {
        if at >= end {
            break;
        }
        let Some(code) = context.session.code(context.target, &frame, at) else {
            if text.is_empty() {
                return fail(format!("{at:#x} cannot be read from here"));
            }
            break;
        };
        let line = debug.and_then(|debug| debug.line_at(at));
        let line = line.map(|line| (line.file, line.line));
        let line = line.filter(|(_, number)| *number != 0);
        if line.is_some() && line != last_line {
            let (file, number) = line.clone().unwrap_or_default();
            let source = context.session.source.line(&file, number);
            let source = source.map_or(String::new(), |s| format!("  {}", s.trim()));
            let _ = writeln!(text, "{}:{number}{source}", shown_file(&file));
            last_line = line;
        }
        let sign = if at == frame.registers.pc {
            "=> "
        } else {
            "   "
        };
        let _ = writeln!(text, "{sign}{}", code_line(&code, true));
        at = at.wrapping_add(code.len);
    }
    context.say(text);
    Ok(())
}

pub(super) fn hart(context: &mut Context<'_>, arguments: &str) -> Done {
    if !arguments.is_empty() {
        let number = context.number(arguments)? as usize;
        if number >= context.target.harts() {
            let last = context.target.harts() - 1;
            return fail(format!("harts go from 0 to {last}"));
        }
        context.session.select_hart(number);
        let text = context.session.describe_here(context.target);
        context.say(text);
        return Ok(());
    }
    for number in 0..context.target.harts() {
        let Some(frame) = context.session.innermost_of(context.target, number) else {
            continue;
        };
        let mark = if number == context.session.selected.hart {
            '*'
        } else {
            ' '
        };
        let waits = context.target.hart(number).is_some_and(|hart| hart.waiting);
        let waits = if waits {
            ", waits for an interrupt"
        } else {
            ""
        };
        let privilege = info::letter(context.target.register(number, Register::Privilege));
        let line = context.session.frame_line(context.target, &frame, false);
        context.say(format!("{mark} hart {number}: {privilege}{waits}, {line}"));
    }
    Ok(())
}

pub(super) fn console(context: &mut Context<'_>, arguments: &str) -> Done {
    const USUAL: usize = 20;
    let count = match arguments {
        "" => USUAL,
        text => context.number(text)? as usize,
    };
    let text = String::from_utf8_lossy(context.target.console()).into_owned();
    let lines: Vec<_> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    let shown: Vec<_> = lines[from..].iter().map(|line| line.trim_end()).collect();
    context.say(shown.join("\n"));
    Ok(())
}

pub(super) fn expect_text(context: &mut Context<'_>, arguments: &str) -> Done {
    let wanted = unquoted(arguments);
    let printed = String::from_utf8_lossy(context.target.console());
    match printed.contains(&wanted) {
        true => Ok(()),
        false => fail(format!("the guest has not printed {wanted:?}")),
    }
}

pub(super) fn echo(context: &mut Context<'_>, arguments: &str) -> Done {
    context.say(unquoted(arguments));
    Ok(())
}

pub(super) fn directory(context: &mut Context<'_>, arguments: &str) -> Done {
    let path = std::path::PathBuf::from(unquoted(arguments));
    if !path.is_dir() {
        return fail(format!("{} is no directory", path.display()));
    }
    context.session.source.add_directory(path);
    Ok(())
}
