//! `cargo xtask guest`: builds the guest programs into `crates/guest-images`.
//!
//! The images are committed, so that a fresh clone runs without a RISC-V toolchain. Each stands in
//! a table with a digest of the sources it was built from; `--check` and a test compare these
//! digests with the sources of today, which needs no toolchain either.

mod builder;
mod catalog;
pub mod digest;
mod everywhere;
mod qemu;
mod split;
mod system;
mod table;
#[path = "../../tests/src/transcript.rs"]
mod transcript;
mod wrapper;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use builder::Builder;
use catalog::Program;
use table::Entry;

pub use builder::{GENERAL, KERNEL, target_directory};
pub use wrapper::run as compile;

/// Whether rustup's targets for guest programs are installed.
pub fn has_targets() -> bool {
    builder::has_targets(&root())
}

/// What `cargo xtask guest` is asked to do.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only say which images are stale; fails when there is one. Needs no RISC-V toolchain.
    #[arg(long)]
    check: bool,
    /// Runs the images on qemu-system-riscv64 and compares what they print.
    #[arg(long, conflicts_with = "check")]
    qemu: bool,
}

/// Builds all images, or checks or tries those that are there.
///
/// # Errors
/// No toolchain, a program that does not build, a stale image with `--check`, a wrong one with
/// `--qemu`.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = root();
    let programs = catalog::programs(&root)?;
    if arguments.qemu {
        let count = qemu::run(&root, &programs)?;
        report(&format!("{count} images do on QEMU what they should"));
        let done = everywhere::run(&root)?;
        report(&format!(
            "{} samples say the same in {} boots of Fawn, on two emulators under two firmwares, on 1, 2, 4 and 8 harts, in {} s",
            done.samples,
            done.boots,
            done.time.as_secs()
        ));
        Ok(())
    } else if arguments.check {
        check(&root, &programs)
    } else {
        build(&root, &programs)
    }
}

/// Builds the command, and says where it is.
///
/// # Errors
/// It does not build.
pub fn hartland(root: &Path) -> Result<PathBuf> {
    let status = std::process::Command::new("cargo")
        .args(["build", "--release", "--package", "hartland"])
        .current_dir(root)
        .status()
        .context("cargo")?;
    if !status.success() {
        bail!("the command does not build");
    }
    Ok(builder::target_directory(root).join("release/hartland"))
}

/// Builds a kernel that checks its arithmetic and its own assertions, and says where it is.
///
/// # Errors
/// No toolchain, or it does not build.
pub fn checked_kernel(root: &Path) -> Result<PathBuf> {
    let builder = Builder::find(root)?;
    let built = builder.build_checked(root, "firmware", builder::KERNEL, &["kernel"])?;
    Ok(built.join("kernel"))
}

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn build(root: &Path, programs: &[Program]) -> Result<()> {
    let builder = Builder::find(root)?;
    let images = images(root);
    std::fs::create_dir_all(&images)?;
    let mut entries = Vec::new();
    for workspace in catalog::WORKSPACES {
        let built = builder.build(root, workspace.directory, builder::GENERAL, &[])?;
        for program in programs
            .iter()
            .filter(|program| program.workspace == workspace.directory)
        {
            let file = built.join(&program.name);
            let linked =
                std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            entries.push(Entry {
                name: program.name.clone(),
                source_digest: digest::of_sources(root, workspace, program)?,
                digest: write_image(&images, &program.name, &linked)?,
                builder: builder.version.clone(),
            });
        }
    }
    remove_others(&images, programs)?;
    let count = entries.len() + system::build(root, &builder)?;
    report(&format!("{count} images by {}", builder.version));
    table::write(root, programs, entries)
}

/// Writes a linked program as an image and its companion, and returns the image's digest.
fn write_image(images: &Path, name: &str, linked: &[u8]) -> Result<String> {
    let image = split::image(linked)?;
    std::fs::write(images.join(format!("{name}.elf")), &image)?;
    std::fs::write(
        images.join(format!("{name}.debug.zst")),
        split::companion(linked)?,
    )?;
    Ok(digest::of_bytes(&image))
}

/// Where the images are.
fn images(root: &Path) -> PathBuf {
    root.join("crates/guest-images/images")
}

/// Removes images of programs that are no more.
fn remove_others(images: &Path, programs: &[Program]) -> Result<()> {
    for file in std::fs::read_dir(images)? {
        let path = file?.path();
        let known = path.is_dir()
            || path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| {
                    programs.iter().any(|program| {
                        name.strip_prefix(&program.name)
                            .is_some_and(|rest| rest.starts_with('.'))
                    })
                });
        if !known {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn check(root: &Path, programs: &[Program]) -> Result<()> {
    let mut complaints = complaints(root, programs)?;
    complaints.extend(system::complaints(root)?);
    if complaints.is_empty() {
        report(&format!("{} images are up to date", programs.len()));
        return Ok(());
    }
    bail!(
        "{}\nrun `cargo xtask guest` and commit crates/guest-images",
        complaints.join("\n")
    )
}

/// What is wrong with the images, a line each.
fn complaints(root: &Path, programs: &[Program]) -> Result<Vec<String>> {
    let entries = table::read(root)?;
    let mut complaints = Vec::new();
    for program in programs {
        let entry = entries.iter().find(|entry| entry.name == program.name);
        complaints.extend(complaint(root, program, entry)?);
    }
    for Entry { name, .. } in &entries {
        if !programs.iter().any(|program| program.name == *name) {
            complaints.push(format!("{name}: an image without a program"));
        }
    }
    if complaints.is_empty() && !table::is_current(root, programs, &entries)? {
        complaints.push("the table is not what the manifest says".to_owned());
    }
    Ok(complaints)
}

/// What is wrong with the image of a program, if anything.
fn complaint(root: &Path, program: &Program, entry: Option<&Entry>) -> Result<Option<String>> {
    let name = &program.name;
    let Some(entry) = entry else {
        return Ok(Some(format!("{name}: has no image")));
    };
    let workspace = catalog::workspace(&program.workspace)?;
    if entry.source_digest != digest::of_sources(root, workspace, program)? {
        return Ok(Some(format!(
            "{name}: its sources changed since the image was built"
        )));
    }
    let image = std::fs::read(images(root).join(format!("{name}.elf")))
        .with_context(|| format!("{name}: cannot read the image"))?;
    let is_same = entry.digest == digest::of_bytes(&image);
    Ok((!is_same).then(|| format!("{name}: the image is not the one that was built")))
}

#[expect(clippy::print_stdout, reason = "a command's report is its output")]
fn report(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_image_is_stale() {
        let root = root();
        let programs = catalog::programs(&root).unwrap();
        assert!(programs.len() > 10, "the guest programs were not found");
        let complaints = complaints(&root, &programs).unwrap();
        assert!(
            complaints.is_empty(),
            "{}; run `cargo xtask guest`",
            complaints.join("\n")
        );
    }
}
