//! What is kept from one session to the next: command lines, and the breakpoints of each program.

use std::path::PathBuf;

use debugger::session::{Nobody, Session};
use debugger::target::Target;

use crate::args::DebugOptions;

/// The directory that the XDG specification gives to state.
fn directory() -> Option<PathBuf> {
    let own = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let own = own.filter(|path| path.is_absolute());
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    Some(own.or_else(usual)?.join("hartland"))
}

/// The file of command lines.
pub fn history() -> Option<PathBuf> {
    Some(directory()?.join("debug-history"))
}

/// The file with the breakpoints of the program that is debugged: it is named by the program's path.
fn points_file(options: &DebugOptions) -> Option<PathBuf> {
    let named = options
        .machine
        .file
        .as_ref()
        .or(options.machine.kernel.as_ref());
    let name = match named {
        None => "fawn".to_owned(),
        Some(path) => {
            let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
            let whole = whole.display().to_string();
            let sum = crc32fast::hash(whole.as_bytes());
            let last = path.file_name().unwrap_or_default().to_string_lossy();
            format!("{last}-{sum:08x}")
        }
    };
    Some(directory()?.join("breakpoints").join(name))
}

/// Sets the points of the last session again; says which could not be.
pub fn restore_points(
    options: &DebugOptions,
    session: &mut Session,
    target: &mut dyn Target,
) -> String {
    let file = points_file(options);
    let Some(text) = file.and_then(|file| std::fs::read_to_string(file).ok()) else {
        return String::new();
    };
    let mut said = String::new();
    for line in text.lines() {
        let reply = session.execute(target, line, &mut Nobody);
        said += &reply.text;
        if let Some(error) = reply.error {
            said += &format!("{line}: {error}\n");
        }
    }
    said
}

/// Keeps the points. What cannot be kept is set anew by hand.
pub fn keep_points(options: &DebugOptions, session: &Session) {
    let Some(file) = points_file(options) else {
        return;
    };
    let lasting = session.points().iter().filter(|point| !point.temporary);
    let lines: Vec<_> = lasting.map(|point| point.command.clone()).collect();
    if lines.is_empty() {
        let _ = std::fs::remove_file(file);
        return;
    }
    if let Some(directory) = file.parent() {
        let _ = std::fs::create_dir_all(directory);
    }
    let _ = std::fs::write(file, lines.join("\n") + "\n");
}
