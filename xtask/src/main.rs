//! Everything a person would otherwise have to remember, as `cargo xtask COMMAND`.
#![allow(clippy::print_stdout)] // what a task prints is its result

mod check;
mod guest;
mod suite;

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
    /// Does what CI does: formatting, clippy, layering, fresh guest images, and the tests.
    Check(check::Arguments),
    /// Runs a folder of prebuilt ELF files of a public test suite against a committed table.
    Suite(suite::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Guest(arguments) => guest::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Suite(arguments) => suite::run(&arguments),
    }
}
