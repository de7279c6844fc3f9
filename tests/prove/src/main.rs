//! Random programs on Hartland and on QEMU: what `cargo xtask prove hart` runs.

mod hart;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about)]
struct Command {
    #[command(flatten)]
    arguments: hart::Arguments,
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where a command's error is said"
)]
fn main() -> ExitCode {
    match hart::run(&Command::parse().arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
