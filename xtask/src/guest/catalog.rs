//! The guest programs of the tree: where they are, and what they declare about themselves.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A Cargo workspace of guest programs.
pub struct Workspace {
    /// Its folder, from the root.
    pub directory: &'static str,
    /// The folder of its programs, from the root: one folder a program.
    pub programs: &'static str,
    /// What its programs are for, as a variant of `guest_images::Kind`.
    pub kind: &'static str,
    /// Files and folders that go into every program, from the root.
    pub shared: &'static [&'static str],
}

/// All workspaces of guest programs.
pub const WORKSPACES: &[Workspace] = &[
    Workspace {
        directory: "sample-programs",
        programs: "sample-programs/bare",
        kind: "Sample",
        shared: &[
            "sample-programs/Cargo.toml",
            "sample-programs/Cargo.lock",
            "sample-programs/bare-runtime",
        ],
    },
    Workspace {
        directory: "benches/workloads",
        programs: "benches/workloads",
        kind: "Workload",
        shared: &[
            "benches/workloads/Cargo.toml",
            "benches/workloads/Cargo.lock",
            "benches/workloads/frame",
            "sample-programs/Cargo.toml",
            "sample-programs/bare-runtime",
        ],
    },
];

/// The workspace in `directory`.
///
/// # Errors
/// There is none.
pub fn workspace(directory: &str) -> Result<&'static Workspace> {
    WORKSPACES
        .iter()
        .find(|w| w.directory == directory)
        .with_context(|| format!("no workspace in {directory}"))
}

/// A program that becomes an image.
pub struct Program {
    /// Its name, which is its package's, its folder's and its image's.
    pub name: String,
    /// Its folder, from the root.
    pub directory: String,
    /// Its workspace's folder.
    pub workspace: String,
    /// One sentence about it.
    pub description: String,
    /// How it is run.
    pub guest: Guest,
}

/// `[package.metadata.guest]` of a program's manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// The status it ends with; none for a program that never ends.
    pub status: Option<u16>,
    /// What is typed at its console.
    #[serde(default)]
    pub input: String,
    /// How many harts it is run with.
    #[serde(default = "one")]
    pub harts: u8,
    /// It makes semihosting calls.
    #[serde(default)]
    pub semihosting: bool,
    /// It talks to the host by `tohost`.
    #[serde(default)]
    pub htif: bool,
    /// It leaves a signature, which `expected-signature.txt` has.
    #[serde(default)]
    pub signature: bool,
}

fn one() -> u8 {
    1
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    metadata: BTreeMap<String, Guest>,
}

/// All programs, workspace by workspace, sorted by name.
///
/// # Errors
/// A folder or manifest that cannot be read.
pub fn programs(root: &Path) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for workspace in WORKSPACES {
        let mut found = Vec::new();
        for folder in std::fs::read_dir(root.join(workspace.programs))? {
            let manifest = folder?.path().join("Cargo.toml");
            if manifest.is_file() {
                found.extend(program(workspace, &manifest)?);
            }
        }
        found.sort_by(|a: &Program, b| a.name.cmp(&b.name));
        programs.append(&mut found);
    }
    Ok(programs)
}

/// The program of a manifest; none for a library.
fn program(workspace: &Workspace, manifest: &Path) -> Result<Option<Program>> {
    let reading = || format!("cannot read {}", manifest.display());
    let text = std::fs::read_to_string(manifest).with_context(reading)?;
    let mut package = toml::from_str::<Manifest>(&text)
        .with_context(reading)?
        .package;
    Ok(package.metadata.remove("guest").map(|guest| Program {
        directory: format!("{}/{}", workspace.programs, package.name),
        name: package.name,
        workspace: workspace.directory.to_owned(),
        description: package.description,
        guest,
    }))
}
