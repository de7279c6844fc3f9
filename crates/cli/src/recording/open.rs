//! A recording in the debugger: at its end, where a failure is.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use debugger::{Control, Moment, Settings, Timeline};

use super::reader;
use super::replay::run_options;
use crate::args::Engine;
use crate::failure::{Failure, status};
use crate::files::Files;
use crate::machine_options;

/// A recording that was lived through.
pub struct Opened {
    /// At its end.
    pub timeline: Timeline,
    /// The files that the machine started with.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The program that was named.
    pub file: Option<PathBuf>,
}

/// Whether a file is a recording, as far as its first bytes say.
pub fn is_recording(path: &Path) -> bool {
    let mut first = [0; super::MAGIC.len()];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *super::MAGIC
}

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
    let programs = recording.files.clone();
    let file = run.machine.file.clone();
    let files = Files::carried(recording.files);
    let mut machine = machine_options::build(&run.machine, &files, false)?.machine;
    machine.replay(recording.events);
    let end = Moment {
        step: end.0,
        idle: end.1,
    };
    let opened = Timeline::open_recording(machine, end, settings, control);
    let timeline = opened.map_err(|error| Failure::new(status::EMULATOR, error))?;
    Ok(Opened {
        timeline,
        files: programs,
        file,
    })
}
