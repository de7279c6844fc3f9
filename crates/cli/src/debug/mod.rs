//! `hartland debug`: the debugger, as a terminal UI or with commands from elsewhere.

mod kept;
pub mod programs;
mod script;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use debugger::Plain;
use debugger::session::Session;
use debugger::symbols::Source;
use debugger::timeline::{Settings, Timeline};
use debugger::tui;

use crate::args::DebugOptions;
use crate::failure::{self, Failure, status};
use crate::files::Files;
use crate::machine_options::{self, Built};
use crate::recording::{self, Opened, is_recording};
use crate::terminal::signals::Signals;

/// Debugs a program; the status is that of the commands.
pub fn run(options: &DebugOptions) -> ExitCode {
    failure::exit(try_run(options))
}

fn try_run(options: &DebugOptions) -> Result<u8, Failure> {
    let Opened {
        timeline: mut target,
        files,
        file,
    } = open(options)?;
    let mut session = Session::new(Source::new(source_directories(options)));
    let memory = target.machine().config().memory;
    programs::add_to(&mut session, file.as_deref(), memory, files);
    let deadline = options
        .timeout
        .map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
    let no_commands = options.execute.is_empty() && options.command.is_empty();
    if no_commands && is_interactive() {
        return show(options, &mut session, &mut target);
    }
    let commands = script::Script::collect(options)?;
    script::run(&mut session, &mut target, commands, options.echo, deadline)
}

/// A new machine at its start, or a recording at its end.
fn open(options: &DebugOptions) -> Result<Opened, Failure> {
    let settings = Settings::default();
    if let Some(path) = options
        .machine
        .file
        .as_deref()
        .filter(|path| is_recording(path))
    {
        return recording::open(path, None, settings, &mut Plain);
    }
    let files = Files::remembered();
    let Built { machine, .. } = machine_options::build(&options.machine, &files, false)?;
    Ok(Opened {
        timeline: Timeline::new(machine, settings),
        files: files.into_read(),
        file: options.machine.file.clone(),
    })
}

/// The terminal UI.
fn show(
    options: &DebugOptions,
    session: &mut Session,
    target: &mut Timeline,
) -> Result<u8, Failure> {
    let signals = Signals::catch();
    let kept = !options.no_history;
    let mut greeting = GREETING.to_owned();
    if kept {
        greeting += &kept::restore_points(options, session, target);
    }
    let around = tui::Surroundings {
        history: kept.then(kept::history).flatten(),
        ends: &|| signals.caught().is_some(),
        greeting,
    };
    end_anyway(signals.clone());
    let shown = tui::run(session, target, &around);
    if kept {
        kept::keep_points(options, session);
    }
    let shown = shown.map_err(|error| {
        Failure::new(
            status::EMULATOR,
            format!("the terminal cannot be used: {error}"),
        )
    })?;
    Ok(signals
        .caught()
        .map_or(shown, |number| status::SIGNAL + number))
}

/// Once a signal asked for the end, the process ends, also where reading from a terminal that is gone does not.
fn end_anyway(signals: Signals) {
    std::thread::spawn(move || {
        while signals.caught().is_none() {
            std::thread::sleep(Duration::from_millis(200));
        }
        std::thread::sleep(Duration::from_secs(2));
        tui::restore();
        std::process::exit(i32::from(status::SIGNAL + signals.caught().unwrap_or(0)));
    });
}

const GREETING: &str =
    "c runs, s steps, capitals go back; `:b main` sets a breakpoint, ? shows all keys\n";

/// Where source files are looked for: what was named, the directory that we are in and those around it, that of the
/// program, and where this program was built.
fn source_directories(options: &DebugOptions) -> Vec<std::path::PathBuf> {
    let mut all = options.directory.clone();
    all.extend(std::env::current_dir());
    let file = options.machine.file.as_ref();
    let beside = file.and_then(|file| file.canonicalize().ok());
    all.extend(beside.and_then(|file| Some(file.parent()?.to_owned())));
    all.push(concat!(env!("CARGO_MANIFEST_DIR"), "/../..").into());
    all
}

/// Whether somebody is there to type.
fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}
