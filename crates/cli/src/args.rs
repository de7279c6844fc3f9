//! The command line. Names follow QEMU where it has one, and Spike where it has one.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use isa::IsaConfig;
use machine::loader::ImageKind;

use crate::explore::ExploreOptions;
use crate::gdb::{Where, parse_where};
use crate::machine_options::{MachineOptions, parse_isa};
use crate::profile::ProfileOptions;
use crate::terminal::output::{Serial, parse_serial};
use crate::tracing::TraceOptions;

/// A full-system RISC-V (RV64) emulator.
#[derive(Debug, Parser)]
#[command(name = "hartland", version, max_term_width = 100)]
pub struct Args {
    /// What to do; without it, boot Fawn.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a program: a RISC-V ELF file or a raw image; without one, boot Fawn
    Run(Box<RunOptions>),
    /// Live a recording of `run --record` through again, and say whether it came out the same
    Replay(ReplayOptions),
    /// Run a program, and say where it spends its steps: a flame graph
    Profile(Box<ProfileOptions>),
    /// Run a program under many interleavings, and keep the shortest recording of one that goes wrong
    Explore(Box<ExploreOptions>),
    /// Debug a program, forward and back in time; without one, Fawn
    Debug(Box<DebugOptions>),
    /// Print the code of an ELF file as assembler text, in LLVM's style
    Disasm(DisasmOptions),
    /// Run the workloads and say how fast they are
    Bench(BenchOptions),
}

impl Command {
    /// What `hartland` alone does.
    pub fn boot_fawn() -> Self {
        match Args::parse_from(["hartland", "run"]).command {
            Some(command) => command,
            None => unreachable!("the command was named"),
        }
    }
}

/// How a run is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// Idle guest time takes as long on the wall (the default at a terminal)
    Realtime,
    /// Idle guest time is skipped (the default otherwise)
    Max,
}

/// What to take a file for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TakenAs {
    /// A bare-metal program: started in M-mode at its entry
    Bare,
    /// An S-mode kernel
    Kernel,
    /// A user program
    User,
}

impl From<TakenAs> for ImageKind {
    fn from(kind: TakenAs) -> Self {
        match kind {
            TakenAs::Bare => Self::BareMetal,
            TakenAs::Kernel => Self::Kernel,
            TakenAs::User => Self::User,
        }
    }
}

/// A switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// Which engine runs the code. All take the same steps to the same state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Code is decoded once and run block by block
    Threaded,
    /// One instruction at a time
    Plain,
}

/// Options of `hartland run`.
#[derive(Debug, clap::Args)]
pub struct RunOptions {
    /// The machine, and what is in it
    #[command(flatten)]
    pub machine: MachineOptions,

    /// What to trace
    #[command(flatten)]
    pub trace: TraceOptions,

    /// Start stopped, in the monitor, where `cont` starts the machine; with --gdb, wait for gdb
    #[arg(short = 'S')]
    pub stopped: bool,

    /// Let gdb debug the machine: `target remote :1234`, or at another port, or `stdio` for a gdb that
    /// starts this command
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = ":1234",
          value_parser = parse_where, conflicts_with_all = ["record", "log_commits", "instructions", "signature", "json", "expect_text", "fail_text"])]
    pub gdb: Option<Where>,

    /// Stop after so many steps, with status 124
    #[arg(long, value_name = "STEPS")]
    pub instructions: Option<u64>,

    /// Stop after so many seconds, with status 124
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub timeout: Option<f64>,

    /// Write the signature (between begin_signature and end_signature) to a file
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,

    /// Bytes in a line of the signature
    #[arg(long, value_name = "BYTES", default_value_t = 4, value_parser = parse_granularity)]
    pub signature_granularity: u8,

    /// Write a line for each instruction that retires, in Spike's format, to a file or, without
    /// one, to standard error
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub log_commits: Option<PathBuf>,

    /// Write a report as JSON to a file or, without one, to standard error
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// End with status 0 once the guest has printed this, and with 1 if it ends without
    #[arg(long, value_name = "TEXT")]
    pub expect_text: Option<String>,

    /// End with status 1 once the guest has printed this
    #[arg(long, value_name = "TEXT")]
    pub fail_text: Option<String>,

    /// Whether idle guest time is lived through
    #[arg(long, value_name = "MODE")]
    pub clock: Option<Clock>,

    /// What the serial port is connected to: `stdio`, `file:PATH` or `null`
    #[arg(long, value_name = "WHAT", default_value = "stdio", value_parser = parse_serial)]
    pub serial: Serial,

    /// Nothing: there are no graphics. Understood because QEMU users type it
    #[arg(long, hide = true)]
    pub nographic: bool,

    /// Record everything that the run depends on in a file, for `hartland replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Say what the file was taken for, and how the guest ended
    #[arg(short, long)]
    pub verbose: bool,
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    if seconds > 0.0 && seconds < 1e9 {
        Ok(seconds)
    } else {
        Err("it must be more than 0 seconds".to_owned())
    }
}

fn parse_granularity(text: &str) -> Result<u8, String> {
    match text {
        "1" => Ok(1),
        "2" => Ok(2),
        "4" => Ok(4),
        "8" => Ok(8),
        "16" => Ok(16),
        _ => Err("it is 1, 2, 4, 8 or 16".to_owned()),
    }
}

/// Options of `hartland replay`.
#[derive(Debug, clap::Args)]
pub struct ReplayOptions {
    /// The recording
    pub file: PathBuf,

    /// Write a report as JSON to a file or, without one, to standard error
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// Do not replay to the end of the process: open the recording at its end, for gdb (as of `run`)
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = ":1234",
          value_parser = parse_where, conflicts_with = "json")]
    pub gdb: Option<Where>,

    /// Which engine runs the code; without it, the recorded one
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Engine>,
}

/// Options of `hartland debug`.
#[derive(Debug, clap::Args)]
pub struct DebugOptions {
    /// The machine, and what is in it
    #[command(flatten)]
    pub machine: MachineOptions,

    /// Do these commands, separated by `;`, and end; the status is 1 when one fails. May be repeated
    #[arg(short = 'x', long = "execute", value_name = "COMMANDS")]
    pub execute: Vec<String>,

    /// Do the commands in a file, one a line, and end; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub command: Vec<PathBuf>,

    /// Show each command before what it says
    #[arg(long)]
    pub echo: bool,

    /// End commands that take longer in all than so many seconds, with status 124
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub timeout: Option<f64>,

    /// Where to look for source files; may be repeated
    #[arg(long, value_name = "DIR")]
    pub directory: Vec<PathBuf>,

    /// Neither read nor keep breakpoints of earlier sessions
    #[arg(long)]
    pub no_history: bool,
}

/// Options of `hartland disasm`.
#[derive(Debug, clap::Args)]
pub struct DisasmOptions {
    /// An ELF file
    pub file: PathBuf,

    /// Extensions; what is not named is shown as unknown
    #[arg(long, value_name = "STRING", value_parser = parse_isa)]
    pub isa: Option<IsaConfig>,

    /// Every instruction under its own name
    #[arg(long)]
    pub no_aliases: bool,
}

/// An emulator to measure against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Other {
    /// qemu-system-riscv64
    Qemu,
}

/// What else can be measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Count what Fawn's work costs in retired instructions, beside its goals and other systems
    Os(BenchOsOptions),
}

/// Options of `hartland bench os`.
#[derive(Debug, clap::Args)]
pub struct BenchOsOptions {
    /// As JSON
    #[arg(long)]
    pub json: bool,

    /// An archive of programs instead of the built-in one; it has init and costs in bin
    #[arg(long, value_name = "FILE")]
    pub initrd: Option<PathBuf>,
}

/// Options of `hartland bench`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchOptions {
    /// Something else than workloads
    #[command(subcommand)]
    pub command: Option<BenchCommand>,

    /// Which workloads; all when none is named
    pub workloads: Vec<String>,

    /// Runs of each; the median counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub runs: u32,

    /// Another emulator, run right after each of ours: times include starting it
    #[arg(long, value_name = "EMULATOR")]
    pub against: Option<Other>,

    /// The same with any command, or several: [NAME=]COMMAND; {} stands for the ELF file
    #[arg(long, value_name = "COMMAND")]
    pub against_cmd: Vec<String>,

    /// The same with native builds of the workloads, in this folder
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = "benches/workloads/target/release")]
    pub native: Option<PathBuf>,

    /// Writes an SVG chart, too
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,

    /// Measures nothing: runs each workload by both engines and compares steps and state hash
    #[arg(long, conflicts_with_all = ["against", "against_cmd", "native", "chart", "json", "engine"])]
    pub verify: bool,

    /// As JSON, every run
    #[arg(long)]
    pub json: bool,

    /// Which engine runs the code
    #[arg(long, value_name = "ENGINE", default_value = "threaded")]
    pub engine: Engine,
}
