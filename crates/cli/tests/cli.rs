//! The command as a person and a script meet it: exit statuses, messages, reports, and three
//! hundred inputs that are no programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A sample's file in the repository.
fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../guest-images/images/{name}.elf"))
}

fn hartland(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hartland"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the command starts")
}

fn run(file: &Path, options: &[&str]) -> Output {
    let file = file.display().to_string();
    let mut arguments = vec!["run"];
    arguments.extend(options);
    arguments.push(&file);
    hartland(&arguments)
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_guests_output_and_status_pass_through() {
    let hello = run(&sample("hello"), &[]);
    assert_eq!((status(&hello), stderr(&hello).as_str()), (0, ""));
    assert!(String::from_utf8_lossy(&hello.stdout).starts_with("Hello"));
    assert_eq!(status(&run(&sample("exit-status"), &[])), 42);
}

#[test]
fn it_says_what_it_took_the_file_for_when_asked() {
    let output = run(&sample("hello"), &["--verbose"]);
    assert!(
        stderr(&output).contains("bare-metal"),
        "{}",
        stderr(&output)
    );
    assert!(
        stderr(&output).contains("test finisher"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn limits_end_with_124() {
    let by_steps = run(&sample("fib"), &["--instructions", "1000"]);
    assert_eq!(status(&by_steps), 124);
    assert!(
        stderr(&by_steps).contains("after 1000 steps"),
        "{}",
        stderr(&by_steps)
    );
    let busy = run(
        &sample("integer"),
        &["--engine", "plain", "--timeout", "0.2"],
    );
    assert_eq!(status(&busy), 124);
}

#[test]
fn guests_that_can_never_go_on_are_reported_with_where_and_why() {
    let trapping = run(&sample("trap-loop"), &[]);
    assert_eq!(status(&trapping), 125);
    assert!(
        stderr(&trapping).contains("own trap vector"),
        "{}",
        stderr(&trapping)
    );
    let waiting = run(&sample("wfi-forever"), &[]);
    assert_eq!(status(&waiting), 125);
    assert!(
        stderr(&waiting).contains("waits at 0x8000"),
        "{}",
        stderr(&waiting)
    );
}

#[test]
fn texts_decide() {
    let run = |options: &[&str]| status(&run(&sample("hello"), options));
    assert_eq!(run(&["--expect-text", "RISC-V"]), 0);
    assert_eq!(run(&["--expect-text", "never said"]), 1);
    assert_eq!(run(&["--fail-text", "Hello"]), 1);
    assert_eq!(run(&["--fail-text", "never said"]), 0);
}

#[test]
fn the_report_is_the_same_for_every_run_and_engine() {
    let folder = TempDir::new().expect("a folder");
    let report = |name: &str, engine: &str| {
        let path = folder.path().join(name);
        let json = format!("--json={}", path.display());
        let output = run(&sample("fib"), &[&json, "--engine", engine]);
        assert_eq!(status(&output), 0);
        let text = std::fs::read_to_string(path).expect("a report");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        (
            value["steps"].clone(),
            value["state_hash"].clone(),
            value["code"].clone(),
        )
    };
    let first = report("a", "threaded");
    assert_eq!(first, report("b", "threaded"));
    assert_eq!(first, report("c", "plain"));
    assert!(first.0.as_u64() > Some(1000) && first.1.as_str().is_some_and(|h| h.len() == 32));
}

#[test]
fn input_repeats_and_reaches_the_guest() {
    let folder = TempDir::new().expect("a folder");
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "eight by\n").expect("a file");
    let keys = keys.display().to_string();
    let runs = [0, 1].map(|_| run(&sample("interrupts-m"), &["--input", &keys]));
    assert_eq!(runs[0].stdout, runs[1].stdout);
    assert!(String::from_utf8_lossy(&runs[0].stdout).contains("eight by"));
}

#[test]
fn signatures_and_commit_logs_have_spikes_format() {
    let folder = TempDir::new().expect("a folder");
    let (signature, log) = (folder.path().join("sig"), folder.path().join("log"));
    let log_option = format!("--log-commits={}", log.display());
    let options = ["--signature", &signature.display().to_string(), &log_option];
    run(&sample("signature"), &options);
    let text = std::fs::read_to_string(signature).expect("a signature");
    assert!(!text.is_empty());
    assert!(
        text.lines()
            .all(|l| l.len() == 8 && l.bytes().all(|b| b.is_ascii_hexdigit()))
    );
    let log = std::fs::read_to_string(log).expect("a log");
    let first = "core   0: 3 0x0000000000001000 (0x00000297) x5  0x0000000000001000";
    assert_eq!(log.lines().next(), Some(first));
}

#[test]
fn options_that_make_no_sense_are_refused_in_a_sentence() {
    let file = sample("hello");
    for options in [
        ["--smp", "9"],
        ["--smp", "0"],
        ["--memory", "12X"],
        ["--memory", "4000T"],
        ["--memory", "0"],
        ["--memory", "1000"],
        ["--isa", "rv32gc"],
        ["--isa", "rv64gc_zwhat"],
        ["--timeout", "-1"],
        ["--timeout", "soon"],
        ["--signature-granularity", "3"],
        ["--engine", "warp"],
        ["--semihosting-root", "/no/such/folder"],
        ["--input", "/no/such/file"],
        ["--as", "toast"],
    ] {
        let output = run(&file, &options);
        assert!(
            [2, 125, 126, 127].contains(&status(&output)),
            "{options:?}: {output:?}"
        );
        check_message(&output, &format!("{options:?}"));
    }
}

/// No panic, and few lines, whatever was given.
fn check_message(output: &Output, what: &str) {
    let text = stderr(output);
    assert!(!text.contains("panicked"), "{what}: {text}");
    assert!((1..=20).contains(&text.lines().count()), "{what}: {text}");
}

#[test]
fn what_is_no_program_gets_one_line_and_the_documented_status() {
    let folder = TempDir::new().expect("a folder");
    let missing = run(&folder.path().join("missing"), &[]);
    assert_eq!(status(&missing), 127);
    let directory = run(folder.path(), &[]);
    assert_eq!(status(&directory), 126);
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").expect("a file");
    let empty = run(&empty, &[]);
    assert_eq!(status(&empty), 126);
    let host = run(Path::new(env!("CARGO_BIN_EXE_hartland")), &[]);
    assert_eq!(status(&host), 126);
    for output in [missing, directory, empty, host] {
        let text = stderr(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("hartland: "), "{text}");
    }
}

/// Three hundred files made from a program by cutting it off and flipping its bits, most of them in
/// its headers.
#[test]
fn three_hundred_broken_files_do_no_harm() {
    let folder = TempDir::new().expect("a folder");
    let original = std::fs::read(sample("hello")).expect("a sample");
    let mut random = 0x1234_5678_9abc_def1_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for case in 0..300 {
        let mut bytes = original.clone();
        if case % 3 == 0 {
            bytes.truncate(next(bytes.len()));
        }
        let headers = if case % 5 == 4 {
            bytes.len()
        } else {
            bytes.len().min(64 + 56 * 4)
        };
        for _ in 0..1 + case % 4 {
            if headers > 0 {
                bytes[next(headers)] ^= 1 << next(8);
            }
        }
        let path = folder.path().join("broken");
        std::fs::write(&path, &bytes).expect("a file");
        let output = run(&path, &["--instructions", "100000", "--memory", "16M"]);
        let text = stderr(&output);
        assert!(!text.contains("panicked"), "case {case}: {text}");
        assert!(text.lines().count() <= 1, "case {case}: {text}");
        let status = status(&output);
        // It may still run: then it ends by itself, at the limit, or stuck.
        assert!(status <= 127, "case {case}: {status}");
        assert!(
            status == 0 || !text.is_empty() || status < 124,
            "case {case}: {status} in silence"
        );
    }
}
