//! The monitor: what somebody at the terminal can ask about the machine while it runs, in QEMU's words.
//!
//! It looks from outside: nothing it does, but `system_reset`, can be seen by the guest. What it says goes to standard
//! error, so that standard output stays the guest's.

mod address;
mod commands;
mod editor;
mod info;
mod mappings;
mod memory;

use std::io::Write;

use machine::Machine;

use editor::{Editor, Line};

const PROMPT: &str = "(hartland) ";

/// What the session has to do after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing more.
    Done,
    /// Reset the machine.
    Reset,
    /// End the run.
    Quit,
}

/// The monitor's state.
#[derive(Debug)]
pub struct Monitor {
    focus: bool,
    stopped: bool,
    /// Keys are shown and a prompt is printed.
    at_terminal: bool,
    editor: Editor,
    /// The hart that commands are about.
    hart: usize,
}

impl Monitor {
    /// In the background or, `stopped`, with a machine that waits for `cont`.
    pub fn new(stopped: bool, at_terminal: bool) -> Self {
        Self {
            focus: stopped,
            stopped,
            at_terminal,
            editor: Editor::default(),
            hart: 0,
        }
    }

    /// Whether keys are for the monitor.
    pub fn has_focus(&self) -> bool {
        self.focus
    }

    /// Whether the guest is held.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The first words, when it begins in front.
    pub fn greet(&self) {
        if self.stopped {
            self.say(
                "stopped before the first step; `cont` starts the machine, `help` lists commands",
            );
        }
        if self.focus {
            self.prompt();
        }
    }

    /// Goes to the front, or back to the guest.
    pub fn toggle_focus(&mut self) {
        self.focus = !self.focus;
        if self.at_terminal {
            self.print(b"\n");
        }
        if self.focus {
            self.prompt();
        }
    }

    /// Nobody can give a command any more.
    pub fn nobody_types(&mut self) {
        self.stopped = false;
        self.focus = false;
    }

    /// The session ends.
    pub fn leave(&self) {
        if self.focus && self.at_terminal {
            self.print(b"\n");
        }
    }

    /// Takes keys, and does what a whole line says.
    pub fn take(&mut self, keys: &[u8], machine: &Machine) -> Answer {
        for &key in keys {
            let (echo, line) = self.editor.take(key);
            if self.at_terminal {
                self.print(&echo);
            }
            let answer = match line {
                Line::Unfinished => continue,
                Line::Left => {
                    self.toggle_focus();
                    continue;
                }
                Line::Entered(line) => self.execute(&line, machine),
            };
            if answer == Answer::Quit {
                return answer;
            }
            self.prompt();
            if answer != Answer::Done {
                return answer;
            }
        }
        Answer::Done
    }

    fn execute(&mut self, line: &str, machine: &Machine) -> Answer {
        match commands::execute(self, line, machine) {
            Ok((text, answer)) => {
                self.print(text.as_bytes());
                answer
            }
            Err(why) => {
                self.say(&why);
                Answer::Done
            }
        }
    }

    fn prompt(&self) {
        if self.at_terminal {
            self.print(PROMPT.as_bytes());
        }
    }

    fn say(&self, line: &str) {
        self.print(format!("{line}\n").as_bytes());
    }

    fn print(&self, text: &[u8]) {
        let mut shown = Vec::with_capacity(text.len());
        for &byte in text {
            if byte == b'\n' && self.at_terminal {
                shown.push(b'\r');
            }
            shown.push(byte);
        }
        // There is nobody to tell when standard error is gone.
        let _ = std::io::stderr().write_all(&shown);
    }
}
