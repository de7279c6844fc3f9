//! `cargo xtask campaign`: the long trials of Fawn, by name.

use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use hartland_tests::campaign::{Kernel, hostile, kill, storm};

#[derive(Parser)]
#[command(about = "The long trials of Fawn", bin_name = "cargo xtask campaign")]
struct Arguments {
    #[command(subcommand)]
    trial: Trial,
    /// Try this kernel (an ELF file) instead of the tree's own
    #[arg(long, global = true)]
    kernel: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Trial {
    /// Random system calls with random arguments: the kernel lives, frames come back, nobody else notices
    Hostile {
        /// Calls in all, shared among the seeds, for each number of harts
        #[arg(long, default_value_t = 100_000)]
        calls: u32,
        /// Harts, several with commas between
        #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
        harts: Vec<usize>,
        /// Seeds, the last one excluded
        #[arg(long, value_parser = range, default_value = "1..3")]
        seeds: Range<u32>,
        /// With every seed, hostile processes spoil their own code, data and stacks, too; without it, with every other one
        #[arg(long)]
        wild: bool,
        /// Print how often each call succeeded, and how often each error came
        #[arg(long)]
        coverage: bool,
    },
    /// A process killed at every instruction of a receive, a send, a fork and an execve
    Kill {
        /// Instructions from one place to the next
        #[arg(long, default_value_t = 1)]
        stride: u64,
        /// Only a part of the whole, in thousandths
        #[arg(long, value_parser = range, default_value = "0..1000")]
        part: Range<u32>,
    },
    /// Messages among eight producers and eight consumers, half of which are killed at random
    Storm {
        /// Messages in all
        #[arg(long, default_value_t = 1_000_000)]
        messages: u32,
        /// Harts
        #[arg(long, default_value_t = 4)]
        harts: usize,
        /// Seeds, the last one excluded
        #[arg(long, value_parser = range, default_value = "1..5")]
        seeds: Range<u32>,
    },
}

/// `FROM..TO`.
fn range(text: &str) -> Result<Range<u32>, String> {
    let ends = text.split_once("..");
    let ends = ends.and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    match ends {
        Some((from, to)) if from < to => Ok(from..to),
        _ => Err(format!("`{text}` is no range such as 1..5")),
    }
}

#[expect(clippy::print_stderr, reason = "the one place where an error is said")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let kernel = match arguments.kernel.map(std::fs::read).transpose() {
        Ok(kernel) => kernel,
        Err(error) => {
            eprintln!("error: the kernel cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    match run(&arguments.trial, kernel.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("error: {wrong}");
            ExitCode::FAILURE
        }
    }
}

fn run(trial: &Trial, kernel: Kernel<'_>) -> Result<(), String> {
    let begin = Instant::now();
    let seconds = || begin.elapsed().as_secs();
    match trial {
        Trial::Hostile {
            calls,
            harts,
            seeds,
            wild,
            coverage,
        } => attack(*calls, harts, seeds, *wild, *coverage, kernel),
        Trial::Kill { stride, part } => {
            let part = u64::from(part.start)..u64::from(part.end);
            let done = kill::at_every(*stride, part, kernel)?;
            say(&format!(
                "killed at {} places of {} instructions; each time everything came back, in {} s",
                done.kills,
                done.instructions,
                seconds()
            ));
            Ok(())
        }
        Trial::Storm {
            messages,
            harts,
            seeds,
        } => {
            for seed in seeds.clone() {
                let killed = storm::blow(*messages, seed, *harts, kernel)?;
                say(&format!(
                    "{messages} messages, {harts} harts, seed {seed}: {killed} of 16 processes killed at work, nothing lost, doubled or reordered ({} s)",
                    seconds()
                ));
            }
            Ok(())
        }
    }
}

fn attack(
    calls: u32,
    harts: &[usize],
    seeds: &Range<u32>,
    wild: bool,
    tells: bool,
    kernel: Kernel<'_>,
) -> Result<(), String> {
    let begin = Instant::now();
    let mut coverage = hostile::Coverage::new();
    for &harts in harts {
        for seed in seeds.clone() {
            let trial = hostile::Trial {
                calls: calls / seeds.len() as u32,
                seed,
                harts,
                wild: wild || seed % 2 == 0,
            };
            hostile::attack(trial, kernel, &mut coverage)?;
        }
        say(&format!(
            "{calls} calls on {harts} harts by {} seeds: the kernel lives, every frame and promise is back, nobody else noticed ({} s)",
            seeds.len(),
            begin.elapsed().as_secs()
        ));
    }
    if tells {
        coverage
            .iter()
            .for_each(|(number, call)| tell(*number, call));
    }
    let gaps = hostile::gaps(&coverage);
    match gaps.is_empty() {
        true => Ok(()),
        false => Err(format!("not every call was tried:\n{}", gaps.join("\n"))),
    }
}

/// A line about what became of one call.
fn tell(number: u64, call: &hostile::Call) {
    let errors = call.errors.iter();
    let errors: Vec<_> = errors
        .map(|(error, count)| format!("{count} × {}", abi::errno::describe(*error)))
        .collect();
    say(&format!(
        "{:<18}{number:>5}: made {}, succeeded {}; {}",
        call.name,
        call.made,
        call.succeeded,
        errors.join(", ")
    ));
}

#[expect(clippy::print_stdout, reason = "what a trial came to is its output")]
fn say(line: &str) {
    println!("{line}");
}
