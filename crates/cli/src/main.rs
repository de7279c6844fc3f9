//! The `hartland` command.

mod args;
mod bench;
mod commit_log;
mod debug;
mod disasm;
mod explore;
mod failure;
mod fawn;
mod files;
mod gdb;
mod guest_programs;
mod machine_options;
mod monitor;
mod profile;
mod recording;
mod report;
mod run;
mod session;
mod terminal;
mod tracing;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let command = args.command.unwrap_or_else(args::Command::boot_fawn);
    match command {
        args::Command::Run(options) => run::run(&options),
        args::Command::Replay(options) => recording::replay::run(&options),
        args::Command::Profile(options) => profile::run(&options),
        args::Command::Explore(options) => explore::run(&options),
        args::Command::Debug(options) => debug::run(&options),
        args::Command::Disasm(options) => disasm::run(&options),
        args::Command::Bench(options) => bench::run(&options),
    }
}
