//! What a guest did, told without changing it.
//!
//! * [`Tracer`] watches a machine's traps, interrupts and returns (or, for [`Kinds::INSN`], every instruction) and makes
//!   [`Event`]s of them: system calls with arguments and results, page faults, switches, messages.
//! * [`sink`]s write them: as text, as JSON lines, or as a timeline for Perfetto.
//! * [`Scope`] narrows what is written, by process, privilege, place and steps.
//! * [`profile`] takes a stack every so many steps.
//! * [`fawn`] reads threads and mailboxes from Fawn's own tables; of other systems address spaces and stacks are known.

pub mod calls;
mod describe;
mod event;
pub mod fawn;
mod guest;
mod identity;
mod kinds;
mod messages;
mod open_calls;
pub mod profile;
mod sbi;
mod scope;
pub mod sink;
mod tracer;

pub use event::{Call, Event, Message, Thread, What};
pub use kinds::Kinds;
pub use scope::Scope;
pub use sink::Sink;
pub use tracer::{Tracer, Whereabouts};
