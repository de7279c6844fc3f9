//! `cargo xtask campaign`: hands its arguments to the program with the long trials, built with optimisation.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::guest;

/// What a campaign is asked to do.
#[derive(clap::Args)]
pub struct Arguments {
    /// Try a kernel that checks its arithmetic and its own assertions
    #[arg(long)]
    checked: bool,
    /// Which trial, and its options: `cargo xtask campaign help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<String>,
}

/// Runs a campaign.
///
/// # Errors
/// It does not build, or it has found something.
pub fn run(arguments: &Arguments) -> Result<()> {
    let root = guest::root();
    let mut command = Command::new("cargo");
    command
        .args(["run", "--release", "--quiet", "--package", "hartland-tests"])
        .args(["--bin", "campaign", "--"])
        .args(&arguments.words)
        .current_dir(&root);
    if arguments.checked {
        command.arg("--kernel").arg(guest::checked_kernel(&root)?);
    }
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the campaign ended with {status}");
    }
    Ok(())
}
