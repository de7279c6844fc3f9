//! Every sample program for Fawn gives the output that its folder says, on any number of harts.

use std::path::PathBuf;

use hartland_tests::fawn_with;
use hartland_tests::transcript::{complaints, difference};
use machine::{Exit, ExitVia, Stop};

/// No sample takes so many steps.
pub const LIMIT: u64 = 4_000_000_000;

/// The samples with an output that they must give.
pub fn samples() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sample-programs/fawn");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .expect("the samples")
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let expected = std::fs::read_to_string(path.join("expected.txt")).ok()?;
            Some((path.file_name()?.to_str()?.to_owned(), expected))
        })
        .collect();
    samples.sort();
    samples
}

fn check(harts: usize) {
    let samples = samples();
    assert!(samples.len() >= 5, "only {} samples", samples.len());
    check_each(&samples, "", harts);
}

/// Runs samples one by one, with options for the kernel.
pub fn check_each(samples: &[(String, String)], options: &str, harts: usize) {
    let mut wrong: Vec<String> = Vec::new();
    for (name, expected) in samples {
        let words = format!("quiet noecho report=short {options} -- /bin/{name}");
        let mut machine = fawn_with(&words, harts);
        let stop = machine.run(LIMIT);
        let output = String::from_utf8_lossy(&machine.take_output()).replace('\r', "");
        let finished = Stop::Exit(Exit {
            code: 0,
            via: ExitVia::Finisher,
        });
        let wrong_at = difference(name, &output, expected);
        if wrong_at.is_some() || stop != finished {
            let wrong_at = wrong_at.unwrap_or_else(|| name.clone());
            wrong.push(format!(
                "{harts} harts {options}: {stop:?}, {wrong_at}\nof\n{output}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn samples_say_what_they_must_on_one_hart() {
    check(1);
}

#[test]
fn samples_say_what_they_must_on_two_harts() {
    check(2);
}

#[test]
fn samples_say_what_they_must_on_four_harts() {
    check(4);
}

#[test]
fn samples_say_what_they_must_on_eight_harts() {
    check(8);
}

/// What the prompt is told by `sh /etc/samples.sh`.
#[test]
fn one_boot_runs_them_all() {
    for harts in [1, 4] {
        let mut machine = fawn_with(
            "quiet noecho report=short -- /bin/sh /etc/samples.sh",
            harts,
        );
        let stop = machine.run(LIMIT);
        let output = String::from_utf8_lossy(&machine.take_output()).into_owned();
        let wrong = complaints(&output, &samples());
        assert!(
            wrong.is_empty(),
            "{harts} harts: {stop:?}\n{}",
            wrong.join("\n")
        );
    }
}
