//! A QEMU that is new enough to compare harts with: the one that is given or installed, else Debian 13's, unpacked below
//! `target/`.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Older ones lack extensions that the random programs use.
const OLDEST: u32 = 10;
const ARCHIVE: &str = "http://deb.debian.org/debian";

/// The major version of a QEMU, if it is one.
fn version(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_once("version ")?.1.split_once('.')?.0;
    number.parse().ok()
}

/// A QEMU of version 10 or newer, or `None` when there is none and none can be had; says which.
pub fn find(given: &str) -> Option<PathBuf> {
    let given = PathBuf::from(given);
    match version(&given) {
        Some(found) if found >= OLDEST => return Some(given),
        Some(found) => println!("{} is version {found}: too old", given.display()),
        None => println!("{} is not there", given.display()),
    }
    match of_debian_13() {
        Ok(path) => Some(path),
        Err(error) => {
            println!("Debian 13's cannot be had either: {error:#}");
            None
        }
    }
}

/// Unpacks Debian 13's by `debootstrap` (about a minute), and runs it by its own loader and libraries.
fn of_debian_13() -> Result<PathBuf> {
    let folder = crate::guest::target_directory(&crate::guest::root()).join("prove");
    let (system, script) = (folder.join("debian-13"), folder.join("qemu-system-riscv64"));
    if version(&script).is_some_and(|found| found >= OLDEST) {
        return Ok(script);
    }
    std::fs::create_dir_all(&folder)?;
    println!(
        "debootstrap unpacks Debian 13's QEMU into {}",
        system.display()
    );
    let status = Command::new("debootstrap")
        .args(["--variant=minbase", "--include=qemu-system-riscv", "trixie"])
        .arg(&system)
        .arg(ARCHIVE)
        .stdout(Stdio::null())
        .status()
        .context("debootstrap: install it")?;
    ensure!(status.success(), "debootstrap failed (it must run as root)");
    let root = system.display();
    let text = format!(
        "#!/bin/sh\nexec {root}/usr/lib64/ld-linux-x86-64.so.2 --library-path {root}/usr/lib/x86_64-linux-gnu \
         {root}/usr/bin/qemu-system-riscv64 -L {root}/usr/share/qemu \"$@\"\n"
    );
    std::fs::write(&script, text)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode)?;
    ensure!(
        version(&script).is_some(),
        "{} does not run",
        script.display()
    );
    Ok(script)
}
