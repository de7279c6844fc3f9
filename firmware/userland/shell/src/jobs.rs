//! Jobs: pipelines that the shell has started, each a process tree with a number.

use alloc::string::String;
use alloc::vec::Vec;

use fawn::process::{Change, Ended, Pid, kill, set_foreground, watch};
use fawn::{Error, println};

const SIGCONT: u32 = 18;

/// A job.
#[derive(Debug)]
pub struct Job {
    /// As the shell counts them.
    pub number: usize,
    /// As the kernel names it: its first process.
    pub leader: Pid,
    /// The last process of the pipeline, whose status counts.
    last: Pid,
    /// Processes that have not ended.
    living: Vec<Pid>,
    stopped: bool,
    status: i32,
    text: String,
}

/// All jobs of the shell.
#[derive(Debug, Default)]
pub struct Jobs(Vec<Job>);

/// What a job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has ended with this status.
    Ended(i32),
    /// It was stopped, and goes on when `fg` or `bg` say so.
    Stopped,
}

/// The status that a shell gives to an end.
pub fn status_of(ended: Ended) -> i32 {
    match ended {
        Ended::Exited(status) => status,
        Ended::Killed(signal) => 128 + signal as i32,
    }
}

impl Jobs {
    /// Takes up a job that was just started.
    pub fn add(&mut self, processes: Vec<Pid>, text: &str) -> usize {
        let leader = processes.first().copied().unwrap_or(0);
        let last = processes.last().copied().unwrap_or(0);
        let number = self.0.iter().map(|job| job.number).max().unwrap_or(0) + 1;
        self.0.push(Job {
            number,
            leader,
            last,
            living: processes,
            stopped: false,
            status: 0,
            text: text.into(),
        });
        number
    }

    /// The job of that number, or the newest.
    pub fn find(&self, number: Option<usize>) -> Option<usize> {
        match number {
            Some(number) => self
                .0
                .iter()
                .any(|job| job.number == number)
                .then_some(number),
            None => self.0.last().map(|job| job.number),
        }
    }

    fn get(&mut self, number: usize) -> Option<&mut Job> {
        self.0.iter_mut().find(|job| job.number == number)
    }

    /// Notes what became of a process.
    fn note(&mut self, pid: Pid, change: Change, number: usize) {
        let Some(job) = self.get(number) else {
            return;
        };
        match change {
            Change::Stopped(_) => job.stopped = true,
            Change::Ended(ended) => {
                job.living.retain(|&living| living != pid);
                if pid == job.last {
                    job.status = status_of(ended);
                    if let Ended::Killed(signal) = ended
                        && signal != 2
                        && signal != 13
                    {
                        println!("{}: killed by signal {signal}", job.text);
                    }
                }
            }
        }
    }

    /// Waits in the foreground until a job has ended or was stopped.
    pub fn wait(&mut self, number: usize, shell: Pid) -> Outcome {
        while let Some(job) = self.get(number)
            && !job.stopped
            && let Some(&pid) = job.living.first()
        {
            match watch(i64::from(pid), true) {
                Ok(Some((pid, change))) => self.note(pid, change, number),
                Ok(None) | Err(Error(fawn::errno::EINTR)) => {}
                // Somebody else has been told of it.
                Err(_) => job.living.retain(|&living| living != pid),
            }
        }
        let _ = set_foreground(shell);
        self.conclude(number)
    }

    fn conclude(&mut self, number: usize) -> Outcome {
        let Some(job) = self.get(number) else {
            return Outcome::Ended(0);
        };
        if !job.living.is_empty() {
            println!("\n[{}] stopped  {}", job.number, job.text);
            return Outcome::Stopped;
        }
        let status = job.status;
        self.0.retain(|job| job.number != number);
        Outcome::Ended(status)
    }

    /// Lets a stopped job go on.
    pub fn resume(&mut self, number: usize, in_foreground: bool) -> Result<(), Error> {
        let Some(job) = self.get(number) else {
            return Ok(());
        };
        job.stopped = false;
        println!("{}", job.text);
        if in_foreground {
            set_foreground(job.leader)?;
        }
        kill(-i64::from(job.leader), SIGCONT)
    }

    /// Looks at what became of jobs in the background, and tells of those that have ended.
    pub fn poll(&mut self, tells: bool) {
        let jobs: Vec<_> = self
            .0
            .iter()
            .map(|job| (job.number, job.living.clone()))
            .collect();
        for (number, living) in jobs {
            for pid in living {
                if let Ok(Some((pid, change))) = watch(i64::from(pid), false) {
                    self.note(pid, change, number);
                }
            }
            let Some(job) = self.get(number) else {
                continue;
            };
            if job.living.is_empty() {
                if tells {
                    println!("[{}] done ({})  {}", job.number, job.status, job.text);
                }
                self.0.retain(|job| job.number != number);
            }
        }
    }

    /// Prints them all.
    pub fn list(&mut self) {
        self.poll(true);
        for job in &self.0 {
            let state = if job.stopped { "stopped" } else { "running" };
            println!("[{}] {state}  {}", job.number, job.text);
        }
    }

    /// Waits for all that run.
    pub fn wait_for_all(&mut self, shell: Pid) -> i32 {
        let mut status = 0;
        while let Some(number) = self.0.iter().find(|job| !job.stopped).map(|job| job.number) {
            if let Outcome::Ended(ended) = self.wait(number, shell) {
                status = ended;
            }
        }
        status
    }
}
