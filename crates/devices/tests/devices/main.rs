//! The devices as a guest sees them: on a bus, by physical address.

extern crate hartland_devices as devices;

mod board;
mod clint;
mod finisher;
mod plic;
mod properties;
mod rom;
mod rtc;
mod uart;
