//! `--trace`: who is told what happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use debugger::session::Programs;
use machine::hart::Privilege;
use machine::{Machine, Stop};
use trace::{Scope, Sink, Tracer, sink};

use crate::failure::{Failure, status};
use crate::files::Files;
use crate::guest_programs::GuestPrograms;
use crate::machine_options::{Steps, parse_steps};
use crate::session::Watcher;

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A line for each event
    Text,
    /// A JSON object for each event, a line each
    Json,
    /// A timeline for ui.perfetto.dev
    Perfetto,
}

/// A mode of privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// User
    U,
    /// Supervisor
    S,
    /// Machine
    M,
}

/// Options that say what to trace, and how.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Tracing")]
pub struct TraceOptions {
    /// Tell what happens: insn, trap, syscall, sbi, switch, mailbox, fault, interrupt, between commas; without kinds, all
    /// but insn
    #[arg(long, value_name = "KINDS", num_args = 0..=1, require_equals = true, default_missing_value = "all",
        value_parser = trace::Kinds::parse, conflicts_with = "log_commits")]
    pub trace: Option<trace::Kinds>,

    /// Where to write it; without it, to standard error
    #[arg(long, value_name = "FILE", requires = "trace")]
    pub trace_file: Option<PathBuf>,

    /// How to write it
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "trace",
        default_value = "text"
    )]
    pub trace_format: TraceFormat,

    /// Only what a process does: its number or its program's name; may be repeated
    #[arg(
        long,
        value_name = "PROCESS",
        requires = "trace",
        value_delimiter = ','
    )]
    pub trace_process: Vec<String>,

    /// Only what happens in these modes, between commas
    #[arg(long, value_name = "MODES", requires = "trace", value_delimiter = ',')]
    pub trace_privilege: Vec<Mode>,

    /// Only what happens in a function; may be repeated
    #[arg(long, value_name = "SYMBOL", requires = "trace")]
    pub trace_symbol: Vec<String>,

    /// Only what happens at addresses, such as 0x10000..0x12000; may be repeated
    #[arg(long, value_name = "FROM..TO", requires = "trace", value_parser = parse_addresses)]
    pub trace_range: Vec<Addresses>,

    /// Only what happens within steps, such as 1000..2000
    #[arg(long, value_name = "FROM..TO", requires = "trace", value_parser = parse_steps)]
    pub trace_steps: Option<Steps>,
}

/// A range of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(pub Range<u64>);

fn parse_addresses(text: &str) -> Result<Addresses, String> {
    let wrong =
        || format!("`{text}` are no addresses; they are FROM..TO, such as 0x10000..0x12000");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).map_err(|_| wrong()),
        None => text.parse().map_err(|_| wrong()),
    };
    let (from, to) = (number(from)?, number(to)?);
    if from < to {
        Ok(Addresses(from..to))
    } else {
        Err(wrong())
    }
}

/// A trace that is being written.
struct Tracing {
    tracer: Tracer<Box<dyn Sink>>,
    path: PathBuf,
}

impl Watcher for Tracing {
    fn run(&mut self, machine: &mut Machine, budget: u64) -> Stop {
        self.tracer.run(machine, budget)
    }

    fn finish(self: Box<Self>, machine: &Machine) -> Result<(), Failure> {
        let finished = self.tracer.finish(machine);
        finished
            .map(|_| ())
            .map_err(|e| Failure::cannot_write(&self.path, &e))
    }
}

/// A trace of a machine that was built from these files, if one is wanted.
///
/// # Errors
/// It has nowhere to go, or names something that there is not.
pub fn open(
    options: &TraceOptions,
    machine: &Machine,
    files: &Files,
) -> Result<Option<Box<dyn Watcher>>, Failure> {
    let Some(kinds) = options.trace else {
        return Ok(None);
    };
    let unusable = |message: &str| Failure::new(status::UNUSABLE, message);
    if options.trace_format == TraceFormat::Perfetto && options.trace_file.is_none() {
        let message = "--trace-format perfetto writes a timeline for ui.perfetto.dev: say where, with --trace-file FILE";
        return Err(unusable(message));
    }
    let GuestPrograms { programs, layout } =
        GuestPrograms::read(files.read_so_far().clone(), machine.config().memory);
    let mut scope = Scope::all(kinds);
    scope.processes.clone_from(&options.trace_process);
    let privileges = options.trace_privilege.iter().map(|mode| match mode {
        Mode::U => Privilege::User,
        Mode::S => Privilege::Supervisor,
        Mode::M => Privilege::Machine,
    });
    scope.privileges = privileges.collect();
    if let Some(steps) = &options.trace_steps {
        scope.steps = steps.0.clone();
    }
    for symbol in &options.trace_symbol {
        scope.places.push(function(symbol, &programs)?);
    }
    scope
        .places
        .extend(options.trace_range.iter().map(|range| range.0.clone()));
    let path = options.trace_file.clone().unwrap_or_else(|| "-".into());
    let out = BufWriter::new(open_file(&path)?);
    let sink: Box<dyn Sink> = match options.trace_format {
        TraceFormat::Text => Box::new(sink::Text::new(out, programs)),
        TraceFormat::Json => Box::new(sink::Json::new(out, programs)),
        TraceFormat::Perfetto => {
            let sink = sink::Perfetto::new(out, programs);
            Box::new(sink.map_err(|e| Failure::cannot_write(&path, &e))?)
        }
    };
    let harts = machine.harts().len();
    Ok(Some(Box::new(Tracing {
        tracer: Tracer::new(scope, harts, layout.as_ref(), sink),
        path,
    })))
}

fn open_file(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stderr()));
    }
    let file = File::create(path).map_err(|e| Failure::cannot_write(path, &e))?;
    Ok(Box::new(file))
}

/// The addresses of a function.
fn function(name: &str, programs: &Programs) -> Result<Range<u64>, Failure> {
    let symbols = programs.symbols(name, None);
    let found = symbols.iter().find_map(|symbol| {
        let mut all = symbol.program.symbols.iter();
        let (_, start, size) =
            all.find(|&(_, address, size)| address == symbol.address && size > 0)?;
        Some(start..start.saturating_add(size))
    });
    let single = || {
        symbols
            .first()
            .map(|symbol| symbol.address..symbol.address + 1)
    };
    found.or_else(single).ok_or_else(|| {
        let message = format!("--trace-symbol {name}: no program has such a symbol");
        Failure::new(status::UNUSABLE, message)
    })
}
