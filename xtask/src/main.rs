//! Everything a person would otherwise have to remember, as `cargo xtask COMMAND`.

mod boots;
mod campaign;
mod check;
mod compare;
mod guest;
mod planted;
mod prove;
mod qemu;
mod suite;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about, bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the guest programs into crates/guest-images, or checks that they are up to date.
    Guest(guest::Arguments),
    /// Does what CI does: layering, formatting, clippy, fresh guest images, and the tests.
    Check(check::Arguments),
    /// Boots software that Debian packages for this kind of machine: OpenSBI, U-Boot, and its kernel.
    Boots(boots::Arguments),
    /// Runs the long trials of Fawn: hostile system calls, processes killed at any instruction, storms of messages.
    Campaign(campaign::Arguments),
    /// Checks the machine against others and against hostile input, by name; `--long` for the long form.
    Prove(prove::Arguments),
    /// Counts host instructions a guest instruction, at a revision and in the working tree (needs valgrind).
    BenchCompare(compare::Arguments),
    /// Runs a folder of prebuilt ELF files of a public test suite against a committed table.
    Suite(suite::Arguments),
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where a command's error is said"
)]
fn main() -> ExitCode {
    // Cargo calls this program in place of the compiler while it builds guest programs.
    if let Some(status) = guest::compile() {
        return status;
    }
    let result = match Arguments::parse().command {
        Command::Guest(arguments) => guest::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Boots(arguments) => boots::run(&arguments),
        Command::Campaign(arguments) => campaign::run(&arguments),
        Command::Prove(arguments) => prove::run(&arguments),
        Command::BenchCompare(arguments) => compare::run(&arguments),
        Command::Suite(arguments) => suite::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
