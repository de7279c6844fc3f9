//! Runs the images on QEMU, so that a program that leans on an accident of one emulator is found.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::catalog::Program;

const QEMU: &str = "qemu-system-riscv64";
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

/// Where Debian's `opensbi` has its firmware.
const OPENSBI: &str = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.elf";
/// What init is to run: with the shell, the run would wait for somebody who types.
const WORDS: &str = "-- /bin/taking-turns";
/// The first word of the kernel's first line: what comes before is the firmware's.
const KERNEL_SPEAKS: &str = "Fawn ";

/// Boots Fawn on QEMU and on Hartland, under OpenSBI and under our SBI, on 1, 2 and 4 harts, and compares what it says;
/// how many runs that were.
///
/// # Errors
/// An emulator or OpenSBI is missing, or a run differs from what the programs' folder says.
pub fn run_system(root: &Path) -> Result<usize> {
    let images = root.join("crates/guest-images/images/system");
    let sbi = images.join("sbi.elf");
    let file = root.join("sample-programs/fawn/taking-turns/expected.txt");
    let expected = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for firmware in [sbi.as_path(), Path::new(OPENSBI)] {
        if !firmware.is_file() {
            bail!("{} is missing: apt-get install opensbi", firmware.display());
        }
        for harts in ["1", "2", "4"] {
            for on_qemu in [true, false] {
                count += 1;
                let said = boot(root, on_qemu, firmware, harts)?;
                if said.as_deref() != Some(expected.as_str()) {
                    let emulator = if on_qemu { "QEMU" } else { "Hartland" };
                    let firmware = firmware.display();
                    wrong.push(format!("{emulator}, {firmware}, {harts} harts: {said:?}"));
                }
            }
        }
    }
    if wrong.is_empty() {
        Ok(count)
    } else {
        bail!("{}", wrong.join("\n"))
    }
}

/// What the kernel and its programs print, if the run ends well.
fn boot(root: &Path, on_qemu: bool, firmware: &Path, harts: &str) -> Result<Option<String>> {
    let images = root.join("crates/guest-images/images/system");
    let mut command = Command::new("timeout");
    command.arg(LIMIT);
    if on_qemu {
        command
            .args([QEMU, "-M", "virt", "-nographic", "-bios"])
            .arg(firmware);
        command.args(["-m", "128M", "-smp", harts, "-kernel"]);
        command.arg(images.join("fawn.elf"));
        command.args(["-append", WORDS, "-initrd"]);
    } else {
        command.args([
            "cargo",
            "run",
            "--quiet",
            "--release",
            "--package",
            "hartland",
            "--",
        ]);
        command
            .args(["run", "--smp", harts, "--bios"])
            .arg(firmware);
        command
            .arg("--kernel")
            .arg(images.join("fawn.elf"))
            // One argument, or it would be taken for an option.
            .arg(format!("--append={WORDS}"))
            .arg("--initrd");
    }
    command.arg(images.join("programs.cpio")).current_dir(root);
    let output = command.stdin(Stdio::null()).output().context("timeout")?;
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    let said = text
        .find(KERNEL_SPEAKS)
        .and_then(|start| text[start..].split_once('\n'))
        .map(|(_, programs)| programs.to_owned());
    Ok(said.filter(|_| output.status.success()))
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
