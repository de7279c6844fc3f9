//! Timesharing: endless loops on one hart get the same share of it, whatever they do to get more.
//!
//! First eight processes with a loop each; then one process with ten loops beside one with a single loop: processes share, not threads.
#![no_std]
#![no_main]

use fawn::mailbox::Typed;
use fawn::process::{Fork, exit, fork, keep_to_harts, wait};
use fawn::{Arguments, Error, println, thread};

fawn::main!(main);

const HOGS: usize = 8;
const THREADS: usize = 10;
/// How long the loops run, in nanoseconds: one length after the other until the shares are even. A clock that goes on while the
/// machine does not, as on a busy host, makes shares uneven that were given evenly; a longer time evens that out, but never a scheduler
/// that is not fair.
const LONG: [u64; 3] = [1_000_000_000, 3_000_000_000, 9_000_000_000];
const SHORT: [u64; 3] = [400_000_000, 1_200_000_000, 3_600_000_000];

fn main(_: Arguments) -> i32 {
    match share() {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            println!("timeshare: {error}");
            1
        }
    }
}

/// Computes until a time; how long this thread ran.
fn hog(until: u64) -> u64 {
    let before = thread::ran();
    while thread::now() < until {
        for number in 0..1000 {
            core::hint::black_box(number);
        }
    }
    thread::ran() - before
}

/// Starts a process that tells a number when it is done.
fn spawn(act: impl FnOnce() -> u64, told: Typed<u64>) -> Result<(), Error> {
    match fork()? {
        Fork::Parent(_) => Ok(()),
        Fork::Child => exit(i32::from(told.send(act()).is_err())),
    }
}

fn share() -> Result<bool, Error> {
    keep_to_harts(1)?;
    let mut even = false;
    for long in LONG {
        even = even || processes_share(long)?;
    }
    println!(
        "{HOGS} processes: shares within {}",
        if even { "2 %" } else { "more than 2 %" }
    );
    let mut half = false;
    for short in SHORT {
        half = half || threads_share(short)?;
    }
    println!(
        "a process with {THREADS} threads and one with a single thread: {}",
        if half {
            "half and half"
        } else {
            "not half and half"
        }
    );
    Ok(even && half)
}

/// Whether processes get the same within 2 %.
fn processes_share(time: u64) -> Result<bool, Error> {
    let told = Typed::<u64>::new(HOGS as u32)?;
    let until = thread::now() + time;
    for _ in 0..HOGS {
        spawn(|| hog(until), told)?;
    }
    let mut shares = [0; HOGS];
    for share in &mut shares {
        *share = told.receive()?;
        wait(None)?;
    }
    let (least, most) = (shares.iter().min(), shares.iter().max());
    let (least, most) = (least.copied().unwrap_or(0), most.copied().unwrap_or(0));
    told.mailbox().close()?;
    Ok((most - least) * 100 <= most * 2)
}

/// Whether a process with many threads gets what one with a single thread gets, within 3 %.
fn threads_share(time: u64) -> Result<bool, Error> {
    let until = thread::now() + time;
    let (crowd, single) = (Typed::<u64>::new(1)?, Typed::<u64>::new(1)?);
    spawn(|| crowd_of(until), crowd)?;
    spawn(|| hog(until), single)?;
    let (ran_together, ran_alone) = (crowd.receive()?, single.receive()?);
    wait(None)?;
    wait(None)?;
    crowd.mailbox().close()?;
    single.mailbox().close()?;
    Ok(ran_together.abs_diff(ran_alone) * 100 <= (ran_together + ran_alone) * 3)
}

/// Many threads compute; how long they ran together.
fn crowd_of(until: u64) -> u64 {
    let mut handles = [const { None }; THREADS];
    for handle in &mut handles {
        *handle = thread::spawn(move || hog(until)).ok();
    }
    handles
        .into_iter()
        .flatten()
        .filter_map(thread::JoinHandle::join)
        .sum()
}
