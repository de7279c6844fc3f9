//! `--trace`: who is told what happens.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use debugger::session::Programs;
use machine::hart::Privilege;
use machine::{Machine, Stop};
use trace::{Scope, Sink, Tracer, sink};

use crate::args::{Mode, TraceFormat, TraceOptions};
use crate::failure::{Failure, status};
use crate::files::Files;
use crate::guest_programs::GuestPrograms;

/// A trace that is being written.
pub struct Tracing {
    tracer: Tracer<Box<dyn Sink>>,
    path: PathBuf,
}

impl Tracing {
    /// Runs a machine.
    pub fn run(&mut self, machine: &mut Machine, budget: u64) -> Stop {
        self.tracer.run(machine, budget)
    }

    /// The run is over.
    ///
    /// # Errors
    /// The trace could not be written.
    pub fn finish(self, machine: &Machine) -> Result<(), Failure> {
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
) -> Result<Option<Tracing>, Failure> {
    let Some(kinds) = options.trace else {
        return Ok(None);
    };
    let unusable = |message: &str| Failure::new(status::UNUSABLE, message);
    if options.trace_format == TraceFormat::Perfetto && options.trace_file.is_none() {
        let message = "--trace-format perfetto writes a timeline for ui.perfetto.dev: say where, with --trace-file FILE";
        return Err(unusable(message));
    }
    let GuestPrograms { programs, layout } =
        GuestPrograms::read(&files.read_so_far(), machine.config().memory);
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
    Ok(Some(Tracing {
        tracer: Tracer::new(scope, harts, layout.as_ref(), sink),
        path,
    }))
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
