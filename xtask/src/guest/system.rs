//! What the default machine boots: the firmware's images, and the archive of the programs that run on Fawn.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::builder::{Builder, GENERAL, KERNEL};
use super::{digest, split};

/// A firmware crate that becomes an image.
struct Firmware {
    /// The image's name.
    name: &'static str,
    /// The package's name, which is its folder's in `firmware/`.
    package: &'static str,
    description: &'static str,
    /// Files and folders that go into it, from the root.
    sources: &'static [&'static str],
}

const FIRMWARE: &[Firmware] = &[
    Firmware {
        name: "sbi",
        package: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        sources: &[
            "firmware/Cargo.toml",
            "firmware/Cargo.lock",
            "firmware/sbi",
            "crates/abi",
        ],
    },
    Firmware {
        name: "sbi-check",
        package: "sbi-check",
        description: "An S-mode program that judges the firmware below it.",
        sources: &[
            "firmware/Cargo.toml",
            "firmware/Cargo.lock",
            "firmware/sbi-check",
        ],
    },
    Firmware {
        name: "fawn",
        package: "kernel",
        description: "The kernel of Fawn.",
        sources: &[
            "firmware/Cargo.toml",
            "firmware/Cargo.lock",
            "firmware/kernel",
            "firmware/kernel-core",
            "crates/abi",
        ],
    },
];

/// Workspaces whose programs are in the archive.
const PROGRAMS: &[&str] = &["firmware/userland", "sample-programs/fawn"];
/// What goes into the archive besides.
const PROGRAM_SOURCES: &[&str] = &["firmware/user-runtime", "firmware/Cargo.toml", "crates/abi"];
/// Commands of the shell that other programs find in `/bin`, as names of the shell.
const COMMANDS: &[&str] = &[
    "cat", "cp", "echo", "false", "free", "grep", "kill", "ls", "mkdir", "ps", "pwd", "rm", "true",
    "uptime", "wc",
];
/// The archive's name.
const ARCHIVE: &str = "programs";
/// The folders of the samples: those with an `expected.txt` are in the script.
const SAMPLES: &str = "sample-programs/fawn";
/// Where the script that runs every sample is in the archive: `sh /etc/samples.sh`.
const SCRIPT: &str = "etc/samples.sh";

const MANIFEST: &str = "system.toml";
const HEAD: &str = "// Written by `cargo xtask guest`; to change it, change the programs.\n\n\
    use crate::system::{Archive, ArchivedProgram, SystemImage};\n\n";

/// One image, or the archive.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    source_digest: String,
    digest: String,
    builder: String,
    /// The archive's programs; empty for an image.
    #[serde(default)]
    programs: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct Manifest {
    image: Vec<Entry>,
}

fn folder(root: &Path) -> PathBuf {
    super::images(root).join("system")
}

fn table(root: &Path) -> PathBuf {
    root.join("crates/guest-images/src/system_table.rs")
}

/// Builds the images and the archive; how many files that are.
///
/// # Errors
/// Something does not build or cannot be written.
pub fn build(root: &Path, builder: &Builder) -> Result<usize> {
    // What does not build leaves the images as they were.
    let folder = folder(root).with_extension("new");
    let packages: Vec<_> = FIRMWARE.iter().map(|image| image.package).collect();
    let built = builder.build(root, "firmware", KERNEL, &packages)?;
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join(ARCHIVE))?;
    let mut entries = Vec::new();
    for image in FIRMWARE {
        let linked = read(&built.join(image.package))?;
        let stripped = split::image(&linked)?;
        std::fs::write(folder.join(format!("{}.elf", image.name)), &stripped)?;
        let companion = folder.join(format!("{}.debug.zst", image.name));
        std::fs::write(companion, split::companion(&linked)?)?;
        entries.push(Entry {
            name: image.name.to_owned(),
            source_digest: digest::of_paths(root, image.sources)?,
            digest: digest::of_bytes(&stripped),
            builder: builder.version.clone(),
            programs: Vec::new(),
        });
    }
    entries.push(build_archive(root, &folder, builder)?);
    let rendered = render(&entries)?;
    let count = entries.len();
    let text = toml::to_string(&Manifest { image: entries })?;
    std::fs::write(folder.join(MANIFEST), text).context("cannot write the manifest")?;
    let _ = std::fs::remove_dir_all(self::folder(root));
    std::fs::rename(&folder, self::folder(root)).context("cannot put the new images in place")?;
    std::fs::write(table(root), rendered).context("cannot write the table")?;
    Ok(count)
}

fn build_archive(root: &Path, folder: &Path, builder: &Builder) -> Result<Entry> {
    let mut files = Vec::new();
    for workspace in PROGRAMS {
        let built = builder.build(root, workspace, GENERAL, &[])?;
        for file in std::fs::read_dir(&built)? {
            let path = file?.path();
            if !path.is_file() || path.extension().is_some() {
                continue;
            }
            let bytes = read(&path)?;
            if bytes.starts_with(b"\x7fELF") {
                let name = path.file_name().and_then(|name| name.to_str());
                files.push((name.context("a program's name")?.to_owned(), bytes));
            }
        }
    }
    files.sort();
    for (name, linked) in &mut files {
        let companion = folder.join(ARCHIVE).join(format!("{name}.debug.zst"));
        std::fs::write(companion, split::companion(linked)?)?;
        *linked = split::image(linked)?;
    }
    let archive = archive(&files, &script(root)?)?;
    std::fs::write(folder.join(format!("{ARCHIVE}.cpio")), &archive)?;
    Ok(Entry {
        name: ARCHIVE.to_owned(),
        source_digest: archive_sources(root)?,
        digest: digest::of_bytes(&archive),
        builder: builder.version.clone(),
        programs: files.into_iter().map(|(name, _)| name).collect(),
    })
}

/// The samples that say what they must print, sorted by name, each with that.
///
/// # Errors
/// The folder cannot be read.
pub fn samples(root: &Path) -> Result<Vec<(String, String)>> {
    let mut samples = Vec::new();
    for folder in std::fs::read_dir(root.join(SAMPLES))? {
        let path = folder?.path();
        if let Ok(expected) = std::fs::read_to_string(path.join("expected.txt")) {
            let name = path.file_name().and_then(|name| name.to_str());
            samples.push((name.context("a sample's name")?.to_owned(), expected));
        }
    }
    samples.sort();
    Ok(samples)
}

/// One boot runs them all: each sample between two lines that say which it is and how it ended.
fn script(root: &Path) -> Result<String> {
    let mut script = String::new();
    for (name, _) in samples(root)? {
        // `$?` is the status of the line before.
        writeln!(
            script,
            "echo == {name}\n/bin/{name}\necho == {name} ended with $?"
        )?;
    }
    Ok(script)
}

/// The archive (cpio, "newc"): all programs in `bin`, the script that runs the samples; the same bytes for the same programs.
fn archive(files: &[(String, Vec<u8>)], script: &str) -> Result<Vec<u8>> {
    const DIRECTORY: u32 = 0o040_755;
    const PROGRAM: u32 = 0o100_755;
    const SCRIPT_FILE: u32 = 0o100_644;
    const LINK: u32 = 0o120_777;
    let entry = |name: &str, inode, mode| cpio::newc::Builder::new(name).ino(inode).mode(mode);
    let mut archive = Vec::new();
    entry("bin", 1, DIRECTORY)
        .nlink(2)
        .write(&mut archive, 0)
        .finish()?;
    for (inode, (name, bytes)) in (2..).zip(files) {
        let header = entry(&format!("bin/{name}"), inode, PROGRAM).nlink(1);
        let mut writer = header.write(&mut archive, u32::try_from(bytes.len())?);
        std::io::Write::write_all(&mut writer, bytes)?;
        writer.finish()?;
    }
    let next = 2 + files.len() as u32;
    entry("etc", next, DIRECTORY)
        .nlink(2)
        .write(&mut archive, 0)
        .finish()?;
    let header = entry(SCRIPT, next + 1, SCRIPT_FILE).nlink(1);
    let mut writer = header.write(&mut archive, u32::try_from(script.len())?);
    std::io::Write::write_all(&mut writer, script.as_bytes())?;
    writer.finish()?;
    for (inode, name) in (next + 2..).zip(COMMANDS) {
        let header = entry(&format!("bin/{name}"), inode, LINK).nlink(1);
        let target = b"sh";
        let mut writer = header.write(&mut archive, target.len() as u32);
        std::io::Write::write_all(&mut writer, target)?;
        writer.finish()?;
    }
    cpio::newc::trailer(&mut archive)?;
    Ok(archive)
}

fn archive_sources(root: &Path) -> Result<String> {
    digest::of_paths(root, &[PROGRAMS, PROGRAM_SOURCES].concat())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// What is wrong with the images, a line each.
///
/// # Errors
/// Something cannot be read.
pub fn complaints(root: &Path) -> Result<Vec<String>> {
    let folder = folder(root);
    let text =
        std::fs::read_to_string(folder.join(MANIFEST)).context("cannot read the manifest")?;
    let entries = toml::from_str::<Manifest>(&text)?.image;
    let mut complaints = Vec::new();
    for image in FIRMWARE {
        let sources = digest::of_paths(root, image.sources)?;
        let file = folder.join(format!("{}.elf", image.name));
        complaints.extend(complaint(image.name, &entries, &sources, &file)?);
    }
    let file = folder.join(format!("{ARCHIVE}.cpio"));
    let sources = archive_sources(root)?;
    complaints.extend(complaint(ARCHIVE, &entries, &sources, &file)?);
    if complaints.is_empty() && std::fs::read_to_string(table(root))? != render(&entries)? {
        complaints.push("the system's table is not what its manifest says".to_owned());
    }
    Ok(complaints)
}

fn complaint(name: &str, entries: &[Entry], sources: &str, file: &Path) -> Result<Option<String>> {
    let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
        return Ok(Some(format!("{name}: has no image")));
    };
    if entry.source_digest != sources {
        return Ok(Some(format!(
            "{name}: its sources changed since the image was built"
        )));
    }
    let is_same = entry.digest == digest::of_bytes(&read(file)?);
    Ok((!is_same).then(|| format!("{name}: the image is not the one that was built")))
}

fn render(entries: &[Entry]) -> Result<String> {
    let entry = |name: &str| {
        let found = entries.iter().find(|entry| entry.name == name);
        found.with_context(|| format!("{name} has no image"))
    };
    let mut text = HEAD.to_owned();
    text.push_str("pub(crate) static IMAGES: &[SystemImage] = &[\n");
    for image in FIRMWARE {
        let (name, description) = (image.name, image.description);
        let entry = entry(name)?;
        writeln!(
            text,
            "    SystemImage {{
        name: {name:?},
        description: {description:?},
        bytes: include_bytes!(\"../images/system/{name}.elf\"),
        debug: include_bytes!(\"../images/system/{name}.debug.zst\"),
        digest: {:?},
        source_digest: {:?},
        builder: {:?},
    }},",
            entry.digest, entry.source_digest, entry.builder
        )?;
    }
    let archive = entry(ARCHIVE)?;
    writeln!(
        text,
        "];

pub(crate) static PROGRAMS: Archive = Archive {{
    bytes: include_bytes!(\"../images/system/{ARCHIVE}.cpio\"),
    digest: {:?},
    source_digest: {:?},
    builder: {:?},
    programs: &[",
        archive.digest, archive.source_digest, archive.builder
    )?;
    for name in &archive.programs {
        writeln!(
            text,
            "        ArchivedProgram {{
            path: \"bin/{name}\",
            debug: include_bytes!(\"../images/system/{ARCHIVE}/{name}.debug.zst\"),
        }},"
        )?;
    }
    text.push_str("    ],\n};\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_that_the_machine_boots_is_stale() {
        let complaints = super::complaints(&crate::guest::root()).unwrap();
        assert!(
            complaints.is_empty(),
            "{}; run `cargo xtask guest`",
            complaints.join("\n")
        );
    }
}
