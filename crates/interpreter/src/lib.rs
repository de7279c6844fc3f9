//! The execution engines over a [`hart`].
//!
//! * [`plain`] takes one step at a time, decoding as it goes, and lets an [`Observer`] watch.
//! * [`threaded`] runs code that was decoded once, a block at a time.
//!
//! Both take the same steps to the same state: which one runs never shows in a guest.
//! [`Interpreter`] chooses, samples interrupts where the rules say, and returns to its caller with
//! a typed [`Pause`].

mod marks;
pub mod plain;
mod run;
pub mod threaded;

pub use hart;
pub use marks::Marks;
pub use plain::{NoObserver, Observer};
pub use run::{Interpreter, Pause};
