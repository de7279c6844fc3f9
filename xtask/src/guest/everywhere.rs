//! Every sample on every machine: Hartland and QEMU, our SBI and OpenSBI, 1 to 8 harts. One boot each runs them all.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{qemu::QEMU, system, transcript};

/// Where Debian's `opensbi` has its firmware.
const OPENSBI: &str = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf";
const HARTS: [&str; 4] = ["1", "2", "4", "8"];
/// Seconds after which a boot hangs. On an idle host of two processors QEMU needs about ten.
const LIMIT: &str = "300";
/// The kernel's command line: init has the shell run the script that runs all samples.
const WORDS: &str = "quiet noecho report=short -- /bin/sh /etc/samples.sh";

/// What the boots came to.
pub struct Report {
    /// Boots.
    pub boots: usize,
    /// Samples in each.
    pub samples: usize,
    /// How long all of them took.
    pub time: Duration,
}

/// A machine to boot on.
struct Machine<'a> {
    /// Hartland's command; QEMU without one.
    hartland: Option<&'a Path>,
    firmware: &'a Path,
    harts: &'a str,
}

/// Boots Fawn everywhere, runs every sample there, and compares what each prints with what its folder says.
///
/// # Errors
/// An emulator or OpenSBI is missing, or a sample says something else somewhere: where, which, and the line.
pub fn run(root: &Path) -> Result<Report> {
    let begin = Instant::now();
    let hartland = super::hartland(root)?;
    let sbi = images(root).join("sbi.elf");
    let samples = system::samples(root)?;
    ensure!(samples.len() > 20, "only {} samples", samples.len());
    let mut wrong = Vec::new();
    let mut boots = 0;
    for firmware in [sbi.as_path(), Path::new(OPENSBI)] {
        if !firmware.is_file() {
            bail!("{} is missing: apt-get install opensbi", firmware.display());
        }
        for harts in HARTS {
            for hartland in [Some(hartland.as_path()), None] {
                let machine = Machine {
                    hartland,
                    firmware,
                    harts,
                };
                boots += 1;
                let printed = boot(root, &machine)?;
                for complaint in transcript::complaints(&printed, &samples) {
                    wrong.push(format!("{}: {complaint}", name(&machine)));
                }
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(Report {
        boots,
        samples: samples.len(),
        time: begin.elapsed(),
    })
}

fn name(machine: &Machine<'_>) -> String {
    let emulator = if machine.hartland.is_some() {
        "Hartland"
    } else {
        "QEMU"
    };
    let firmware = match machine.firmware == Path::new(OPENSBI) {
        true => "OpenSBI",
        false => "our SBI",
    };
    format!("{emulator}, {firmware}, {} harts", machine.harts)
}

fn images(root: &Path) -> PathBuf {
    root.join("crates/guest-images/images/system")
}

/// What a boot prints that runs all samples.
fn boot(root: &Path, machine: &Machine<'_>) -> Result<String> {
    let images = images(root);
    let mut command = Command::new("timeout");
    command.arg(LIMIT);
    match machine.hartland {
        Some(hartland) => command
            .arg(hartland)
            .args(["run", "--smp", machine.harts, "--bios"]),
        None => command
            .args([QEMU, "-M", "virt", "-nographic", "-m", "128M"])
            .args(["-smp", machine.harts, "-bios"]),
    };
    command
        .arg(machine.firmware)
        .arg(if machine.hartland.is_some() {
            "--kernel"
        } else {
            "-kernel"
        })
        .arg(images.join("fawn.elf"));
    match machine.hartland {
        // One argument, or it would be taken for an option.
        Some(_) => command.arg(format!("--append={WORDS}")).arg("--initrd"),
        None => command.args(["-append", WORDS, "-initrd"]),
    };
    command.arg(images.join("programs.cpio"));
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run timeout")?;
    let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        printed += &format!("\n(the emulator ended with {})", output.status);
    }
    Ok(printed)
}
