//! Messages among eight producers and eight consumers, some of which are killed at random: the sample `storm`.

use super::{Kernel, run};

/// The most steps for a message; on eight harts most of them are spent in waiting for a turn.
const STEPS_EACH: u64 = 40_000;

/// Lets so many messages pass; how many processes were killed while they sent or received.
///
/// # Errors
/// A message was lost, doubled or reordered, or somebody hangs.
pub fn blow(messages: u32, seed: u32, harts: usize, kernel: Kernel<'_>) -> Result<u32, String> {
    let words = format!("/bin/storm {messages} {seed}");
    let limit = u64::from(messages).max(10_000) * STEPS_EACH;
    let output = run(kernel, &words, harts, limit)?;
    let killed = output
        .lines()
        .find_map(|line| line.strip_prefix("killed at work: ")?.parse().ok());
    let fine = output.contains("nothing doubled, nothing reordered, nothing lost");
    killed
        .filter(|_| fine)
        .ok_or_else(|| format!("`{words}` on {harts} harts:\n{output}"))
}
