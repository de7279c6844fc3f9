//! Sessions with commands from a file, and what they must say.

use std::io::Write;
use std::process::{Command, Stdio};

/// Whether what is expected is written anew.
pub fn updates() -> bool {
    std::env::var_os("UPDATE_TRANSCRIPTS").is_some()
}

/// A session with commands, one a line or separated by `;`: output, errors, status.
pub fn session(arguments: &[&str], commands: &str) -> (String, String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hartland"))
        .current_dir(super::images())
        .arg("debug")
        .args(arguments)
        .args(["--echo", "--timeout", "60", "--command", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hartland starts");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(commands.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
        output.status.code(),
    )
}

/// The commands in NAME.commands say what is in NAME.expected.
pub fn check(name: &str, arguments: &[&str]) {
    let folder = super::folder();
    let commands = std::fs::read_to_string(folder.join(format!("{name}.commands")))
        .unwrap_or_else(|error| panic!("{name}.commands: {error}"));
    let (output, error, status) = session(arguments, &commands);
    assert_eq!((error.as_str(), status), ("", Some(0)), "{name}: {output}");
    let output = normalised(&output);
    let expected = folder.join(format!("{name}.expected"));
    if updates() {
        std::fs::write(&expected, &output).expect("it is written");
        return;
    }
    let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
    let first = wanted.lines().zip(output.lines()).position(|(a, b)| a != b);
    let first = first.unwrap_or(wanted.lines().count().min(output.lines().count()));
    assert!(
        wanted == output,
        "{name}: line {}: {:?} came, {:?} was wanted; if that is right: UPDATE_TRANSCRIPTS=1 cargo test -p hartland --test debug\n{output}",
        first + 1,
        output.lines().nth(first),
        wanted.lines().nth(first)
    );
}

/// A transcript without what changes with every change of the guest's programs: addresses, steps, times.
pub fn normalised(text: &str) -> String {
    let mut found = String::new();
    for line in text.replace('\r', "").lines() {
        found += &normalised_line(line);
        found.push('\n');
    }
    found
}

fn normalised_line(line: &str) -> String {
    // Text of the guest's terminal that moves its cursor.
    let line = line.replace("\x1b[K", "");
    let mut found = String::new();
    let mut rest = line.as_str();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric();
        if !is_word(first) {
            found.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        found += if is_variable(word, &found) { "#" } else { word };
        rest = after;
    }
    // Columns are as wide as what is in them.
    let words: Vec<&str> = found.split_whitespace().collect();
    words.join(" ")
}

/// Numbers of five digits and more, hexadecimal ones of four, and what stands behind a point of a time.
fn is_variable(word: &str, before: &str) -> bool {
    let all_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    if let Some(digits) = word.strip_prefix("0x") {
        return digits.len() >= 3 && all_hex(digits);
    }
    let is_number = word.chars().all(|c| c.is_ascii_digit());
    // Offsets behind a symbol, fractions of times.
    if before.ends_with('.')
        && is_number
        && before
            .trim_end_matches('.')
            .ends_with(|c: char| c.is_ascii_digit() || c == '#')
    {
        return true;
    }
    is_number && word.len() >= 5 || word.len() >= 8 && all_hex(word)
}

const FENCE: &str = "```session\n";

/// The parts of a guide that are sessions.
pub fn blocks(text: &str) -> Vec<String> {
    let parts = text.split(FENCE).skip(1);
    let inner = parts.map(|part| part.split("```").next().unwrap_or_default().to_owned());
    inner.collect()
}

/// A guide with what the commands of its sessions say now.
pub fn with_blocks(text: &str, output: &str) -> String {
    // What each command said, with its own line first.
    let mut said: Vec<String> = Vec::new();
    for line in output.replace("\x1b[K", "").lines() {
        if line.starts_with("> ") || said.is_empty() {
            said.push(String::new());
        }
        if let Some(last) = said.last_mut() {
            *last += line.trim_end();
            last.push('\n');
        }
    }
    let mut said = said.into_iter();
    let mut parts = text.split(FENCE);
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inner, rest) = part.split_once("```").unwrap_or((part, ""));
        let count = inner.lines().filter(|line| line.starts_with("> ")).count();
        new += FENCE;
        new.extend(said.by_ref().take(count));
        new += "```";
        new += rest;
    }
    new
}

#[test]
fn only_what_varies_is_taken_out() {
    let line = "breakpoint 1: main at 0x80000000, step 123456, 3 of 4  1.500 ms";
    let wanted = "breakpoint 1: main at #, step #, 3 of 4 1.# ms";
    assert_eq!(normalised_line(line), wanted);
}
