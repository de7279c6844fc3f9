//! What an image is made from, as one number.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::builder;
use super::catalog::{Program, Workspace};

/// What a program prints is no part of what it is built from.
const NOT_BUILT: [&str; 2] = ["expected.txt", "expected-signature.txt"];

/// SHA-256, in hexadecimal.
pub fn of_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// SHA-256 over the names and contents of all files that go into a program, in the order of their
/// names, and over the builder's flags.
///
/// # Errors
/// A file that cannot be read.
pub fn of_sources(root: &Path, workspace: &Workspace, program: &Program) -> Result<String> {
    let paths: Vec<_> = workspace
        .shared
        .iter()
        .copied()
        .chain([program.directory.as_str()])
        .collect();
    of_paths(root, &paths)
}

/// SHA-256 over the names and contents of all files at and below some paths, and over the builder's flags.
///
/// # Errors
/// A file that cannot be read.
pub fn of_paths(root: &Path, paths: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(root, path, &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for name in files {
        let contents =
            std::fs::read(root.join(&name)).with_context(|| format!("cannot read {name}"))?;
        add(&mut hash, name.as_bytes());
        add(&mut hash, &contents);
    }
    for flag in builder::FLAGS {
        add(&mut hash, flag.as_bytes());
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// Adds a part with its length, so that no two lists of parts are the same bytes.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_le_bytes());
    hash.update(part);
}

/// All files at and below `path`, as names from the root with `/` between the parts.
fn collect(root: &Path, path: &str, files: &mut Vec<String>) -> Result<()> {
    let full = root.join(path);
    if full.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(&full).with_context(|| format!("cannot read {path}"))? {
        let name = entry?.file_name();
        let name = name
            .to_str()
            .with_context(|| format!("a name in {path} is not UTF-8"))?;
        if !NOT_BUILT.contains(&name) && name != "target" {
            collect(root, &format!("{path}/{name}"), files)?;
        }
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
