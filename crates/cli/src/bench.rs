//! `hartland bench`: how fast workloads run, beside another emulator in the same session.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use guest_images::{GuestImage, Kind};
use machine::loader::{self, RamRange};
use machine::{Config, Machine, Stop};
use serde::Serialize;

use crate::args::{BenchCommand, BenchOptions, Engine};
use crate::bench_os;
use crate::failure::{Failure, say, status};
use crate::terminal::output;

/// RAM of the machine that workloads run on, here and on the other emulator.
const MEMORY: u64 = 256 << 20;
/// No workload takes so many steps.
const MOST_STEPS: u64 = 20_000_000_000;

/// What was measured of one workload.
#[derive(Debug, Serialize)]
struct Row {
    workload: &'static str,
    /// Steps that the guest takes, the same in every run.
    steps: u64,
    /// Hash of the machine's state at the end, the same in every run.
    state_hash: String,
    /// Seconds of our runs, in order.
    seconds: Vec<f64>,
    /// Millions of instructions a second: the median run.
    mips: f64,
    /// The other emulator's runs, each right after ours.
    against: Option<Against>,
}

#[derive(Debug, Serialize)]
struct Against {
    command: String,
    seconds: Vec<f64>,
    mips: f64,
    /// Our speed by its speed, pair by pair: lowest, median, highest.
    ratio: [f64; 3],
}

/// Runs the benchmarks.
pub fn run(options: &BenchOptions) -> ExitCode {
    if let Some(BenchCommand::Os(options)) = &options.command {
        return bench_os::run(options);
    }
    match try_run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.status)
        }
    }
}

fn try_run(options: &BenchOptions) -> Result<(), Failure> {
    let against = command_line(options);
    let mut rows = Vec::new();
    for image in chosen(options)? {
        rows.push(measure(image, options, against.as_deref())?);
    }
    if options.json {
        let text = serde_json::to_string_pretty(&rows)
            .map_err(|error| Failure::new(status::EMULATOR, error))?;
        output::print(format!("{text}\n").as_bytes());
    } else {
        output::print(table(&rows).as_bytes());
    }
    Ok(())
}

fn chosen(options: &BenchOptions) -> Result<Vec<&'static GuestImage>, Failure> {
    let all = guest_images::all()
        .iter()
        .filter(|image| image.kind == Kind::Workload);
    let all: Vec<_> = all.collect();
    if options.workloads.is_empty() {
        return Ok(all);
    }
    let find = |name: &String| {
        all.iter()
            .copied()
            .find(|image| image.name == name.as_str())
            .ok_or_else(|| {
                let names: Vec<_> = all.iter().map(|image| image.name).collect();
                let message = format!(
                    "no workload is called `{name}`; there are {}",
                    names.join(", ")
                );
                Failure::new(status::NOT_FOUND, message)
            })
    };
    options.workloads.iter().map(find).collect()
}

/// The other emulator's command, with `{}` where the ELF file goes.
fn command_line(options: &BenchOptions) -> Option<String> {
    options.against_cmd.clone().or_else(|| {
        options.against.map(|_| {
            let megabytes = MEMORY >> 20;
            format!(
                "qemu-system-riscv64 -M virt -m {megabytes}M -bios none -nographic -kernel {{}}"
            )
        })
    })
}

fn measure(
    image: &'static GuestImage,
    options: &BenchOptions,
    against: Option<&str>,
) -> Result<Row, Failure> {
    let file = match against {
        Some(_) => Some(TemporaryElf::new(image)?),
        None => None,
    };
    let mut row = Row {
        workload: image.name,
        steps: 0,
        state_hash: String::new(),
        seconds: Vec::new(),
        mips: 0.0,
        against: None,
    };
    let mut others = Vec::new();
    for _ in 0..options.runs.max(1) {
        let (time, machine) = run_once(image, options.engine)?;
        let hash = format!("{:032x}", machine.state_hash());
        if row.steps != 0 && (row.steps, &row.state_hash) != (machine.steps(), &hash) {
            let message = format!("{}: two runs differ, which must never be", image.name);
            return Err(Failure::new(status::EMULATOR, message));
        }
        (row.steps, row.state_hash) = (machine.steps(), hash);
        row.seconds.push(time.as_secs_f64());
        if let (Some(command), Some(file)) = (against, &file) {
            others.push(run_other(command, file.path())?.as_secs_f64());
        }
    }
    let millions = row.steps as f64 / 1e6;
    row.mips = millions / median(&row.seconds);
    if let Some(command) = against {
        let ratios: Vec<f64> = others
            .iter()
            .zip(&row.seconds)
            .map(|(o, s)| o / s)
            .collect();
        let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = ratios.iter().copied().fold(0.0, f64::max);
        row.against = Some(Against {
            command: command.to_owned(),
            mips: millions / median(&others),
            seconds: others,
            ratio: [lowest, median(&ratios), highest],
        });
    }
    Ok(row)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn run_once(image: &GuestImage, engine: Engine) -> Result<(Duration, Machine), Failure> {
    let start = Instant::now();
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: MEMORY,
    };
    let broken = |error: &dyn std::fmt::Display| Failure::new(status::UNUSABLE, error.to_string());
    let program = loader::parse(image.name, image.bytes, ram, None).map_err(|e| broken(&e))?;
    let config = Config {
        memory: MEMORY,
        plain_engine: engine == Engine::Plain,
        ..Config::default()
    };
    let mut machine = Machine::new(config).map_err(|e| broken(&e))?;
    machine.load(program).map_err(|e| broken(&e))?;
    match machine.run(MOST_STEPS) {
        Stop::Exit(exit) if exit.code == 0 => Ok((start.elapsed(), machine)),
        stop => {
            let message = format!("{}: the workload failed: {stop:?}", image.name);
            Err(Failure::new(status::EMULATOR, message))
        }
    }
}

/// An ELF file for the other emulator, gone when dropped.
struct TemporaryElf(std::path::PathBuf);

impl TemporaryElf {
    fn new(image: &GuestImage) -> Result<Self, Failure> {
        let name = format!("hartland-bench-{}-{}.elf", std::process::id(), image.name);
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, image.bytes).map_err(|error| {
            Failure::new(status::EMULATOR, format!("{}: {error}", path.display()))
        })?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryElf {
    fn drop(&mut self) {
        // Left behind in the temporary folder at worst.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run_other(command: &str, elf: &Path) -> Result<Duration, Failure> {
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default();
    let path = elf.display().to_string();
    let arguments = words.map(|word| word.replace("{}", &path));
    let start = Instant::now();
    let ended = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match ended {
        Ok(ended) if ended.success() => Ok(start.elapsed()),
        Ok(ended) => {
            let message = format!("`{program}` ended with {ended}; it must end with 0");
            Err(Failure::new(status::FAILED, message))
        }
        Err(error) => {
            let message = format!(
                "`{program}` cannot be started: {error}; install it, or leave out --against"
            );
            Err(Failure::new(status::NOT_FOUND, message))
        }
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:<12} {:>10} {:>9} {:>8}",
        "workload", "M steps", "seconds", "MIPS"
    );
    for row in rows {
        let seconds = median(&row.seconds);
        let millions = row.steps as f64 / 1e6;
        let _ = write!(
            text,
            "{:<12} {millions:>10.1} {seconds:>9.3} {:>8.0}",
            row.workload, row.mips
        );
        if let Some(other) = &row.against {
            let [low, middle, high] = other.ratio;
            let _ = write!(
                text,
                "   other {:>6.0} MIPS, ratio {middle:.2} ({low:.2} to {high:.2})",
                other.mips
            );
        }
        text.push('\n');
    }
    text
}
