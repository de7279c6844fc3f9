//! The table of images that `crates/guest-images` compiles.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::catalog::{self, Program};

/// One image of the table.
pub struct Entry<'a> {
    /// What it was built from.
    pub program: &'a Program,
    /// Digest of the sources.
    pub source_digest: String,
    /// Digest of the image.
    pub image_digest: String,
    /// The compiler's version.
    pub builder: &'a str,
}

const HEAD: &str = "// Written by `cargo xtask guest`; to change it, change the programs.\n\n\
    use crate::{Expected, GuestImage, Kind};\n\n\
    pub(crate) static IMAGES: &[GuestImage] = &[\n";

/// Writes the table.
///
/// # Errors
/// The file cannot be written.
pub fn write(root: &Path, entries: &[Entry<'_>]) -> Result<()> {
    let mut text = HEAD.to_owned();
    for entry in entries {
        add(&mut text, entry)?;
    }
    text.push_str("];\n");
    let file = root.join("crates/guest-images/src/table.rs");
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn add(text: &mut String, entry: &Entry<'_>) -> Result<()> {
    let program = entry.program;
    let Program {
        name,
        directory,
        description,
        guest,
        ..
    } = program;
    let kind = catalog::workspace(&program.workspace)?.kind;
    writeln!(
        text,
        "    GuestImage {{
        name: {name:?},
        description: {description:?},
        kind: Kind::{kind},
        bytes: include_bytes!(\"../images/{name}.elf\"),
        digest: {image_digest:?},
        source_digest: {source_digest:?},
        builder: {builder:?},
        expected: Expected {{
            output: include_str!(\"../../../{directory}/expected.txt\"),
            status: {status:?},
            input: {input:?},
            harts: {harts},
            semihosting: {semihosting},
            htif: {htif},
        }},
    }},",
        image_digest = entry.image_digest,
        source_digest = entry.source_digest,
        builder = entry.builder,
        status = guest.status,
        input = guest.input,
        harts = guest.harts,
        semihosting = guest.semihosting,
        htif = guest.htif,
    )?;
    Ok(())
}
