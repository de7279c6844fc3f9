//! The toolchain that builds guest programs: the pinned one where it has the RISC-V target, else
//! Debian's, which builds `core` and `alloc` from source.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::wrapper;

/// The target of ordinary guest programs.
pub const GENERAL: &str = "riscv64gc-unknown-none-elf";
/// The target of what must keep its hands off the floating-point registers.
pub const KERNEL: &str = "riscv64imac-unknown-none-elf";

/// Compiler flags of every guest program, whoever builds it. A change makes all images stale.
pub const FLAGS: &[&str] = &[
    "-Clink-arg=-Tlink.ld",
    "-Clink-arg=--build-id=sha1",
    // Labels that only the assembler needed would hide the names of functions.
    "-Clink-arg=--discard-locals",
];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LINKER: &str = "/usr/bin/ld.lld-22";

const NEITHER: &str = "no Rust toolchain here builds for RISC-V; either\n  \
    rustup target add riscv64gc-unknown-none-elf riscv64imac-unknown-none-elf\nor, on Debian,\n  \
    apt-get install rustc-web cargo-web rust-web-src lld-22";

/// Whether the pinned toolchain has the targets.
pub fn has_targets(root: &Path) -> bool {
    let has = |target| {
        let arguments = ["--print", "target-libdir", "--target", target];
        let libraries = ask(root, "rustc", &arguments);
        libraries.is_some_and(|folder| has_core(Path::new(&folder)))
    };
    has(GENERAL) && has(KERNEL)
}

/// A toolchain that was found.
pub struct Builder {
    /// What it calls itself.
    pub version: String,
    rustc: PathBuf,
    cargo: PathBuf,
    from_source: bool,
}

impl Builder {
    /// Looks for a toolchain.
    ///
    /// # Errors
    /// There is none; the message says how to get one.
    pub fn find(root: &Path) -> Result<Self> {
        if has_targets(root) {
            let cargo = std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from);
            return Self::new(root, "rustc".into(), cargo, false);
        }
        let sources = ask(root, DEBIAN_RUSTC, &["--print", "sysroot"]).map(|sysroot| {
            Path::new(&sysroot).join("lib/rustlib/src/rust/library/core/Cargo.toml")
        });
        if sources.is_some_and(|sources| sources.is_file())
            && Path::new(DEBIAN_CARGO).is_file()
            && Path::new(DEBIAN_LINKER).is_file()
        {
            return Self::new(root, DEBIAN_RUSTC.into(), DEBIAN_CARGO.into(), true);
        }
        bail!(NEITHER)
    }

    fn new(root: &Path, rustc: PathBuf, cargo: PathBuf, from_source: bool) -> Result<Self> {
        let name = rustc.to_str().unwrap_or("rustc");
        let version =
            ask(root, name, &["--version"]).with_context(|| format!("{name} does not run"))?;
        Ok(Self {
            version,
            rustc,
            cargo,
            from_source,
        })
    }

    /// Builds programs of a workspace, all or some, for a target; returns the folder with the files.
    ///
    /// # Errors
    /// Cargo does not run, or a program does not build.
    pub fn build(
        &self,
        root: &Path,
        directory: &str,
        triple: &str,
        packages: &[&str],
    ) -> Result<PathBuf> {
        let target = target_directory(root).join("guest").join(directory);
        self.build_into(&target, &[], root, directory, triple, packages)
    }

    /// The same, with checks of arithmetic and of the programs' own assertions.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_checked(
        &self,
        root: &Path,
        directory: &str,
        triple: &str,
        packages: &[&str],
    ) -> Result<PathBuf> {
        let target = target_directory(root).join("guest-checked").join(directory);
        let profile = [
            ("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true"),
            ("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true"),
        ];
        self.build_into(&target, &profile, root, directory, triple, packages)
    }

    fn build_into(
        &self,
        target: &Path,
        profile: &[(&str, &str)],
        root: &Path,
        directory: &str,
        triple: &str,
        packages: &[&str],
    ) -> Result<PathBuf> {
        // From nothing each time: it takes seconds, and what was built before cannot show.
        match std::fs::remove_dir_all(target) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut command = Command::new(&self.cargo);
        command
            .current_dir(root.join(directory))
            .args(["build", "--release", "--locked", "--target", triple])
            .args(packages.iter().flat_map(|package| ["-p", package]))
            .env("CARGO_TARGET_DIR", target)
            .envs(profile.iter().copied())
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                self.flags(root, target).join("\u{1f}"),
            )
            .env("CARGO_INCREMENTAL", "0");
        wrapper::install(&mut command)?;
        if self.from_source {
            command
                .args(["-Zbuild-std=core,alloc"])
                .env("RUSTC", &self.rustc)
                .env("RUSTC_BOOTSTRAP", "1");
        }
        let status = command
            .status()
            .with_context(|| format!("cannot run {}", self.cargo.display()))?;
        if !status.success() {
            bail!("the programs of {directory} did not build");
        }
        Ok(target.join(triple).join("release"))
    }

    /// The flags, and such that no path of this computer gets into an image.
    fn flags(&self, root: &Path, target: &Path) -> Vec<String> {
        let mut flags: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
        flags.push(format!("--remap-path-prefix={}=/hartland", root.display()));
        flags.push(format!("--remap-path-prefix={}=/target", target.display()));
        if self.from_source {
            flags.push(format!("-Clinker={DEBIAN_LINKER}"));
        }
        flags
    }
}

pub fn target_directory(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), |directory| root.join(directory))
}

/// Whether a target's library folder has its core library: rustup names the folder of a target
/// that is not installed, too.
fn has_core(libraries: &Path) -> bool {
    std::fs::read_dir(libraries).is_ok_and(|files| {
        files.flatten().any(|file| {
            file.file_name()
                .to_str()
                .is_some_and(|name| name.starts_with("libcore-"))
        })
    })
}

/// A program's first line of output, if it succeeds.
fn ask(root: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
