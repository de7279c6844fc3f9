//! Runs the images on QEMU, so that a program that leans on an accident of one emulator is found.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::catalog::Program;

pub const QEMU: &str = "qemu-system-riscv64";
/// Seconds after which a program hangs.
const LIMIT: &str = "60";

/// Runs every image that ends, compares what it prints and how it ends, and returns how many that
/// were.
///
/// # Errors
/// QEMU does not run, or a program does something else than it should.
pub fn run(root: &Path, programs: &[Program]) -> Result<usize> {
    let mut wrong = Vec::new();
    let mut count = 0;
    for program in programs {
        if program.guest.status.is_some() {
            count += 1;
            wrong.extend(complaint(root, program)?);
        }
    }
    if wrong.is_empty() {
        Ok(count)
    } else {
        bail!("{}", wrong.join("\n"))
    }
}

/// What is wrong with a run of a program, if anything.
fn complaint(root: &Path, program: &Program) -> Result<Option<String>> {
    let Program {
        name,
        directory,
        guest,
        ..
    } = program;
    let file = root.join(directory).join("expected.txt");
    let expected =
        std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    // The `virt` board has no host interface.
    let board = if guest.htif { "spike" } else { "virt" };
    let mut command = Command::new("timeout");
    command
        .args([LIMIT, QEMU, "-M", board, "-bios", "none", "-nographic"])
        .args(["-smp", &guest.harts.to_string(), "-kernel"])
        .arg(root.join(format!("crates/guest-images/images/{name}.elf")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if guest.semihosting {
        command.args(["-semihosting-config", "enable=on,target=native"]);
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {QEMU}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(guest.input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let mut printed = output.stdout;
    if guest.semihosting {
        // QEMU prints this on its standard error.
        printed.extend(output.stderr);
    }
    let status = output.status.code();
    if status == guest.status.map(i32::from) && printed == expected {
        return Ok(None);
    }
    let printed = String::from_utf8_lossy(&printed);
    Ok(Some(format!(
        "{name}: ended with {status:?} and printed {printed:?}"
    )))
}
