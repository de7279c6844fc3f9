//! Every operation, in every format and rounding mode, yields the results and flags that Berkeley
//! SoftFloat yields on the same operands: compared by digest, so that no oracle need be built. To
//! see which operands differ, run the tests in `oracle/`.

use crate::support::digests::{EXPECTED, table};
use crate::support::operations::evaluate;
use hartland_softfloat::{F16, F32, F64};

#[test]
fn outcomes_are_those_of_the_oracle() {
    let actual = table(evaluate::<F16>, evaluate::<F32>, evaluate::<F64>);
    let lines = |table: &str| table.lines().map(str::to_owned).collect::<Vec<_>>();
    let (actual, expected) = (lines(&actual), lines(EXPECTED));
    assert_eq!(actual.len(), expected.len());
    let wrong: Vec<_> = actual
        .iter()
        .filter(|line| !expected.contains(line))
        .collect();
    assert!(wrong.is_empty(), "differs from the oracle: {wrong:#?}");
}
