//! `hartland run`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use machine::{Exit, HostEvent, Machine, Stop};

use crate::args::{Clock, RunOptions};
use crate::commit_log::CommitLog;
use crate::console::{self, Keyboard, TextWatch, Typed};
use crate::machine_options;
use crate::report::Report;
use crate::terminal::{self, RawTerminal};

/// Exit statuses of our own.
pub mod status {
    pub const FAILED: u8 = 1;
    pub const LIMIT: u8 = 124;
    pub const EMULATOR: u8 = 125;
    pub const UNUSABLE: u8 = 126;
    pub const NOT_FOUND: u8 = 127;
    pub const INTERRUPTED: u8 = 130;
}

/// Steps between two looks at clock and keyboard.
const SLICE: u64 = 1 << 22;
const SLICE_LOGGED: u64 = 1 << 16;

/// A sentence for the person, and the exit status that goes with it.
pub struct Failure {
    /// Exit status.
    pub status: u8,
    /// The sentence.
    pub message: String,
}

impl Failure {
    /// With its status.
    pub fn new(status: u8, message: impl ToString) -> Self {
        Self {
            status,
            message: message.to_string(),
        }
    }
}

/// Runs a program; the process ends with the guest's own status.
pub fn run(options: &RunOptions) -> ExitCode {
    match try_run(options) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.status)
        }
    }
}

/// Tells the person something.
pub fn say(message: &str) {
    // Nothing can be done when even standard error is gone.
    let end = if terminal::is_raw() { "\r\n" } else { "\n" };
    let _ = write!(std::io::stderr(), "hartland: {message}{end}");
}

fn try_run(options: &RunOptions) -> Result<u8, Failure> {
    let mut machine = machine_options::build(&options.machine, options.verbose)?;
    if let Some(path) = &options.machine.dump_dtb {
        std::fs::write(path, machine.device_tree()).map_err(|e| cannot_write(path, &e))?;
        return Ok(0);
    }
    if options.stopped {
        wait_for_start();
    }
    let start = Instant::now();
    let (stop, verdict) = drive(&mut machine, options, start)?;
    let ended = describe(&machine, &stop, verdict);
    let status = verdict.unwrap_or(exit_status(&stop));
    if let Some(path) = &options.signature {
        write_signature(&machine, path, options.signature_granularity)?;
    }
    let ended_itself = matches!(stop, Stop::Exit(_)) || verdict.is_some();
    if options.verbose || verdict == Some(status::LIMIT) || !ended_itself {
        say(&ended);
    }
    if let Some(path) = &options.json {
        let wall = start.elapsed().as_secs_f64();
        let report = Report::new(&machine, &stop, status, ended, wall);
        report.write(path).map_err(|e| cannot_write(path, &e))?;
    }
    Ok(status)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        status::EMULATOR,
        format!("{}: cannot write: {error}", path.display()),
    )
}

/// Reads a program file, or says why it cannot be one.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| {
        let status = match error.kind() {
            std::io::ErrorKind::NotFound => status::NOT_FOUND,
            _ => status::UNUSABLE,
        };
        Failure::new(
            status,
            format!("{}: cannot be read: {error}", path.display()),
        )
    };
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        return Err(Failure::new(
            status::UNUSABLE,
            format!("{}: it is a directory, not a program", path.display()),
        ));
    }
    if metadata.len() > MOST_FILE_BYTES {
        return Err(Failure::new(
            status::UNUSABLE,
            format!(
                "{}: {} bytes are too many for a program",
                path.display(),
                metadata.len()
            ),
        ));
    }
    std::fs::read(path).map_err(fail)
}

/// Larger files are no programs.
const MOST_FILE_BYTES: u64 = 1 << 32;

fn wait_for_start() {
    say("stopped before the first step; press Enter to start");
    let mut line = String::new();
    // End of input starts the machine too: nobody could do it any more.
    let _ = std::io::stdin().read_line(&mut line);
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

type Ended = (Stop, Option<u8>);

/// Runs until the guest ends, a limit is reached or a text was seen.
fn drive(machine: &mut Machine, options: &RunOptions, start: Instant) -> Result<Ended, Failure> {
    let mut watches = Watches {
        expect: options.expect_text.as_deref().map(TextWatch::new),
        fail: options.fail_text.as_deref().map(TextWatch::new),
    };
    let raw = match options.machine.input {
        None => RawTerminal::enter(),
        Some(_) => None,
    };
    let mut keyboard = raw.as_ref().map(|_| Keyboard::listen());
    machine.set_interactive(keyboard.is_some());
    let mut log = open_log(options)?;
    let limit = options.instructions.unwrap_or(u64::MAX);
    let deadline = options
        .timeout
        .map(|seconds| start + Duration::from_secs_f64(seconds));
    let realtime =
        options.clock == Some(Clock::Realtime) || options.clock.is_none() && keyboard.is_some();
    let ended = loop {
        while let Some(typed) = keyboard.as_mut().and_then(Keyboard::poll) {
            if handle(machine, typed) {
                return Ok((Stop::Budget, Some(status::INTERRUPTED)));
            }
        }
        let left = limit.saturating_sub(machine.steps());
        let stop = match &mut log {
            Some(log) => machine.run_observed(left.min(SLICE_LOGGED), log),
            None => machine.run(left.min(SLICE)),
        };
        let output = machine.take_output();
        if !output.is_empty() {
            console::print(&output);
        }
        if let Some(verdict) = watches.verdict(&output) {
            break (stop, Some(verdict));
        }
        match stop {
            Stop::Budget if machine.steps() >= limit => break (stop, Some(status::LIMIT)),
            Stop::Budget => {}
            Stop::Idle(until) => {
                if idle(machine, &mut keyboard, until, realtime) {
                    break (stop, Some(status::INTERRUPTED));
                }
            }
            Stop::Exit(_) if watches.expect.is_some() => break (stop, Some(status::FAILED)),
            _ => break (stop, None),
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break (Stop::Budget, Some(status::LIMIT));
        }
    };
    if let (Some(log), Some(path)) = (log, &options.log_commits) {
        log.finish().map_err(|e| cannot_write(path, &e))?;
    }
    Ok(ended)
}

/// Longest that a wait for a key may keep other things waiting.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// Every hart waits and somebody may type: time passes on the wall too. Returns whether to quit.
fn idle(
    machine: &mut Machine,
    keyboard: &mut Option<Keyboard>,
    until: Option<u64>,
    realtime: bool,
) -> bool {
    let idle = machine.bus().clock.idle;
    let wait = until.map_or(LONGEST_WAIT, |until| Duration::from_nanos(until - idle));
    let wait = wait.min(LONGEST_WAIT);
    let begun = Instant::now();
    let typed = match keyboard {
        Some(keyboard) if realtime || until.is_none() => keyboard.wait(wait),
        _ => None,
    };
    let passed = if realtime || until.is_none() {
        idle + (begun.elapsed().as_nanos() as u64).max(1)
    } else {
        u64::MAX
    };
    machine.pass_idle_until(until.map_or(passed, |until| until.min(passed)));
    let quit = typed.is_some_and(|typed| handle(machine, typed));
    let open = keyboard.as_ref().is_some_and(Keyboard::is_open);
    machine.set_interactive(open);
    quit
}

/// Does what was typed. Returns whether that is to quit.
fn handle(machine: &mut Machine, typed: Typed) -> bool {
    match typed {
        Typed::Input(bytes) => machine.inject(HostEvent::ConsoleInput(bytes)),
        Typed::Help => {
            say("Ctrl-A x quits, Ctrl-A h shows this, Ctrl-A Ctrl-A sends Ctrl-A to the guest");
        }
        Typed::Quit => return true,
    }
    false
}

type Log = CommitLog<BufWriter<Box<dyn Write>>>;

fn open_log(options: &RunOptions) -> Result<Option<Log>, Failure> {
    let Some(path) = &options.log_commits else {
        return Ok(None);
    };
    let out: Box<dyn Write> = if path.as_os_str() == "-" {
        Box::new(std::io::stderr())
    } else {
        Box::new(File::create(path).map_err(|e| cannot_write(path, &e))?)
    };
    Ok(Some(CommitLog::new(BufWriter::new(out))))
}

fn exit_status(stop: &Stop) -> u8 {
    match stop {
        Stop::Exit(exit) => exit.status(),
        _ => status::EMULATOR,
    }
}

fn describe(machine: &Machine, stop: &Stop, verdict: Option<u8>) -> String {
    let steps = machine.steps();
    match (stop, verdict) {
        (Stop::Exit(Exit { code, via }), _) => {
            format!("the guest ended with {code} by {via} after {steps} steps")
        }
        (Stop::Stuck(stuck), _) => {
            let place = machine
                .images()
                .iter()
                .find_map(|image| image.symbols.nearest(stuck.pc));
            let place = match place {
                Some((name, 0)) => format!(" ({name})"),
                Some((name, offset)) => format!(" ({name}+{offset:#x})"),
                None => String::new(),
            };
            format!("the guest can never go on: {stuck}{place}, after {steps} steps")
        }
        (_, Some(status::INTERRUPTED)) => format!("interrupted after {steps} steps"),
        (_, Some(status::LIMIT)) => {
            let pc = machine.harts().first().map_or(0, |hart| hart.pc);
            format!("the limit was reached after {steps} steps, at pc {pc:#x}")
        }
        _ => format!("the awaited text was printed within {steps} steps"),
    }
}

fn write_signature(machine: &Machine, path: &Path, granularity: u8) -> Result<(), Failure> {
    let image = machine.images().first();
    let symbol = |name: &str| {
        image
            .and_then(|image| image.symbols.by_name(name))
            .ok_or_else(|| {
                Failure::new(
                    status::UNUSABLE,
                    format!("--signature: the program has no symbol {name}"),
                )
            })
    };
    let (begin, end) = (symbol("begin_signature")?, symbol("end_signature")?);
    let text = machine::signature(machine.bus(), begin, end, granularity)
        .map_err(|error| Failure::new(status::UNUSABLE, error))?;
    std::fs::write(path, text).map_err(|e| cannot_write(path, &e))
}
