//! The state of the UI, and what keys do to it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keys;
use super::panes::{self, Line, RegisterSet, Values};
use super::prompt::{Edited, Prompt};
use crate::commands::Reply;
use crate::session::{Frame, Session};
use crate::target::Target;

/// Lines that are kept of what commands said.
const MOST_LOG: usize = 5000;

/// A pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pane {
    Registers,
    Code,
    Stack,
    Memory,
    Below,
}

impl Pane {
    const ALL: [Self; 5] = [
        Self::Registers,
        Self::Code,
        Self::Stack,
        Self::Memory,
        Self::Below,
    ];
}

/// What the pane below shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Below {
    #[default]
    Log,
    Console,
    Processes,
}

/// What is typed at the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Keys are commands.
    Keys,
    /// A command.
    Command,
    /// A place to go to in the pane.
    Place,
    /// A text to find in the pane.
    Search,
    /// A line for the guest.
    Input,
    /// Whether to quit.
    Quit,
    /// The keys are shown.
    Help,
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    Refresh,
    Command(String),
    Quit,
}

/// Lines of a pane, and which of them are in sight.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub lines: Vec<Line>,
    pub top: usize,
    pub cursor: usize,
    /// Lines that had room when it was drawn last.
    pub height: usize,
}

impl View {
    fn set(&mut self, lines: Vec<Line>) {
        self.lines = lines;
        self.cursor = self.cursor.min(self.lines.len().saturating_sub(1));
    }

    fn go(&mut self, to: usize) {
        self.cursor = to.min(self.lines.len().saturating_sub(1));
    }

    /// Brings the cursor into sight.
    pub fn settle(&mut self, height: usize) {
        self.height = height;
        if self.cursor < self.top {
            self.top = self.cursor;
        }
        if height > 0 && self.cursor >= self.top + height {
            self.top = self.cursor + 1 - height;
        }
        self.top = self.top.min(self.lines.len().saturating_sub(height));
    }
}

/// The UI.
pub(super) struct App {
    pub prompt: Prompt,
    pub mode: Mode,
    pub focus: Pane,
    pub zoomed: bool,
    pub below: Below,
    pub set: RegisterSet,
    pub status: String,
    /// Why it stands here.
    pub reason: String,
    /// The function.
    pub place: String,
    pub values: Values,
    pub before: Values,
    pub registers: View,
    pub code: View,
    pub stack: View,
    pub memory: View,
    pub log: View,
    pub console: View,
    pub processes: View,
    /// How far a run is: done, and of how much.
    pub running: Option<(u64, u64)>,
    pub console_bytes: usize,
    pub width: usize,
    frame: Option<Frame>,
    code_at: Option<u64>,
    memory_at: Option<u64>,
    pc: Option<u64>,
    moment: Option<crate::target::Moment>,
    search: String,
    hint: Option<String>,
    /// A place that was asked for, until it can be looked up.
    wanted: Option<(Pane, String)>,
}

impl App {
    pub fn new(greeting: &str) -> Self {
        let mut app = Self {
            prompt: Prompt::default(),
            mode: Mode::Keys,
            focus: Pane::Code,
            zoomed: false,
            below: Below::Log,
            set: RegisterSet::Integer,
            status: String::new(),
            reason: String::new(),
            place: String::new(),
            values: Values::new(),
            before: Values::new(),
            registers: View::default(),
            code: View::default(),
            stack: View::default(),
            memory: View::default(),
            log: View::default(),
            console: View::default(),
            processes: View::default(),
            running: None,
            console_bytes: 0,
            width: 80,
            frame: None,
            code_at: None,
            memory_at: None,
            pc: None,
            moment: None,
            search: String::new(),
            hint: None,
            wanted: None,
        };
        app.say(greeting);
        app
    }

    /// Something for the person to read.
    pub fn say(&mut self, text: &str) {
        for line in text.lines() {
            self.log.lines.push(Line::plain(panes::printable(line)));
        }
        let more = self.log.lines.len().saturating_sub(MOST_LOG);
        self.log.lines.drain(..more);
        self.log.cursor = self.log.lines.len().saturating_sub(1);
    }

    /// What a command came to.
    pub fn take(&mut self, command: &str, reply: &Reply) {
        self.say(&format!("> {command}"));
        // Where it is now stands in the panes.
        self.say(&reply.text);
        if let Some(error) = &reply.error {
            self.say(&format!("error: {error}"));
        }
        if reply.moved {
            let first = reply.text.lines().next().unwrap_or_default();
            self.reason = match first.starts_with('[') {
                true => String::new(),
                false => panes::printable(first),
            };
        }
        self.below = if reply.text.is_empty() && reply.error.is_none() {
            self.below
        } else {
            match self.below {
                Below::Log => Below::Log,
                // A word that nobody sees helps nobody.
                other if reply.error.is_none() && reply.moved => other,
                _ => Below::Log,
            }
        };
        self.code_at = None;
    }

    /// Looks at the machine anew.
    pub fn refresh(&mut self, session: &mut Session, target: &mut dyn Target) {
        if let Some((pane, text)) = self.wanted.take() {
            self.look_up(session, target, pane, &text);
        }
        let scope = session.scope(target);
        self.frame = scope.frame.clone();
        drop(scope);
        let hart = session.selected.hart;
        let now = panes::values(target, hart);
        // What changed is what differs from the last moment that was shown.
        if self.moment != Some(target.now()) {
            self.moment = Some(target.now());
            self.before = std::mem::replace(&mut self.values, now);
        } else {
            self.values = now;
        }
        self.status = session.whereabouts(target);
        let Some(frame) = self.frame.clone() else {
            return;
        };
        let pc = frame.registers.pc;
        if self.pc != Some(pc) {
            self.code_at = None;
        }
        self.pc = Some(pc);
        let around = self.code_at.unwrap_or(pc);
        self.code.set(panes::code(session, target, &frame, around));
        if self.code_at.is_none() {
            self.go_to_address(around);
        }
        self.stack.set(panes::stack(session, target, &frame));
        let sp = frame.registers.x[2].unwrap_or(0);
        let usual = if sp == 0 { pc } else { sp };
        let memory_at = self.memory_at.unwrap_or(usual);
        let width = self.width * 2 / 5;
        self.memory
            .set(panes::memory(target, &frame, memory_at, width));
        let name = frame
            .function()
            .map(|f| crate::session::short(&f.function).to_owned());
        self.place = name
            .filter(|name| name != "??")
            .or_else(|| session.symbol(pc, Some(&frame)))
            .unwrap_or_default();
        self.console.set(panes::console(target));
        self.console.cursor = self.console.lines.len().saturating_sub(1);
        self.processes.set(panes::processes(session, target));
        self.refresh_registers();
    }

    pub fn refresh_registers(&mut self) {
        let lines = panes::registers(self.set, &self.values, &self.before, self.width);
        self.registers.set(lines);
    }

    fn look_up(&mut self, session: &Session, target: &dyn Target, pane: Pane, text: &str) {
        let found = match pane {
            Pane::Memory | Pane::Stack => session
                .evaluate(target, text)
                .and_then(|value| match value.home {
                    Some(crate::expression::Home::Memory(address)) => Ok(address),
                    _ => value.int(),
                })
                .map_err(|error| error.to_string()),
            _ => {
                let place = session.location(target, text, None);
                let first = place.map(|place| place.addresses.first().copied());
                first
                    .map_err(|error| error.to_string())
                    .and_then(|at| at.ok_or_else(|| "there is no such place".to_owned()))
            }
        };
        match found {
            Ok(address) if matches!(pane, Pane::Memory | Pane::Stack) => {
                self.memory_at = Some(address);
                self.memory.go(0);
            }
            Ok(address) => {
                self.code_at = Some(address);
                if let Some(frame) = &self.frame {
                    self.code.set(panes::code(session, target, frame, address));
                }
                self.go_to_address(address);
            }
            Err(error) => {
                self.below = Below::Log;
                self.say(&format!("error: {error}"));
            }
        }
    }

    fn go_to_address(&mut self, address: u64) {
        let is_insn = |line: &Line| line.address == Some(address) && !line.is_dim;
        if let Some(at) = self.code.lines.iter().position(is_insn) {
            self.code.go(at);
            // Some lines of what comes before stay in sight.
            self.code.top = at.saturating_sub(self.code.height / 3);
        }
    }

    pub fn view(&mut self, pane: Pane) -> &mut View {
        match pane {
            Pane::Registers => &mut self.registers,
            Pane::Code => &mut self.code,
            Pane::Stack => &mut self.stack,
            Pane::Memory => &mut self.memory,
            Pane::Below => match self.below {
                Below::Log => &mut self.log,
                Below::Console => &mut self.console,
                Below::Processes => &mut self.processes,
            },
        }
    }

    /// What the last line of the screen says.
    pub fn bottom(&self) -> (String, Option<usize>) {
        let typed = |label: &str| {
            let text = format!("{label}{}", self.prompt.text());
            (text, Some(label.chars().count() + self.prompt.cursor()))
        };
        if let Some((done, of)) = self.running {
            let part = match of {
                0 => format!("{done} steps"),
                of => format!("{} of {of} steps", done.min(of)),
            };
            return (format!("running, {part}: Esc interrupts"), None);
        }
        match self.mode {
            Mode::Command => typed(":"),
            Mode::Place => typed("go to: "),
            Mode::Search => typed("/"),
            Mode::Input => typed("to the guest> "),
            Mode::Quit => ("quit? y or n".to_owned(), None),
            Mode::Help => ("any key goes back".to_owned(), None),
            Mode::Keys => {
                let hint = self.hint.clone();
                let keys =
                    "s n i o f c, capitals back  F9 break  Tab pane  : command  ? keys  q quit";
                (hint.unwrap_or_else(|| keys.to_owned()), None)
            }
        }
    }

    /// Does what a key asks for, as far as it needs no machine.
    pub fn key(&mut self, key: KeyEvent, session: &Session) -> Wish {
        self.hint = None;
        match self.mode {
            Mode::Keys => self.plain_key(key, session),
            Mode::Help => {
                self.mode = Mode::Keys;
                Wish::Nothing
            }
            Mode::Quit => {
                self.mode = Mode::Keys;
                match key.code {
                    KeyCode::Char('y' | 'Y' | 'q') | KeyCode::Enter => Wish::Quit,
                    _ => Wish::Nothing,
                }
            }
            _ => self.prompt_key(key, session),
        }
    }

    fn prompt_key(&mut self, key: KeyEvent, session: &Session) -> Wish {
        match self.prompt.key(key) {
            Edited::Goes => Wish::Nothing,
            Edited::Left => {
                self.mode = Mode::Keys;
                Wish::Nothing
            }
            Edited::Complete => {
                if self.mode != Mode::Input && self.mode != Mode::Search {
                    self.complete(session);
                }
                Wish::Nothing
            }
            Edited::Line(line) => {
                let mode = std::mem::replace(&mut self.mode, Mode::Keys);
                self.entered(mode, line)
            }
        }
    }

    fn complete(&mut self, session: &Session) {
        // A place is completed like the argument of a command.
        let prefix = if self.mode == Mode::Place { "b " } else { "" };
        let line = format!("{prefix}{}", self.prompt.text());
        let found: Vec<String> = session
            .complete(&line)
            .into_iter()
            .map(|line| line[prefix.len().min(line.len())..].to_owned())
            .collect();
        if self.prompt.complete(&found) {
            let last = |line: &String| line.trim().rsplit(' ').next().map(str::to_owned);
            let words: Vec<_> = found.iter().filter_map(last).collect();
            self.say(&words.join("  "));
            self.below = Below::Log;
        }
    }

    fn entered(&mut self, mode: Mode, line: String) -> Wish {
        match mode {
            Mode::Command if line.trim().is_empty() => self.again(),
            Mode::Command => {
                self.prompt.remember(line.trim());
                Wish::Command(line)
            }
            Mode::Input => {
                self.below = Below::Console;
                let quoted = line.replace('\\', "\\\\");
                Wish::Command(format!("input \"{quoted}\""))
            }
            Mode::Place if !line.trim().is_empty() => {
                self.wanted = Some((self.focus, line));
                Wish::Refresh
            }
            Mode::Search => {
                if !line.is_empty() {
                    self.search = line;
                }
                self.find();
                Wish::Nothing
            }
            _ => Wish::Nothing,
        }
    }

    /// The last command again, if that is one that can be repeated.
    fn again(&mut self) -> Wish {
        match self.prompt.last().filter(|line| Session::repeats(line)) {
            Some(line) => Wish::Command(line.to_owned()),
            None => Wish::Nothing,
        }
    }

    fn find(&mut self) {
        let wanted = self.search.to_lowercase();
        let view = self.view(self.focus);
        let count = view.lines.len();
        let after = (1..=count).map(|distance| (view.cursor + distance) % count.max(1));
        let mut found = after.filter(|&at| {
            let text = view.lines[at].text().to_lowercase();
            text.contains(&wanted)
        });
        match found.next() {
            Some(at) => view.go(at),
            None => self.hint = Some(format!("`{}` is not in this pane", self.search)),
        }
    }

    fn plain_key(&mut self, key: KeyEvent, session: &Session) -> Wish {
        if let Some(command) = keys::command(key) {
            self.prompt.remember(command);
            return Wish::Command(command.to_owned());
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let half = (self.view(self.focus).height / 2).max(1);
        match key.code {
            KeyCode::Char('d') if control => self.move_by(half as isize),
            KeyCode::Char('u') if control => self.move_by(-(half as isize)),
            KeyCode::PageDown => self.move_by(half as isize),
            KeyCode::PageUp => self.move_by(-(half as isize)),
            KeyCode::Char('j') | KeyCode::Down => self.move_by(1),
            KeyCode::Char('k') | KeyCode::Up => self.move_by(-1),
            KeyCode::Char('G') | KeyCode::End => self.move_by(isize::MAX),
            KeyCode::Home => {
                self.move_by(isize::MIN);
                if self.focus == Pane::Code {
                    self.code_at = None;
                    return Wish::Refresh;
                }
            }
            KeyCode::Tab => self.focus = next(self.focus, 1),
            KeyCode::BackTab => self.focus = next(self.focus, Pane::ALL.len() - 1),
            KeyCode::Char('z') => self.zoomed = !self.zoomed,
            KeyCode::Char('1') => self.below = Below::Log,
            KeyCode::Char('2') => self.below = Below::Console,
            KeyCode::Char('3') => self.below = Below::Processes,
            KeyCode::Char('r') => {
                self.set = self.set.next();
                self.registers.go(0);
                self.registers.top = 0;
                self.refresh_registers();
            }
            KeyCode::Char('u') => return Wish::Command("up".to_owned()),
            KeyCode::Char('d') => return Wish::Command("down".to_owned()),
            KeyCode::F(9) => return self.toggle_breakpoint(session),
            KeyCode::Enter => return self.again(),
            KeyCode::Char(':') => self.mode = Mode::Command,
            KeyCode::Char('g') => self.mode = Mode::Place,
            KeyCode::Char('/') => self.mode = Mode::Search,
            KeyCode::Char('>') => self.mode = Mode::Input,
            KeyCode::Char('?') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Char('q') => self.mode = Mode::Quit,
            _ => {}
        }
        Wish::Nothing
    }

    fn move_by(&mut self, lines: isize) {
        let view = self.view(self.focus);
        let to = view.cursor.saturating_add_signed(lines);
        view.go(to);
    }

    /// A breakpoint at the line of the code where the cursor is, or none any more.
    fn toggle_breakpoint(&mut self, session: &Session) -> Wish {
        let line = self.code.lines.get(self.code.cursor);
        let Some(address) = line.and_then(|line| line.address) else {
            return Wish::Nothing;
        };
        let here = session.points().iter().find(|point| match &point.what {
            crate::session::What::Break { addresses, .. } => addresses.contains(&address),
            _ => false,
        });
        Wish::Command(match here {
            Some(point) => format!("delete {}", point.number),
            None => format!("b *{address:#x}"),
        })
    }
}

fn next(pane: Pane, distance: usize) -> Pane {
    let at = Pane::ALL
        .iter()
        .position(|other| *other == pane)
        .unwrap_or(0);
    Pane::ALL[(at + distance) % Pane::ALL.len()]
}
