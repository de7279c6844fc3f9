//! `hartland explore`: the same program under many interleavings, until one shows what the ordinary one hides.
//!
//! A seed chooses the length of each turn, the hart of the next one, and jumps of time that make timers interrupt
//! elsewhere ([`machine::schedule::SeededSchedule`]). Of the interleavings that go wrong the shortest is taken, the choice
//! that decides it is found, and that run is recorded: `hartland replay` gives it again, bit by bit.

mod attempt;
mod narrow;

use std::collections::BTreeMap;
use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::ValueEnum;

use crate::failure::{self, Failure, say, status};
use crate::files::Files;
use crate::machine_options::MachineOptions;
use crate::recording::{Recorder, command_line};
use crate::terminal::signals::Signals;
use attempt::{Attempt, Choice, Outcome, Verdict};

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

/// Explores; the process ends with 0 if every interleaving was right, with 1 if one was not.
pub fn run(options: &ExploreOptions) -> ExitCode {
    failure::exit(try_run(options))
}

fn try_run(options: &ExploreOptions) -> Result<u8, Failure> {
    if options.machine.schedule_seed.is_some() || options.machine.dump_dtb.is_some() {
        let message =
            "explore chooses the seeds itself (--seeds, --first-seed), and has no --dump-dtb";
        return Err(Failure::new(status::UNUSABLE, message));
    }
    let arguments = command_line()?;
    let files = Files::remembered();
    // Once, so that everything is read that is needed.
    crate::machine_options::build(&options.machine, &files, false)?;
    let files = files.into_read();
    let signals = Signals::catch();
    let attempt = Attempt::new(options, &files, &signals)?;
    if let Verdict::Wrong(why) = attempt.judge(attempt.ordinary()) {
        say(&format!("it goes wrong without any seed: {why}"));
        keep(&attempt, None, options, arguments, &files)?;
        return Ok(status::FAILED);
    }
    let found = search(&attempt, options)?;
    let tried = found.tried;
    let Some((seed, outcome)) = found.shortest else {
        say(&format!("{tried} interleavings, and all came out right"));
        return Ok(0);
    };
    let count = found.wrong;
    say(&format!(
        "{count} of {tried} interleavings went wrong; seed {seed} was the shortest"
    ));
    let (choice, outcome) = narrow::narrow(&attempt, Choice::always(seed), outcome)?;
    report(&attempt, &choice, &outcome);
    let kept = keep(&attempt, Some(&choice), options, arguments, &files)?;
    if kept != outcome {
        let message = "the same choices gave another run: this is a bug of the emulator";
        return Err(Failure::new(status::EMULATOR, message));
    }
    Ok(status::FAILED)
}

/// Records the chosen run.
fn keep(
    attempt: &Attempt<'_>,
    choice: Option<&Choice>,
    options: &ExploreOptions,
    arguments: Vec<String>,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Outcome, Failure> {
    let arguments = match choice {
        Some(choice) => with_choice(arguments, choice),
        None => arguments,
    };
    let rtc = options.machine.rtc;
    let recorder = Recorder::create(&options.record, arguments, rtc, files.clone())?;
    let outcome = attempt.record(choice, recorder)?;
    let file = options.record.display();
    say(&format!(
        "recorded in {file}: `hartland replay {file}` gives it again, with --gdb for a debugger"
    ));
    Ok(outcome)
}

fn report(attempt: &Attempt<'_>, choice: &Choice, outcome: &Outcome) {
    // Somebody may look at it in a pipe that is closed already.
    let _ = std::io::stdout().write_all(&outcome.output);
    let _ = std::io::stdout().flush();
    if let Verdict::Wrong(why) = attempt.judge(outcome) {
        say(&why);
    }
    // Without an end: it ran to its own before the search could find one.
    let decided = choice
        .within
        .end
        .checked_sub(1)
        .filter(|&step| step < outcome.steps);
    if let Some(step) = decided {
        say(&format!(
            "what was chosen at step {step} decides (of {}): without it the run comes out right",
            outcome.steps
        ));
    }
}

/// The command line that gives the chosen run.
fn with_choice(mut arguments: Vec<String>, choice: &Choice) -> Vec<String> {
    let after_command = arguments.len().min(2);
    let within = &choice.within;
    let options = [
        format!("--schedule-seed={}", choice.seed),
        format!("--schedule-steps={}..{}", within.start, within.end),
    ];
    arguments.splice(after_command..after_command, options);
    arguments
}

/// What a search came to.
struct Found {
    tried: u64,
    wrong: u64,
    /// The seed and the outcome with the fewest steps among those that went wrong.
    shortest: Option<(u64, Outcome)>,
}

/// Tries the seeds, on as many host threads as there are processors: what is found does not depend on that.
fn search(attempt: &Attempt<'_>, options: &ExploreOptions) -> Result<Found, Failure> {
    let next = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let results = Mutex::new(Vec::new());
    let work = || {
        while !over.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= options.seeds {
                return;
            }
            let seed = options.first_seed.wrapping_add(index);
            let result = attempt.run(&Choice::always(seed));
            let is_right = result
                .as_ref()
                .is_ok_and(|outcome| attempt.judge(outcome) == Verdict::Right);
            if result.is_err() || options.stop_at_first && !is_right {
                over.store(true, Ordering::Relaxed);
            }
            if let Ok(mut results) = results.lock() {
                // What came out right is not needed any more.
                results.push((
                    index,
                    seed,
                    result.map(|outcome| (!is_right).then_some(outcome)),
                ));
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|&(index, ..)| index);
    let mut found = Found {
        tried: 0,
        wrong: 0,
        shortest: None,
    };
    for (_, seed, result) in results {
        found.tried += 1;
        let Some(outcome) = result? else {
            continue;
        };
        found.wrong += 1;
        let shortest = found.shortest.as_ref();
        if shortest.is_none_or(|(_, shortest)| outcome.steps < shortest.steps) {
            found.shortest = Some((seed, outcome));
        }
        if options.stop_at_first {
            break;
        }
    }
    Ok(found)
}
