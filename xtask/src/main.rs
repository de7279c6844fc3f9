//! Everything a person would otherwise have to remember, as `cargo xtask COMMAND`.

mod guest;

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
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Guest(arguments) => guest::run(&arguments),
    }
}
