//! The witness: a process that goes about its business while others are hostile.

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, Pid, begin_job, exit, fork, wait};
use fawn::syscall::{Number, call};
use fawn::{Error, thread};

/// Messages in a row, before it rests for a moment.
const ROW: u64 = 8;
const REST: u64 = 100_000;

pub struct Witness {
    pid: Pid,
    orders: Mailbox,
}

impl Witness {
    /// Starts it, in a job of its own.
    pub fn start() -> Result<Self, Error> {
        let orders = Mailbox::new(1, 8)?;
        match fork()? {
            Fork::Parent(pid) => Ok(Self { pid, orders }),
            Fork::Child => exit(match begin_job().and_then(|()| testify(orders)) {
                Ok(true) => 0,
                Ok(false) | Err(_) => 1,
            }),
        }
    }

    /// Ends it; whether it noticed nothing.
    pub fn stop(self) -> Result<bool, Error> {
        // If it is gone already, its status says so.
        let _ = self.orders.send(&[0; 8]);
        let (_, ended) = wait(Some(self.pid))?;
        fawn::file::close(self.orders.0)?;
        Ok(ended == Ended::Exited(0))
    }
}

/// Sends itself numbers until it is told to stop; whether all arrived as they were.
fn testify(orders: Mailbox) -> Result<bool, Error> {
    let mine = Mailbox::new(ROW as u32, 16)?;
    let mut number = 0u64;
    while !is_told_to_stop(orders) {
        for number in number..number + ROW {
            mine.send(&[number.to_le_bytes(), (!number).to_le_bytes()].concat())?;
        }
        for number in number..number + ROW {
            let mut words = [0; 16];
            let length = mine.receive(&mut words)?;
            let expected = [number.to_le_bytes(), (!number).to_le_bytes()].concat();
            if length != words.len() || words[..] != expected[..] {
                return Ok(false);
            }
        }
        number += ROW;
        thread::sleep(REST);
    }
    Ok(true)
}

fn is_told_to_stop(orders: Mailbox) -> bool {
    const NOT_AT_ALL: u64 = 0;
    let mut bytes = [0u8; 8];
    let at = bytes.as_mut_ptr() as u64;
    call(
        Number::MailboxRecv,
        [u64::from(orders.0), at, 8, NOT_AT_ALL],
    )
    .is_ok()
}
