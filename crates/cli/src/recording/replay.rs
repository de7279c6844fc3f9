//! `hartland replay`: lives a recording through again, and says whether it came out the same.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use debugger::{Plain, Settings};
use machine::{Machine, Stop};

use super::End;
use super::reader::{self, Recording};
use crate::args::{Args, Command, ReplayOptions, RunOptions};
use crate::failure::{self, Failure, say, status};
use crate::files::Files;
use crate::gdb::{self, Surroundings, Where};
use crate::machine_options;
use crate::report::Report;
use crate::terminal::output::{Output, OutputError, Serial};
use crate::terminal::signals::Signals;

/// Steps between two looks at signals.
const SLICE: u64 = 1 << 22;

/// Replays; the process ends with the recorded status.
pub fn run(options: &ReplayOptions) -> ExitCode {
    failure::exit(try_run(options))
}

fn try_run(options: &ReplayOptions) -> Result<u8, Failure> {
    if let Some(at) = &options.gdb {
        return debug(options, at);
    }
    let recording = reader::read(&options.file)?;
    let mut replay = Replay::new(recording, options)?;
    let start = Instant::now();
    let outcome = replay.run()?;
    let (status, ended) = match outcome {
        Outcome::Signal(number) => (status::SIGNAL + number, "interrupted".to_owned()),
        Outcome::Closed => (status::SIGNAL + 13, "nobody reads the output".to_owned()),
        Outcome::Over => replay.verdict(),
    };
    say(&ended);
    if let Some(path) = &options.json {
        let wall = start.elapsed().as_secs_f64();
        let report = Report::new(&replay.machine, None, status, ended, wall);
        report
            .write(path)
            .map_err(|e| Failure::cannot_write(path, &e))?;
    }
    Ok(status)
}

/// Opens it at its end, for gdb.
fn debug(options: &ReplayOptions, at: &Where) -> Result<u8, Failure> {
    let settings = Settings::default();
    let opened = super::open(&options.file, options.engine, settings, &mut Plain)?;
    let mut timeline = opened.timeline;
    let around = Surroundings {
        at: at.clone(),
        serial: Serial::Stdio,
        listens: false,
        tells_end: false,
        waits: true,
        timeout: None,
        programs: opened.files,
        file: opened.file,
    };
    gdb::serve(&mut timeline, around)
}

enum Outcome {
    Over,
    Signal(u8),
    Closed,
}

struct Replay {
    machine: Machine,
    end: Option<End>,
    /// Where to stop: the recorded end, or the last event of a recording that was cut off.
    last: (u64, u64),
    events: usize,
    version: String,
    output: Output,
    output_bytes: u64,
    output_hash: crc32fast::Hasher,
}

impl Replay {
    fn new(recording: Recording, options: &ReplayOptions) -> Result<Self, Failure> {
        let mut run = run_options(&recording)?;
        if let Some(engine) = options.engine {
            run.machine.engine = engine;
        }
        let last = recording.last();
        let files = Files::carried(recording.files);
        let mut machine = machine_options::build(&run.machine, &files, false)?.machine;
        let events = recording.events.len();
        machine.replay(recording.events);
        // Where the recorded run waited for somebody, this one does: for the next event, or for the end.
        machine.set_interactive(true);
        Ok(Self {
            machine,
            end: recording.end,
            last,
            events,
            version: recording.version,
            output: Output::open(&Serial::Stdio)?,
            output_bytes: 0,
            output_hash: crc32fast::Hasher::new(),
        })
    }

    fn run(&mut self) -> Result<Outcome, Failure> {
        let signals = Signals::catch();
        loop {
            if let Some(signal) = signals.caught() {
                return Ok(Outcome::Signal(signal));
            }
            let left = self.last.0.saturating_sub(self.machine.steps());
            let stop = self.machine.run(left.min(SLICE));
            match self.print() {
                Ok(()) => {}
                Err(OutputError::Closed) => return Ok(Outcome::Closed),
                Err(OutputError::Failed(failure)) => return Err(failure),
            }
            match stop {
                Stop::Budget if self.machine.steps() < self.last.0 => {}
                Stop::Idle(Some(until)) => self.machine.pass_idle_until(until),
                _ => break,
            }
        }
        self.machine.live_through_idle(self.last.1);
        Ok(Outcome::Over)
    }

    fn print(&mut self) -> Result<(), OutputError> {
        let bytes = self.machine.take_output();
        self.output_bytes += bytes.len() as u64;
        self.output_hash.update(&bytes);
        self.output.write(&bytes)
    }

    /// Whether it came out the same: exit status and words.
    fn verdict(&self) -> (u8, String) {
        let found = End {
            steps: self.machine.steps(),
            idle: self.machine.bus().clock.idle,
            state: self.machine.state_hash(),
            output: (self.output_bytes, self.output_hash.clone().finalize()),
            status: 0,
        };
        let did = format!("replayed {} steps and {} events", found.steps, self.events);
        let Some(end) = &self.end else {
            return (0, format!("{did}: there the recording was cut off"));
        };
        let found = End {
            status: end.status,
            ..found
        };
        if found == *end {
            let words = format!("{did}: same state {:032x}, same output", end.state);
            return (end.status, words);
        }
        let mut words = format!("{did}, and it did not come out the same:");
        if (found.steps, found.idle) != (end.steps, end.idle) {
            words += &format!(" it was recorded to step {}", end.steps);
        } else if found.state != end.state {
            words += " the machine's state differs";
        } else {
            words += " the output differs";
        }
        if self.version != env!("CARGO_PKG_VERSION") {
            words += &format!("; it was recorded by version {}", self.version);
        }
        (status::EMULATOR, words)
    }
}

/// The options of the recorded run.
pub(super) fn run_options(recording: &Recording) -> Result<RunOptions, Failure> {
    let unusable = |why: String| {
        Failure::new(
            status::UNUSABLE,
            format!("the recorded command line is not one of this version: {why}"),
        )
    };
    let args = Args::try_parse_from(&recording.arguments)
        .map_err(|error| unusable(error.to_string().lines().next().unwrap_or("").to_owned()))?;
    match args.command {
        Some(Command::Run(mut options)) => {
            options.machine.rtc = recording.rtc;
            Ok(*options)
        }
        // What `explore` keeps has its own command line, with the choices that it found.
        Some(Command::Explore(explored)) => match Command::boot_fawn() {
            Command::Run(mut options) => {
                options.machine = explored.machine;
                options.machine.rtc = recording.rtc;
                Ok(*options)
            }
            _ => unreachable!("`hartland run` runs"),
        },
        _ => Err(unusable("it does not run anything".to_owned())),
    }
}
