//! What was built: `images/manifest.toml`, and the table that `crates/guest-images` compiles.
//!
//! Both have the same entries; the manifest is what this command reads again, so that it never
//! depends on the crate that it writes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::catalog::{self, Guest, Program};

/// One image.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its program's name.
    pub name: String,
    /// SHA-256 of the sources.
    pub source_digest: String,
    /// SHA-256 of the image.
    pub digest: String,
    /// The compiler's version.
    pub builder: String,
}

#[derive(Deserialize, Serialize)]
struct Manifest {
    image: Vec<Entry>,
}

const HEAD: &str = "// Written by `cargo xtask guest`; to change it, change the programs.\n\n\
    use crate::{Expected, GuestImage, Kind};\n\n\
    pub(crate) static IMAGES: &[GuestImage] = &[\n";

fn manifest(root: &Path) -> PathBuf {
    root.join("crates/guest-images/images/manifest.toml")
}

fn table(root: &Path) -> PathBuf {
    root.join("crates/guest-images/src/table.rs")
}

/// Writes the manifest and the table.
///
/// # Errors
/// A file that cannot be written, or a program without an entry.
pub fn write(root: &Path, programs: &[Program], entries: Vec<Entry>) -> Result<()> {
    let text = render(programs, &entries)?;
    std::fs::write(table(root), text).context("cannot write the table")?;
    let text = toml::to_string(&Manifest { image: entries })?;
    std::fs::write(manifest(root), text).context("cannot write the manifest")
}

/// Reads the manifest.
///
/// # Errors
/// It cannot be read.
pub fn read(root: &Path) -> Result<Vec<Entry>> {
    let text = std::fs::read_to_string(manifest(root)).context("cannot read the manifest")?;
    Ok(toml::from_str::<Manifest>(&text)
        .context("the manifest is wrong")?
        .image)
}

/// Whether the table is what these entries make.
///
/// # Errors
/// It cannot be read, or a program has no entry.
pub fn is_current(root: &Path, programs: &[Program], entries: &[Entry]) -> Result<bool> {
    let text = std::fs::read_to_string(table(root)).context("cannot read the table")?;
    Ok(text == render(programs, entries)?)
}

fn render(programs: &[Program], entries: &[Entry]) -> Result<String> {
    let mut text = HEAD.to_owned();
    for program in programs {
        let entry = entries.iter().find(|entry| entry.name == program.name);
        add(
            &mut text,
            program,
            entry.with_context(|| format!("{} has no image", program.name))?,
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn add(text: &mut String, program: &Program, entry: &Entry) -> Result<()> {
    let Program {
        name,
        directory,
        description,
        guest,
        ..
    } = program;
    let Entry {
        source_digest,
        digest,
        builder,
        ..
    } = entry;
    let Guest {
        status,
        input,
        harts,
        semihosting,
        htif,
        signature,
    } = guest;
    let kind = catalog::workspace(&program.workspace)?.kind;
    let signature = if *signature {
        format!("include_str!(\"../../../{directory}/expected-signature.txt\")")
    } else {
        "\"\"".to_owned()
    };
    writeln!(
        text,
        "    GuestImage {{
        name: {name:?},
        description: {description:?},
        kind: Kind::{kind},
        bytes: include_bytes!(\"../images/{name}.elf\"),
        debug: include_bytes!(\"../images/{name}.debug.zst\"),
        digest: {digest:?},
        source_digest: {source_digest:?},
        builder: {builder:?},
        expected: Expected {{
            output: include_str!(\"../../../{directory}/expected.txt\"),
            status: {status:?},
            signature: {signature},
            input: {input:?},
            harts: {harts},
            semihosting: {semihosting},
            htif: {htif},
        }},
    }},"
    )?;
    Ok(())
}
