//! One run under one interleaving, and whether it came out right.

use std::collections::BTreeMap;
use std::ops::Range;

use machine::{Exit, HostEvent, Machine, Stop};

use super::{Compare, ExploreOptions};
use crate::failure::{Failure, status};
use crate::files::Files;
use crate::machine_options::{self, Steps};
use crate::recording::Recorder;
use crate::session::{END_OF_INPUT, Ending};
use crate::terminal::signals::Signals;
use crate::terminal::text_watch::TextWatch;

/// Steps between two looks at signals and at how much was printed.
const SLICE: u64 = 1 << 20;
/// A run may take so many times the steps of the ordinary one,
const LIMIT_FACTOR: u64 = 10;
/// and so many more.
const LIMIT_EXTRA: u64 = 100_000_000;
/// A run may print so many bytes more than the ordinary one.
const MOST_EXTRA_OUTPUT: usize = 1 << 20;

/// An interleaving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What chooses.
    pub seed: u64,
    /// Within which steps.
    pub within: Range<u64>,
}

impl Choice {
    /// From the first step to the last.
    pub const fn always(seed: u64) -> Self {
        let within = 0..u64::MAX;
        Self { seed, within }
    }
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// In words.
    pub ended: String,
    /// Everything printed.
    pub output: Vec<u8>,
    /// Steps taken.
    pub steps: u64,
    /// Hash of the state at its end.
    state: u128,
}

/// Whether a run came out right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    /// Not, and why.
    Wrong(String),
}

/// Runs the program, and knows how it comes out when nothing is chosen.
pub struct Attempt<'a> {
    options: &'a ExploreOptions,
    files: &'a BTreeMap<String, Vec<u8>>,
    signals: &'a Signals,
    ordinary: Outcome,
    limit: u64,
    most_output: usize,
}

impl<'a> Attempt<'a> {
    /// Runs it the ordinary way.
    ///
    /// # Errors
    /// There is no such machine, or it was interrupted.
    pub fn new(
        options: &'a ExploreOptions,
        files: &'a BTreeMap<String, Vec<u8>>,
        signals: &'a Signals,
    ) -> Result<Self, Failure> {
        let mut attempt = Self {
            options,
            files,
            signals,
            ordinary: Outcome {
                ending: Ending::Limit,
                ended: String::new(),
                output: Vec::new(),
                steps: 0,
                state: 0,
            },
            limit: options.instructions.unwrap_or(u64::MAX),
            most_output: usize::MAX,
        };
        let ordinary = attempt.run_as(None, None)?;
        let steps = ordinary.steps.saturating_mul(LIMIT_FACTOR);
        attempt.limit = options
            .instructions
            .unwrap_or(steps.saturating_add(LIMIT_EXTRA));
        attempt.most_output = ordinary.output.len() + MOST_EXTRA_OUTPUT;
        attempt.ordinary = ordinary;
        Ok(attempt)
    }

    /// How it comes out when nothing is chosen.
    pub fn ordinary(&self) -> &Outcome {
        &self.ordinary
    }

    /// One run.
    ///
    /// # Errors
    /// It was interrupted.
    pub fn run(&self, choice: &Choice) -> Result<Outcome, Failure> {
        self.run_as(Some(choice), None)
    }

    /// One run, and its recording.
    ///
    /// # Errors
    /// It was interrupted, or the recording cannot be written.
    pub fn record(&self, choice: Option<&Choice>, recorder: Recorder) -> Result<Outcome, Failure> {
        self.run_as(choice, Some(recorder))
    }

    fn machine(&self, choice: Option<&Choice>) -> Result<Machine, Failure> {
        let mut options = self.options.machine.clone();
        if let Some(Choice { seed, within }) = choice {
            options.schedule_seed = Some(*seed);
            options.schedule_steps = Some(Steps(within.clone()));
        }
        let files = Files::carried(self.files.clone());
        let built = machine_options::build(&options, &files, false)?;
        let mut machine = built.machine;
        if built.on_fawn && machine.config().input.is_none() {
            // Nobody types.
            machine.inject(HostEvent::ConsoleInput(vec![END_OF_INPUT]));
        }
        Ok(machine)
    }

    fn run_as(
        &self,
        choice: Option<&Choice>,
        mut recorder: Option<Recorder>,
    ) -> Result<Outcome, Failure> {
        let mut machine = self.machine(choice)?;
        let mut output = Vec::new();
        let ending = loop {
            if let Some(signal) = self.signals.caught() {
                return Err(Failure::new(status::SIGNAL + signal, "interrupted"));
            }
            let left = self.limit.saturating_sub(machine.steps());
            let stop = machine.run(left.min(SLICE));
            let printed = machine.take_output();
            if let Some(recorder) = &mut recorder {
                recorder.note_output(&printed);
            }
            output.extend(printed);
            match stop {
                Stop::Budget if machine.steps() >= self.limit => break Ending::Limit,
                Stop::Budget if output.len() > self.most_output => break Ending::Limit,
                Stop::Budget => {}
                stop => break Ending::Guest(stop),
            }
        };
        if let Some(recorder) = recorder {
            recorder.finish(&machine, crate::run::exit_status(&ending))?;
        }
        Ok(Outcome {
            ended: crate::run::describe(&machine, &ending),
            ending,
            output,
            steps: machine.steps(),
            state: machine.state_hash(),
        })
    }

    /// Whether a run came out right: as the texts say, if there are any; else as the ordinary one did.
    pub fn judge(&self, outcome: &Outcome) -> Verdict {
        let prints = |text: &str| TextWatch::new(text).sees(&outcome.output);
        if let Some(text) = self
            .options
            .fail_text
            .as_deref()
            .filter(|text| prints(text))
        {
            return Verdict::Wrong(format!("it prints `{text}`"));
        }
        if let Some(text) = &self.options.expect_text {
            return match prints(text) {
                true => Verdict::Right,
                false => Verdict::Wrong(format!("it does not print `{text}`; {}", outcome.ended)),
            };
        }
        if let Ending::Limit | Ending::Guest(Stop::Stuck(_)) = outcome.ending {
            return Verdict::Wrong(outcome.ended.clone());
        }
        let code = |outcome: &Outcome| match outcome.ending {
            Ending::Guest(Stop::Exit(Exit { code, .. })) => Some(code),
            _ => None,
        };
        let (is, was) = (code(outcome), code(&self.ordinary));
        // Before the first run nothing is known to compare with.
        if self.ordinary.ended.is_empty() {
            return Verdict::Right;
        }
        if is != was {
            let number =
                |code: Option<u64>| code.map_or("none".to_owned(), |code| code.to_string());
            return Verdict::Wrong(format!(
                "exit code {}, where the ordinary run has {}",
                number(is),
                number(was)
            ));
        }
        let compared = self.options.fail_text.is_none() && self.options.compare == Compare::Output;
        match compared.then(|| first_difference(&self.ordinary.output, &outcome.output)) {
            Some(Some(difference)) => Verdict::Wrong(difference),
            _ => Verdict::Right,
        }
    }
}

/// The first line that differs.
fn first_difference(was: &[u8], is: &[u8]) -> Option<String> {
    let mut was = was.split(|&byte| byte == b'\n');
    let mut is = is.split(|&byte| byte == b'\n');
    for number in 1u64.. {
        let text = |line: &[u8]| {
            String::from_utf8_lossy(line)
                .trim_end()
                .chars()
                .take(200)
                .collect::<String>()
        };
        match (was.next(), is.next()) {
            (None, None) => return None,
            (was, is) if was == is => {}
            (Some(was), Some(is)) => {
                let (was, is) = (text(was), text(is));
                return Some(format!(
                    "line {number} is `{is}`, where the ordinary run prints `{was}`"
                ));
            }
            (Some(was), None) => return Some(format!("line {number} is missing: `{}`", text(was))),
            (None, Some(is)) => {
                return Some(format!("line {number} is one too many: `{}`", text(is)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference(b"a\nb\n", b"a\nb\n"), None);
        let says = |was: &[u8], is: &[u8]| first_difference(was, is).expect("a difference");
        assert!(says(b"a\nb\nc", b"a\nx\ny").starts_with("line 2 is `x`"));
        assert!(says(b"a\nb", b"a").starts_with("line 2 is missing: `b`"));
        assert!(says(b"a", b"a\nb").starts_with("line 2 is one too many"));
    }
}
