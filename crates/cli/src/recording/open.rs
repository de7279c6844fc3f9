//! A recording in the debugger: at its end, where a failure is.

use std::path::Path;

use debugger::{Control, Moment, Settings, Timeline};

use super::reader;
use super::replay::run_options;
use crate::args::Engine;
use crate::failure::{Failure, status};
use crate::files::Files;
use crate::machine_options;

/// Lives a recording through, and stands at its end with all of its past behind.
///
/// # Errors
/// The file is no recording, or its machine cannot be built.
pub fn open(
    path: &Path,
    engine: Option<Engine>,
    settings: Settings,
    control: &mut dyn Control,
) -> Result<Timeline, Failure> {
    let recording = reader::read(path)?;
    let mut run = run_options(&recording)?;
    if let Some(engine) = engine {
        run.machine.engine = engine;
    }
    let end = recording.last();
    let files = Files::carried(recording.files);
    let mut machine = machine_options::build(&run.machine, &files, false)?.machine;
    machine.replay(recording.events);
    let end = Moment {
        step: end.0,
        idle: end.1,
    };
    let opened = Timeline::open_recording(machine, end, settings, control);
    opened.map_err(|error| Failure::new(status::EMULATOR, error))
}
