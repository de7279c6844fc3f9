//! Commands that let the machine run, forward or back.

use super::{Context, Done, fail};
use crate::session::{Report, Who};
use crate::target::{Run, TargetError, Why};

type Step = fn(&mut Context<'_>) -> Result<Report, TargetError>;

/// Does a step so often, or until something else stops it.
fn repeated(context: &mut Context<'_>, arguments: &str, step: Step) -> Done {
    let count = context.count(arguments)?.max(1);
    let mut report = None;
    for _ in 0..count {
        let done = step(context)?;
        let goes_on = done.is_done();
        report = Some(done);
        if !goes_on {
            break;
        }
    }
    tell(context, report.as_ref());
    Ok(())
}

fn tell(context: &mut Context<'_>, report: Option<&Report>) {
    if let Some(report) = report {
        let text = context.session.describe_stop(context.target, report);
        context.say(text);
    }
}

/// A guest that has ended runs no further.
fn check_alive(context: &Context<'_>) -> Done {
    if context.session.ended && !context.target.is_past() {
        return fail("the guest has ended: go back (rc, rsi, goto), or `system_reset`");
    }
    Ok(())
}

pub(super) fn go_on(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    let count = context.count(arguments)?.max(1);
    let mut report = None;
    for _ in 0..count {
        let done = context
            .session
            .go(context.target, Run::Continue, &[], context.front)?;
        let goes_on = done.point.is_some();
        report = Some(done);
        if !goes_on {
            break;
        }
    }
    tell(context, report.as_ref());
    Ok(())
}

pub(super) fn step(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    repeated(context, arguments, |c| {
        c.session.step_line(c.target, true, c.front)
    })
}

pub(super) fn next(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    repeated(context, arguments, |c| {
        c.session.step_line(c.target, false, c.front)
    })
}

pub(super) fn step_instruction(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    let count = context.count(arguments)?.max(1);
    let report = context
        .session
        .step_instructions(context.target, count, context.front)?;
    tell(context, Some(&report));
    Ok(())
}

pub(super) fn next_instruction(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    repeated(context, arguments, |c| {
        c.session.next_instruction(c.target, c.front)
    })
}

pub(super) fn finish(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    repeated(context, arguments, |c| c.session.finish(c.target, c.front))?;
    Ok(())
}

pub(super) fn until(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    if arguments.is_empty() {
        return fail("until where? A place is a function, file:line or *address");
    }
    let place = context.session.location(context.target, arguments, None)?;
    let hart = context.session.selected.hart;
    // A place of the selected thread's own program is meant for it; anybody else may come by.
    let frame = context.session.innermost(context.target);
    let own = frame.and_then(|frame| frame.program);
    let is_own = match (&own, &place.program) {
        (Some(own), Some(program)) => std::rc::Rc::ptr_eq(own, program),
        _ => false,
    };
    let who: Option<Who> = is_own.then(|| context.session.who(context.target, hart));
    let points: Vec<_> = place
        .addresses
        .iter()
        .map(|&at| crate::session::Temporary {
            at,
            who,
            lowest_sp: 0,
        })
        .collect();
    let report = context
        .session
        .go(context.target, Run::Continue, &points, context.front)?;
    tell(context, Some(&report));
    Ok(())
}

pub(super) fn run_for(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    let count = context.count(arguments)?;
    let report = context
        .session
        .go(context.target, Run::For(count), &[], context.front)?;
    tell(context, Some(&report));
    Ok(())
}

pub(super) fn back(context: &mut Context<'_>, arguments: &str) -> Done {
    let count = context.count(arguments)?.max(1);
    let mut report = None;
    for _ in 0..count {
        let done = context
            .session
            .go(context.target, Run::BackContinue, &[], context.front)?;
        let goes_on = matches!(done.stopped.why, Why::Point(_));
        report = Some(done);
        if !goes_on {
            break;
        }
    }
    tell(context, report.as_ref());
    Ok(())
}

pub(super) fn back_step(context: &mut Context<'_>, arguments: &str) -> Done {
    repeated(context, arguments, |c| {
        c.session.back_line(c.target, true, c.front)
    })
}

pub(super) fn back_next(context: &mut Context<'_>, arguments: &str) -> Done {
    repeated(context, arguments, |c| {
        c.session.back_line(c.target, false, c.front)
    })
}

pub(super) fn back_instruction(context: &mut Context<'_>, arguments: &str) -> Done {
    let count = context.count(arguments)?.max(1);
    let report = context
        .session
        .back_instructions(context.target, count, context.front)?;
    tell(context, Some(&report));
    Ok(())
}

pub(super) fn back_next_instruction(context: &mut Context<'_>, arguments: &str) -> Done {
    repeated(context, arguments, |c| {
        c.session.back_next_instruction(c.target, c.front)
    })
}

pub(super) fn back_finish(context: &mut Context<'_>, arguments: &str) -> Done {
    repeated(context, arguments, |c| {
        c.session.back_finish(c.target, c.front)
    })
}

/// Text as a person wrote it: in quotes or not, with `\n` and the like.
pub(super) fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    let mut found = String::new();
    let mut chars = inner.chars();
    while let Some(letter) = chars.next() {
        if letter != '\\' {
            found.push(letter);
            continue;
        }
        match chars.next() {
            Some('n') => found.push('\n'),
            Some('r') => found.push('\r'),
            Some('t') => found.push('\t'),
            Some('e') => found.push('\x1b'),
            Some(other) => found.push(other),
            None => found.push('\\'),
        }
    }
    found
}

pub(super) fn input(context: &mut Context<'_>, arguments: &str) -> Done {
    check_alive(context)?;
    let line = unquoted(arguments) + "\n";
    context.target.give_input(line.as_bytes())?;
    go_on(context, "")
}

pub(super) fn type_in(context: &mut Context<'_>, arguments: &str) -> Done {
    context.target.give_input(unquoted(arguments).as_bytes())?;
    Ok(())
}

pub(super) fn reset(context: &mut Context<'_>, _: &str) -> Done {
    context.target.reset()?;
    context.session.ended = false;
    context.session.select_hart(0);
    let text = context.session.describe_here(context.target);
    context.say(text);
    Ok(())
}
