//! The debugger.
//!
//! * [`target`]: the [`Target`] trait through which every command acts on a machine.
//! * [`points`]: breakpoints, watchpoints and catchpoints, from what a person sets to what a machine stops for.
//! * [`commands`]: the commands, for the terminal UI, scripts and gdb.
//! * [`symbols`]: names, source lines, variables and types of programs.
//! * [`expression`]: numbers, registers, symbols, variables, and what C and Rust do with them.
//! * [`os`]: Fawn's processes, threads, mailboxes and queues, read from its tables.
//! * [`session`]: what is selected and set, runs and steps; every command acts through it.
//! * [`timeline`]: a [`Target`] over a [`machine::Machine`] that goes both ways in time.
//! * [`tui`]: the terminal UI.
//! * [`gdb`]: a server for gdb's remote protocol.

pub mod commands;
pub mod expression;
pub mod gdb;
pub mod os;
pub mod points;
pub mod session;
pub mod symbols;
pub mod target;
pub mod timeline;
pub mod tui;

pub use points::{Event, Hit, Point, PointId, WatchKind};
pub use target::{
    Control, Moment, Plain, Register, Run, Space, Stopped, Target, TargetError, Why, Write,
};
pub use timeline::{Settings, Timeline};
