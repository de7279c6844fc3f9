//! A fault of one process is a message to another: the supervisor mends it, lets the program go on, or ends it.
#![no_std]
#![no_main]

use fawn::mailbox::Mailbox;
use fawn::process::{
    Ended, Fault, Fork, exit, fork, kill_faulted, registers_of_faulted, resume_faulted,
    supervised_by, wait,
};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

/// Where the child stores without having anything there.
const NOWHERE: usize = 0x1000;
/// Bytes of the instruction that stores.
const INSTRUCTION: u64 = 4;

fn main(_: Arguments) -> i32 {
    match supervise() {
        Ok(()) => 0,
        Err(error) => {
            println!("supervisor: {error}");
            1
        }
    }
}

/// Stores to an address by an instruction of a known length.
fn store(address: usize) {
    // SAFETY: it faults, which is the point, and changes nothing else.
    unsafe {
        core::arch::asm!(".option push", ".option norvc", "sw zero, 0({})", ".option pop", in(reg) address);
    }
}

fn child(faults: Mailbox, act: fn()) -> Result<u32, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child => {
            // Its own right to receive must not count as somebody who listens.
            let fine = supervised_by(faults).is_ok() && faults.close().is_ok();
            act();
            exit(i32::from(!fine))
        }
    }
}

fn next_fault(faults: Mailbox) -> Result<Fault, Error> {
    let mut bytes = [0; Fault::BYTES];
    match faults.receive(&mut bytes)? {
        Fault::BYTES => Ok(Fault::from_bytes(&bytes)),
        _ => Err(Error(errno::EIO)),
    }
}

fn supervise() -> Result<(), Error> {
    let faults = Mailbox::new(2, 64)?;
    let mended = child(faults, || {
        store(NOWHERE);
        println!("child: went on behind the store");
    })?;
    let fault = next_fault(faults)?;
    println!(
        "told of cause {} at address {:#x}",
        fault.cause, fault.address
    );
    let mut registers = registers_of_faulted(fault.tid)?;
    registers[0] += INSTRUCTION;
    resume_faulted(fault.tid, Some(&registers))?;
    println!("skipped it: {:?}", wait(Some(mended))?.1);

    let ended = child(faults, || store(NOWHERE))?;
    let fault = next_fault(faults)?;
    resume_faulted(fault.tid, None)?;
    let again = next_fault(faults)?;
    println!(
        "let it try again: the same fault {}",
        if again.pc == fault.pc {
            "at the same place"
        } else {
            "elsewhere"
        }
    );
    kill_faulted(again.tid)?;
    println!("ended it: {:?}", wait(Some(ended))?.1);

    let orphan = child(faults, || store(NOWHERE))?;
    next_fault(faults)?;
    faults.close()?;
    match wait(Some(orphan))?.1 {
        Ended::Killed(11) => println!("nobody listens any more: the fault is the child's own"),
        other => println!("nobody listens any more, and yet: {other:?}"),
    }
    Ok(())
}
