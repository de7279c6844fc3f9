//! A process is killed at one instruction after another of a receive, a send, a fork and an execve.
//!
//! The sample `victim` has the terminal; each time, the machine is copied at another instruction, and Ctrl-C is pressed in the copy. Then the
//! sample itself checks what must hold, before it says so: frames and promises are as before; no message is lost or doubled, but for
//! one that the victim had in its hands; its partner learns that no more will come; those who had nothing to do with it go on.

use std::ops::Range;

use machine::{HostEvent, Stop};

use super::{FINISHED, Kernel, run_to};
use crate::fawn_on;

/// No run takes so many steps.
const LIMIT: u64 = 200_000_000;
const CTRL_C: u8 = 3;
const FINE: &str = "everything has come back";

/// What a trial came to.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Instructions from the victim's first on until everything had come back by itself.
    pub instructions: u64,
    /// Places where it was killed.
    pub kills: u64,
}

/// Kills at every `stride`-th instruction of a part of the whole, in thousandths.
///
/// # Errors
/// Where something did not come back: the place, and what the guest printed.
pub fn at_every(stride: u64, part: Range<u64>, kernel: Kernel<'_>) -> Result<Report, String> {
    let copy = |machine: &machine::Machine| machine.duplicate().map_err(|error| error.to_string());
    let mut start = fawn_on(kernel, "quiet noecho report=short -- /bin/victim", 1);
    run_to(&mut start, "go", LIMIT)?;
    let mut whole = copy(&start)?;
    run_to(&mut whole, FINE, LIMIT)?;
    let instructions = whole.steps() - start.steps();
    let place = |thousandths: u64| (instructions * thousandths / 1000).next_multiple_of(stride);
    let (mut at, end) = (place(part.start), place(part.end).min(instructions));
    if at > 0 {
        start.run(at);
    }
    // What it had said before it was copied: at the last places, the beginning of the line that is looked for.
    let mut said = start.take_output();
    let mut kills = 0;
    while at < end {
        let mut machine = copy(&start)?;
        machine.inject(HostEvent::ConsoleInput(vec![CTRL_C]));
        let stop = machine.run(LIMIT);
        let output = [said.as_slice(), &machine.take_output()].concat();
        let output = String::from_utf8_lossy(&output);
        if stop != FINISHED || !output.contains(FINE) {
            return Err(format!(
                "killed {at} steps after the start: {stop:?}\n{output}"
            ));
        }
        kills += 1;
        if start.run(stride) != Stop::Budget {
            break;
        }
        said.extend(start.take_output());
        at += stride;
    }
    Ok(Report {
        instructions,
        kills,
    })
}
