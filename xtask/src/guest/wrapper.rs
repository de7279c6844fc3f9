//! Makes symbol names independent of where the repository lies.
//!
//! Cargo tells the compiler a hash to tell crates apart, which ends up in every symbol's name. For
//! a dependency outside the workspace, as `bare-runtime` is to the workloads, it hashes the whole
//! path. So this command puts itself between Cargo and the compiler, and gives each crate its name
//! instead: no two crates of a guest program share one.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::Result;

/// Set in the environment of the compiler calls that come here.
const MARK: &str = "HARTLAND_XTASK_IS_RUSTC";

/// Lets Cargo call this program in place of the compiler.
///
/// # Errors
/// The path of this program is unknown.
pub fn install(cargo: &mut Command) -> Result<()> {
    cargo
        .env("RUSTC_WRAPPER", std::env::current_exe()?)
        .env(MARK, "1");
    Ok(())
}

/// If this is such a call, makes it and returns the compiler's status.
pub fn run() -> Option<ExitCode> {
    std::env::var_os(MARK)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next()?);
    compiler.args(without_hash(arguments.collect()));
    let success = compiler.status().is_ok_and(|status| status.success());
    Some(if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn without_hash(arguments: Vec<OsString>) -> Vec<OsString> {
    let name = after("--crate-name", &arguments);
    let stable = name.map(|name| {
        [OsStr::new("metadata="), &name]
            .into_iter()
            .collect::<OsString>()
    });
    let replace = |argument: OsString| match &stable {
        Some(stable) if argument.as_encoded_bytes().starts_with(b"metadata=") => stable.clone(),
        _ => argument,
    };
    arguments.into_iter().map(replace).collect()
}

fn after(option: &str, arguments: &[OsString]) -> Option<OsString> {
    arguments
        .windows(2)
        .find(|pair| pair[0] == option)
        .map(|pair| pair[1].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_becomes_the_crates_name_and_all_else_stays() {
        let given = [
            "--crate-name",
            "frame",
            "-C",
            "metadata=0123",
            "-C",
            "extra-filename=-45",
        ];
        let expected = [
            "--crate-name",
            "frame",
            "-C",
            "metadata=frame",
            "-C",
            "extra-filename=-45",
        ];
        let given = given.into_iter().map(OsString::from).collect();
        assert_eq!(without_hash(given), expected);
        assert_eq!(without_hash(vec!["-vV".into()]), ["-vV"]);
    }
}
