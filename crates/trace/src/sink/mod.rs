//! Where events go.

mod json;
mod perfetto;
mod text;

use std::io;

use debugger::session::Programs;
use machine::hart::Privilege;

pub use json::Json;
pub use perfetto::Perfetto;
pub use text::Text;

use crate::Event;

/// Takes events, in the order in which they happen.
pub trait Sink {
    /// Something happened.
    ///
    /// # Errors
    /// It cannot be written.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// The trace ends at a step and a guest nanosecond.
    ///
    /// # Errors
    /// It cannot be written.
    fn finish(&mut self, step: u64, nanos: u64) -> io::Result<()>;
}

impl Sink for Vec<Event> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.push(event.clone());
        Ok(())
    }

    fn finish(&mut self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Box<dyn Sink> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        (**self).event(event)
    }

    fn finish(&mut self, step: u64, nanos: u64) -> io::Result<()> {
        (**self).finish(step, nanos)
    }
}

/// The name of the place where something happened, with the distance from it.
fn place(programs: &Programs, event: &Event) -> Option<String> {
    name_of(programs, event, event.privilege, event.pc)
}

fn name_of(
    programs: &Programs,
    event: &Event,
    privilege: Privilege,
    address: u64,
) -> Option<String> {
    let process = event.thread.as_ref().map(|thread| thread.name.as_str());
    let process = process.filter(|name| !name.is_empty());
    let program = programs.at(address, privilege, process)?;
    let (name, distance) = program.symbols.nearest(address)?;
    Some(match distance {
        0 => name.to_owned(),
        distance => format!("{name}+{distance:#x}"),
    })
}
