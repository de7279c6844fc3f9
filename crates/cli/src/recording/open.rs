//! A recording in the debugger: at its end, where a failure is.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use debugger::{Control, Moment, Settings, Timeline};

use super::replay::run_options;
use super::{MAGIC, reader};
use crate::args::Engine;
use crate::failure::{Failure, status};
use crate::files::Files;
use crate::machine_options::{self, MachineOptions};

/// Lives a recording through, and stands at its end with all of its past behind.
///
/// # Errors
/// The file is no recording, or its machine cannot be built.
pub fn open(
    path: &Path,
    engine: Option<Engine>,
    settings: Settings,
    control: &mut dyn Control,
) -> Result<Opened, Failure> {
    let recording = reader::read(path)?;
    let mut run = run_options(&recording)?;
    if let Some(engine) = engine {
        run.machine.engine = engine;
    }
    let end = recording.last();
    let carried = recording.files.clone();
    let files = Files::carried(recording.files);
    let mut machine = machine_options::build(&run.machine, &files, false)?.machine;
    machine.replay(recording.events);
    let end = Moment {
        step: end.0,
        idle: end.1,
    };
    let opened = Timeline::open_recording(machine, end, settings, control);
    Ok(Opened {
        timeline: opened.map_err(|error| Failure::new(status::EMULATOR, error))?,
        machine: run.machine,
        files: carried,
    })
}

/// A recording that was lived through.
pub struct Opened {
    /// The machine at the recorded end.
    pub timeline: Timeline,
    /// The options that it was built from.
    pub machine: MachineOptions,
    /// The files that it started with.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Whether a file looks like a recording. One that cannot be read is none.
pub fn is_one(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    let file = std::fs::File::open(path);
    file.and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && start == *MAGIC
}
