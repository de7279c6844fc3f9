//! A process can ask the kernel for anything, and harm nobody but itself.
//!
//! `hostile SEED COUNT [wild] [log] [rounds] [report]`: hostile processes, one after the other and each in a job of its own, make COUNT random
//! system calls with random arguments. They may die of it, hang, fork and begin threads. Meanwhile a witness in another job
//! keeps sending itself messages. At the end the witness has noticed nothing, and the machine has as much free memory as before.
//!
//! `wild` lets them also spoil their own code, data and stack, of which the kernel then reports that they were killed;
//! `log` has each call printed before it is made, `rounds` each process that begins; `report` prints how often each call succeeded, and with which
//! errors it failed.
#![no_std]
#![no_main]

mod attack;
mod belongings;
mod ledger;
mod random;
mod vocabulary;
mod witness;

use fawn::alloc;
use fawn::process::{Change, Fork, Pid, begin_job, exit, fork, kill, list, watch};
use fawn::syscall::{Number, call};
use fawn::{Arguments, Error, errno, file, println, thread};

use attack::{Attacker, CALL_BACK, let_call_back};
use ledger::Ledger;
use random::Random;
use witness::Witness;

fawn::main!(main);

/// Calls that each hostile process makes, with the threads that it begins.
const SHARE: u32 = 64;
/// How long one may take; most that take so long wait for something that never comes.
const PATIENCE: u64 = 20_000_000;
/// How long its processes may take to be gone once it was killed.
const FUNERAL: u64 = 2_000_000_000;
const KILL: u32 = 9;

fn main(arguments: Arguments) -> i32 {
    // The hostile ones call `execve`, too: that is not to begin all over again.
    if !arguments
        .get(0)
        .is_some_and(|name| name.ends_with("hostile"))
    {
        return 0;
    }
    let seed = arguments.number(1).unwrap_or(1);
    let count = arguments.number(2).unwrap_or(4096);
    let has = |word| (3..arguments.len()).any(|index| arguments.get(index) == Some(word));
    let manner = Manner {
        wild: has("wild"),
        log: has("log"),
        rounds: has("rounds"),
        report: has("report"),
    };
    match besiege(seed, count, manner) {
        Ok(problems) => i32::from(problems > 0),
        Err(error) => {
            println!("hostile: {error}");
            1
        }
    }
}

/// How the hostile processes behave.
#[derive(Clone, Copy)]
pub struct Manner {
    /// They spoil their own memory, too.
    pub wild: bool,
    /// They print each call before they make it.
    pub log: bool,
    /// The parent prints that another one begins.
    pub rounds: bool,
    /// At the end it prints what became of each call.
    pub report: bool,
}

/// Lets hostile processes make `count` calls; how many things are not as they were.
fn besiege(seed: u32, count: u32, manner: Manner) -> Result<u32, Error> {
    println!("hostile: {count} random system calls, seed {seed}");
    let_call_back()?;
    let ledger = Ledger::new()?;
    // The first time, this process touches memory that it keeps.
    lay_siege(0, SHARE, manner, ledger)?;
    ledger.clear();
    let before = measure()?;
    let undisturbed = lay_siege(seed, count, manner, ledger)?;
    let after = measure()?;
    let mut problems = 0;
    let mut check = |holds: bool, what: &str| {
        println!("hostile: {} {what}", if holds { "yes:" } else { "NO:" });
        problems += u32::from(!holds);
    };
    check(undisturbed, "the witness's messages all arrived, in order");
    check(
        after.processes == before.processes,
        "every hostile process is gone",
    );
    check(
        after.free == before.free,
        "as many frames are free as before",
    );
    check(
        after.promised == before.promised,
        "as many are promised as before",
    );
    if manner.report {
        ledger.report();
    }
    if problems > 0 {
        println!("hostile: before {before:?}, after {after:?}");
    }
    Ok(problems)
}

/// The attack, before a witness; whether that one noticed nothing.
fn lay_siege(seed: u32, count: u32, manner: Manner, ledger: Ledger) -> Result<bool, Error> {
    let names = file::read_directory("/")?;
    let witness = Witness::start()?;
    let mut left = count;
    let mut round = 0;
    while left > 0 {
        let share = left.min(SHARE);
        if manner.rounds {
            println!("hostile: round {round}");
        }
        attack_once(Random::of(seed, round).next(), share, manner, ledger)?;
        clean_up(&names);
        left -= share;
        round += 1;
    }
    witness.stop()
}

/// Starts a hostile process, and sees to it that it and all that it started are gone.
fn attack_once(seed: u64, share: u32, manner: Manner, ledger: Ledger) -> Result<(), Error> {
    let Fork::Parent(pid) = fork()? else {
        match begin_job().and_then(|()| belongings::prepare(manner)) {
            Ok(faulty) => Attacker::new(seed, manner, ledger, faulty).run(share),
            Err(error) => println!("hostile: cannot even begin: {error}"),
        }
        exit(1)
    };
    let deadline = thread::now() + PATIENCE;
    while !has_ended(pid)? {
        // Whoever waits is called back, and killed when that does not help. Meanwhile it may have ended.
        let now = thread::now();
        let _ = match now > deadline {
            true => kill(-i64::from(pid), KILL),
            false => kill(i64::from(pid), CALL_BACK),
        };
        if now > deadline + FUNERAL {
            return stays(pid);
        }
        thread::sleep(500_000);
    }
    bury(pid)
}

fn has_ended(pid: Pid) -> Result<bool, Error> {
    Ok(matches!(
        watch(i64::from(pid), false)?,
        Some((_, Change::Ended(_)))
    ))
}

/// Ends those of a job whose parent is gone, and waits until nobody is left.
fn bury(job: Pid) -> Result<(), Error> {
    let deadline = thread::now() + FUNERAL;
    loop {
        match kill(-i64::from(job), KILL) {
            Err(Error(errno::ESRCH)) => return Ok(()),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        if thread::now() > deadline {
            return stays(job);
        }
        thread::sleep(200_000);
    }
}

/// A process that was killed does not end.
fn stays(job: Pid) -> Result<(), Error> {
    for process in list()?.iter().filter(|process| process.job == job) {
        println!("hostile: it does not end: {process:?}");
    }
    Err(Error(errno::ETIMEDOUT))
}

/// Removes what hostile processes left in the tree of files.
fn clean_up(names: &[alloc::string::String]) {
    for name in file::read_directory("/").unwrap_or_default() {
        if !names.contains(&name) {
            remove_all(&alloc::format!("/{name}"));
        }
    }
}

fn remove_all(path: &str) {
    if file::remove(path).is_ok() {
        return;
    }
    for name in file::read_directory(path).unwrap_or_default() {
        remove_all(&alloc::format!("{path}/{name}"));
    }
    let _ = file::remove(path);
}

/// What the machine has.
#[derive(Debug)]
struct Stock {
    free: u64,
    promised: u64,
    processes: u16,
}

fn measure() -> Result<Stock, Error> {
    let mut words = [0u64; 14];
    call(Number::Sysinfo, [words.as_mut_ptr() as u64, 0, 0, 0])?;
    Ok(Stock {
        free: words[5],
        promised: words[6],
        processes: words[10] as u16,
    })
}
