//! Every sample program for Fawn gives the output that its folder says, on any number of harts.

use std::path::PathBuf;

use hartland_tests::fawn_with;
use machine::{Exit, ExitVia, Stop};

/// No sample takes so many steps.
const LIMIT: u64 = 4_000_000_000;

/// The samples with an output that they must give.
fn samples() -> Vec<(String, String)> {
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

/// The first line in which two transcripts differ, and all of the one that came.
fn difference(came: &str, wanted: &str) -> String {
    let mut lines = came.split('\n').zip(wanted.split('\n'));
    let first = lines.position(|(came, wanted)| came != wanted);
    let number = first.unwrap_or(came.lines().count().min(wanted.lines().count()));
    let line = |text: &str| format!("{:?}", text.split('\n').nth(number).unwrap_or("(it ends)"));
    format!(
        "line {}: {} came, {} was wanted, of\n{came}",
        number + 1,
        line(came),
        line(wanted)
    )
}

fn check(harts: usize) {
    let mut wrong: Vec<String> = Vec::new();
    let samples = samples();
    assert!(samples.len() >= 5, "only {} samples", samples.len());
    for (name, expected) in samples {
        let mut machine = fawn_with(&format!("quiet noecho -- /bin/{name}"), harts);
        let stop = machine.run(LIMIT);
        let output = String::from_utf8_lossy(&machine.take_output()).replace('\r', "");
        let finished = Stop::Exit(Exit {
            code: 0,
            via: ExitVia::Finisher,
        });
        if output != expected || stop != finished {
            wrong.push(format!(
                "{name}, {harts} harts: {stop:?}\n{}",
                difference(&output, &expected)
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
