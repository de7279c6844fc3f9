//! What could be meant by the beginning of a word.

use super::{parts, table};
use crate::session::{Session, short};

/// More suggestions help nobody.
const MOST: usize = 200;

/// Whole lines that begin as a line does.
pub(super) fn complete(session: &Session, line: &str) -> Vec<String> {
    let (name, slash, arguments) = parts(line);
    if arguments.is_empty() && slash.is_empty() && !line.ends_with(' ') {
        let names = table::all().iter().flat_map(|command| command.names);
        let mut found: Vec<String> = names
            .filter(|full| full.starts_with(name))
            .map(|full| format!("{full} "))
            .collect();
        found.sort();
        return found;
    }
    let start = line
        .rfind(|c: char| c.is_whitespace() || "+-*&|()[]<>=!~^,/%".contains(c))
        .map_or(0, |at| at + 1);
    let (before, word) = line.split_at(start);
    let mut found: Vec<String> = words(session, name, word)
        .into_iter()
        .map(|word| format!("{before}{word}"))
        .collect();
    found.sort();
    found.dedup();
    found.truncate(MOST);
    found
}

fn words(session: &Session, command: &str, word: &str) -> Vec<String> {
    const TOPICS: &[&str] = &[
        "registers",
        "breakpoints",
        "locals",
        "args",
        "frame",
        "mem",
        "harts",
        "threads",
        "irq",
        "line",
        "symbol",
        "functions",
        "programs",
        "source",
        "checkpoints",
        "timelines",
        "mtree",
        "float",
        "csr",
    ];
    const EVENTS: &[&str] = &[
        "trap",
        "interrupt",
        "priv",
        "syscall",
        "csr",
        "send",
        "recv",
        "fork",
        "execve",
        "exit",
        "switch",
        "console",
    ];
    let of = |all: &[&str]| -> Vec<String> {
        let begins = all.iter().filter(|full| full.starts_with(word));
        begins.map(|full| (*full).to_owned()).collect()
    };
    match command {
        "info" | "i" => return of(TOPICS),
        "catch" => return of(EVENTS),
        "help" | "h" => {
            let names: Vec<_> = table::all().iter().map(|c| c.names[0]).collect();
            return of(&names);
        }
        _ => {}
    }
    let mut found = Vec::new();
    let (sign, bare) = match word.strip_prefix('$') {
        Some(rest) => ("$", rest),
        None => ("", word),
    };
    let registers = isa::reg::X_NAMES.iter().chain(super::csr_names());
    let registers = registers.chain(&["pc"]).filter(|r| r.starts_with(bare));
    found.extend(registers.map(|register| format!("{sign}{register}")));
    if word.is_empty() || sign == "$" {
        return found;
    }
    for program in session.programs.iter() {
        let short_name = program.name.rsplit('/').next().unwrap_or_default();
        if short_name.starts_with(word) {
            found.push(short_name.to_owned());
        }
        for (name, ..) in program.symbols.iter() {
            if found.len() > 4 * MOST {
                return found;
            }
            let last = name.rsplit("::").next().unwrap_or(name);
            if name.starts_with(word) {
                found.push(short(name).to_owned());
            } else if last.starts_with(word) && !name.contains('<') {
                found.push(last.to_owned());
            }
        }
    }
    found
}
