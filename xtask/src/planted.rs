//! `cargo xtask prove planted`: plants the bugs of `tests/planted.toml` one at a time in a copy of the sources, and
//! expects the check that each names to fail. A check that finds nothing shows so that it can.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The file of the bugs.
#[derive(Deserialize)]
struct Table {
    checks: BTreeMap<String, String>,
    bug: Vec<Bug>,
}

/// One bug.
#[derive(Deserialize)]
struct Bug {
    area: String,
    what: String,
    file: PathBuf,
    from: String,
    to: String,
    check: String,
}

/// What a check came to.
enum Outcome {
    Passed,
    Failed,
    /// The sources do not compile: that is no bug that anybody could ship.
    NotBuilt,
}

/// Time that a check may run, its build aside.
const LIMIT: Duration = Duration::from_secs(60);

/// Plants every bug, or those whose number leaves `part.0` when divided by `part.1`.
///
/// # Errors
/// A check fails without a bug, or passes with one.
pub fn run(qemu: &str, only: Option<&str>) -> Result<()> {
    let root = crate::guest::root();
    let text = std::fs::read_to_string(root.join("tests/planted.toml"))?;
    let table: Table = toml::from_str(&text).context("tests/planted.toml")?;
    let bugs: Vec<_> = table
        .bug
        .iter()
        .filter(|bug| only.is_none_or(|area| bug.area == area))
        .collect();
    let copy = copy_sources(&root)?;
    let needed: BTreeSet<_> = bugs.iter().map(|bug| bug.check.as_str()).collect();
    for check in needed {
        let (outcome, seconds) = run_check(&copy, command(&table, check)?, qemu)?;
        ensure!(
            matches!(outcome, Outcome::Passed),
            "check {check} fails without any bug"
        );
        println!("{check} passes without a bug, in {seconds:.1} s");
    }
    let mut missed = Vec::new();
    for bug in &bugs {
        let (outcome, seconds) = try_bug(&copy, bug, command(&table, &bug.check)?, qemu)?;
        let said = match outcome {
            Outcome::Failed => "caught",
            Outcome::Passed => "NOT CAUGHT",
            Outcome::NotBuilt => "DOES NOT COMPILE",
        };
        println!(
            "{}: {}: {said} by {} in {seconds:.1} s",
            bug.area, bug.what, bug.check
        );
        if !matches!(outcome, Outcome::Failed) {
            missed.push(&bug.what);
        }
    }
    println!(
        "{} bugs planted, {} caught",
        bugs.len(),
        bugs.len() - missed.len()
    );
    if !missed.is_empty() {
        bail!("not caught: {missed:?}");
    }
    Ok(())
}

fn command<'a>(table: &'a Table, check: &str) -> Result<&'a str> {
    let command = table.checks.get(check).map(String::as_str);
    command.with_context(|| format!("tests/planted.toml has no check `{check}`"))
}

/// A copy of what git knows of, as it is now; only files that changed are written, so that little is built anew.
fn copy_sources(root: &Path) -> Result<PathBuf> {
    let copy = crate::guest::target_directory(root).join("planted/sources");
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .context("git")?;
    ensure!(listed.status.success(), "git ls-files failed");
    for name in listed.stdout.split(|&b| b == 0).filter(|n| !n.is_empty()) {
        let name = std::str::from_utf8(name)?;
        let Ok(bytes) = std::fs::read(root.join(name)) else {
            continue; // removed, and not committed yet
        };
        write_if_changed(&copy.join(name), &bytes)?;
    }
    Ok(copy)
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

fn try_bug(copy: &Path, bug: &Bug, command: &str, qemu: &str) -> Result<(Outcome, f64)> {
    let path = copy.join(&bug.file);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let count = text.matches(&bug.from).count();
    ensure!(
        count == 1,
        "{}: `{}` stands there {count} times: mend tests/planted.toml",
        bug.file.display(),
        bug.from
    );
    std::fs::write(&path, text.replace(&bug.from, &bug.to))?;
    let result = run_check(copy, command, qemu);
    std::fs::write(&path, text)?;
    result
}

/// Builds, then runs a check; how it ended, and the seconds that it ran.
fn run_check(copy: &Path, command: &str, qemu: &str) -> Result<(Outcome, f64)> {
    let arguments: Vec<_> = command.split_whitespace().collect();
    let target = copy.with_file_name("target");
    let start = |arguments: &[&str]| {
        Command::new("cargo")
            .args(arguments)
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", &target)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cargo")
    };
    let build: Vec<_> = arguments
        .split(|a| *a == "--")
        .next()
        .unwrap_or(&[])
        .to_vec();
    let build = match build[0] {
        "run" => [&["build"], &build[1..]].concat(),
        _ => [&build[..], &["--no-run"]].concat(),
    };
    if !start(&build)?.wait()?.success() {
        return Ok((Outcome::NotBuilt, 0.0));
    }
    let mut arguments = arguments;
    if arguments.contains(&"hartland-prove") {
        arguments.extend(["--qemu", qemu]);
    }
    let begin = Instant::now();
    let mut child = start(&arguments)?;
    let passed = loop {
        if let Some(status) = child.try_wait()? {
            break status.success();
        }
        if begin.elapsed() > LIMIT {
            // What hangs is caught too.
            child.kill()?;
            child.wait()?;
            break false;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let outcome = if passed {
        Outcome::Passed
    } else {
        Outcome::Failed
    };
    Ok((outcome, begin.elapsed().as_secs_f64()))
}
