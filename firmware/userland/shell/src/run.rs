//! Doing what a line says.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use fawn::file::{File, duplicate_to, flags, pipe};
use fawn::process::{Fork, Pid, begin_job, exec_path, exit, fork, id, set_foreground};
use fawn::{Error, errno, println};

use crate::commands;
use crate::jobs::{Jobs, Outcome};
use crate::parse::{Command, Pipeline, When, parse};

/// Where programs are looked for.
const PROGRAMS: &str = "/bin/";

/// The shell.
pub struct Shell {
    status: i32,
    jobs: Jobs,
    pid: Pid,
    interactive: bool,
    end: Option<i32>,
    history: Vec<String>,
}

impl Shell {
    /// With no jobs.
    pub fn new() -> Self {
        Self {
            status: 0,
            jobs: Jobs::default(),
            pid: id(),
            interactive: false,
            end: None,
            history: Vec::new(),
        }
    }

    /// Keeps a line that was typed, for `history`.
    pub fn note(&mut self, line: &str) {
        if !line.trim().is_empty() {
            self.history.push(line.into());
        }
    }

    /// The status of what was done last.
    pub fn status(&self) -> i32 {
        self.end.unwrap_or(self.status)
    }

    /// The status to end with, once `exit` was said.
    pub fn wants_to_end(&self) -> Option<i32> {
        self.end
    }

    /// Becomes the job that keys go to.
    pub fn take_terminal(&mut self) {
        self.interactive = true;
        let _ = begin_job();
        let _ = set_foreground(self.pid);
    }

    /// Tells of jobs in the background that have ended.
    pub fn report_jobs(&mut self) {
        self.jobs.poll(true);
    }

    /// Does what each line says.
    pub fn run_text(&mut self, text: &str) {
        for line in text.split('\n') {
            self.run_line(line);
            if self.end.is_some() {
                return;
            }
        }
    }

    fn run_line(&mut self, line: &str) {
        let (status, pid) = (self.status, self.pid);
        let value = move |name: char| match name {
            '?' => status.to_string(),
            _ => pid.to_string(),
        };
        // `$?` within one line is that of the line before, but for what `;` and `&&` separate.
        match parse(line, &value) {
            Ok(pipelines) => {
                for pipeline in pipelines {
                    let runs = match pipeline.when {
                        When::Always => true,
                        When::IfFine => self.status == 0,
                        When::IfNot => self.status != 0,
                    };
                    if runs {
                        self.status = self.run_pipeline(&pipeline);
                    }
                    if self.end.is_some() {
                        return;
                    }
                }
            }
            Err(why) => {
                println!("sh: {why}");
                self.status = 2;
            }
        }
    }

    fn run_pipeline(&mut self, pipeline: &Pipeline) -> i32 {
        if let [command] = pipeline.commands.as_slice()
            && !pipeline.in_background
            && let Some(status) = self.run_here(command)
        {
            return status;
        }
        match self.start(pipeline) {
            Ok(processes) => {
                let leader = processes.first().copied().unwrap_or(0);
                let number = self.jobs.add(processes, &pipeline.text);
                if pipeline.in_background {
                    if self.interactive {
                        println!("[{number}] {leader}");
                    }
                    return 0;
                }
                match self.jobs.wait(number, self.pid) {
                    Outcome::Ended(status) => status,
                    Outcome::Stopped => 128 + 20,
                }
            }
            Err(error) => {
                println!("sh: {}: {error}", pipeline.text);
                1
            }
        }
    }

    /// Starts the processes of a pipeline.
    fn start(&mut self, pipeline: &Pipeline) -> Result<Vec<Pid>, Error> {
        let mut input: Option<File> = None;
        let mut processes = Vec::new();
        let count = pipeline.commands.len();
        for (index, command) in pipeline.commands.iter().enumerate() {
            let ends = if index + 1 < count {
                Some(pipe()?)
            } else {
                None
            };
            match fork()? {
                Fork::Parent(pid) => processes.push(pid),
                Fork::Child => {
                    // Each process of a pipeline is a job of its own to the kernel but the first, which leads it.
                    if index == 0 {
                        let _ = begin_job();
                    }
                    if !pipeline.in_background && index == 0 {
                        let _ = set_foreground(id());
                    }
                    let output = ends.as_ref().map(|(_, output)| output.0);
                    let status = become_command(command, input.as_ref().map(|file| file.0), output);
                    exit(status)
                }
            }
            input = ends.map(|(input, _)| input);
        }
        Ok(processes)
    }

    /// What has to be done by the shell itself.
    fn run_here(&mut self, command: &Command) -> Option<i32> {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let number = |word: Option<&&str>| {
            word.map(|word| word.trim_start_matches('%'))
                .and_then(|word| word.parse().ok())
        };
        Some(match words.as_slice() {
            ["cd"] => commands::change_directory("/"),
            ["cd", path] => commands::change_directory(path),
            ["exit", rest @ ..] => {
                let status = rest.first().and_then(|word| word.parse().ok());
                self.end = Some(status.unwrap_or(self.status));
                0
            }
            ["history"] => {
                for (index, line) in self.history.iter().enumerate() {
                    println!("{:>5}  {line}", index + 1);
                }
                0
            }
            ["jobs"] => {
                self.jobs.list();
                0
            }
            ["wait"] => self.jobs.wait_for_all(self.pid),
            ["fg" | "bg", rest @ ..] => {
                let Some(job) = self.jobs.find(number(rest.first())) else {
                    println!("{}: no such job", words[0]);
                    return Some(1);
                };
                let in_foreground = words[0] == "fg";
                if let Err(error) = self.jobs.resume(job, in_foreground) {
                    println!("{}: {error}", words[0]);
                }
                if !in_foreground {
                    return Some(0);
                }
                match self.jobs.wait(job, self.pid) {
                    Outcome::Ended(status) => status,
                    Outcome::Stopped => 128 + 20,
                }
            }
            _ => return None,
        })
    }
}

/// Becomes a command, in a process that was forked for it; the status that it ends with.
fn become_command(command: &Command, input: Option<u32>, output: Option<u32>) -> i32 {
    if let Err((what, error)) = connect(command, input, output) {
        println!("sh: {what}: {error}");
        return 1;
    }
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let Some((&name, _)) = words.split_first() else {
        return 0;
    };
    if let Some(status) = commands::run(&words) {
        return status;
    }
    let mut path = String::new();
    if !name.contains('/') {
        path.push_str(PROGRAMS);
    }
    // Writing to a string cannot fail.
    let _ = write!(path, "{name}");
    let error = exec_path(&path, &words);
    match error {
        Error(errno::ENOENT) => {
            println!("sh: {name}: there is no such program; `help` lists commands")
        }
        error => println!("sh: {name}: {error}"),
    }
    127
}

fn connect(
    command: &Command,
    input: Option<u32>,
    output: Option<u32>,
) -> Result<(), (&str, Error)> {
    let pipe_failed = |error| ("pipe", error);
    if let Some(input) = input {
        duplicate_to(input, 0).map_err(pipe_failed)?;
    }
    if let Some(output) = output {
        duplicate_to(output, 1).map_err(pipe_failed)?;
    }
    // The pipes' own numbers would keep them open.
    for descriptor in 3..16 {
        let _ = fawn::file::close(descriptor);
    }
    if let Some(path) = &command.input {
        let file = File::open(path, flags::O_RDONLY).map_err(|error| (path.as_str(), error))?;
        duplicate_to(file.0, 0).map_err(pipe_failed)?;
    }
    if let Some((path, appends)) = &command.output {
        let how = if *appends {
            flags::O_APPEND
        } else {
            flags::O_TRUNC
        };
        let wanted = flags::O_WRONLY | flags::O_CREAT | how;
        let file = File::open(path, wanted).map_err(|error| (path.as_str(), error))?;
        duplicate_to(file.0, 1).map_err(pipe_failed)?;
    }
    Ok(())
}
