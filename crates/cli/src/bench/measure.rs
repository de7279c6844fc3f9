//! Runs of one workload, ours and others' by turns.

use guest_images::GuestImage;
use machine::loader::{self, RamRange};
use machine::{Config, Machine, Stop};
use serde::Serialize;

use super::MEMORY;
use super::rival::{Rival, TemporaryElf, own_seconds};
use crate::args::{BenchOptions, Engine};
use crate::failure::{Failure, status};

/// No workload takes so many steps.
const MOST_STEPS: u64 = 20_000_000_000;

/// What was measured of one workload.
#[derive(Debug, Serialize)]
pub struct Row {
    pub workload: &'static str,
    /// Steps that the guest takes, the same in every run.
    pub steps: u64,
    /// Hash of the machine's state at the end, the same in every run.
    pub state_hash: String,
    /// What the workload is a loop of: how many it made, if it says so.
    pub operations: Option<u64>,
    /// Seconds of CPU time of our runs, in order.
    pub seconds: Vec<f64>,
    /// Millions of instructions a second: the median run.
    pub mips: f64,
    /// What it was run on beside, each run right after ours.
    pub against: Vec<Against>,
}

/// What was measured of a workload elsewhere.
#[derive(Debug, Serialize)]
pub struct Against {
    pub name: String,
    pub command: String,
    /// Seconds of CPU time, starting included; empty when this workload is none for it.
    pub seconds: Vec<f64>,
    /// As if it took our number of steps.
    pub mips: f64,
    /// Our speed by its speed, pair by pair: lowest, median, highest.
    pub ratio: [f64; 3],
    /// Why there are no figures.
    pub failure: Option<String>,
}

impl Row {
    /// Nanoseconds that an operation takes in a run of `seconds`.
    pub fn nanos(&self, seconds: &[f64]) -> Option<f64> {
        self.operations
            .map(|operations| median(seconds) * 1e9 / operations as f64)
    }
}

impl Against {
    fn new(rival: &Rival) -> Self {
        Self {
            name: rival.name.clone(),
            command: rival.command(),
            seconds: Vec::new(),
            mips: 0.0,
            ratio: [0.0; 3],
            failure: None,
        }
    }

    /// Whether there are figures.
    pub fn measured(&self) -> bool {
        self.failure.is_none() && !self.seconds.is_empty()
    }
}

/// One run of ours.
pub struct Run {
    pub steps: u64,
    pub state_hash: String,
    pub seconds: f64,
    operations: Option<u64>,
}

/// Measures a workload here and on every rival.
///
/// # Errors
/// The workload fails here. Where it fails elsewhere, its row says so.
pub fn measure(
    image: &'static GuestImage,
    options: &BenchOptions,
    rivals: &[Rival],
) -> Result<Row, Failure> {
    let elf = TemporaryElf::new(image)?;
    let mut row = Row {
        workload: image.name,
        steps: 0,
        state_hash: String::new(),
        operations: None,
        seconds: Vec::new(),
        mips: 0.0,
        against: rivals.iter().map(Against::new).collect(),
    };
    for _ in 0..options.runs.max(1) {
        take_in(&mut row, run_once(image, options.engine)?)?;
        for (rival, against) in rivals.iter().zip(&mut row.against) {
            if against.failure.is_some() {
                continue;
            }
            match rival.run(image, elf.path()) {
                Ok(seconds) => against.seconds.extend(seconds),
                Err(failure) if failure.status == status::NOT_FOUND => return Err(failure),
                Err(failure) => against.failure = Some(failure.message),
            }
        }
    }
    conclude(&mut row);
    Ok(row)
}

fn take_in(row: &mut Row, run: Run) -> Result<(), Failure> {
    if row.steps != 0 && (row.steps, &row.state_hash) != (run.steps, &run.state_hash) {
        let message = format!("{}: two runs differ, which must never be", row.workload);
        return Err(Failure::new(status::EMULATOR, message));
    }
    (row.steps, row.state_hash, row.operations) = (run.steps, run.state_hash, run.operations);
    row.seconds.push(run.seconds);
    Ok(())
}

fn conclude(row: &mut Row) {
    let millions = row.steps as f64 / 1e6;
    row.mips = millions / median(&row.seconds);
    for against in row.against.iter_mut().filter(|against| against.measured()) {
        let pairs = against.seconds.iter().zip(&row.seconds);
        let ratios: Vec<f64> = pairs.map(|(other, ours)| other / ours).collect();
        let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = ratios.iter().copied().fold(0.0, f64::max);
        against.mips = millions / median(&against.seconds);
        against.ratio = [lowest, median(&ratios), highest];
    }
}

/// The middle value; the upper one of two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Runs a workload to its end, from building the machine on.
///
/// # Errors
/// It does not load or does not end with status 0.
pub fn run_once(image: &GuestImage, engine: Engine) -> Result<Run, Failure> {
    let before = own_seconds()?;
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
        Stop::Exit(exit) if exit.code == 0 => {}
        stop => {
            let message = format!("{}: the workload failed: {stop:?}", image.name);
            return Err(Failure::new(status::EMULATOR, message));
        }
    }
    let seconds = own_seconds()? - before;
    Ok(Run {
        steps: machine.steps(),
        state_hash: format!("{:032x}", machine.state_hash()),
        seconds,
        operations: operations(&machine.take_output()),
    })
}

/// The number behind `operations` in what a workload prints.
fn operations(output: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(output).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("operations "))?;
    line.trim().parse().ok().filter(|&number| number > 0)
}
