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
    unsafe_modules()?;
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

/// `unsafe` stands only in the modules that docs/architecture.md lists, each by its file's name in backticks.
fn unsafe_modules() -> Result<()> {
    println!("modules with unsafe code");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("docs/architecture.md"))?;
    let listed: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|name| name.ends_with(".rs"))
        .collect();
    let mut folders: Vec<_> = ["crates", "tests", "xtask"].map(|f| root.join(f)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs")
                && has_unsafe(&std::fs::read_to_string(&path)?)
                && !listed.iter().any(|name| path.ends_with(name))
            {
                let path = path.display();
                bail!("{path} has unsafe code and is not listed in docs/architecture.md");
            }
        }
    }
    Ok(())
}

/// Whether the keyword stands in some line outside comments and strings.
fn has_unsafe(source: &str) -> bool {
    source.lines().any(|line| {
        let code = line.split("//").next().unwrap_or("");
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word == "unsafe") && !code.contains('"')
    })
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
