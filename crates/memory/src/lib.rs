//! The seam that harts and devices share.
//!
//! A device never sees a hart and a hart never sees a concrete device: both see a [`Bus`] with
//! [`Ram`] behind one write door, devices behind one trait, [`Lines`] that carry interrupt levels,
//! and one [`Clock`].
//!
//! * [`ram`]: guest RAM, lazily committed, every store through one door.
//! * [`page`]: the flags byte of each physical page, which decides what has a fast path.
//! * [`bus`]: physical address → RAM or device.
//! * [`device`]: the [`Device`] trait and what a device may touch.
//! * [`lines`]: level-triggered interrupt lines.
//! * [`clock`]: guest time, a function of steps and idle jumps only.
//! * [`watch`]: physical ranges that a debugger watches.
//! * [`event`]: what comes in from outside and what goes out.

pub mod bus;
pub mod clock;
pub mod device;
pub mod event;
pub mod fault;
pub mod lines;
pub mod page;
pub mod ram;
pub mod watch;
pub mod width;

pub use bus::Bus;
pub use clock::{Clock, Nanos};
pub use device::{Device, DeviceContext, StateError};
pub use event::{Effect, HostAnswer, HostEvent, HostWrite, LoggedEvent, RegisterName};
pub use fault::BusFault;
pub use lines::Lines;
pub use page::{PAGE_SHIFT, PAGE_SIZE, PageFlags};
pub use ram::{Ram, RamError};
pub use watch::{WatchHit, WatchedRange};
pub use width::Width;
