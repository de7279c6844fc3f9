//! `cargo xtask check`: what CI checks, in one command.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::guest::{GENERAL, KERNEL};

/// The command of the README that runs the tests.
const TEST: &[&str] = &["test", "--workspace"];

/// Which crates of this workspace a crate may depend on. Everything points one way.
const LAYERS: &[(&str, &[&str])] = &[
    ("hartland-abi", &[]),
    ("hartland-isa", &[]),
    ("hartland-softfloat", &[]),
    ("hartland-memory", &["hartland-abi"]),
    (
        "hartland-hart",
        &[
            "hartland-abi",
            "hartland-isa",
            "hartland-softfloat",
            "hartland-memory",
        ],
    ),
    (
        "hartland-interpreter",
        &[
            "hartland-abi",
            "hartland-isa",
            "hartland-softfloat",
            "hartland-memory",
            "hartland-hart",
        ],
    ),
    ("hartland-devices", &["hartland-abi", "hartland-memory"]),
    (
        "hartland-machine",
        &[
            "hartland-abi",
            "hartland-isa",
            "hartland-memory",
            "hartland-interpreter",
            "hartland-devices",
        ],
    ),
    (
        "hartland-debugger",
        &["hartland-abi", "hartland-isa", "hartland-machine"],
    ),
    (
        "hartland-trace",
        &[
            "hartland-abi",
            "hartland-isa",
            "hartland-machine",
            "hartland-debugger",
        ],
    ),
    ("hartland-guest-images", &[]),
    (
        "hartland",
        &[
            "hartland-abi",
            "hartland-isa",
            "hartland-machine",
            "hartland-debugger",
            "hartland-trace",
            "hartland-guest-images",
        ],
    ),
];

/// The workspaces of guest programs, and their targets.
const GUESTS: &[(&str, &str)] = &[
    ("sample-programs", GENERAL),
    ("sample-programs/fawn", GENERAL),
    ("benches/workloads", GENERAL),
    ("firmware", KERNEL),
    ("firmware/userland", GENERAL),
];

#[derive(clap::Args)]
pub struct Arguments {
    /// Everything but the tests
    #[arg(long)]
    no_tests: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    layering()?;
    cargo(&["fmt", "--all", "--check"])?;
    for (guests, _) in GUESTS {
        let manifest = format!("{guests}/Cargo.toml");
        cargo(&["fmt", "--all", "--check", "--manifest-path", &manifest])?;
    }
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    cargo(&[
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--",
        "guest",
        "--check",
    ])?;
    guests_are_clean()?;
    readme_says_the_test_command()?;
    if !arguments.no_tests {
        cargo(TEST)?;
    }
    Ok(())
}

/// Clippy looks at what runs on RISC-V, where there is a compiler for that: the images in the repository are checked
/// without one.
fn guests_are_clean() -> Result<()> {
    if !crate::guest::has_targets() {
        println!(
            "clippy does not look at the guest programs: their rustup targets are not installed"
        );
        return Ok(());
    }
    for &(guests, target) in GUESTS {
        let arguments = ["clippy", "--release", "--target", target];
        cargo_in(
            guests,
            &[&arguments[..], &["--", "-D", "warnings"]].concat(),
        )?;
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    cargo_in(".", arguments)
}

fn cargo_in(directory: &str, arguments: &[&str]) -> Result<()> {
    let place = if directory == "." {
        String::new()
    } else {
        format!("{directory}: ")
    };
    println!("{place}cargo {}", arguments.join(" "));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new("cargo")
        .args(arguments)
        .current_dir(root.join(directory))
        .status()
        .context("cargo")?;
    if !status.success() {
        bail!("cargo {} failed", arguments.join(" "));
    }
    Ok(())
}

/// Dependencies between our own crates (tests' own ones aside) are those of [`LAYERS`].
fn layering() -> Result<()> {
    println!("layering");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in std::fs::read_dir(root.join("crates"))? {
        let path = entry?.path().join("Cargo.toml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let manifest: toml::Table = text.parse()?;
        let name = manifest["package"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let Some((_, allowed)) = LAYERS.iter().find(|layer| layer.0 == name) else {
            bail!("{name} has no place in the layering: xtask/src/check.rs");
        };
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for (dependency, value) in dependencies.into_iter().flatten() {
            let ours = value.get("workspace").is_some();
            let package = format!("hartland-{dependency}");
            if ours && !allowed.contains(&package.as_str()) {
                bail!("{name} may not depend on {package}: see docs/architecture.md");
            }
        }
    }
    Ok(())
}

fn readme_says_the_test_command() -> Result<()> {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme)?;
    if !text.contains(&format!("cargo {}", TEST.join(" "))) {
        bail!(
            "the README names another test command than `cargo {}`",
            TEST.join(" ")
        );
    }
    Ok(())
}
