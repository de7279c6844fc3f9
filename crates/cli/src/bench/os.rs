//! `hartland bench os`: what Fawn's work costs in retired instructions, beside its goals and other systems.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Parser;
use machine::Stop;
use serde::Serialize;

use crate::args::{Args, BenchOsOptions, Command};
use crate::failure::{self, Failure, status};
use crate::files::Files;
use crate::machine_options;
use crate::terminal::output;

/// Fawn starts this instead of its shell, on one hart, without a word from itself.
const ARGUMENTS: &str = "quiet noecho -- /bin/costs";
/// The program ends long before.
const MOST_STEPS: u64 = 2_000_000_000;

/// A kind of work that Fawn has a goal for, and what it costs elsewhere.
struct Goal {
    work: &'static str,
    /// The program's name for it.
    name: &'static str,
    /// Instructions that no kernel can do without, and that are left out: zeroing or copying a page.
    apart: u64,
    most: u64,
    xv6: Option<u64>,
    linux: Option<u64>,
}

impl Goal {
    const fn new(work: &'static str, name: &'static str, most: u64) -> Self {
        Self {
            work,
            name,
            apart: 0,
            most,
            xv6: None,
            linux: None,
        }
    }

    const fn apart(self, apart: u64) -> Self {
        Self { apart, ..self }
    }

    const fn xv6(self, cost: u64) -> Self {
        let xv6 = Some(cost);
        Self { xv6, ..self }
    }

    const fn linux(self, cost: u64) -> Self {
        let linux = Some(cost);
        Self { linux, ..self }
    }
}

/// What the columns are; Linux's demand-zero fault is a round number.
const NOTE: &str =
    "xv6-riscv and Debian's Linux 6.12 on QEMU's virt board, where messages went through pipes";

const GOALS: [Goal; 9] = [
    Goal::new("null system call", "null-call", 150)
        .xv6(1130)
        .linux(441),
    Goal::new("yield to another process", "yield-process", 400).linux(1273),
    Goal::new(
        "the same, floating point written",
        "yield-process-float",
        500,
    ),
    Goal::new(
        "8-byte round trip, four calls",
        "mailbox-round-trip-8",
        2000,
    )
    .xv6(103_378)
    .linux(14_003),
    Goal::new(
        "8-byte round trip, call/reply_wait",
        "call-and-reply-8",
        1000,
    ),
    Goal::new(
        "demand-zero fault, beyond 512 stores",
        "demand-zero-fault",
        600,
    )
    .apart(512)
    .linux(4500),
    Goal::new(
        "copy-on-write fault, beyond 512 copies",
        "copy-on-write-fault",
        800,
    )
    .apart(1024),
    Goal::new("fork + exit + wait, 32 pages", "fork-exit-wait-32", 30_000)
        .xv6(566_116)
        .linux(196_258),
    Goal::new("1 MiB message", "mailbox-pages-1-mib", 30_000).linux(2_000_000),
];

/// A line of the table.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    work: String,
    /// Instructions at most.
    goal: Option<u64>,
    /// Instructions.
    measured: u64,
    xv6: Option<u64>,
    linux: Option<u64>,
    goal_met: Option<bool>,
}

/// Measures, and prints the table.
pub fn run(options: &BenchOsOptions) -> ExitCode {
    failure::exit(try_run(options).map(|()| 0))
}

fn try_run(options: &BenchOsOptions) -> Result<(), Failure> {
    let rows = rows(&measure(options)?)?;
    let text = if options.json {
        let text = serde_json::to_string_pretty(&rows);
        text.map_err(|error| Failure::new(status::EMULATOR, error))? + "\n"
    } else {
        table(&rows)
    };
    output::print(text.as_bytes());
    Ok(())
}

/// What the program prints.
fn measure(options: &BenchOsOptions) -> Result<String, Failure> {
    let run = Args::parse_from(["hartland", "run", "--append", ARGUMENTS]);
    let Some(Command::Run(mut run)) = run.command else {
        unreachable!("the command was named")
    };
    run.machine.initrd.clone_from(&options.initrd);
    let mut machine = machine_options::build(&run.machine, &Files::on_disk(), false)?.machine;
    let stop = machine.run(MOST_STEPS);
    let printed = String::from_utf8_lossy(&machine.take_output()).into_owned();
    match stop {
        Stop::Exit(exit) if exit.code == 0 => Ok(printed),
        stop => {
            let message = format!(
                "/bin/costs failed on Fawn: {stop:?}\n{}",
                printed.trim_end()
            );
            Err(Failure::new(status::FAILED, message))
        }
    }
}

/// The rows that have goals, then whatever else was measured.
fn rows(printed: &str) -> Result<Vec<Row>, Failure> {
    let mut measured = BTreeMap::new();
    let mut names = Vec::new();
    for line in printed.lines().filter(|line| !line.trim().is_empty()) {
        let Some((name, cost)) = parse(line) else {
            let message = format!("/bin/costs printed what is no measurement: {line}");
            return Err(Failure::new(status::FAILED, message));
        };
        measured.insert(name, cost);
        names.push(name);
    }
    let mut rows = Vec::new();
    for goal in GOALS {
        let cost = measured.remove(goal.name).ok_or_else(|| {
            let message = format!("/bin/costs did not measure {}", goal.name);
            Failure::new(status::FAILED, message)
        })?;
        let cost = cost.saturating_sub(goal.apart);
        rows.push(Row {
            work: goal.work.to_owned(),
            goal: Some(goal.most),
            measured: cost,
            xv6: goal.xv6,
            linux: goal.linux,
            goal_met: Some(cost <= goal.most),
        });
    }
    let others = names
        .into_iter()
        .filter_map(|name| Some((name, measured.remove(name)?)));
    rows.extend(others.map(|(name, cost)| Row {
        work: name.to_owned(),
        goal: None,
        measured: cost,
        xv6: None,
        linux: None,
        goal_met: None,
    }));
    Ok(rows)
}

/// A name and a number of instructions.
fn parse(line: &str) -> Option<(&str, u64)> {
    let mut words = line.split_whitespace();
    let parsed = (words.next()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some(parsed)
}

fn table(rows: &[Row]) -> String {
    let mut text =
        String::from("Retired instructions, from user instruction to user instruction\n");
    let mut line = |cells: [&str; 6]| {
        let [work, goal, measured, met, xv6, linux] = cells;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{work:<39}{goal:>9}{measured:>10} {met:<4}{xv6:>9}{linux:>11}"
        );
    };
    line(["work", "goal", "measured", "met", "xv6", "Linux"]);
    for row in rows {
        let cell = |value: Option<u64>| value.map_or("-".to_owned(), grouped);
        let met = match row.goal_met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        line([
            &row.work,
            &cell(row.goal),
            &grouped(row.measured),
            met,
            &cell(row.xv6),
            &cell(row.linux),
        ]);
    }
    text + NOTE + "\n"
}

/// A number with a comma before every third digit from the end.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed() -> String {
        let named = GOALS.iter().map(|goal| (goal.name, goal.most));
        let lines = named.map(|(name, most)| format!("{name:<24}{most:>9}\n"));
        lines.collect::<String>() + "execve                     157862\n"
    }

    #[test]
    fn every_goal_has_its_row_and_other_measurements_follow() {
        let rows = rows(&printed()).unwrap();
        assert_eq!(rows.len(), GOALS.len() + 1);
        let call = &rows[0];
        assert_eq!((call.measured, call.goal_met), (150, Some(true)));
        let zero = rows.iter().find(|row| row.work.contains("demand-zero"));
        assert_eq!(zero.unwrap().measured, 600 - 512);
        let last = rows.last().unwrap();
        assert_eq!((last.work.as_str(), last.measured), ("execve", 157_862));
        assert_eq!((last.goal, last.goal_met), (None, None));
    }

    #[test]
    fn one_instruction_above_the_goal_misses_it() {
        let printed = printed().replacen(" 150\n", " 151\n", 1);
        assert_eq!(rows(&printed).unwrap()[0].goal_met, Some(false));
    }

    #[test]
    fn what_is_no_measurement_is_an_error_that_shows_it() {
        for line in ["costs: execve: No memory", "null-call", "null-call 1 2"] {
            let error = rows(line).unwrap_err();
            assert!(error.message.contains(line), "{}", error.message);
        }
        let error = rows("null-call 150\n").unwrap_err();
        assert!(error.message.contains("yield-process"), "{}", error.message);
    }

    #[test]
    fn the_table_lines_up() {
        let text = table(&rows(&printed()).unwrap());
        let lines: Vec<_> = text.lines().skip(1).take(GOALS.len() + 2).collect();
        assert!(lines.iter().all(|line| line.len() == lines[0].len()));
        assert!(lines[1].ends_with("150       150 yes     1,130        441"));
    }

    #[test]
    fn numbers_are_grouped_by_threes() {
        let texts = [0, 999, 1000, 103_378, 2_000_000].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "103,378", "2,000,000"]);
    }
}
