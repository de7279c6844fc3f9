//! The debugger.
//!
//! * [`target`]: the [`Target`] trait through which every command acts on a machine.
//! * [`points`]: breakpoints, watchpoints and catchpoints, from what a person sets to what a machine stops for.
//! * [`timeline`]: a [`Target`] over a [`machine::Machine`] that goes both ways in time.

pub mod points;
pub mod target;
pub mod timeline;

pub use points::{Hit, Point, PointId, WatchKind};
pub use target::{
    Control, Moment, Plain, Register, Run, Space, Stopped, Target, TargetError, Why, Write,
};
pub use timeline::Timeline;
