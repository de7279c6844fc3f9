//! What the kernel's work costs, in retired instructions.
//!
//! A system call, a switch, a fault: each is a way out of the program and back into it, and the `instret` counter, read
//! before and after, has counted what the kernel did in between. All programs stay on one hart, because every hart counts
//! its own instructions. A line is a name and a number; of several tries the least counts, since no timer interrupt came
//! between.
#![no_std]
#![no_main]

mod calls;
mod instret;
mod memory;
mod programs;
mod switches;

use fawn::alloc::format;
use fawn::alloc::string::String;
use fawn::process::keep_to_harts;
use fawn::{Arguments, Error, println};

fawn::main!(main);

/// How something is measured: the least of several tries.
type Measurement<'a> = &'a dyn Fn() -> Result<u64, Error>;

/// So much is no cost of anything here.
const TOO_MUCH: u64 = 10_000_000;

fn main(arguments: Arguments) -> i32 {
    let now = instret::read();
    if arguments.get(1) == Some(programs::EXECUTED) {
        return programs::tell_execution(arguments, now);
    }
    if let Err(error) = keep_to_harts(1) {
        println!("costs: hart 0: {error}");
        return 1;
    }
    let own_path = own_path(arguments);
    let measurements: [(&str, Measurement<'_>); 16] = [
        ("null-call", &calls::null),
        ("unknown-call", &calls::unknown),
        ("signal-and-return", &calls::signal),
        ("yield-process", &switches::yield_process),
        ("yield-process-float", &switches::yield_process_float),
        ("yield-thread", &switches::yield_thread),
        ("mailbox-round-trip-8", &switches::mailbox_round_trip),
        ("call-and-reply-8", &switches::call_and_reply),
        ("pipe-round-trip-8", &switches::pipe_round_trip),
        ("mailbox-copied-32-kib", &switches::copied_message),
        ("mailbox-pages-1-mib", &switches::message_of_pages),
        ("demand-zero-fault", &memory::demand_zero),
        ("copy-on-write-fault", &memory::copy_on_write),
        ("fork-exit-wait-32", &programs::fork_exit_wait),
        ("execve", &|| programs::execve(&own_path)),
        ("thread-create-join", &programs::thread),
    ];
    let mut status = 0;
    for (name, measure) in measurements {
        match measure() {
            Ok(cost @ 1..TOO_MUCH) => println!("{name:<24}{cost:>9}"),
            Ok(cost) => {
                println!("costs: {name}: {cost} instructions cannot be");
                status = 1;
            }
            Err(error) => {
                println!("costs: {name}: {error}");
                status = 1;
            }
        }
    }
    status
}

/// The file that this program is in: the shell names it as it was typed.
fn own_path(arguments: Arguments) -> String {
    match arguments.get(0) {
        Some(name) if !name.contains('/') => format!("/bin/{name}"),
        Some(path) => path.into(),
        None => "/bin/costs".into(),
    }
}
