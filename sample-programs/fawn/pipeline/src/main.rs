//! A pipeline: `words | capitals | numbers`, three processes that know only their input and their output.
//!
//! A pipe holds a few bytes and makes whoever is ahead wait. A reader sees the end when nobody can write any more; a writer
//! that nobody can read from any more is killed by SIGPIPE, so that the front of a pipeline ends when its rear has had enough.
#![no_std]
#![no_main]

use fawn::alloc::string::String;
use fawn::file::{File, duplicate_to, pipe, read, read_to_end};
use fawn::process::{Ended, Fork, Pid, exit, fork, wait};
use fawn::{Arguments, Error, print, println};

fawn::main!(main);

const INPUT: u32 = 0;
const OUTPUT: u32 = 1;
const SIGPIPE: u32 = 13;
const WORDS: [&str; 4] = ["pipes", "connect", "many", "programs"];
const RESULT: &str = "1 PIPES\n2 CONNECT\n3 MANY\n4 PROGRAMS\n";

fn main(_: Arguments) -> i32 {
    match transform().and_then(|right| Ok(right & broken_pipe()?)) {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("pipeline: {error}");
            1
        }
    }
}

/// Starts a process with this input and this output.
fn start(
    run: fn() -> Result<(), Error>,
    input: Option<File>,
    output: (File, File),
) -> Result<(Pid, File), Error> {
    let (next_input, output) = output;
    if let Fork::Parent(pid) = fork()? {
        // Dropping closes them: the parent must not keep a pipe open that it does not use.
        return Ok((pid, next_input));
    }
    let live = || -> Result<(), Error> {
        if let Some(input) = input {
            duplicate_to(input.0, INPUT)?;
        }
        duplicate_to(output.0, OUTPUT)?;
        drop((output, next_input));
        run()
    };
    exit(i32::from(live().is_err()))
}

fn transform() -> Result<bool, Error> {
    println!("words | capitals | numbers:");
    let (first, input) = start(words, None, pipe()?)?;
    let (second, input) = start(capitals, Some(input), pipe()?)?;
    let (third, input) = start(numbers, Some(input), pipe()?)?;
    let result = read_to_end(input.0)?;
    let result = String::from_utf8_lossy(&result);
    print!("{result}");
    let mut right = result == RESULT;
    for (name, pid) in [("words", first), ("capitals", second), ("numbers", third)] {
        let ended = wait(Some(pid))?.1;
        println!("{name}: {ended:?}");
        right &= ended == Ended::Exited(0);
    }
    Ok(right)
}

fn words() -> Result<(), Error> {
    for word in WORDS {
        println!("{word}");
    }
    Ok(())
}

fn capitals() -> Result<(), Error> {
    let mut bytes = [0; 16];
    loop {
        let count = read(INPUT, &mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        let bytes = &mut bytes[..count];
        bytes.make_ascii_uppercase();
        fawn::io::write_all(OUTPUT, bytes)?;
    }
}

fn numbers() -> Result<(), Error> {
    let text = read_to_end(INPUT)?;
    for (index, line) in String::from_utf8_lossy(&text).lines().enumerate() {
        println!("{} {line}", index + 1);
    }
    Ok(())
}

/// A reader that has had enough ends a writer that never would.
fn broken_pipe() -> Result<bool, Error> {
    println!("endless | one line:");
    let (writer, input) = start(endless, None, pipe()?)?;
    let mut line = [0; 4];
    let mut count = 0;
    while count < line.len() {
        count += input.read(&mut line[count..])?;
    }
    print!("{}", String::from_utf8_lossy(&line));
    drop(input);
    let ended = wait(Some(writer))?.1;
    println!("endless: {ended:?}, which is SIGPIPE");
    Ok(line == *b"yes\n" && ended == Ended::Killed(SIGPIPE))
}

fn endless() -> Result<(), Error> {
    loop {
        fawn::io::write_all(OUTPUT, b"yes\n")?;
    }
}
