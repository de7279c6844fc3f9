//! What a boot prints in which `/etc/samples.sh` runs one sample after the other, taken apart and compared.
//!
//! `cargo xtask guest --qemu` uses this file, too.

/// The number that stands for a process's in a report of the kernel: in one boot, numbers depend on who ran before.
const PROCESS: &str = "fawn: process ";

/// What is wrong with a transcript of all samples (name and what it must print), a line or more for each that is.
#[must_use]
pub fn complaints(transcript: &str, samples: &[(String, String)]) -> Vec<String> {
    let transcript = transcript.replace('\r', "");
    let mut wrong = Vec::new();
    for (name, expected) in samples {
        match section(&transcript, name) {
            Ok((printed, status)) => {
                if status != "0" {
                    wrong.push(format!("{name}: status {status} instead of 0"));
                }
                wrong.extend(difference(name, printed, expected));
            }
            Err(why) => {
                wrong.push(format!("{name}: {why}"));
                // What comes behind it is missing, too.
                break;
            }
        }
    }
    wrong
}

/// What a sample printed, and its status.
fn section<'t>(transcript: &'t str, name: &str) -> Result<(&'t str, &'t str), String> {
    let begin = format!("== {name}\n");
    let end = format!("== {name} ended with ");
    let (_, rest) = transcript
        .split_once(&begin)
        .ok_or_else(|| format!("was not begun; the last lines are\n{}", tail(transcript)))?;
    let (printed, rest) = rest
        .split_once(&end)
        .ok_or_else(|| format!("did not end; its last lines are\n{}", tail(rest)))?;
    Ok((printed, rest.lines().next().unwrap_or_default()))
}

/// The end of a text, for a message.
fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    let lines = lines.into_iter().rev().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Where two transcripts of a sample first differ, if they do.
#[must_use]
pub fn difference(name: &str, came: &str, wanted: &str) -> Option<String> {
    let (mut came, mut wanted) = (lines(came), lines(wanted));
    let mut number = 1;
    loop {
        match (came.next(), wanted.next()) {
            (None, None) => return None,
            (came, wanted) if came == wanted => number += 1,
            (came, wanted) => {
                let line =
                    |line: Option<String>| line.unwrap_or_else(|| "(nothing more)".to_owned());
                return Some(format!(
                    "{name}: line {number}\n    printed {}\n    instead of {}",
                    line(came),
                    line(wanted)
                ));
            }
        }
    }
}

/// The lines, with a letter in place of a process's number.
fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| match line.split_once(PROCESS) {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{before}{PROCESS}N{rest}")
        }
        None => line.to_owned(),
    })
}
