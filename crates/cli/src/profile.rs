//! `hartland profile`: where a guest spends its steps.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use machine::{Machine, Stop};
use trace::profile::Profiler;

use crate::args::RunOptions;
use crate::failure::{self, Failure, say, status};
use crate::files::Files;
use crate::guest_programs::GuestPrograms;
use crate::run::WatcherFor;
use crate::session::Watcher;

/// Options of `hartland profile`: those of `run`, and some more.
#[derive(Debug, clap::Args)]
pub struct ProfileOptions {
    /// What to run
    #[command(flatten)]
    pub run: RunOptions,

    /// Steps from one sample to the next
    #[arg(long, value_name = "STEPS", default_value_t = 10_007, value_parser = clap::value_parser!(u64).range(1..))]
    pub every: u64,

    /// Where to draw the flame graph
    #[arg(long, value_name = "FILE", default_value = "profile.svg")]
    pub flame_graph: PathBuf,

    /// Where to write the folded stacks, for other tools
    #[arg(long, value_name = "FILE")]
    pub folded: Option<PathBuf>,

    /// Only what a process does: its number or its program's name; may be repeated
    #[arg(long, value_name = "PROCESS", value_delimiter = ',')]
    pub process: Vec<String>,
}

/// Functions that are listed at the end.
const MOST_SHOWN: usize = 10;

/// Runs a program, and writes its profile; the process ends with the guest's own status.
pub fn run(options: &ProfileOptions) -> ExitCode {
    if options.run.trace.trace.is_some() || options.run.log_commits.is_some() {
        let message = "profile neither traces nor logs: `hartland run` does";
        return failure::exit(Err(Failure::new(status::UNUSABLE, message)));
    }
    let watcher: WatcherFor = &|machine, files| Ok(Some(open(options, machine, files)));
    failure::exit(crate::run::run_watched(&options.run, Some(watcher)))
}

fn open(options: &ProfileOptions, machine: &Machine, files: &Files) -> Box<dyn Watcher> {
    let memory = machine.config().memory;
    let guest = GuestPrograms::read(files.read_so_far().clone(), memory);
    let harts = machine.harts().len();
    let mut profiler = Profiler::new(options.every, harts, guest.programs, guest.layout.as_ref());
    profiler.only(options.process.clone());
    let file = options.run.machine.file.as_deref();
    let title = file.map_or("Fawn".to_owned(), |file| file.display().to_string());
    Box::new(Profiling {
        profiler,
        title,
        flame_graph: options.flame_graph.clone(),
        folded: options.folded.clone(),
    })
}

/// A profile in the making.
struct Profiling {
    profiler: Profiler,
    title: String,
    flame_graph: PathBuf,
    folded: Option<PathBuf>,
}

impl Watcher for Profiling {
    fn run(&mut self, machine: &mut Machine, budget: u64) -> Stop {
        self.profiler.run(machine, budget)
    }

    fn finish(self: Box<Self>, _: &Machine) -> Result<(), Failure> {
        let counted: u64 = self
            .profiler
            .top(usize::MAX)
            .iter()
            .map(|(_, own, _)| own)
            .sum();
        let (all, every) = (self.profiler.samples(), self.profiler.every());
        say(&format!(
            "{counted} of {all} samples, one each {every} steps"
        ));
        if counted == 0 {
            say(
                "nothing to draw: the run is shorter than that (--every), or no process is meant (--process)",
            );
            return Ok(());
        }
        if let Some(path) = &self.folded {
            write_to(path, |out| {
                let mut lines = self.profiler.folded();
                lines.try_for_each(|line| writeln!(out, "{line}"))
            })?;
        }
        write_to(&self.flame_graph, |out| {
            self.profiler.flame_graph(&self.title, out)
        })?;
        say("   own  with callees  function");
        let percent = |samples: u64| 100.0 * samples as f64 / counted as f64;
        for (name, own, all) in self.profiler.top(MOST_SHOWN) {
            say(&format!(
                "{:5.1}%       {:5.1}%  {name}",
                percent(own),
                percent(all)
            ));
        }
        say(&format!(
            "the flame graph is in {}",
            self.flame_graph.display()
        ));
        Ok(())
    }
}

fn write_to(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    written.map_err(|e| Failure::cannot_write(path, &e))
}
