//! IEEE 754 binary16/32/64 arithmetic in software, exact in every RISC-V rounding mode, flags included.
//!
//! The results are those of the RISC-V unprivileged specification (chapters F, D, Zfh and Zfa):
//!
//! * five rounding modes ([`RoundingMode`]), the accrued exceptions of `fcsr` ([`Flags`]);
//! * tininess is detected *after* rounding;
//! * every NaN result is the canonical NaN, payloads are never propagated;
//! * conversions to integers saturate and raise only `NV` when out of range.
//!
//! Operations are free functions, generic over the [`Format`]; each takes the rounding mode where
//! the instruction has one and accumulates into a [`Flags`]:
//!
//! ```
//! use hartland_softfloat::{F64, Flags, RoundingMode, add};
//!
//! let mut flags = Flags::empty();
//! let tenth = F64::from_bits(0.1f64.to_bits());
//! let fifth = F64::from_bits(0.2f64.to_bits());
//! let sum = add(tenth, fifth, RoundingMode::NearestEven, &mut flags);
//! assert_eq!(sum.to_bits(), (0.1f64 + 0.2).to_bits());
//! assert_eq!(flags, Flags::NX);
//! ```
//!
//! [`fast`] holds the shortcuts through the host's FPU, for the case that a guest spends nearly all
//! its time in; only its square roots and fused operations need the `std` feature.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

mod arithmetic;
mod compare;
mod constants;
mod convert;
mod environment;
pub mod fast;
mod format;
mod fused;
mod integral;
mod round;

pub use arithmetic::{add, div, mul, sqrt, sub};
pub use compare::{
    classify, eq, le, le_quiet, lt, lt_quiet, max, max_propagating, min, min_propagating,
};
pub use constants::load_immediate;
pub use convert::{
    convert, from_i32, from_i64, from_u32, from_u64, to_i32, to_i32_modular, to_i64, to_u32, to_u64,
};
pub use environment::{Flags, RoundingMode};
pub use format::{F16, F32, F64, Format};
pub use fused::{fused_multiply_add, multiply_sub, negated_multiply_add, negated_multiply_sub};
pub use integral::{round_to_integral, round_to_integral_exact};
