//! Every operation against Berkeley SoftFloat: results and flags, in every rounding mode.

use hartland_softfloat::{F16, F32, F64, RoundingMode};
use hartland_softfloat_oracle::support::digests::{EXPECTED, table};
use hartland_softfloat_oracle::support::operations::{self, Operation, cases};
use hartland_softfloat_oracle::{Oracle, evaluate};

/// Cases an operation and rounding mode: 60,000, or what `HARTLAND_FLOAT_OPERANDS` says.
fn case_count() -> usize {
    let asked = std::env::var("HARTLAND_FLOAT_OPERANDS").ok();
    asked.map_or(60_000, |count| count.parse().expect("a number of operands"))
}

fn compare<F: Oracle>() {
    for &operation in Operation::ALL {
        let cases = cases::<F>(operation, case_count());
        for mode in RoundingMode::ALL {
            for &operands in &cases {
                let actual = operations::evaluate::<F>(operation, operands, mode);
                let expected = evaluate::<F>(operation, operands, mode);
                assert_eq!(actual, expected, "{operation:?} {operands:#018x?} {mode:?}");
            }
        }
    }
}

#[test]
fn binary16() {
    compare::<F16>();
}

#[test]
fn binary32() {
    compare::<F32>();
}

#[test]
fn binary64() {
    compare::<F64>();
}

/// The committed digests are the oracle's. After a change to the operands, take the new table from
/// this test's message.
#[test]
fn digests() {
    let table = table(evaluate::<F16>, evaluate::<F32>, evaluate::<F64>);
    assert!(
        table == EXPECTED,
        "tests/suite/support/digests.txt must be:\n{table}"
    );
}
