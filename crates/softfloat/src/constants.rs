//! The constants of `FLI` (Zfa).

use crate::convert::convert;
use crate::environment::{Flags, RoundingMode};
use crate::format::{F64, Format, canonical_nan};

const fn constant(value: f64) -> F64 {
    F64::from_bits(value.to_bits())
}

/// The table of the specification, but for entries 1 and 31, which depend on the format.
const CONSTANTS: [F64; 32] = [
    constant(-1.0),
    constant(0.0),
    constant(1.0 / 65536.0),
    constant(1.0 / 32768.0),
    constant(1.0 / 256.0),
    constant(1.0 / 128.0),
    constant(0.0625),
    constant(0.125),
    constant(0.25),
    constant(0.3125),
    constant(0.375),
    constant(0.4375),
    constant(0.5),
    constant(0.625),
    constant(0.75),
    constant(0.875),
    constant(1.0),
    constant(1.25),
    constant(1.5),
    constant(1.75),
    constant(2.0),
    constant(2.5),
    constant(3.0),
    constant(4.0),
    constant(8.0),
    constant(16.0),
    constant(128.0),
    constant(256.0),
    constant(32768.0),
    constant(65536.0),
    constant(f64::INFINITY),
    constant(0.0),
];

/// `FLI`: the constant named by the low five bits of `index` (the instruction's rs1 field).
///
/// Entry 1 is the smallest positive normal number of the format and entry 31 the canonical NaN;
/// entry 29, 2^16, is beyond binary16 and reads +∞ there.
#[must_use]
pub fn load_immediate<F: Format>(index: u8) -> F {
    match index & 31 {
        1 => F::from_raw(F::FRACTION + 1),
        31 => canonical_nan(),
        entry => {
            let value = CONSTANTS[usize::from(entry)];
            convert(value, RoundingMode::NearestEven, &mut Flags::empty())
        }
    }
}
