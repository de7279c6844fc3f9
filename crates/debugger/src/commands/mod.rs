//! The commands: one implementation for the terminal UI, scripts, and gdb's `monitor`.

mod complete;
mod examine;
mod info;
mod memory_map;
mod points;
mod processes;
mod registers;
mod run;
mod show;
mod table;
mod time;
mod walk;

use crate::expression::ExpressionError;
use crate::os::Fawn;
use crate::session::{Front, Session};
use crate::target::{Target, TargetError};

pub(crate) use registers::float_text;
pub use registers::{csr_fields, csr_names};
pub use table::{Command, Group, all as all_commands};

/// A command that cannot be done, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CommandError(pub String);

impl From<ExpressionError> for CommandError {
    fn from(error: ExpressionError) -> Self {
        Self(error.0)
    }
}

impl From<TargetError> for CommandError {
    fn from(error: TargetError) -> Self {
        Self(error.to_string())
    }
}

pub(crate) type Done = Result<(), CommandError>;

pub(crate) fn fail<T>(text: impl Into<String>) -> Result<T, CommandError> {
    Err(CommandError(text.into()))
}

/// What a command came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub text: String,
    /// Why it could not be done.
    pub error: Option<String>,
    /// It ends the session, with this status.
    pub quit: Option<u8>,
    /// The machine may have moved, or was changed.
    pub moved: bool,
}

/// What a command works with.
pub(crate) struct Context<'a> {
    pub session: &'a mut Session,
    pub target: &'a mut dyn Target,
    pub front: &'a mut dyn Front,
    pub out: String,
    pub quit: Option<u8>,
    /// The format behind a slash: `4gx` of `x/4gx`.
    pub slash: &'a str,
    /// The command as it was typed.
    pub line: &'a str,
}

impl Context<'_> {
    pub(crate) fn say(&mut self, text: impl AsRef<str>) {
        self.out += text.as_ref();
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// The value of an expression as a number.
    pub(crate) fn number(&self, text: &str) -> Result<u64, CommandError> {
        Ok(self.session.evaluate(self.target, text)?.int()?)
    }

    /// How often, or how many: 1 when nothing is said.
    pub(crate) fn count(&self, text: &str) -> Result<u64, CommandError> {
        match text.trim() {
            "" => Ok(1),
            text => self.number(text),
        }
    }

    pub(crate) fn fawn(&self) -> Result<Fawn<'_>, CommandError> {
        match self.session.fawn(self.target) {
            Some(fawn) => Ok(fawn),
            None if self.session.knows_os() => fail("Fawn has not booted yet"),
            None => fail("the guest is not Fawn: its processes are not known"),
        }
    }
}

/// Splits a line into its commands, at `;` outside of quotes. What is behind `#` is a comment.
#[must_use]
pub fn split(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut quote: Option<char> = None;
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"') => quote = Some('"'),
            (None, ';') => {
                found.push(&line[start..at]);
                start = at + 1;
            }
            (None, '#') => {
                found.push(&line[start..at]);
                start = line.len();
                break;
            }
            _ => {}
        }
    }
    found.push(&line[start..]);
    let trimmed = found.into_iter().map(str::trim);
    trimmed.filter(|command| !command.is_empty()).collect()
}

/// Name, what is behind the slash, and arguments of a command.
fn parts(line: &str) -> (&str, &str, &str) {
    let line = line.trim();
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '?'))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    match rest.strip_prefix('/') {
        Some(rest) => {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (name, &rest[..end], rest[end..].trim())
        }
        None => (name, "", rest.trim()),
    }
}

impl Session {
    /// Does one command.
    pub fn execute(&mut self, target: &mut dyn Target, line: &str, front: &mut dyn Front) -> Reply {
        let (name, slash, arguments) = parts(line);
        let command = match table::find(name) {
            Ok(command) => command,
            Err(error) => {
                return Reply {
                    error: Some(error.0),
                    ..Reply::default()
                };
            }
        };
        let before = target.now();
        let mut context = Context {
            session: self,
            target,
            front,
            out: String::new(),
            quit: None,
            slash,
            line,
        };
        let done = (command.run)(&mut context, arguments);
        let (text, quit) = (context.out, context.quit);
        Reply {
            text,
            error: done.err().map(|error| error.0),
            quit,
            moved: target.now() != before || command.changes,
        }
    }

    /// Does one command for somebody who has points and runs the machine in his own way, as gdb does: only those that
    /// look.
    pub fn look(&mut self, target: &mut dyn Target, line: &str) -> Reply {
        let refused = |error: String| Reply {
            error: Some(error),
            ..Reply::default()
        };
        let command = match table::find(parts(line).0) {
            Ok(command) => command,
            Err(error) => return refused(error.0),
        };
        let looks = match command.group {
            table::Group::Look | table::Group::Os => !command.changes,
            table::Group::Session => !command.changes && command.names[0] != "quit",
            _ => false,
        };
        if !looks {
            return refused(format!(
                "gdb's own commands do what `{}` does",
                command.names[0]
            ));
        }
        if self.selected.hart >= target.harts() {
            self.selected = crate::session::Selected::default();
        }
        self.execute(target, line, &mut crate::session::Nobody)
    }

    /// Whether an empty line repeats a command.
    #[must_use]
    pub fn repeats(line: &str) -> bool {
        table::find(parts(line).0).is_ok_and(|command| command.repeats)
    }

    /// What could be meant by the last word of a line.
    #[must_use]
    pub fn complete(&self, line: &str) -> Vec<String> {
        complete::complete(self, line)
    }
}

/// The pages of a hart, as `info mem` shows them: for those who have only a target.
#[must_use]
pub fn describe_mappings(target: &dyn Target, hart: usize) -> String {
    memory_map::describe(target, hart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_at_semicolons_outside_of_quotes() {
        assert_eq!(split("b main; c"), ["b main", "c"]);
        assert_eq!(split("input \"a;b\" ; c # d"), ["input \"a;b\"", "c"]);
        assert!(split(" ; ;").is_empty());
        assert!(split("# nothing").is_empty());
    }

    #[test]
    fn formats_stand_behind_a_slash() {
        assert_eq!(parts("x/4gx sp+16"), ("x", "4gx", "sp+16"));
        assert_eq!(parts("p a0 / 2"), ("p", "", "a0 / 2"));
        assert_eq!(parts("last-write x"), ("last-write", "", "x"));
        assert_eq!(parts("p *p"), ("p", "", "*p"));
        assert_eq!(parts("x/i"), ("x", "i", ""));
    }
}
