//! The devices of the board. Each sees offsets into its own registers, guest time and interrupt
//! wires ([`memory::DeviceContext`]) and nothing of harts; each is a deterministic function of
//! accesses, guest time and logged events.

pub mod clint;
pub mod finisher;
pub mod plic;
pub mod rom;
pub mod rtc;
mod state;
pub mod uart;

pub use clint::Clint;
pub use finisher::Finisher;
pub use plic::Plic;
pub use rtc::GoldfishRtc;
pub use uart::Uart;
