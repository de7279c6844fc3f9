//! One number for all results and flags of an operation.

use std::fmt::Write;

use hartland_softfloat::{F16, F32, F64, Format, RoundingMode};

use super::operations::{Operation, Outcome, cases};

/// Cases an operation, format and rounding mode.
const CASES: usize = 10_000;

/// The digests that Berkeley SoftFloat yields: one line an operation and format.
pub const EXPECTED: &str = include_str!("digests.txt");

/// FNV-1a over the words of every outcome, in all rounding modes.
pub fn digest<F: Format>(
    operation: Operation,
    evaluate: impl Fn(Operation, [u64; 3], RoundingMode) -> Outcome,
) -> u64 {
    let cases = cases::<F>(operation, CASES);
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for mode in RoundingMode::ALL {
        for &operands in &cases {
            let (result, flags) = evaluate(operation, operands, mode);
            for word in [result, u64::from(flags.bits())] {
                hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
                hash ^= hash >> 32;
            }
        }
    }
    hash
}

/// The table of digests of an implementation, in the form of [`EXPECTED`].
pub fn table(
    half: impl Fn(Operation, [u64; 3], RoundingMode) -> Outcome,
    single: impl Fn(Operation, [u64; 3], RoundingMode) -> Outcome,
    double: impl Fn(Operation, [u64; 3], RoundingMode) -> Outcome,
) -> String {
    let mut table = String::new();
    for &operation in Operation::ALL {
        for (format, digest) in [
            ("f16", digest::<F16>(operation, &half)),
            ("f32", digest::<F32>(operation, &single)),
            ("f64", digest::<F64>(operation, &double)),
        ] {
            writeln!(table, "{operation:?} {format} {digest:016x}").expect("a String takes all");
        }
    }
    table
}
