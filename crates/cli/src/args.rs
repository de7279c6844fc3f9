//! The command line. Names follow QEMU where it has one, and Spike where it has one.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use isa::IsaConfig;
use machine::loader::ImageKind;

use crate::machine_options::{MachineOptions, Steps, parse_isa, parse_steps};
use crate::terminal::output::{Serial, parse_serial};

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
    /// Run a program under many interleavings, and keep the shortest recording of one that goes wrong
    Explore(Box<ExploreOptions>),
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

    /// Start stopped, in the monitor; `cont` starts the machine
    #[arg(short = 'S')]
    pub stopped: bool,

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

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// A line for each event
    Text,
    /// A JSON object for each event, a line each
    Json,
    /// A timeline for ui.perfetto.dev
    Perfetto,
}

/// A mode of privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// User
    U,
    /// Supervisor
    S,
    /// Machine
    M,
}

/// Options that say what to trace, and how.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Tracing")]
pub struct TraceOptions {
    /// Tell what happens: insn, trap, syscall, sbi, switch, mailbox, fault, interrupt, between commas; without kinds, all
    /// but insn
    #[arg(long, value_name = "KINDS", num_args = 0..=1, require_equals = true, default_missing_value = "all",
        value_parser = trace::Kinds::parse, conflicts_with = "log_commits")]
    pub trace: Option<trace::Kinds>,

    /// Where to write it; without it, to standard error
    #[arg(long, value_name = "FILE", requires = "trace")]
    pub trace_file: Option<PathBuf>,

    /// How to write it
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "trace",
        default_value = "text"
    )]
    pub trace_format: TraceFormat,

    /// Only what a process does: its number or its program's name; may be repeated
    #[arg(
        long,
        value_name = "PROCESS",
        requires = "trace",
        value_delimiter = ','
    )]
    pub trace_process: Vec<String>,

    /// Only what happens in these modes, between commas
    #[arg(long, value_name = "MODES", requires = "trace", value_delimiter = ',')]
    pub trace_privilege: Vec<Mode>,

    /// Only what happens in a function; may be repeated
    #[arg(long, value_name = "SYMBOL", requires = "trace")]
    pub trace_symbol: Vec<String>,

    /// Only what happens at addresses, such as 0x10000..0x12000; may be repeated
    #[arg(long, value_name = "FROM..TO", requires = "trace", value_parser = parse_addresses)]
    pub trace_range: Vec<Addresses>,

    /// Only what happens within steps, such as 1000..2000
    #[arg(long, value_name = "FROM..TO", requires = "trace", value_parser = parse_steps)]
    pub trace_steps: Option<Steps>,
}

/// A range of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(pub std::ops::Range<u64>);

fn parse_addresses(text: &str) -> Result<Addresses, String> {
    let wrong =
        || format!("`{text}` are no addresses; they are FROM..TO, such as 0x10000..0x12000");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).map_err(|_| wrong()),
        None => text.parse().map_err(|_| wrong()),
    };
    let (from, to) = (number(from)?, number(to)?);
    if from < to {
        Ok(Addresses(from..to))
    } else {
        Err(wrong())
    }
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

    /// Which engine runs the code; without it, the recorded one
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Engine>,
}

/// What counts as another outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compare {
    /// The text printed, and how the run ended
    Output,
    /// How the run ended
    Status,
}

/// Options of `hartland explore`.
#[derive(Debug, clap::Args)]
pub struct ExploreOptions {
    /// The machine, and what is in it
    #[command(flatten)]
    pub machine: MachineOptions,

    /// How many interleavings to try
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,

    /// Stop at the first interleaving that goes wrong
    #[arg(long)]
    pub stop_at_first: bool,

    /// What an interleaving must not change
    #[arg(long, value_name = "WHAT", default_value = "output")]
    pub compare: Compare,

    /// Right is what prints this, whatever else it prints
    #[arg(long, value_name = "TEXT")]
    pub expect_text: Option<String>,

    /// Wrong is what prints this, whatever else it prints
    #[arg(long, value_name = "TEXT")]
    pub fail_text: Option<String>,

    /// Most steps of a run; without it ten times those of the ordinary interleaving, and a hundred million more
    #[arg(long, value_name = "STEPS")]
    pub instructions: Option<u64>,

    /// Where to keep the recording
    #[arg(long, value_name = "FILE", default_value = "explore.rec")]
    pub record: PathBuf,
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

    /// The same with any command; {} stands for the ELF file
    #[arg(long, value_name = "COMMAND", conflicts_with = "against")]
    pub against_cmd: Option<String>,

    /// As JSON, every run
    #[arg(long)]
    pub json: bool,

    /// Which engine runs the code
    #[arg(long, value_name = "ENGINE", default_value = "threaded")]
    pub engine: Engine,
}
