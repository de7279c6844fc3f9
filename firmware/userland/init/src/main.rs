//! Process 1: the parent of all. It starts the first program, waits for everybody that ends, and ends the machine's run with the first
//! program's status.
//!
//! The first program is the shell, after a short show of what the system is about; or the one named by init's arguments; or, for `--from FILE`, by that file, whose words are separated
//! by zero bytes, so that they may have anything in them.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;

use fawn::file::{File, close_on_exec, flags, read_to_end};
use fawn::process::{
    Ended, Fork, Pid, SYSTEM, begin_job, exec_path, exit, fork, id, set_foreground, wait,
};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

const SHELL: &str = "/bin/sh";
/// Two programs take turns, and one is killed for touching the other's memory.
const SHOW: &str = "/bin/taking-turns";

fn main(arguments: Arguments) -> i32 {
    let words = match first_program(arguments) {
        Ok(words) => words,
        Err(error) => {
            println!("init: cannot read what to run: {error}");
            return 1;
        }
    };
    if arguments.len() < 2 {
        let status = run(&[SHOW.into()]);
        if status != 0 {
            println!("init: {SHOW} ended with status {status}");
        }
    }
    run(&words)
}

/// Runs a program to its end; its status.
fn run(words: &[String]) -> i32 {
    match fork() {
        Ok(Fork::Child) => become_first(words),
        Ok(Fork::Parent(pid)) => status_of(pid),
        Err(error) => {
            println!("init: cannot fork: {error}");
            1
        }
    }
}

fn first_program(arguments: Arguments) -> Result<Vec<String>, Error> {
    let words: Vec<_> = (1..arguments.len())
        .filter_map(|index| arguments.get(index))
        .collect();
    match words.as_slice() {
        [] => Ok(alloc::vec![SHELL.into()]),
        ["--from", path] => {
            let file = File::open(path, flags::O_RDONLY)?;
            let bytes = read_to_end(file.0)?;
            let words = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
            let words = words.split(|&byte| byte == 0);
            Ok(words
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect())
        }
        words => Ok(words.iter().map(|&word| word.into()).collect()),
    }
}

/// The first program is a job of its own, and has the terminal.
fn become_first(words: &[String]) -> ! {
    let _ = begin_job();
    let _ = set_foreground(id());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let path = words.first().copied().unwrap_or(SHELL);
    // Only the shell holds the system: it is how a person looks around, and ends it.
    if path != SHELL {
        let _ = close_on_exec(SYSTEM);
    }
    let error = exec_path(path, &words);
    println!("init: cannot run {path}: {error}");
    exit(if error == Error(errno::ENOENT) {
        127
    } else {
        126
    })
}

/// Waits for all children, adopted ones too, until a certain one has ended.
fn status_of(first: Pid) -> i32 {
    loop {
        match wait(None) {
            Ok((pid, Ended::Exited(status))) if pid == first => return status,
            Ok((pid, Ended::Killed(signal))) if pid == first => return 128 + signal as i32,
            Ok(_) | Err(Error(errno::EINTR)) => {}
            Err(error) => {
                println!("init: cannot wait: {error}");
                return 1;
            }
        }
    }
}
