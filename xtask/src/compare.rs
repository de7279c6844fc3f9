//! `cargo xtask bench-compare REV`: what the changes since a revision did to the host instructions that a guest
//! instruction takes. Counted by callgrind, so noise on the machine does not show.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// What is counted: from the first to the second step, so that neither starting nor loading counts.
const FROM: u64 = 1_000_000;
const TO: u64 = 4_000_000;
/// Status of a run that its step limit ended.
const LIMITED: i32 = 124;

#[derive(clap::Args)]
pub struct Arguments {
    /// The revision to compare the working tree with
    revision: String,
    /// Which workloads; all when none is named
    workloads: Vec<String>,
}

/// Counts before and after, workload by workload.
///
/// # Errors
/// valgrind is missing, or something does not build or run.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::guest::root();
    let scratch = crate::guest::target_directory(&root).join("bench-compare");
    std::fs::create_dir_all(&scratch)?;
    let workloads = workloads(&root, &arguments.workloads)?;
    let after = crate::guest::hartland(&root)?;
    let before = build(&root, &scratch, &arguments.revision)?;
    println!("host instructions a guest instruction, steps {FROM} to {TO}:");
    println!(
        "{:<15} {:>10} {:>10} {:>9}",
        "workload", "before", "after", "change"
    );
    for (name, elf) in workloads {
        let before = cost(&before, &elf, &scratch)?;
        let after = cost(&after, &elf, &scratch)?;
        let change = 100.0 * (after / before - 1.0);
        println!("{name:<15} {before:>10.2} {after:>10.2} {change:>+8.1}%");
    }
    Ok(())
}

/// The ELF files of the workloads that are wanted, those of today for both.
fn workloads(root: &Path, wanted: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let images = root.join("crates/guest-images/images");
    let mut found = Vec::new();
    for folder in std::fs::read_dir(root.join("benches/workloads"))? {
        let name = folder?.file_name().to_string_lossy().into_owned();
        let elf = images.join(&name).with_extension("elf");
        if elf.is_file() && (wanted.is_empty() || wanted.contains(&name)) {
            found.push((name, elf));
        }
    }
    found.sort();
    if let Some(name) = wanted.iter().find(|w| found.iter().all(|f| f.0 != **w)) {
        bail!("no workload is called `{name}`; they are the folders in benches/workloads");
    }
    Ok(found)
}

/// Builds the command as it was at a revision, in a work tree of its own.
fn build(root: &Path, scratch: &Path, revision: &str) -> Result<PathBuf> {
    let tree = scratch.join("tree");
    let git = |arguments: &[&str]| -> Result<()> {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .stderr(Stdio::null())
            .status()
            .context("git")?;
        ensure!(
            status.success(),
            "`git {}` failed: is `{revision}` a revision?",
            arguments.join(" ")
        );
        Ok(())
    };
    let path = tree.display().to_string();
    if tree.is_dir() {
        git(&["worktree", "remove", "--force", &path])?;
    }
    git(&["worktree", "prune"])?;
    git(&["worktree", "add", "--detach", &path, revision])?;
    let target = scratch.join("target");
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", "hartland"])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(&tree)
        .status()
        .context("cargo")?;
    git(&["worktree", "remove", "--force", &path])?;
    ensure!(status.success(), "`{revision}` does not build");
    Ok(target.join("release/hartland"))
}

/// Host instructions a guest instruction.
fn cost(command: &Path, elf: &Path, scratch: &Path) -> Result<f64> {
    let less = count(command, elf, scratch, FROM)?;
    let more = count(command, elf, scratch, TO)?;
    Ok(more.saturating_sub(less) as f64 / (TO - FROM) as f64)
}

fn count(command: &Path, elf: &Path, scratch: &Path, steps: u64) -> Result<u64> {
    let out = scratch.join("callgrind.out");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(command)
        .args(["run", "-m", "256M", "--instructions"])
        .arg(steps.to_string())
        .arg(elf)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("valgrind cannot be started; install it (Debian: valgrind)")?;
    ensure!(
        status.code() == Some(LIMITED) || status.success(),
        "{} under valgrind ended with {status}",
        elf.display()
    );
    total(&std::fs::read_to_string(&out).context("what callgrind wrote")?)
}

/// The number of instructions in what callgrind writes.
fn total(text: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| {
        line.strip_prefix("totals:")
            .or(line.strip_prefix("summary:"))
    });
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.context("callgrind's output has no total")
}

#[cfg(test)]
mod tests {
    use super::total;

    #[test]
    fn the_total_is_found() {
        let text = "version: 1\nevents: Ir\nsummary: 123456\n\nfn=(1) main\n1 2\n";
        assert_eq!(total(text).ok(), Some(123_456));
        assert!(total("version: 1\n").is_err());
    }
}
