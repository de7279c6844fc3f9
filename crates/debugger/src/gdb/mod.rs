//! The GDB server: a machine for `target remote`. Harts are threads; nothing is patched into guest memory.
//!
//! * [`serve`] talks to one connection after another until gdb kills the machine, or the guest has ended.
//! * [`Host`] is what surrounds it: the guest's console, `monitor` commands, the wish to end.

mod debuggee;
mod description;
mod points;
mod server;
mod time;

pub use server::{Connections, Ending, Peer, serve};
pub use time::time_command;

use crate::Target;

/// What surrounds a machine that gdb debugs.
pub trait Host {
    /// The guest has printed this.
    fn print(&mut self, bytes: &[u8]);

    /// What was typed at the guest's console since the last call.
    fn typed(&mut self) -> Vec<u8>;

    /// Somebody wants this to end.
    fn wants_end(&mut self) -> bool;

    /// Answers a `monitor` command.
    fn monitor(&mut self, target: &mut dyn Target, command: &str) -> String;

    /// Something that a person should know.
    fn say(&mut self, what: &str);
}
