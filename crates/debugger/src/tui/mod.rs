//! The terminal UI: registers, code with source, stack, memory, console and processes in sight, and a command line.
//!
//! Drawn with attributes only (bold, reverse, underline), never with colour; made for 80×24 and any larger size.

mod app;
mod draw;
mod keys;
mod panes;
mod prompt;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{self, Event, KeyEventKind};
use ratatui::DefaultTerminal;

use crate::session::{Front, Session};
use crate::target::Target;
use app::{App, Wish};

pub use keys::help_text;

/// Gives the terminal back, as [`run`] does by itself.
pub fn restore() {
    ratatui::restore();
}

/// What surrounds the UI.
pub struct Surroundings<'a> {
    /// Where command lines of earlier sessions are, and go.
    pub history: Option<PathBuf>,
    /// Whether the process is to end.
    pub ends: &'a dyn Fn() -> bool,
    /// What to say first.
    pub greeting: String,
}

/// Longest wait for a key before signals are looked at.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Runs the UI until the person quits. The terminal is as it was before in any case.
///
/// # Errors
/// The terminal cannot be used.
pub fn run(
    session: &mut Session,
    target: &mut dyn Target,
    around: &Surroundings<'_>,
) -> io::Result<u8> {
    // A panic restores the terminal too: ratatui's own hook does.
    let mut terminal = ratatui::try_init()?;
    let result = live(&mut terminal, session, target, around);
    ratatui::restore();
    // What follows begins on a line of its own.
    io::stdout().flush()?;
    result
}

fn live(
    terminal: &mut DefaultTerminal,
    session: &mut Session,
    target: &mut dyn Target,
    around: &Surroundings<'_>,
) -> io::Result<u8> {
    let mut app = App::new(&around.greeting);
    if let Some(path) = &around.history {
        app.prompt.load_history(path);
    }
    app.refresh(session, target);
    let mut early = VecDeque::new();
    let status = loop {
        terminal.draw(|frame| draw::draw(frame, &mut app))?;
        if (around.ends)() {
            break 0;
        }
        let event = match early.pop_front() {
            Some(event) => event,
            None if event::poll(LONGEST_WAIT)? => event::read()?,
            None => continue,
        };
        let wish = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => app.key(key, session),
            Event::Resize(..) => Wish::Nothing,
            Event::Paste(text) => {
                app.prompt.insert(&text);
                Wish::Nothing
            }
            _ => Wish::Nothing,
        };
        match wish {
            Wish::Nothing => {}
            Wish::Refresh => app.refresh(session, target),
            Wish::Command(line) => {
                let mut front = Live {
                    terminal: &mut *terminal,
                    app: &mut app,
                    ends: around.ends,
                    drawn: std::time::Instant::now(),
                    interrupted: false,
                    early: &mut early,
                };
                let mut quit = None;
                for command in crate::commands::split(&line) {
                    let reply = session.execute(target, command, &mut front);
                    front.app.take(command, &reply);
                    quit = quit.or(reply.quit);
                    if reply.error.is_some() || quit.is_some() || front.interrupted {
                        break;
                    }
                }
                if let Some(status) = quit {
                    break status;
                }
                app.refresh(session, target);
            }
            Wish::Quit => break 0,
        }
    };
    if let Some(path) = &around.history {
        app.prompt.save_history(path);
    }
    Ok(status)
}

/// The person, while the machine runs.
struct Live<'a> {
    terminal: &'a mut DefaultTerminal,
    app: &'a mut App,
    ends: &'a dyn Fn() -> bool,
    drawn: std::time::Instant,
    interrupted: bool,
    /// What was typed meanwhile and waits for its turn.
    early: &'a mut VecDeque<Event>,
}

/// The most that is typed ahead.
const MOST_EARLY: usize = 256;
/// Time between two pictures of how far it is.
const PICTURE: Duration = Duration::from_millis(200);

impl Front for Live<'_> {
    fn output(&mut self, bytes: &[u8]) {
        self.app.console_bytes += bytes.len();
    }

    fn poll(&mut self, done: u64, of: u64) -> bool {
        if self.interrupted {
            return false;
        }
        if self.drawn.elapsed() >= PICTURE {
            self.drawn = std::time::Instant::now();
            self.app.running = Some((done, of));
            // A picture that is not drawn is no reason to stop.
            let _ = self.terminal.draw(|frame| draw::draw(frame, self.app));
            self.app.running = None;
        }
        while event::poll(Duration::ZERO).unwrap_or(false) {
            match event::read() {
                Ok(Event::Key(key))
                    if key.kind != KeyEventKind::Release && keys::interrupts(key) =>
                {
                    self.interrupted = true;
                    // Whoever stops it wants nothing of what was to come then.
                    self.early.clear();
                }
                Ok(event) if self.early.len() < MOST_EARLY => self.early.push_back(event),
                _ => {}
            }
        }
        self.interrupted |= (self.ends)();
        !self.interrupted
    }
}

#[cfg(test)]
mod tests;
