//! Random system calls with random arguments: the sample `hostile`, and what its calls came to.

use std::collections::BTreeMap;

use super::{Kernel, run};

/// The most steps for each call; with what it takes to begin and to bury a process for every 64 of them.
const STEPS_EACH: u64 = 400_000;
/// What must hold in the end, a line of the sample for each.
const CHECKS: usize = 4;
/// Calls that cannot fail, or never come back, or cannot succeed for somebody hostile.
const ONE_SIDED: [(u64, &str); 20] = [
    (93, "never comes back"),
    (94, "never comes back"),
    (99, "cannot fail"),
    (124, "cannot fail"),
    (133, "always ends with EINTR"),
    (139, "never comes back to where it was"),
    (142, "is not made: it would end the run"),
    (166, "cannot fail"),
    (172, "cannot fail"),
    (173, "cannot fail"),
    (174, "cannot fail"),
    (175, "cannot fail"),
    (176, "cannot fail"),
    (177, "cannot fail"),
    (178, "cannot fail"),
    (96, "cannot fail"),
    (221, "does not come back when it succeeds"),
    (1035, "is for who holds the system"),
    (1031, "fails only while threads wait for each other"),
    (214, "tells where the end is, whether it was moved or not"),
];

/// What became of one call.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// What it is called.
    pub name: String,
    /// How often it was made.
    pub made: u64,
    /// How often it succeeded.
    pub succeeded: u64,
    /// How often each error came, by its number.
    pub errors: BTreeMap<u16, u64>,
}

/// What became of all calls, by their numbers.
pub type Coverage = BTreeMap<u64, Call>;

/// How hostile.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// Calls to make, forks' and threads' not counted.
    pub calls: u32,
    /// For the random numbers.
    pub seed: u32,
    /// Harts of the machine.
    pub harts: usize,
    /// The processes spoil their own memory, too, and fault.
    pub wild: bool,
}

/// Lets hostile processes make calls, and adds what became of them to `coverage`.
///
/// # Errors
/// The kernel failed, a witness noticed something, processes or frames are missing at the end.
pub fn attack(trial: Trial, kernel: Kernel<'_>, coverage: &mut Coverage) -> Result<(), String> {
    let Trial {
        calls,
        seed,
        harts,
        wild,
    } = trial;
    let manner = if wild { " wild" } else { "" };
    let words = format!("/bin/hostile {seed} {calls}{manner} report");
    let limit = u64::from(calls).max(10_000) * STEPS_EACH;
    let output = run(kernel, &words, harts, limit)?;
    let holds = output
        .lines()
        .filter(|line| line.starts_with("hostile: yes:"));
    if holds.count() != CHECKS {
        return Err(format!("`{words}` on {harts} harts:\n{output}"));
    }
    for line in output
        .lines()
        .filter_map(|line| line.strip_prefix("coverage: "))
    {
        add(line, coverage).ok_or_else(|| format!("`{line}` is no line of coverage"))?;
    }
    Ok(())
}

/// Adds a line: `63 Read made 5 succeeded 3 E9 1 E14 1`.
fn add(line: &str, coverage: &mut Coverage) -> Option<()> {
    let mut words = line.split_whitespace();
    let call = coverage.entry(words.next()?.parse().ok()?).or_default();
    words.next()?.clone_into(&mut call.name);
    while let Some(key) = words.next() {
        let count: u64 = words.next()?.parse().ok()?;
        match (key, key.strip_prefix('E')) {
            ("made", _) => call.made += count,
            ("succeeded", _) => call.succeeded += count,
            (_, Some(error)) => *call.errors.entry(error.parse().ok()?).or_default() += count,
            _ => return None,
        }
    }
    Some(())
}

/// Calls that were not tried as they should have been, a line each: every call must have succeeded and failed, where it can.
#[must_use]
pub fn gaps(coverage: &Coverage) -> Vec<String> {
    let mut gaps = Vec::new();
    for (number, call) in coverage {
        let is_one_sided = ONE_SIDED.iter().any(|(exception, _)| exception == number);
        let failed: u64 = call.errors.values().sum();
        let lack = match (call.made, call.succeeded, failed) {
            (0, ..) if *number != 142 => "was never made",
            (_, 0, _) if !is_one_sided => "never succeeded",
            (_, _, 0) if !is_one_sided => "never failed",
            _ => continue,
        };
        gaps.push(format!("{} ({number}) {lack}", call.name));
    }
    gaps
}
