//! A process is killed at one instruction after another of a receive, a send, a fork and an execve.
//!
//! Every instruction: `cargo xtask campaign kill`, or `HARTLAND_KILL_STRIDE=1` for this test.

use hartland_tests::campaign::kill;

/// Steps between two places, unless the environment says another number: a prime, so that places fall everywhere.
const STRIDE: u64 = 997;

#[test]
fn whatever_a_process_was_doing_everything_comes_back() {
    let stride = std::env::var("HARTLAND_KILL_STRIDE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(STRIDE);
    let report = kill::at_every(stride, 0..1000, None).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(report.instructions > 50_000, "{report:?}");
    assert!(report.kills >= report.instructions / stride, "{report:?}");
}
