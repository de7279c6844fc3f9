//! Commands from elsewhere than a terminal: their text goes to standard output, and the status says how they went.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use debugger::commands;
use debugger::session::{Front, Session};
use debugger::target::Target;

use crate::args::DebugOptions;
use crate::failure::{Failure, say, status};
use crate::files::read_file;
use crate::terminal::signals::Signals;

/// A command, and where it stands.
pub struct Line {
    place: String,
    text: String,
}

/// Commands in order.
pub struct Script(Vec<Line>);

impl Script {
    /// Those that the options name; with none, what standard input holds.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn collect(options: &DebugOptions) -> Result<Self, Failure> {
        let mut lines = Vec::new();
        for path in &options.command {
            lines.extend(file_lines(path)?);
        }
        for text in &options.execute {
            lines.extend(split(text, "-x"));
        }
        if options.command.is_empty() && options.execute.is_empty() {
            lines = file_lines(Path::new("-"))?;
        }
        Ok(Self(lines))
    }
}

fn split(text: &str, place: &str) -> Vec<Line> {
    let line = |text: &str| Line {
        place: place.to_owned(),
        text: text.to_owned(),
    };
    commands::split(text).into_iter().map(line).collect()
}

fn file_lines(path: &Path) -> Result<Vec<Line>, Failure> {
    let (name, text) = if path.as_os_str() == "-" {
        let lines: Result<Vec<_>, _> = std::io::stdin().lock().lines().collect();
        let lines =
            lines.map_err(|e| Failure::new(status::EMULATOR, format!("standard input: {e}")))?;
        ("standard input".to_owned(), lines.join("\n"))
    } else {
        let text = String::from_utf8_lossy(&read_file(path)?).into_owned();
        (path.display().to_string(), text)
    };
    let numbered = text.lines().zip(1..);
    let split = numbered.flat_map(|(line, number)| split(line, &format!("{name}:{number}")));
    Ok(split.collect())
}

/// Nobody is there: output goes to standard output, and Ctrl-C or the deadline end it.
struct Batch {
    signals: Signals,
    caught: Option<u8>,
    deadline: Option<Instant>,
    is_late: bool,
    column_zero: bool,
}

impl Batch {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.column_zero = *last == b'\n';
            let mut out = std::io::stdout().lock();
            // A reader that is gone has seen enough.
            let _ = out.write_all(bytes).and_then(|()| out.flush());
        }
    }

    /// Our own lines begin at the left, whatever the guest printed last.
    fn say(&mut self, text: &str) {
        if !text.is_empty() && !self.column_zero {
            self.write(b"\n");
        }
        self.write(text.as_bytes());
    }
}

impl Front for Batch {
    fn output(&mut self, bytes: &[u8]) {
        // The guest's terminal needs carriage returns, a file does not.
        let plain: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|&byte| byte != b'\r')
            .collect();
        self.write(&plain);
    }

    fn poll(&mut self, _done: u64, _of: u64) -> bool {
        self.caught = self.caught.or(self.signals.caught());
        self.is_late |= self.deadline.is_some_and(|at| Instant::now() >= at);
        self.caught.is_none() && !self.is_late
    }
}

/// Does the commands, up to the first that fails.
///
/// # Errors
/// None of its own: a command that fails is told, and makes the status 1.
pub fn run(
    session: &mut Session,
    target: &mut dyn Target,
    script: Script,
    echo: bool,
    deadline: Option<Instant>,
) -> Result<u8, Failure> {
    let mut front = Batch {
        signals: Signals::catch(),
        caught: None,
        deadline,
        is_late: false,
        column_zero: true,
    };
    for line in script.0 {
        if echo {
            front.say(&format!("> {}\n", line.text));
        }
        let reply = session.execute(target, &line.text, &mut front);
        front.say(&reply.text);
        if let Some(signal) = front.caught {
            return Ok(status::SIGNAL + signal);
        }
        if front.is_late {
            say(&format!("{}: {}: it took too long", line.place, line.text));
            return Ok(status::LIMIT);
        }
        if let Some(error) = reply.error {
            front.say("");
            say(&format!("{}: {}: {error}", line.place, line.text));
            return Ok(status::FAILED);
        }
        if let Some(status) = reply.quit {
            return Ok(status);
        }
    }
    Ok(0)
}
