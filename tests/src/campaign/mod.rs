//! Long trials of Fawn, each with a short form among the ordinary tests: `cargo xtask campaign`.

pub mod hostile;
pub mod kill;
pub mod storm;

use machine::{Exit, ExitVia, Machine, Stop};

use crate::fawn_on;

/// How a machine ends whose first program ended with status 0.
const FINISHED: Stop = Stop::Exit(Exit {
    code: 0,
    via: ExitVia::Finisher,
});

/// A kernel other than the tree's own: an ELF file.
pub type Kernel<'k> = Option<&'k [u8]>;

/// Runs a program on Fawn to its end; what it printed.
///
/// # Errors
/// It did not end with status 0 within `limit` steps: how it ended, and what it printed last.
fn run(kernel: Kernel<'_>, words: &str, harts: usize, limit: u64) -> Result<String, String> {
    let mut machine = fawn_on(
        kernel,
        &format!("quiet noecho report=short -- {words}"),
        harts,
    );
    let stop = machine.run(limit);
    let output = String::from_utf8_lossy(&machine.take_output()).replace('\r', "");
    if stop == FINISHED {
        return Ok(output);
    }
    let last: Vec<_> = output.lines().rev().take(12).collect();
    let last: Vec<_> = last.into_iter().rev().collect();
    Err(format!(
        "`{words}` on {harts} harts: {stop:?} after {} steps; it printed last\n{}",
        machine.steps(),
        last.join("\n")
    ))
}

/// Runs step by small step until the guest has printed a text.
///
/// # Errors
/// It does not within `limit` steps: what it printed instead.
fn run_to(machine: &mut Machine, text: &str, limit: u64) -> Result<(), String> {
    let mut printed = String::new();
    for _ in 0..limit / 100 {
        let stop = machine.run(100);
        printed += &String::from_utf8_lossy(&machine.take_output());
        if printed.contains(text) {
            return Ok(());
        }
        if stop != Stop::Budget {
            break;
        }
    }
    Err(format!("`{text}` was not printed, but {printed}"))
}
