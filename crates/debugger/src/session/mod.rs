//! A debugging session: what is known about programs, what is selected, and what was set.
//!
//! The machine is not part of it: every command is given the [`Target`] that it acts on, so one session serves the
//! terminal UI, scripts, and gdb's `monitor` alike.

mod describe;
mod frame;
mod location;
mod points;
mod programs;
mod run;
mod scope;
mod step;

use std::collections::VecDeque;
use std::rc::Rc;

pub use describe::CodeText;
pub(crate) use describe::{code_line, shown_file};
pub use frame::{Frame, FrameContext, Link};
pub(crate) use location::short;
pub use location::{Location, Place};
pub use points::{Scope, UserPoint, What};
pub use programs::{Programs, Symbol};
pub use run::{Report, Temporary, Who};
pub use scope::FrameScope;

use crate::expression::Value;
use crate::os::{Fawn, Layout};
use crate::symbols::{Program, Source};
use crate::target::{Moment, Target};

/// Earlier results that are kept.
const MOST_RESULTS: usize = 1000;

/// Who is there while a command works.
pub trait Front {
    /// The guest printed this.
    fn output(&mut self, _bytes: &[u8]) {}

    /// Called every few milliseconds while the machine runs. Returns whether to go on.
    fn poll(&mut self, _done: u64, _of: u64) -> bool {
        true
    }
}

/// Nobody is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Front for Nobody {}

/// What commands speak about when nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// A hart.
    pub hart: usize,
    /// A thread that does not run, by its number; none for what the hart does.
    pub thread: Option<u32>,
    /// A frame, 0 for the innermost.
    pub frame: usize,
}

/// A moment that was given a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number.
    pub number: u32,
    /// When.
    pub moment: Moment,
}

/// Where `l` and `x` go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Continuation {
    pub list: Option<(String, u32)>,
    pub examine: Option<u64>,
}

/// A session.
pub struct Session {
    /// Programs by name.
    pub programs: Programs,
    /// Source files.
    pub source: Source,
    /// What commands speak about.
    pub selected: Selected,
    /// The program that names are looked for in first.
    pub main_program: Option<Rc<Program>>,
    pub(crate) points: Vec<UserPoint>,
    pub(crate) next_point: u32,
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) results: VecDeque<Value>,
    pub(crate) result_count: usize,
    pub(crate) continuation: Continuation,
    pub(crate) displays: Vec<String>,
    pub(crate) ended: bool,
    layout: Option<Rc<Layout>>,
}

impl Default for Session {
    fn default() -> Self {
        Self::new(Source::default())
    }
}

impl Session {
    /// A session that knows no program yet.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self {
            programs: Programs::default(),
            source,
            selected: Selected::default(),
            main_program: None,
            points: Vec::new(),
            next_point: 1,
            checkpoints: Vec::new(),
            results: VecDeque::new(),
            result_count: 0,
            continuation: Continuation::default(),
            displays: Vec::new(),
            ended: false,
            layout: None,
        }
    }

    /// Adds a program whose names are then known. A kernel with Fawn's layout note makes its processes known.
    pub fn add_program(&mut self, program: Program) {
        if self.layout.is_none() {
            self.layout = Layout::read(&program.file).map(Rc::new);
        }
        self.programs.add(program);
    }

    /// Fawn's tables as they are now; none when it does not run, or not yet.
    #[must_use]
    pub fn fawn<'a>(&self, target: &'a dyn Target) -> Option<Fawn<'a>> {
        Fawn::new(self.layout.clone()?, target)
    }

    /// Whether the guest is one whose processes can be known.
    #[must_use]
    pub fn knows_os(&self) -> bool {
        self.layout.is_some()
    }

    /// Remembers a result; returns its number.
    pub(crate) fn remember(&mut self, value: Value) -> usize {
        self.results.push_back(value);
        if self.results.len() > MOST_RESULTS {
            self.results.pop_front();
        }
        self.result_count += 1;
        self.result_count
    }

    /// An earlier result: `1` for the first, nothing for the last, `$2` for the last but two.
    pub(crate) fn earlier(&self, name: &str) -> Option<Value> {
        let from_end = match name.strip_prefix('$') {
            Some("") => 1,
            Some(count) => count.parse().ok()?,
            None if name.is_empty() => 0,
            None => self.result_count.checked_sub(name.parse().ok()?)?,
        };
        let at = self.results.len().checked_sub(1)?.checked_sub(from_end)?;
        self.results.get(at).cloned()
    }

    /// Something ran: what was selected before means nothing any more.
    pub(crate) fn select_hart(&mut self, hart: usize) {
        self.selected = Selected {
            hart,
            ..Selected::default()
        };
        self.continuation = Continuation::default();
    }
}
