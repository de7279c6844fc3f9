//! The long checks behind `cargo xtask prove`: each compares Hartland with something that others made, or that it is
//! not, over more cases than a test has time for.

mod decoder;
mod hart;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    check: Check,
}

#[derive(Subcommand)]
enum Check {
    /// Every word that may be an instruction, against LLVM and the public tables
    Decoder(decoder::Arguments),
    /// Random programs on both engines and on QEMU
    Hart(hart::Arguments),
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where a command's error is said"
)]
fn main() -> ExitCode {
    let result = match Arguments::parse().check {
        Check::Decoder(arguments) => decoder::run(&arguments),
        Check::Hart(arguments) => hart::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
