//! From a line to what is to be done: lists of pipelines of commands.

use alloc::string::String;
use alloc::vec::Vec;

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Operator(&'static str),
}

/// A program or built-in command with its arguments, and where its input and output lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The name, then the arguments.
    pub words: Vec<String>,
    /// `< FILE`.
    pub input: Option<String>,
    /// `> FILE`, or `>> FILE` when the second is true.
    pub output: Option<(String, bool)>,
}

/// When a pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After the one before it, whatever became of that.
    Always,
    /// Only if the one before it ended with 0.
    IfFine,
    /// Only if it did not.
    IfNot,
}

/// Commands whose output is the next one's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// When it runs.
    pub when: When,
    /// Its commands.
    pub commands: Vec<Command>,
    /// The shell does not wait for it.
    pub in_background: bool,
    /// As it was typed, for `jobs`.
    pub text: String,
}

const OPERATORS: &[&str] = &["&&", "||", ">>", "|", "&", ";", "<", ">"];

/// The tokens of a line; `$?` and `$$` become what `value` says.
fn tokens(line: &str, value: &dyn Fn(char) -> String) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r']);
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(tokens);
        }
        if let Some(operator) = OPERATORS
            .iter()
            .find(|operator| rest.starts_with(**operator))
        {
            tokens.push(Token::Operator(operator));
            rest = &rest[operator.len()..];
            continue;
        }
        let (word, after) = word(rest, value)?;
        tokens.push(Token::Word(word));
        rest = after;
    }
}

/// The word at the start of a text, its quotes taken off, and what follows.
fn word<'t>(
    text: &'t str,
    value: &dyn Fn(char) -> String,
) -> Result<(String, &'t str), &'static str> {
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (Some('\''), other) => word.push(other),
            (_, '\\') => match characters.next() {
                Some((_, escaped)) => word.push(escaped),
                None => return Err("nothing follows the backslash"),
            },
            (_, '$') => match characters.clone().next() {
                Some((_, name @ ('?' | '$'))) => {
                    characters.next();
                    word.push_str(&value(name));
                }
                _ => word.push('$'),
            },
            (None, ' ' | '\t' | '\r' | '|' | '&' | ';' | '<' | '>') => {
                return Ok((word, &text[at..]));
            }
            (_, other) => word.push(other),
        }
    }
    match quote {
        Some(_) => Err("a quote is not closed"),
        None => Ok((word, "")),
    }
}

/// What a line says.
///
/// # Errors
/// It says what is wrong.
pub fn parse(line: &str, value: &dyn Fn(char) -> String) -> Result<Vec<Pipeline>, &'static str> {
    let mut pipelines = Vec::new();
    let mut commands = Vec::new();
    let mut command = Command::default();
    let mut when = When::Always;
    let mut tokens = tokens(line, value)?.into_iter();
    loop {
        let token = tokens.next();
        let next = match &token {
            Some(Token::Word(word)) => {
                command.words.push(word.clone());
                continue;
            }
            Some(Token::Operator(operator @ ("<" | ">" | ">>"))) => {
                let Some(Token::Word(file)) = tokens.next() else {
                    return Err("a file's name is missing");
                };
                match *operator {
                    "<" => command.input = Some(file),
                    more => command.output = Some((file, more == ">>")),
                }
                continue;
            }
            Some(Token::Operator(operator)) => Some(*operator),
            None => None,
        };
        let is_empty = command.words.is_empty();
        if !is_empty {
            commands.push(core::mem::take(&mut command));
        } else if next == Some("|") || !commands.is_empty() || command != Command::default() {
            return Err("a command is missing");
        }
        if next == Some("|") {
            continue;
        }
        if !commands.is_empty() {
            pipelines.push(pipeline(
                when,
                core::mem::take(&mut commands),
                next == Some("&"),
            ));
        } else if matches!(next, Some("&&" | "||" | "&")) {
            return Err("a command is missing");
        }
        when = match next {
            Some("&&") => When::IfFine,
            Some("||") => When::IfNot,
            Some(_) => When::Always,
            None if when != When::Always && is_empty => return Err("a command is missing"),
            None => return Ok(pipelines),
        };
    }
}

fn pipeline(when: When, commands: Vec<Command>, in_background: bool) -> Pipeline {
    let mut text = String::new();
    for command in &commands {
        if !text.is_empty() {
            text.push_str(" | ");
        }
        text.push_str(&command.words.join(" "));
    }
    Pipeline {
        when,
        commands,
        in_background,
        text,
    }
}
