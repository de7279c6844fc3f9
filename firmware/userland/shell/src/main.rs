//! Fawn's shell: `sh`, `sh FILE`, `sh -c TEXT`; called by another name it is the built-in command of that name.
#![no_std]
#![no_main]

extern crate alloc;

mod commands;
mod editor;
mod jobs;
mod parse;
mod run;

use alloc::string::String;
use alloc::vec::Vec;

use fawn::file::{File, flags, read_to_end};
use fawn::{Arguments, println};

use run::Shell;

fawn::main!(main);

fn main(arguments: Arguments) -> i32 {
    let words: Vec<&str> = (0..arguments.len())
        .filter_map(|index| arguments.get(index))
        .collect();
    if let Some((name, rest)) = words.split_first() {
        let name = name.rsplit('/').next().unwrap_or(name);
        let words = [&[name], rest].concat();
        if let Some(status) = commands::run(&words) {
            return status;
        }
    }
    // What the shell starts is not to have it: a program that needs it is given it by name.
    let _ = fawn::file::close_on_exec(fawn::process::SYSTEM);
    let mut shell = Shell::new();
    match (arguments.get(1), arguments.get(2)) {
        (Some("-c"), Some(text)) => {
            shell.run_text(text);
            shell.status()
        }
        (Some(path), _) => match read_script(path) {
            Ok(text) => {
                shell.run_text(&text);
                shell.status()
            }
            Err(error) => {
                println!("sh: {path}: {error}");
                127
            }
        },
        (None, _) => interactive(shell),
    }
}

fn read_script(path: &str) -> Result<String, fawn::Error> {
    let file = File::open(path, flags::O_RDONLY)?;
    let bytes = read_to_end(file.0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn interactive(mut shell: Shell) -> i32 {
    shell.take_terminal();
    let mut editor = editor::Editor::new();
    loop {
        shell.report_jobs();
        match editor.read_line("fawn$ ") {
            Some(line) => {
                shell.note(&line);
                shell.run_text(&line);
            }
            None => return shell.status(),
        }
        if let Some(status) = shell.wants_to_end() {
            return status;
        }
    }
}
