//! The firmware and Fawn: what the machine boots when it is told nothing else.

use hartland_tests::system_with;
use machine::{Exit, ExitVia, Stop};

/// Neither takes so many steps.
const LIMIT: u64 = 200_000_000;

const FINISHED: Stop = Stop::Exit(Exit {
    code: 0,
    via: ExitVia::Finisher,
});

/// What a run printed from a line on, and how it ended.
fn run(kernel: &str, harts: usize, plain: bool) -> (String, Stop) {
    let mut machine = system_with(kernel, harts, plain);
    let stop = machine.run(LIMIT);
    let output = String::from_utf8_lossy(&machine.take_output()).replace('\r', "");
    (output, stop)
}

#[test]
fn fawn_says_the_same_on_any_number_of_harts() {
    let expected = include_str!("../../sample-programs/fawn/taking-turns/expected.txt");
    for (harts, plain) in [(1, false), (2, false), (4, false), (8, false), (3, true)] {
        let (output, stop) = run("fawn", harts, plain);
        let (banner, transcript) = output.split_once('\n').unwrap_or_default();
        let started = format!("Hartland SBI 0.1.0: {harts} hart");
        assert!(banner.starts_with(&started), "{banner}");
        let transcript = transcript.split_once('\n').unwrap_or_default();
        assert!(transcript.0.starts_with("Fawn "), "{output}");
        assert!(
            transcript.1.starts_with(expected),
            "{harts} harts:\n{output}"
        );
        let rest = &transcript.1[expected.len()..];
        assert!(
            rest.contains("fawn$ "),
            "{harts} harts: no prompt in {rest:?}"
        );
        assert_eq!(stop, FINISHED, "{harts} harts");
    }
}

#[test]
fn the_firmware_answers_as_sbi_says() {
    for (harts, plain) in [(1, false), (2, true), (4, false), (8, false)] {
        let (output, stop) = run("sbi-check", harts, plain);
        assert!(
            output.ends_with(" passed, 0 skipped, 0 failed\n"),
            "{harts} harts:\n{output}"
        );
        assert!(output.lines().count() > 90, "{harts} harts:\n{output}");
        assert_eq!(stop, FINISHED, "{harts} harts");
    }
}

#[test]
fn runs_of_fawn_repeat() {
    let end = |plain| {
        let mut machine = system_with("fawn", 4, plain);
        assert_eq!(machine.run(LIMIT), FINISHED);
        (machine.steps(), machine.state_hash())
    };
    let first = end(false);
    assert_eq!(first, end(false));
    assert_eq!(first, end(true), "the plain engine");
}
