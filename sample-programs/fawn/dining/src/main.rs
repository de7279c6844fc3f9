//! Dining philosophers, with forks that are messages: a deadlock is made, the kernel names it, and then it is avoided.
//!
//! Each fork is a message in a mailbox of its own: who takes it out has it, who puts it back lets go of it.
#![no_std]
#![no_main]

use fawn::alloc::collections::BTreeSet;
use fawn::alloc::vec::Vec;
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
    let left_first = |seat| (seat, (seat + 1) % PHILOSOPHERS);
    let named = meal(left_first)?;
    println!(
        "everybody takes the left fork first: {} wait for each other for ever",
        named.len()
    );
    for seat in named {
        let (has, wants) = left_first(seat);
        println!("the kernel names philosopher {seat}: has fork {has}, waits for fork {wants}");
    }
    let named = meal(|seat| {
        let (left, right) = (seat, (seat + 1) % PHILOSOPHERS);
        (left.min(right), left.max(right))
    })?;
    println!(
        "everybody takes the lower fork first: {} wait, all have eaten",
        named.len()
    );
    Ok(())
}

/// One meal, with a rule that says which fork comes first; the philosophers that wait for each other for ever.
fn meal(rule: fn(usize) -> (usize, usize)) -> Result<Vec<usize>, Error> {
    let mut forks = [Mailbox(0); PHILOSOPHERS];
    for fork in &mut forks {
        *fork = Mailbox::new(1, 8)?;
        fork.send(&[1])?;
    }
    let table = Table {
        forks,
        seated: Mailbox::new(PHILOSOPHERS as u32, 8)?,
        begin: Mailbox::new(PHILOSOPHERS as u32, 8)?,
    };
    let eaten = Mailbox::new(PHILOSOPHERS as u32, 8)?;
    let mut children = [0; PHILOSOPHERS];
    for (seat, child) in children.iter_mut().enumerate() {
        *child = match fork()? {
            Fork::Parent(pid) => pid,
            Fork::Child => exit(match eat(&table, rule(seat), eaten) {
                Ok(()) => 0,
                Err(_) => 1,
            }),
        };
    }
    // The forks are the philosophers' now: while the host holds them too, they could still come from here.
    for fork in forks {
        fork.close()?;
    }
    // Everybody who can has the first fork before anybody reaches for the second.
    let first_forks = BTreeSet::from_iter((0..PHILOSOPHERS).map(|seat| rule(seat).0)).len();
    for _ in 0..first_forks {
        table.seated.receive(&mut [0; 8])?;
    }
    for _ in 0..PHILOSOPHERS {
        table.begin.send(&[1])?;
    }
    let stuck = watch(eaten)?;
    end(&children, !stuck.is_empty())?;
    for mailbox in [table.seated, table.begin, eaten] {
        mailbox.close()?;
    }
    let seat = |tid: &Pid| children.iter().position(|child| child == tid);
    let mut seats: Vec<_> = stuck.iter().filter_map(seat).collect();
    seats.sort_unstable();
    Ok(seats)
}

/// What the philosophers share.
struct Table {
    forks: [Mailbox; PHILOSOPHERS],
    /// A message for each who has the first fork.
    seated: Mailbox,
    /// A message for each, to reach for the second.
    begin: Mailbox,
}

/// Takes both forks, eats, and puts them back.
fn eat(table: &Table, (first, second): (usize, usize), eaten: Mailbox) -> Result<(), Error> {
    let forks = &table.forks;
    forks[first].receive(&mut [0; 8])?;
    table.seated.send(&[1])?;
    table.begin.receive(&mut [0; 8])?;
    forks[second].receive(&mut [0; 8])?;
    forks[second].send(&[1])?;
    forks[first].send(&[1])?;
    eaten.send(&[1])
}

/// Waits until all have eaten, or some never will; the numbers of those, as the kernel gives them.
fn watch(eaten: Mailbox) -> Result<Vec<Pid>, Error> {
    let mut finished = 0;
    loop {
        let until = fawn::mailbox::Until::Time(thread::now() + 50_000_000);
        match eaten.receive_until(&mut [0; 8], until) {
            Ok(_) => finished += 1,
            Err(Error(fawn::errno::ETIMEDOUT)) => {
                let stuck = deadlocks()?;
                if !stuck.is_empty() {
                    return Ok(stuck);
                }
            }
            Err(error) => return Err(error),
        }
        if finished == PHILOSOPHERS {
            return Ok(Vec::new());
        }
    }
}

fn end(children: &[Pid], stuck: bool) -> Result<(), Error> {
    for &child in children {
        if stuck {
            kill(i64::from(child), SIGKILL)?;
        }
        wait(Some(child))?;
    }
    Ok(())
}
