//! The debugger.
//!
//! * [`target`]: the [`Target`] trait through which every command acts on a machine.
//! * [`points`]: breakpoints, watchpoints and catchpoints, from what a person sets to what a machine stops for.
//! * [`gdb`]: a server for gdb's remote protocol.
//! * [`timeline`]: a [`Target`] over a [`machine::Machine`] that goes both ways in time.

pub mod gdb;
pub mod points;
pub mod target;
pub mod timeline;

pub use points::{Event, Hit, Point, PointId, WatchKind};
pub use target::{
    Control, Moment, Plain, Register, Run, Space, Stopped, Target, TargetError, Why, Write,
};
pub use timeline::{Settings, Timeline};
