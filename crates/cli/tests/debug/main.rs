//! The debugger as people use it: transcripts of sessions, the guided session of docs/debugger.md, and the terminal UI
//! in a real terminal.
//!
//! `UPDATE_TRANSCRIPTS=1 cargo test -p hartland --test debug` writes the transcripts anew.

mod terminal;
mod transcript;

use std::path::{Path, PathBuf};

use transcript::{check, normalised, session};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/debug")
}

/// Where the built programs are: sessions are held there, so that no path of this host is in a transcript.
fn images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images/images")
}

#[test]
fn a_bare_metal_program_forward_and_back() {
    check("bare", &["fib.elf"]);
}

#[test]
fn looking_at_everything() {
    check("look", &["fib.elf"]);
}

#[test]
fn points_of_every_kind() {
    check("points", &[]);
}

#[test]
fn the_operating_system() {
    check("fawn", &[]);
}

#[test]
fn time_and_its_branches() {
    check("time", &["fib.elf"]);
}

#[test]
fn traps_are_explained() {
    check("traps", &[]);
}

#[test]
fn mistakes_have_one_clear_sentence_and_a_status() {
    let mistakes = [
        ("nothing", "there is no command `nothing`"),
        ("b nowhere", "`nowhere` is no variable, register or symbol"),
        ("b main in nobody", "there is no program `nobody`"),
        ("b x.rs:1", "no program has code for line 1 of `x.rs`"),
        ("p 1 +", "the expression ends too early"),
        ("p 1 / 0", "division by zero"),
        ("p *0", "there is no RAM at physical address 0x0"),
        ("x/3q pc", "`q` is no format"),
        ("watch a0", "a0 is a register"),
        ("catch thunder", "`thunder` is no event"),
        ("catch csr nothing", "there is no CSR `nothing`"),
        ("delete 7", "there is no point `7`"),
        ("set 3 = 4", "`3` has no place that could be changed"),
        ("frame 99", "frames go from 0 to"),
        ("hart 5", "harts go from 0 to 0"),
        ("processes", "Fawn has not booted yet"),
        ("restart 3", "there is no checkpoint 3"),
        ("branch", "this is the present"),
        ("assert 1 == 2", "it does not hold: 1 == 2"),
        ("expect-text x", "the guest has not printed"),
    ];
    for (command, sentence) in mistakes {
        let (output, error, status) = session(&[], command);
        assert_eq!(status, Some(1), "{command}: {output}{error}");
        assert!(error.contains(sentence), "{command}: {error}");
        assert_eq!(error.lines().count(), 1, "{command}: {error}");
    }
}

#[test]
fn the_status_is_what_quit_says() {
    assert_eq!(session(&[], "quit").2, Some(0));
    assert_eq!(session(&[], "quit 1 + 2").2, Some(3));
    assert_eq!(session(&[], "si; assert pc == 0x1004").2, Some(0));
}

/// The commands of the guide's session are done, and say what the guide shows.
#[test]
fn the_guided_session_is_what_happens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/debugger.md");
    let text = std::fs::read_to_string(&path).expect("docs/debugger.md");
    let blocks = transcript::blocks(&text);
    assert!(blocks.len() >= 4, "only {} parts", blocks.len());
    let commands: Vec<&str> = blocks
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.strip_prefix("> "))
        .collect();
    let (output, error, status) = session(&[], &commands.join("\n"));
    assert_eq!((error.as_str(), status), ("", Some(0)), "{output}");
    if transcript::updates() {
        let new = transcript::with_blocks(&text, &output);
        std::fs::write(&path, new).expect("docs/debugger.md");
        return;
    }
    let shown = normalised(&blocks.concat());
    assert_eq!(
        shown,
        normalised(&output),
        "docs/debugger.md shows something else"
    );
}
