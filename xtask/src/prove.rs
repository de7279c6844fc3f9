//! `cargo xtask prove NAME`: the checks that make correctness something to see, each by its name, in a short form for CI
//! and a long one (`--long`) for docs/proof.md.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Arguments {
    /// Which check; all of them in their short form when none is named
    check: Option<Check>,

    /// The form whose figures stand in docs/proof.md: minutes to hours
    #[arg(long, requires = "check")]
    long: bool,

    /// The QEMU to compare harts with
    #[arg(long, default_value = "qemu-system-riscv64")]
    qemu: String,

    /// A checkout of the public riscv-opcodes, for the long form of `decoder`
    #[arg(long)]
    opcodes: Option<PathBuf>,

    /// Of the planted bugs, those of this area
    #[arg(long)]
    area: Option<String>,
}

/// The checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Decoding, encoding, disassembly: against their own table, the specification's words, and LLVM
    Decoder,
    /// Random programs on both engines and on QEMU
    Hart,
    /// Soft float against Berkeley SoftFloat
    Float,
    /// Every way to run gives the same steps and states
    Modes,
    /// Files, options and guests that mean harm
    Hostile,
    /// The kernel under hostile calls, and processes killed at any instruction
    Kernel,
    /// Bugs of one line, planted one at a time: each is caught by the check that it names
    Planted,
    /// Time travel: random stops and steps back change nothing, and how long going back takes; with --long also on Debian's
    /// kernel, which is fetched
    Time,
}

const SHORT: &[Check] = &[
    Check::Decoder,
    Check::Hart,
    Check::Float,
    Check::Modes,
    Check::Hostile,
    Check::Kernel,
    Check::Time,
];

/// A command with its environment.
struct Step {
    program: &'static str,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

fn cargo(arguments: &str) -> Step {
    Step {
        program: "cargo",
        arguments: arguments.split_whitespace().map(str::to_owned).collect(),
        environment: Vec::new(),
    }
}

impl Step {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    fn and(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|&a| a.to_owned()));
        self
    }
}

impl Check {
    fn steps(self, arguments: &Arguments) -> Result<Vec<Step>> {
        let long = arguments.long;
        Ok(match self {
            Self::Decoder => decoder(long, arguments.opcodes.as_ref()),
            Self::Hart => {
                let count = if long { "10000000" } else { "100000" };
                let run = cargo("run --release --quiet -p hartland-prove --");
                let run = run.and(&["--instructions", count]);
                vec![match crate::qemu::find(&arguments.qemu) {
                    Some(qemu) => run.and(&["--qemu", &qemu.display().to_string()]),
                    None => {
                        println!("only our two engines are compared");
                        run.and(&["--no-qemu"])
                    }
                }]
            }
            Self::Float => {
                let oracle = "test --release --manifest-path crates/softfloat/oracle/Cargo.toml";
                let operands = if long { "2000000" } else { "60000" };
                vec![cargo(oracle).with("HARTLAND_FLOAT_OPERANDS", operands)]
            }
            Self::Modes => vec![cargo("test --release -p hartland-tests --test lockstep")],
            Self::Hostile => vec![
                cargo("test --release -p hartland-machine"),
                cargo("test --release -p hartland --test cli"),
            ],
            Self::Kernel => kernel(long),
            Self::Planted => Vec::new(), // no commands: see `run`
            Self::Time => vec![time(long)?],
        })
    }
}

fn decoder(long: bool, opcodes: Option<&PathBuf>) -> Vec<Step> {
    let mut steps = vec![cargo("test --release -p hartland-isa")];
    if long {
        let run = cargo("run --release --quiet -p hartland-prove-decoder -- --long");
        let folder = opcodes.map(|path| path.display().to_string());
        steps.push(match &folder {
            Some(folder) => run.and(&["--opcodes", folder]),
            None => run,
        });
    } else {
        steps.push(cargo("run --release --quiet -p hartland-prove-decoder"));
    }
    steps
}

/// Random stops on every sample; in the long form a thousand on each, and on Debian's kernel.
fn time(long: bool) -> Result<Step> {
    let run = cargo("run --release --quiet -p hartland-tests --bin prove-time --");
    if !long {
        return Ok(run.and(&["--quick"]));
    }
    let (kernel, initrd) = crate::boots::debians_kernel_and_disk()?;
    let text = |path: PathBuf| path.display().to_string();
    Ok(run.and(&["--kernel", &text(kernel), "--initrd", &text(initrd)]))
}

/// The kernel's trials (`cargo xtask campaign`) and the models of its algorithms.
fn kernel(long: bool) -> Vec<Step> {
    let (calls, seeds, stride, messages) = match long {
        true => ("10000000", "1..101", "1", "1000000"),
        false => ("100000", "1..5", "499", "100000"),
    };
    let campaign = || cargo("run --release --quiet -p hartland-tests --bin campaign --");
    vec![
        campaign().and(&["hostile", "--calls", calls, "--seeds", seeds]),
        campaign().and(&["kill", "--stride", stride]),
        campaign().and(&["storm", "--messages", messages]),
        cargo("test --release -p hartland-tests --test property"),
    ]
}

/// Runs one check, or all.
///
/// # Errors
/// A check failed, or could not be run.
pub fn run(arguments: &Arguments) -> Result<()> {
    let checks = arguments.check.map_or(SHORT.to_vec(), |check| vec![check]);
    for check in checks {
        let start = Instant::now();
        if check == Check::Planted {
            let qemu = crate::qemu::find(&arguments.qemu).context("planted bugs need QEMU 10")?;
            crate::planted::run(&qemu.display().to_string(), arguments.area.as_deref())?;
        }
        for step in check.steps(arguments)? {
            run_step(&step)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("prove {check:?}: passed in {seconds:.0} s");
    }
    Ok(())
}

fn run_step(step: &Step) -> Result<()> {
    let mut line: Vec<_> = step
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    line.push(step.program.to_owned());
    line.extend(step.arguments.clone());
    let line = line.join(" ");
    println!("{line}");
    let status = Command::new(step.program)
        .args(&step.arguments)
        .envs(step.environment.iter().map(|(n, v)| (n, v.as_str())))
        .current_dir(crate::guest::root())
        .status()
        .context("cargo")?;
    if !status.success() {
        bail!("{line}: failed");
    }
    Ok(())
}
