//! A run with somebody there: keys go in, output goes out, and the monitor answers, all between slices of guest steps.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::time::{Duration, Instant};

use machine::{HostEvent, Machine, Stop};

use crate::args::{Clock, RunOptions};
use crate::commit_log::CommitLog;
use crate::failure::{Failure, say, status};
use crate::monitor::{Answer, Monitor};
use crate::recording::Recorder;
use crate::terminal::RawTerminal;
use crate::terminal::keyboard::{Keyboard, Typed};
use crate::terminal::output::{Output, OutputError, Serial};
use crate::terminal::signals::Signals;
use crate::terminal::text_watch::TextWatch;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The guest ended or can never go on.
    Guest(Stop),
    /// `--instructions` or `--timeout`.
    Limit,
    /// `--expect-text` or `--fail-text` decided, with this status.
    Text(u8),
    /// Somebody asked for the end, by key or in the monitor.
    Quit,
    /// A signal.
    Signal(u8),
    /// Nobody reads the output any more.
    Closed,
}

impl Ending {
    /// The guest's own code, if it gave one.
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::Guest(Stop::Exit(exit)) => Some(exit.code),
            _ => None,
        }
    }
}

/// Longest that a wait may keep other things waiting.
const LONGEST_WAIT: Duration = Duration::from_millis(5);
/// Ctrl-D: what ends the input of a program that reads a terminal.
pub const END_OF_INPUT: u8 = 4;
/// Console input that the guest may leave unread before more is fed to it.
const MOST_BACKLOG: usize = 4096;

/// Steps between two looks at the world, so many that it takes a few milliseconds: a key is seen within ten, and the
/// looks cost nothing.
struct Pace(u64);

impl Pace {
    const TARGET: Duration = Duration::from_millis(4);
    const RANGE: (u64, u64) = (1 << 10, 1 << 26);

    /// So many steps took so long.
    fn learn(&mut self, steps: u64, took: Duration) {
        // Not from slices that something cut short.
        if steps == self.0 {
            let factor = Self::TARGET.as_secs_f64() / took.as_secs_f64().max(1e-6);
            let next = (steps as f64 * factor.clamp(0.25, 4.0)) as u64;
            self.0 = next.clamp(Self::RANGE.0, Self::RANGE.1);
        }
    }
}

/// What the console's text decides, before the guest ends.
struct Watches {
    expect: Option<TextWatch>,
    fail: Option<TextWatch>,
}

impl Watches {
    fn verdict(&mut self, output: &[u8]) -> Option<u8> {
        if self.fail.as_mut().is_some_and(|watch| watch.sees(output)) {
            return Some(status::FAILED);
        }
        let seen = self.expect.as_mut().is_some_and(|watch| watch.sees(output));
        seen.then_some(0)
    }
}

type Log = CommitLog<BufWriter<Box<dyn Write>>>;

/// Somebody who runs the machine in order to watch it: the same steps to the same state.
pub trait Watcher {
    /// Runs it for at most `budget` steps.
    fn run(&mut self, machine: &mut Machine, budget: u64) -> Stop;

    /// The run is over.
    ///
    /// # Errors
    /// What was seen cannot be written.
    fn finish(self: Box<Self>, machine: &Machine) -> Result<(), Failure>;
}

/// A machine that runs, and everything around it.
pub struct Session<'a> {
    machine: &'a mut Machine,
    options: &'a RunOptions,
    output: Output,
    keyboard: Option<Keyboard>,
    /// Input that the guest has no room for yet.
    pending: VecDeque<u8>,
    monitor: Monitor,
    recorder: Option<Recorder>,
    log: Option<Log>,
    watcher: Option<Box<dyn Watcher>>,
    watches: Watches,
    pace: Pace,
    signals: Signals,
    deadline: Option<Instant>,
    /// The guest is to be told when there is no more input.
    tells_end: bool,
    /// The terminal is restored when the session ends.
    raw: Option<RawTerminal>,
}

impl<'a> Session<'a> {
    /// Everything connected as the options say.
    ///
    /// # Errors
    /// An output file cannot be made.
    pub fn new(
        machine: &'a mut Machine,
        options: &'a RunOptions,
        recorder: Option<Recorder>,
        on_fawn: bool,
    ) -> Result<Self, Failure> {
        let start = Instant::now();
        let output = Output::open(&options.serial)?;
        let log = open_log(options)?;
        let listens = options.serial == Serial::Stdio && options.machine.input.is_none();
        let raw = listens.then(RawTerminal::enter).flatten();
        // A terminal that cannot be made raw belongs to somebody else.
        let listens = listens && (raw.is_some() || !std::io::stdin().is_terminal());
        let keyboard = listens.then(Keyboard::listen);
        machine.set_interactive(keyboard.is_some());
        Ok(Self {
            machine,
            options,
            output,
            keyboard,
            pending: VecDeque::new(),
            monitor: Monitor::new(options.stopped, raw.is_some()),
            recorder,
            log,
            watcher: None,
            watches: Watches {
                expect: options.expect_text.as_deref().map(TextWatch::new),
                fail: options.fail_text.as_deref().map(TextWatch::new),
            },
            pace: Pace(1 << 18),
            signals: Signals::catch(),
            deadline: options
                .timeout
                .map(|seconds| start + Duration::from_secs_f64(seconds)),
            tells_end: on_fawn && raw.is_none(),
            raw,
        })
    }

    /// While somebody watches.
    pub fn watched_by(mut self, watcher: Option<Box<dyn Watcher>>) -> Self {
        self.watcher = watcher;
        self
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// Output, log or recording cannot be written.
    pub fn run(mut self) -> Result<Ending, Failure> {
        self.monitor.greet();
        let ending = loop {
            if let Some(ending) = self.round()? {
                break ending;
            }
        };
        let ending = match ending {
            Ending::Guest(Stop::Exit(_)) if self.watches.expect.is_some() => {
                Ending::Text(status::FAILED)
            }
            other => other,
        };
        self.monitor.leave();
        if let (Some(log), Some(path)) = (self.log, &self.options.log_commits) {
            log.finish().map_err(|e| Failure::cannot_write(path, &e))?;
        }
        if let Some(watcher) = self.watcher {
            watcher.finish(self.machine)?;
        }
        if let Some(recorder) = self.recorder {
            recorder.finish(self.machine, crate::run::exit_status(&ending))?;
        }
        drop(self.raw);
        Ok(ending)
    }

    /// Looks at the world, then lets the guest run for a moment.
    fn round(&mut self) -> Result<Option<Ending>, Failure> {
        if let Some(signal) = self.signals.caught() {
            return Ok(Some(Ending::Signal(signal)));
        }
        if self.deadline.is_some_and(|at| Instant::now() >= at) {
            return Ok(Some(Ending::Limit));
        }
        while let Some(typed) = self.next_key() {
            if self.handle(typed) {
                return Ok(Some(Ending::Quit));
            }
        }
        self.feed();
        if self.monitor.is_stopped() {
            return Ok(self.wait_for_key(LONGEST_WAIT).then_some(Ending::Quit));
        }
        self.slice()
    }

    /// What was typed. Of a pipe, only as much as the guest keeps up with.
    fn next_key(&mut self) -> Option<Typed> {
        if self.raw.is_none() && !self.pending.is_empty() {
            return None;
        }
        let keyboard = self.keyboard.as_mut()?;
        let typed = keyboard.poll();
        self.notice_end_of_input();
        typed
    }

    /// Nobody can type any more: a machine that waits for input is then stuck, and one that was stopped goes on.
    fn notice_end_of_input(&mut self) {
        let open = self.keyboard.as_ref().is_some_and(Keyboard::is_open);
        if !open && self.pending.is_empty() {
            if std::mem::take(&mut self.tells_end) {
                self.machine
                    .inject(HostEvent::ConsoleInput(vec![END_OF_INPUT]));
            }
            self.machine.set_interactive(false);
            self.monitor.nobody_types();
        }
    }

    /// Does what was typed. Returns whether that is to quit.
    fn handle(&mut self, typed: Typed) -> bool {
        match typed {
            Typed::Input(bytes) if self.monitor.has_focus() => {
                match self.monitor.take(&bytes, self.machine) {
                    Answer::Done => {}
                    Answer::Reset => self.machine.inject(HostEvent::Reset),
                    Answer::Quit => return true,
                }
            }
            Typed::Input(bytes) => self.pending.extend(bytes),
            Typed::Monitor => self.monitor.toggle_focus(),
            Typed::Help => {
                say("Ctrl-A x  ends the emulator");
                say("Ctrl-A c  goes to the monitor, and back");
                say("Ctrl-A h  shows this");
                say("Ctrl-A Ctrl-A  sends Ctrl-A to the guest");
            }
            Typed::Quit => return true,
        }
        false
    }

    /// Lets typed bytes into the machine, as fast as the guest reads them.
    fn feed(&mut self) {
        let room = MOST_BACKLOG.saturating_sub(self.machine.input_backlog());
        let count = self.pending.len().min(room);
        if count > 0 {
            let bytes = self.pending.drain(..count).collect();
            self.machine.inject(HostEvent::ConsoleInput(bytes));
        }
    }

    fn wait_for_key(&mut self, most: Duration) -> bool {
        let Some(keyboard) = self.keyboard.as_mut().filter(|keyboard| keyboard.is_open()) else {
            std::thread::sleep(most);
            self.notice_end_of_input();
            return false;
        };
        let typed = keyboard.wait(most);
        self.notice_end_of_input();
        typed.is_some_and(|typed| self.handle(typed))
    }

    fn slice(&mut self) -> Result<Option<Ending>, Failure> {
        let limit = self.options.instructions.unwrap_or(u64::MAX);
        let (begun, before) = (Instant::now(), self.machine.steps());
        let budget = limit.saturating_sub(before).min(self.pace.0);
        let stop = match (&mut self.log, &mut self.watcher) {
            (Some(log), _) => self.machine.run_observed(budget, log),
            (None, Some(watcher)) => watcher.run(self.machine, budget),
            (None, None) => self.machine.run(budget),
        };
        self.pace
            .learn(self.machine.steps() - before, begun.elapsed());
        if let Some(recorder) = &mut self.recorder {
            recorder.note(self.machine)?;
        }
        if let Some(ending) = self.print()? {
            return Ok(Some(ending));
        }
        Ok(match stop {
            Stop::Budget if self.machine.steps() >= limit => Some(Ending::Limit),
            Stop::Budget => None,
            Stop::Idle(until) => self.idle(until).then_some(Ending::Quit),
            stop => Some(Ending::Guest(stop)),
        })
    }

    /// Hands on what the guest printed, and whether that decides the run.
    fn print(&mut self) -> Result<Option<Ending>, Failure> {
        let bytes = self.machine.take_output();
        if let Some(recorder) = &mut self.recorder {
            recorder.note_output(&bytes);
        }
        match self.output.write(&bytes) {
            Ok(()) => Ok(self.watches.verdict(&bytes).map(Ending::Text)),
            Err(OutputError::Closed) => Ok(Some(Ending::Closed)),
            Err(OutputError::Failed(failure)) => Err(failure),
        }
    }

    /// Every hart waits and somebody may type: time passes on the wall too. Returns whether to quit.
    fn idle(&mut self, until: Option<u64>) -> bool {
        let lived_through = match self.options.clock {
            Some(clock) => clock == Clock::Realtime || until.is_none(),
            None => true,
        };
        let idle = self.machine.bus().clock.idle;
        if !lived_through {
            self.machine.pass_idle_until(until.unwrap_or(idle));
            return false;
        }
        let wait = until.map_or(LONGEST_WAIT, |until| Duration::from_nanos(until - idle));
        let begun = Instant::now();
        let quit = self.wait_for_key(wait.min(LONGEST_WAIT));
        let passed = idle + (begun.elapsed().as_nanos() as u64).max(1);
        self.machine
            .pass_idle_until(until.map_or(passed, |until| until.min(passed)));
        quit
    }
}

fn open_log(options: &RunOptions) -> Result<Option<Log>, Failure> {
    let Some(path) = &options.log_commits else {
        return Ok(None);
    };
    let out: Box<dyn Write> = if path.as_os_str() == "-" {
        Box::new(std::io::stderr())
    } else {
        Box::new(File::create(path).map_err(|e| Failure::cannot_write(path, &e))?)
    };
    Ok(Some(CommitLog::new(BufWriter::new(out))))
}
