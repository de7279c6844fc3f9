//! `hartland bench`: how fast workloads run, beside other emulators and the host in the same session.

mod chart;
mod measure;
pub mod os;
mod rival;
mod table;

use std::process::ExitCode;

use guest_images::{GuestImage, Kind};

use crate::args::{BenchCommand, BenchOptions};
use crate::failure::{self, Failure, say, status};
use crate::terminal::output;
use measure::Row;
use rival::Rival;

/// RAM of the machine that workloads run on, here and on other emulators.
const MEMORY: u64 = 256 << 20;

/// Runs the benchmarks.
pub fn run(options: &BenchOptions) -> ExitCode {
    if let Some(BenchCommand::Os(options)) = &options.command {
        return os::run(options);
    }
    failure::exit(try_run(options))
}

fn try_run(options: &BenchOptions) -> Result<u8, Failure> {
    let images = chosen(options)?;
    if options.verify {
        return verify(&images);
    }
    let rivals = Rival::all(options);
    let mut rows = Vec::new();
    for image in images {
        rows.push(measure::measure(image, options, &rivals)?);
    }
    if let Some(path) = &options.chart {
        std::fs::write(path, chart::draw(&rows))
            .map_err(|error| Failure::cannot_write(path, &error))?;
    }
    if options.json {
        let text = serde_json::to_string_pretty(&rows)
            .map_err(|error| Failure::new(status::EMULATOR, error))?;
        output::print(format!("{text}\n").as_bytes());
    } else {
        output::print(table::draw(&rows).as_bytes());
    }
    Ok(complain(&rows))
}

/// Says which runs of others failed; the exit status.
fn complain(rows: &[Row]) -> u8 {
    let failures = rows
        .iter()
        .flat_map(|row| &row.against)
        .filter_map(|against| against.failure.as_deref());
    let mut any = false;
    for failure in failures {
        say(failure);
        any = true;
    }
    if any { status::FAILED } else { 0 }
}

fn chosen(options: &BenchOptions) -> Result<Vec<&'static GuestImage>, Failure> {
    let all: Vec<_> = guest_images::of_kind(Kind::Workload).collect();
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

/// Runs each workload once by either engine, to its end: the same steps, the same state.
fn verify(images: &[&'static GuestImage]) -> Result<u8, Failure> {
    use crate::args::Engine;
    for image in images {
        let threaded = measure::run_once(image, Engine::Threaded)?;
        let plain = measure::run_once(image, Engine::Plain)?;
        if (threaded.steps, &threaded.state_hash) != (plain.steps, &plain.state_hash) {
            let message = format!(
                "{}: the engines differ: {} steps to state {}, plain {} steps to state {}",
                image.name, threaded.steps, threaded.state_hash, plain.steps, plain.state_hash
            );
            return Err(Failure::new(status::FAILED, message));
        }
        let line = format!(
            "{:<15} {} steps, state {}: the same by both engines\n",
            image.name, plain.steps, plain.state_hash
        );
        output::print(line.as_bytes());
    }
    Ok(0)
}
