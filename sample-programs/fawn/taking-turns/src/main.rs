//! The conductor: starts the two programs, lets them take turns, and sees how they end.
#![no_std]
#![no_main]

use core::ffi::CStr;
use core::fmt::Write;

use fawn::mailbox::Mailbox;
use fawn::process::{Ended, Fork, Pid, exec, exit, fork, keep_to_harts, wait};
use fawn::{Arguments, Error, println};
use players::TURNS;

fawn::main!(main);

fn main(_: Arguments) -> i32 {
    match conduct() {
        Ok(()) => 0,
        Err(error) => {
            println!("conductor: {error}");
            1
        }
    }
}

struct Player {
    name: &'static str,
    turn: Mailbox,
    pid: Pid,
}

fn conduct() -> Result<(), Error> {
    // One hart for all, however many there are: what follows is timesharing.
    keep_to_harts(1)?;
    let reports = Mailbox::inherited(2, 8)?;
    let left = start(c"/bin/left", "left", reports)?;
    let right = start(c"/bin/right", "right", reports)?;
    for _ in 0..=TURNS {
        for player in [&left, &right] {
            give_turn(player, reports)?;
        }
    }
    compute_together(&left, &right, reports)?;
    let treasure = give_turn(&right, reports)?;
    left.turn.send(&treasure.to_le_bytes())?;
    see_end(&left)?;
    give_turn(&right, reports)?;
    see_end(&right)
}

/// Starts a program with a mailbox of its own.
fn start(path: &CStr, name: &'static str, reports: Mailbox) -> Result<Player, Error> {
    let turn = Mailbox::inherited(1, 8)?;
    match fork()? {
        Fork::Parent(pid) => Ok(Player { name, turn, pid }),
        Fork::Child => {
            let (turn, reports) = (Text::of(turn.0), Text::of(reports.0));
            let title = Text::of(name);
            let arguments = [Some(path), title.get(), turn.get(), reports.get(), None];
            println!("conductor: {path:?}: {}", exec(path, &arguments));
            exit(127)
        }
    }
}

/// Lets a program have its turn, and waits until it gives it back; what it says then.
fn give_turn(player: &Player, reports: Mailbox) -> Result<u64, Error> {
    player.turn.send(&[0; 8])?;
    let mut told = [0; 8];
    reports.receive(&mut told)?;
    Ok(u64::from_le_bytes(told))
}

/// Lets both compute at the same time; then they tell, one after the other.
fn compute_together(left: &Player, right: &Player, reports: Mailbox) -> Result<(), Error> {
    for player in [left, right] {
        player.turn.send(&[0; 8])?;
    }
    for _ in 0..2 {
        reports.receive(&mut [0; 8])?;
    }
    for player in [left, right] {
        give_turn(player, reports)?;
    }
    Ok(())
}

fn see_end(player: &Player) -> Result<(), Error> {
    match wait(Some(player.pid))?.1 {
        Ended::Exited(status) => println!("conductor: {} ended with status {status}", player.name),
        Ended::Killed(signal) => {
            println!("conductor: {} was killed by signal {signal}", player.name)
        }
    }
    Ok(())
}

/// A short text that ends with a zero byte.
struct Text {
    bytes: [u8; 16],
    length: usize,
}

impl Text {
    fn of(value: impl core::fmt::Display) -> Self {
        let mut text = Self {
            bytes: [0; 16],
            length: 0,
        };
        // What does not fit is cut off.
        let _ = write!(text, "{value}");
        text
    }

    fn get(&self) -> Option<&CStr> {
        CStr::from_bytes_until_nul(&self.bytes).ok()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for &byte in text.as_bytes() {
            if self.length + 1 >= self.bytes.len() {
                return Err(core::fmt::Error);
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}
