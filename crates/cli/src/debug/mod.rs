//! `hartland debug`: the debugger, as a terminal UI or with commands from elsewhere.

mod kept;
pub mod programs;
mod script;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use debugger::session::Session;
use debugger::symbols::Source;
use debugger::timeline::{Settings, Timeline};
use debugger::tui;

use crate::args::DebugOptions;
use crate::failure::{self, Failure, status};
use crate::files::Files;
use crate::machine_options::{self, Built};
use crate::terminal::signals::Signals;

/// Debugs a program; the status is that of the commands.
pub fn run(options: &DebugOptions) -> ExitCode {
    failure::exit(try_run(options))
}

fn try_run(options: &DebugOptions) -> Result<u8, Failure> {
    let files = Files::remembered();
    let Built { machine, .. } = machine_options::build(&options.machine, &files, false)?;
    let mut session = Session::new(Source::new(source_directories(options)));
    programs::add_to(&mut session, options, files.into_read());
    let mut target = Timeline::new(machine, Settings::default());
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
