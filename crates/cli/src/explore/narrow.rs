//! From an interleaving that goes wrong to the choice that decides it.

use super::attempt::{Attempt, Choice, Outcome, Verdict};
use crate::failure::Failure;

/// Lets the seed choose for fewer and fewer steps, as long as the run goes wrong: what it chose before stays as it was.
/// In the end it comes out right with all choices before one step, and wrong with the choice made there.
///
/// # Errors
/// It was interrupted.
pub fn narrow(
    attempt: &Attempt<'_>,
    choice: Choice,
    outcome: Outcome,
) -> Result<(Choice, Outcome), Failure> {
    let (mut right, mut wrong) = (0, outcome.steps);
    let mut best = (choice, outcome);
    while wrong - right > 1 {
        let middle = right.midpoint(wrong);
        let choice = Choice {
            seed: best.0.seed,
            within: 0..middle,
        };
        let outcome = attempt.run(&choice)?;
        if attempt.judge(&outcome) == Verdict::Right {
            right = middle;
        } else {
            wrong = middle;
            best = (choice, outcome);
        }
    }
    Ok(best)
}
