//! Process 1: the parent of all. When it ends, the machine's run does.
#![no_std]
#![no_main]

use fawn::process::{Ended, Fork, Pid, exec, exit, fork, wait};
use fawn::{Arguments, println};

fawn::main!(main);

const FIRST: &core::ffi::CStr = c"/bin/taking-turns";

fn main(_: Arguments) -> i32 {
    let first = match fork() {
        Ok(Fork::Child) => {
            let error = exec(FIRST, &[Some(FIRST), None]);
            println!("init: cannot run {FIRST:?}: {error}");
            exit(127)
        }
        Ok(Fork::Parent(pid)) => pid,
        Err(error) => {
            println!("init: cannot fork: {error}");
            return 1;
        }
    };
    status_of(first)
}

/// Waits for all children, adopted ones too, until a certain one has ended.
fn status_of(first: Pid) -> i32 {
    loop {
        match wait(None) {
            Ok((pid, Ended::Exited(status))) if pid == first => return status,
            Ok((pid, Ended::Killed(signal))) if pid == first => return 128 + signal as i32,
            Ok(_) => {}
            Err(error) => {
                println!("init: cannot wait: {error}");
                return 1;
            }
        }
    }
}
