//! The line that is typed: editing, history, completion.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use fawn::file::read;
use fawn::io::write_all;
use fawn::print;
use fawn::syscall::{Number, call};

use crate::commands;

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_L: u8 = 12;
const CTRL_U: u8 = 21;
const CTRL_W: u8 = 23;
const ESCAPE: u8 = 27;
const DELETE: u8 = 127;

/// Settings of the terminal, as the kernel has them.
type Termios = [u32; 9];

fn settings() -> Termios {
    const TCGETS: u64 = 0x5401;
    let mut termios = Termios::default();
    let _ = call(Number::Ioctl, [0, TCGETS, termios.as_mut_ptr() as u64, 0]);
    termios
}

fn set(termios: &Termios) {
    const TCSETS: u64 = 0x5402;
    let _ = call(Number::Ioctl, [0, TCSETS, termios.as_ptr() as u64, 0]);
}

/// Reads lines.
pub struct Editor {
    history: Vec<String>,
    /// Keys that were read and not looked at yet.
    keys: VecDeque<u8>,
}

/// A line in the making.
struct Line {
    text: Vec<u8>,
    at: usize,
}

impl Line {
    fn insert(&mut self, byte: u8) {
        self.text.insert(self.at, byte);
        self.at += 1;
    }

    fn erase(&mut self) {
        if self.at > 0 {
            self.at -= 1;
            self.text.remove(self.at);
        }
    }

    fn show(&self, prompt: &str) {
        let back = self.text.len() - self.at;
        print!("\r\x1b[K{prompt}{}", String::from_utf8_lossy(&self.text));
        if back > 0 {
            print!("\x1b[{back}D");
        }
    }
}

impl Editor {
    /// With nothing in its history.
    pub fn new() -> Self {
        Self {
            history: Vec::new(),
            keys: VecDeque::new(),
        }
    }

    /// The next line, or nothing at the end of input.
    pub fn read_line(&mut self, prompt: &str) -> Option<String> {
        const LOCAL: usize = 3;
        const SIGNALS_CANONICAL_ECHO: u32 = 1 | 2 | 8;
        let before = settings();
        let mut raw = before;
        raw[LOCAL] &= !SIGNALS_CANONICAL_ECHO;
        set(&raw);
        let line = self.edit(prompt);
        set(&before);
        print!("\n");
        let line = line?;
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
        }
        Some(line)
    }

    fn edit(&mut self, prompt: &str) -> Option<String> {
        let mut line = Line {
            text: Vec::new(),
            at: 0,
        };
        let mut back = 0;
        line.show(prompt);
        loop {
            let key = self.key()?;
            match key {
                b'\r' | b'\n' => return Some(String::from_utf8_lossy(&line.text).into_owned()),
                CTRL_D if line.text.is_empty() => return None,
                CTRL_C => {
                    print!("^C\n");
                    line.text.clear();
                    line.at = 0;
                }
                BACKSPACE | DELETE => line.erase(),
                CTRL_U => {
                    line.text.drain(..line.at);
                    line.at = 0;
                }
                CTRL_W => {
                    while line.at > 0 && line.text[line.at - 1] == b' ' {
                        line.erase();
                    }
                    while line.at > 0 && line.text[line.at - 1] != b' ' {
                        line.erase();
                    }
                }
                CTRL_L => print!("\x1b[2J\x1b[H"),
                b'\t' => complete(&mut line),
                ESCAPE => self.arrow(&mut line, &mut back),
                b' '..=b'~' | 128.. => {
                    line.insert(key);
                    if line.at == line.text.len() {
                        // The common case needs no more than this.
                        let _ = write_all(1, &[key]);
                        continue;
                    }
                }
                _ => continue,
            }
            line.show(prompt);
        }
    }

    fn key(&mut self) -> Option<u8> {
        if self.keys.is_empty() {
            let mut bytes = [0; 64];
            let count = read(0, &mut bytes).ok()?;
            self.keys.extend(&bytes[..count]);
        }
        self.keys.pop_front()
    }

    /// Arrow keys: through the line, and through the history.
    fn arrow(&mut self, line: &mut Line, back: &mut usize) {
        let Some(b'[' | b'O') = self.key() else {
            return;
        };
        match self.key() {
            Some(b'C') => line.at = (line.at + 1).min(line.text.len()),
            Some(b'D') => line.at = line.at.saturating_sub(1),
            Some(direction @ (b'A' | b'B')) => {
                *back = match direction {
                    b'A' => (*back + 1).min(self.history.len()),
                    _ => back.saturating_sub(1),
                };
                let at = self.history.len() - *back;
                let text = self.history.get(at).map_or("", String::as_str);
                line.text = text.as_bytes().to_vec();
                line.at = line.text.len();
            }
            _ => {}
        }
    }
}

/// Completes the word before the cursor: a command, or a file.
fn complete(line: &mut Line) {
    let before = String::from_utf8_lossy(&line.text[..line.at]).into_owned();
    let word = before.rsplit(' ').next().unwrap_or("");
    let is_command = !before.trim_start().contains(' ');
    let (directory, begin) = match word.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
        None if is_command => ("/bin", word),
        None => (".", word),
    };
    let mut names = commands::completions(directory, begin);
    if is_command && !word.contains('/') {
        let built_in = commands::names().filter(|name| name.starts_with(begin));
        names.extend(built_in.map(String::from));
    }
    let Some(first) = names.first() else {
        return;
    };
    let common = names.iter().fold(first.len(), |length, name| {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        length.min(same.count())
    });
    for byte in first.bytes().take(common).skip(begin.len()) {
        line.insert(byte);
    }
    if names.len() == 1 {
        line.insert(b' ');
    } else if common == begin.len() {
        print!("\n{}\n", names.join("  "));
    }
}
