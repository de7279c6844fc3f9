//! `cargo xtask guest`: builds the guest programs into `crates/guest-images`.
//!
//! The images are committed, so that a fresh clone runs without a RISC-V toolchain. Each stands in
//! a table with a digest of the sources it was built from; `--check` and a test compare these
//! digests with the sources of today, which needs no toolchain either.

mod builder;
mod catalog;
mod digest;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use builder::Builder;
use catalog::Program;

/// What `cargo xtask guest` is asked to do.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only say which images are stale; fails when there is one. Needs no RISC-V toolchain.
    #[arg(long)]
    check: bool,
}

/// Builds all images, or checks them.
///
/// # Errors
/// No toolchain, a program that does not build, or, with `--check`, a stale image.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = root();
    let programs = catalog::programs(&root)?;
    if arguments.check {
        check(&root, &programs)
    } else {
        build(&root, &programs)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn build(root: &Path, programs: &[Program]) -> Result<()> {
    let builder = Builder::find(root)?;
    let images = root.join("crates/guest-images/images");
    std::fs::create_dir_all(&images)?;
    let mut entries = Vec::new();
    for workspace in catalog::WORKSPACES {
        let built = builder.build(root, workspace)?;
        for program in programs
            .iter()
            .filter(|program| program.workspace == workspace.directory)
        {
            let file = built.join(&program.name);
            let image =
                std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            std::fs::write(images.join(format!("{}.elf", program.name)), &image)?;
            entries.push(table::Entry {
                program,
                source_digest: digest::of_sources(root, workspace, program)?,
                image_digest: digest::of_bytes(&image),
                builder: &builder.version,
            });
        }
    }
    table::write(root, &entries)?;
    remove_others(&images, programs)?;
    report(&format!("{} images by {}", entries.len(), builder.version));
    Ok(())
}

/// Removes images of programs that are no more.
fn remove_others(images: &Path, programs: &[Program]) -> Result<()> {
    for file in std::fs::read_dir(images)? {
        let path = file?.path();
        let known = path
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
    let complaints = complaints(root, programs)?;
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
    let mut complaints = Vec::new();
    for program in programs {
        let Some(image) = guest_images::get(&program.name) else {
            complaints.push(format!("{}: has no image", program.name));
            continue;
        };
        let workspace = catalog::workspace(&program.workspace)?;
        if image.source_digest != digest::of_sources(root, workspace, program)? {
            complaints.push(format!(
                "{}: its sources changed since the image was built",
                program.name
            ));
        }
        if image.digest != digest::of_bytes(image.bytes) {
            complaints.push(format!(
                "{}: the image is not the one that was built",
                program.name
            ));
        }
    }
    for image in guest_images::all() {
        if !programs.iter().any(|program| program.name == image.name) {
            complaints.push(format!("{}: an image without a program", image.name));
        }
    }
    Ok(complaints)
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
