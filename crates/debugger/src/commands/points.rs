//! Breakpoints, watchpoints and catchpoints.

use isa::trap::{Exception, Interrupt};

use super::run::unquoted;
use super::{CommandError, Context, Done, fail};
use crate::expression::{self, Home, Type};
use crate::os::{call_name, call_number};
use crate::points::{Point, WatchKind};
use crate::session::{Scope, UserPoint, What};
use crate::symbols::Space;

/// What `help catch` adds.
pub(super) const CATCH_HELP: &str = "\
events:
  trap [NAME|N]     an exception: `catch trap page-fault`, `catch trap illegal`
  interrupt [NAME]  an interrupt: `catch interrupt timer`
  priv [U|S|M]      another privilege
  syscall [NAME…]   a system call of the user's, by name or number
  csr NAME          a write of a CSR
  send [N], recv [N]  a message is sent to, or asked from, a mailbox
  fork, execve, exit  a process is made, becomes another program, or ends
  switch [TID]      a hart goes over to another thread
  console TEXT      the guest has printed this";

/// The words of a command about a point, taken apart.
struct Words {
    what: String,
    scope: Option<String>,
    condition: Option<String>,
}

/// `WHAT [in SCOPE] [if EXPR]`.
fn words(text: &str) -> Words {
    let (rest, condition) = match find_word(text, "if") {
        Some((rest, condition)) => (rest, Some(condition.to_owned())),
        None => (text, None),
    };
    let (what, scope) = match find_word(rest, "in") {
        Some((what, scope)) => (what, Some(scope.to_owned())),
        None => (rest, None),
    };
    Words {
        what: what.trim().to_owned(),
        scope,
        condition,
    }
}

/// What stands before and behind a word by itself.
fn find_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    let mut in_quotes = false;
    for (at, letter) in text.char_indices() {
        if letter == '"' {
            in_quotes = !in_quotes;
        }
        let is_start = at == 0 || text[..at].ends_with(' ');
        if at >= from && is_start && !in_quotes && text[at..].starts_with(word) {
            let rest = &text[at + word.len()..];
            if rest.starts_with(' ') || rest.starts_with('(') {
                return Some((text[..at].trim(), rest.trim()));
            }
            from = at + 1;
        }
    }
    None
}

fn scope(context: &Context<'_>, text: &str) -> Result<Scope, CommandError> {
    let number = |text: &str| {
        let parsed = text.trim().parse::<u32>();
        parsed.map_err(|_| CommandError(format!("`{}` is no number", text.trim())))
    };
    if let Some(pid) = text.strip_prefix("process ") {
        return Ok(Scope::Process(number(pid)?));
    }
    if let Some(tid) = text.strip_prefix("thread ") {
        return Ok(Scope::Thread(number(tid)?));
    }
    if let Some(hart) = text.strip_prefix("hart ") {
        return Ok(Scope::Hart(number(hart)? as usize));
    }
    Ok(match text {
        "kernel" => Scope::Kernel,
        "firmware" => Scope::Firmware,
        "machine" => Scope::Machine,
        name => {
            let program = context.session.program(name)?;
            match program.space {
                Space::User => Scope::Program(program),
                Space::Kernel => Scope::Kernel,
                Space::Machine => Scope::Machine,
            }
        }
    })
}

fn set(
    context: &mut Context<'_>,
    what: What,
    scope: Scope,
    words: &Words,
    temporary: bool,
) -> Done {
    let condition = match &words.condition {
        Some(text) => Some((text.clone(), expression::parse(text)?)),
        None => None,
    };
    let (kind, text) = what.describe();
    let place = scope.describe();
    let point = UserPoint {
        number: 0,
        what,
        scope,
        condition,
        ignore: 0,
        hits: 0,
        temporary,
        enabled: true,
        command: context.line.trim().to_owned(),
        ids: Vec::new(),
    };
    let number = context.session.set_point(context.target, point)?;
    let place = place.map_or(String::new(), |place| format!(" in {place}"));
    context.say(format!("{kind} {number}: {text}{place}"));
    Ok(())
}

pub(super) fn set_break(context: &mut Context<'_>, arguments: &str) -> Done {
    break_at(context, arguments, false)
}

pub(super) fn set_temporary(context: &mut Context<'_>, arguments: &str) -> Done {
    break_at(context, arguments, true)
}

fn break_at(context: &mut Context<'_>, arguments: &str, temporary: bool) -> Done {
    let words = words(arguments);
    let named = match &words.scope {
        Some(text) => Some(scope(context, text)?),
        None => None,
    };
    let within = match (&named, &words.scope) {
        (Some(Scope::Program(program)), _) => Some(program.clone()),
        (Some(_), Some(name)) => context.session.program(name).ok(),
        _ => None,
    };
    let text = match words.what.as_str() {
        "" => "*$pc",
        text => text,
    };
    let place = context
        .session
        .location(context.target, text, within.as_ref())?;
    let scope = named.unwrap_or_else(|| match &place.program {
        Some(program) if program.space == Space::User => Scope::Program(program.clone()),
        Some(program) if program.space == Space::Kernel => Scope::Kernel,
        _ => Scope::Machine,
    });
    let name = text.to_owned();
    let program = place.program.as_ref();
    let line = place.addresses.first().and_then(|&address| {
        let functions = program?.debug()?.functions_at(address);
        // Of functions that are inlined there, the one that was named.
        let named = functions.iter().rfind(|function| {
            let rest = function.function.strip_suffix(text);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
        });
        let function = named.or(functions.first())?.clone();
        Some((function.file?, function.line?))
    });
    let text = line.map_or(name.clone(), |(file, line)| {
        format!("{name} ({}:{line})", crate::session::shown_file(&file))
    });
    let what = What::Break {
        text,
        name,
        addresses: place.addresses,
    };
    set(context, what, scope, &words, temporary)
}

pub(super) fn watch(context: &mut Context<'_>, arguments: &str) -> Done {
    watch_for(context, arguments, WatchKind::Change)
}

pub(super) fn watch_writes(context: &mut Context<'_>, arguments: &str) -> Done {
    watch_for(context, arguments, WatchKind::Write)
}

pub(super) fn watch_reads(context: &mut Context<'_>, arguments: &str) -> Done {
    watch_for(context, arguments, WatchKind::Read)
}

pub(super) fn watch_access(context: &mut Context<'_>, arguments: &str) -> Done {
    watch_for(context, arguments, WatchKind::Access)
}

/// The memory that an expression means: physical address and length. A symbol without a type means the word there.
pub(super) fn memory_of(context: &Context<'_>, text: &str) -> Result<(u64, u64), CommandError> {
    let value = context.session.evaluate(context.target, text)?;
    let scope = context.session.scope(context.target);
    let (address, len) = match (&value.home, &value.ty) {
        (Some(Home::Memory(address)), _) => (*address, value.bytes.len() as u64),
        (_, Type::Place) => (value.raw(), 8),
        (Some(Home::Register(name)), _) => {
            return fail(format!("{name} is a register: only memory can be watched"));
        }
        // A number is an address.
        _ => (value.int()?, 8),
    };
    let len = len.max(1);
    let physical = context.target.translate(scope.space(), address)?;
    if physical % 4096 + len > 4096 {
        return fail(format!(
            "{len} bytes at {address:#x} reach into the next page: watch a part of them"
        ));
    }
    Ok((physical, len))
}

fn watch_for(context: &mut Context<'_>, arguments: &str, kind: WatchKind) -> Done {
    let words = words(arguments);
    if words.what.is_empty() {
        return fail("watch what? A variable, *address, or *(u32 *)address");
    }
    let scope = match &words.scope {
        Some(text) => scope(context, text)?,
        None => Scope::Machine,
    };
    let range = memory_of(context, &words.what)?;
    let what = What::Watch {
        text: words.what.clone(),
        range,
        kind,
    };
    set(context, what, scope, &words, false)
}

pub(super) fn catch(context: &mut Context<'_>, arguments: &str) -> Done {
    let words = words(arguments);
    let (event, rest) = match words.what.split_once(' ') {
        Some((event, rest)) => (event.to_owned(), rest.trim().to_owned()),
        None => (words.what.clone(), String::new()),
    };
    let scope = match &words.scope {
        Some(text) => scope(context, text)?,
        None => Scope::Machine,
    };
    let what = match event.as_str() {
        "trap" | "exception" => trap(&rest)?,
        "interrupt" => interrupt(&rest)?,
        "priv" | "privilege" => What::Privilege(match rest.as_str() {
            "" => None,
            "U" | "u" => Some(0),
            "S" | "s" => Some(1),
            "M" | "m" => Some(3),
            other => return fail(format!("`{other}` is no privilege: U, S or M")),
        }),
        "syscall" => syscalls(&rest)?,
        "csr" => match isa::csr::number(&rest) {
            Some(number) => What::Csr(number),
            None => return fail(format!("there is no CSR `{rest}`")),
        },
        "send" => mailbox_calls("send", &[1025, 1029, 1030], &rest)?,
        "recv" => mailbox_calls("recv", &[1026, 1029, 1030], &rest)?,
        "fork" => named_calls("fork", &[220]),
        "execve" | "exec" => named_calls("execve", &[221]),
        "exit" => named_calls("exit", &[93, 94]),
        "switch" => switch(context, &rest)?,
        "console" => match unquoted(&rest) {
            text if text.is_empty() => return fail("which text?"),
            text => What::Console(text),
        },
        "" => return fail("catch what? `help catch` lists the events"),
        other => {
            return fail(format!("`{other}` is no event: `help catch` lists them"));
        }
    };
    set(context, what, scope, &words, false)
}

fn trap(name: &str) -> Result<What, CommandError> {
    let text = format!("trap {name}").trim().to_owned();
    if name.is_empty() {
        let points = vec![Point::Exception(None)];
        return Ok(What::Trap { text, points });
    }
    let wanted = name.replace(['-', '_'], " ").to_lowercase();
    let by_name = Exception::ALL.iter().filter(|exception| {
        let number = (**exception as u64).to_string() == wanted;
        number || exception.name().to_lowercase().contains(&wanted)
    });
    let points: Vec<_> = by_name
        .map(|exception| Point::Exception(Some(*exception as u64)))
        .collect();
    if points.is_empty() {
        let names: Vec<_> = Exception::ALL.iter().map(|e| e.name()).collect();
        return fail(format!("`{name}` is no exception: {}", names.join(", ")));
    }
    Ok(What::Trap { text, points })
}

fn interrupt(name: &str) -> Result<What, CommandError> {
    let text = format!("interrupt {name}").trim().to_owned();
    let wanted = name.replace(['-', '_'], " ").to_lowercase();
    let all = Interrupt::ALL.iter();
    let found = all.filter(|i| {
        (**i as u64).to_string() == wanted || i.name().to_lowercase().contains(&wanted)
    });
    let mut points: Vec<_> = found.map(|i| Point::Interrupt(Some(*i as u64))).collect();
    if name.is_empty() {
        points = vec![Point::Interrupt(None)];
    }
    if points.is_empty() {
        return fail(format!(
            "`{name}` is no interrupt: software, timer or external, of supervisor or machine"
        ));
    }
    Ok(What::Trap { text, points })
}

fn syscalls(names: &str) -> Result<What, CommandError> {
    let mut numbers = Vec::new();
    for name in names.split([' ', ',']).filter(|name| !name.is_empty()) {
        match call_number(name) {
            Some(number) => numbers.push(number),
            None => return fail(format!("there is no system call `{name}`")),
        }
    }
    let shown: Vec<_> = numbers
        .iter()
        .map(|&number| call_name(number).unwrap_or_else(|| number.to_string()))
        .collect();
    Ok(What::Syscall {
        text: format!("syscall {}", shown.join(" ")).trim().to_owned(),
        numbers,
        mailbox: None,
    })
}

fn named_calls(name: &str, numbers: &[u64]) -> What {
    What::Syscall {
        text: name.to_owned(),
        numbers: numbers.to_vec(),
        mailbox: None,
    }
}

fn mailbox_calls(name: &str, numbers: &[u64], mailbox: &str) -> Result<What, CommandError> {
    let number = match mailbox {
        "" => None,
        text => match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return fail(format!("`{text}` is no mailbox's number: `mailboxes`")),
        },
    };
    Ok(What::Syscall {
        text: format!("{name} {mailbox}").trim().to_owned(),
        numbers: numbers.to_vec(),
        mailbox: number,
    })
}

fn switch(context: &Context<'_>, tid: &str) -> Result<What, CommandError> {
    let tid = match tid {
        "" => None,
        text => match text.parse() {
            Ok(tid) => Some(tid),
            Err(_) => return fail(format!("`{text}` is no thread's number: `threads`")),
        },
    };
    let fawn = context.fawn()?;
    let harts = 0..context.target.harts();
    let places: Vec<_> = harts.filter_map(|hart| fawn.running_place(hart)).collect();
    if places.is_empty() {
        return fail("this kernel does not tell which thread a hart runs");
    }
    Ok(What::Switch { tid, places })
}

/// Numbers of points: those that were named, or all.
fn numbers(context: &Context<'_>, text: &str) -> Result<Vec<u32>, CommandError> {
    if text.trim().is_empty() {
        let all = context.session.points().iter();
        return Ok(all.map(|point| point.number).collect());
    }
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let known = word.parse().ok().filter(|number| {
                let mut all = context.session.points().iter();
                all.any(|point| point.number == *number)
            });
            known.ok_or_else(|| CommandError(format!("there is no point `{word}`: `info b`")))
        })
        .collect()
}

pub(super) fn delete(context: &mut Context<'_>, arguments: &str) -> Done {
    for number in numbers(context, arguments)? {
        context.session.remove_point(context.target, number);
    }
    Ok(())
}

pub(super) fn enable(context: &mut Context<'_>, arguments: &str) -> Done {
    for number in numbers(context, arguments)? {
        context.session.enable_point(context.target, number, true)?;
    }
    Ok(())
}

pub(super) fn disable(context: &mut Context<'_>, arguments: &str) -> Done {
    for number in numbers(context, arguments)? {
        context
            .session
            .enable_point(context.target, number, false)?;
    }
    Ok(())
}

pub(super) fn condition(context: &mut Context<'_>, arguments: &str) -> Done {
    let (number, text) = arguments.split_once(' ').unwrap_or((arguments, ""));
    if number.is_empty() {
        return fail("of which point? `info b` lists them");
    }
    let condition = match text.trim() {
        "" => None,
        text => Some((text.to_owned(), expression::parse(text)?)),
    };
    for number in numbers(context, number)? {
        let mut all = context.session.points.iter_mut();
        if let Some(point) = all.find(|point| point.number == number) {
            point.condition.clone_from(&condition);
        }
    }
    Ok(())
}

pub(super) fn ignore(context: &mut Context<'_>, arguments: &str) -> Done {
    let Some((number, count)) = arguments.split_once(' ') else {
        return fail("a point's number and a count are needed");
    };
    let count = context.number(count)?;
    for number in numbers(context, number)? {
        let mut all = context.session.points.iter_mut();
        if let Some(point) = all.find(|point| point.number == number) {
            point.ignore = count;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_and_condition_stand_behind_words_of_their_own() {
        let found = words("main+8 in hello if a0==3");
        assert_eq!(found.what, "main+8");
        assert_eq!(found.scope.as_deref(), Some("hello"));
        assert_eq!(found.condition.as_deref(), Some("a0==3"));
        let found = words("init::main");
        assert_eq!((found.what.as_str(), found.scope), ("init::main", None));
        let found = words("f if(a0)");
        assert_eq!(found.condition.as_deref(), Some("(a0)"));
        let found = words("console \"a if b\"");
        assert_eq!(found.what, "console \"a if b\"");
    }

    #[test]
    fn traps_are_named_by_their_words() {
        let What::Trap { points, .. } = trap("page-fault").unwrap() else {
            panic!("it is a trap");
        };
        assert_eq!(points.len(), 3);
        assert!(trap("nothing").is_err());
    }
}
