//! Dining philosophers, with forks that are messages: a deadlock is made, the kernel names it, and then it is avoided.
//!
//! Each fork is a message in a mailbox of its own: who takes it out has it, who puts it back lets go of it.
#![no_std]
#![no_main]

use fawn::mailbox::{Mailbox, deadlocks};
use fawn::process::{Fork, Pid, exit, fork, kill, wait};
use fawn::{Arguments, Error, println, thread};

fawn::main!(main);

const PHILOSOPHERS: usize = 5;
const SIGKILL: u32 = 9;

fn main(_: Arguments) -> i32 {
    match dine() {
        Ok(()) => 0,
        Err(error) => {
            println!("dining: {error}");
            1
        }
    }
}

fn dine() -> Result<(), Error> {
    let named = meal(|seat| (seat, (seat + 1) % PHILOSOPHERS))?;
    println!("everybody takes the left fork first: {named} wait for each other for ever");
    let named = meal(|seat| {
        let (left, right) = (seat, (seat + 1) % PHILOSOPHERS);
        (left.min(right), left.max(right))
    })?;
    println!("everybody takes the lower fork first: {named} wait, all have eaten");
    Ok(())
}

/// One meal, with a rule that says which fork comes first; how many philosophers wait for each other for ever.
fn meal(rule: fn(usize) -> (usize, usize)) -> Result<usize, Error> {
    let mut forks = [Mailbox(0); PHILOSOPHERS];
    for fork in &mut forks {
        *fork = Mailbox::new(1, 8)?;
        fork.send(&[1])?;
    }
    let seated = Mailbox::new(PHILOSOPHERS as u32, 8)?;
    let eaten = Mailbox::new(PHILOSOPHERS as u32, 8)?;
    let mut children = [0; PHILOSOPHERS];
    for (seat, child) in children.iter_mut().enumerate() {
        *child = match fork()? {
            Fork::Parent(pid) => pid,
            Fork::Child => exit(match eat(&forks, rule(seat), seated, eaten) {
                Ok(()) => 0,
                Err(_) => 1,
            }),
        };
    }
    // The forks are the philosophers' now: while the host holds them too, they could still come from here.
    for fork in forks {
        fork.close()?;
    }
    let stuck = watch(eaten)?;
    end(&children, stuck)?;
    seated.close()?;
    eaten.close()?;
    Ok(stuck)
}

/// Takes both forks, eats, and puts them back.
fn eat(
    forks: &[Mailbox; PHILOSOPHERS],
    (first, second): (usize, usize),
    seated: Mailbox,
    eaten: Mailbox,
) -> Result<(), Error> {
    forks[first].receive(&mut [0; 8])?;
    // Everybody who can has the first fork before anybody reaches for the second.
    seated.send(&[1])?;
    thread::sleep(20_000_000);
    forks[second].receive(&mut [0; 8])?;
    forks[second].send(&[1])?;
    forks[first].send(&[1])?;
    eaten.send(&[1])
}

/// Waits until all have eaten, or some never will; how many those are.
fn watch(eaten: Mailbox) -> Result<usize, Error> {
    let mut finished = 0;
    loop {
        let until = fawn::mailbox::Until::Time(thread::now() + 50_000_000);
        match eaten.receive_until(&mut [0; 8], until) {
            Ok(_) => finished += 1,
            Err(Error(fawn::errno::ETIMEDOUT)) => {
                let stuck = deadlocks()?.len();
                if stuck > 0 {
                    return Ok(stuck);
                }
            }
            Err(error) => return Err(error),
        }
        if finished == PHILOSOPHERS {
            return Ok(0);
        }
    }
}

fn end(children: &[Pid], stuck: usize) -> Result<(), Error> {
    for &child in children {
        if stuck > 0 {
            kill(i64::from(child), SIGKILL)?;
        }
        wait(Some(child))?;
    }
    Ok(())
}
