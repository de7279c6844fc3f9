//! `hartland run`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use debugger::{Settings, Timeline};
use machine::{Exit, Machine, Stop};

use crate::args::RunOptions;
use crate::failure::{self, Failure, say, status};
use crate::files::Files;
use crate::gdb::{self, Surroundings, Where};
use crate::machine_options::{self, Built};
use crate::recording::{Recorder, command_line};
use crate::report::Report;
use crate::session::{Ending, Session, Watcher};
use crate::tracing;

/// Runs a program; the process ends with the guest's own status.
pub fn run(options: &RunOptions) -> ExitCode {
    let is_watched = options.trace.trace.is_some();
    let watcher: WatcherFor = &|machine, files| tracing::open(&options.trace, machine, files);
    failure::exit(run_watched(options, is_watched.then_some(watcher)))
}

/// Makes somebody who watches a machine that was built from certain files.
pub type WatcherFor<'a> = &'a dyn Fn(&Machine, &Files) -> Result<Option<Box<dyn Watcher>>, Failure>;

/// Runs a program while somebody watches.
///
/// # Errors
/// There is no such machine, or something cannot be written.
pub fn run_watched(options: &RunOptions, watcher: Option<WatcherFor<'_>>) -> Result<u8, Failure> {
    let files = if options.record.is_some() || options.gdb.is_some() || watcher.is_some() {
        Files::remembered()
    } else {
        Files::on_disk()
    };
    let Built {
        mut machine,
        on_fawn,
    } = machine_options::build(&options.machine, &files, options.verbose)?;
    if let Some(path) = &options.machine.dump_dtb {
        let written = std::fs::write(path, machine.device_tree());
        written.map_err(|e| Failure::cannot_write(path, &e))?;
        return Ok(0);
    }
    if let Some(at) = &options.gdb {
        return debug(machine, on_fawn, options, at, files);
    }
    let watcher = match watcher {
        Some(watcher) => watcher(&machine, &files)?,
        None => None,
    };
    let recorder = match &options.record {
        Some(path) => Some(Recorder::create(
            path,
            command_line()?,
            options.machine.rtc,
            files.into_read(),
        )?),
        None => None,
    };
    let start = Instant::now();
    let ending = Session::new(&mut machine, options, recorder, on_fawn)?
        .watched_by(watcher)
        .run()?;
    let status = exit_status(&ending);
    let ended = describe(&machine, &ending);
    if let Some(path) = &options.signature {
        write_signature(&machine, path, options.signature_granularity)?;
    }
    let is_expected = matches!(
        ending,
        Ending::Guest(Stop::Exit(_)) | Ending::Text(_) | Ending::Quit | Ending::Closed
    );
    if options.verbose || !is_expected {
        say(&ended);
    }
    if let Some(path) = &options.json {
        let wall = start.elapsed().as_secs_f64();
        let report = Report::new(&machine, ending.code(), status, ended, wall);
        let written = report.write(path);
        written.map_err(|e| Failure::cannot_write(path, &e))?;
    }
    Ok(status)
}

/// Lets gdb debug the machine.
fn debug(
    machine: Machine,
    on_fawn: bool,
    options: &RunOptions,
    at: &Where,
    files: Files,
) -> Result<u8, Failure> {
    let around = Surroundings {
        at: at.clone(),
        serial: options.serial.clone(),
        listens: options.machine.input.is_none(),
        tells_end: on_fawn,
        waits: options.stopped,
        timeout: options.timeout,
        programs: files.into_read(),
        file: options.machine.file.clone(),
    };
    let mut timeline = Timeline::new(machine, Settings::default());
    gdb::serve(&mut timeline, around)
}

/// The exit status that goes with how a run ended.
pub fn exit_status(ending: &Ending) -> u8 {
    const SIGPIPE: u8 = 13;
    match ending {
        Ending::Guest(Stop::Exit(exit)) => exit.status(),
        Ending::Guest(_) => status::EMULATOR,
        Ending::Limit => status::LIMIT,
        Ending::Text(verdict) => *verdict,
        Ending::Quit => 0,
        Ending::Signal(number) => status::SIGNAL + number,
        Ending::Closed => status::SIGNAL + SIGPIPE,
    }
}

/// How a run ended, in words.
pub fn describe(machine: &Machine, ending: &Ending) -> String {
    let steps = machine.steps();
    match ending {
        Ending::Guest(Stop::Exit(Exit { code, via })) => {
            format!("the guest ended with {code} by {via} after {steps} steps")
        }
        Ending::Guest(Stop::Stuck(stuck)) => {
            let place = place(machine, stuck.pc).map_or(String::new(), |name| format!(" ({name})"));
            format!("the guest can never go on: {stuck}{place}, after {steps} steps")
        }
        Ending::Guest(_) => format!("stopped after {steps} steps"),
        Ending::Limit => {
            let pc = machine.harts().first().map_or(0, |hart| hart.pc);
            format!("the limit was reached after {steps} steps, at pc {pc:#x}")
        }
        Ending::Text(0) => format!("the awaited text was printed within {steps} steps"),
        Ending::Text(_) => format!(
            "the text that means failure was printed, or the awaited one was not, within {steps} steps"
        ),
        Ending::Quit => format!("ended from the terminal after {steps} steps"),
        Ending::Signal(number) => format!("ended by signal {number} after {steps} steps"),
        Ending::Closed => format!("nobody reads the output any more, after {steps} steps"),
    }
}

/// The symbol at or before an address, with the distance.
pub fn place(machine: &Machine, address: u64) -> Option<String> {
    let mut images = machine.images().iter();
    let (name, offset) = images.find_map(|image| image.symbols.nearest(address))?;
    Some(match offset {
        0 => name.to_owned(),
        offset => format!("{name}+{offset:#x}"),
    })
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
    std::fs::write(path, text).map_err(|e| Failure::cannot_write(path, &e))
}
