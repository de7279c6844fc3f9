//! What both programs do alike.
#![no_std]

use fawn::mailbox::Mailbox;
use fawn::{Arguments, println};

/// Turns that each takes.
pub const TURNS: u8 = 3;
/// How long each computes without giving the hart away: several quanta, in ticks of the clock (10 MHz).
const LONG: u64 = 100_000;
/// When neither can still expect to lose the hart.
const TOO_LONG: u64 = 1000 * LONG;

/// A program's side: the mailbox that its turn comes by, and the one that it reports to.
pub struct Player {
    name: &'static str,
    turn: Mailbox,
    report: Mailbox,
}

impl Player {
    /// A player as the arguments say: name, descriptor of its mailbox, descriptor of the conductor's.
    #[must_use]
    pub fn from_arguments(arguments: &Arguments) -> Option<Self> {
        Some(Self {
            name: arguments.get(1)?,
            turn: Mailbox(arguments.number(2)?),
            report: Mailbox(arguments.number(3)?),
        })
    }

    /// Waits for its turn; what the conductor says with it.
    #[must_use]
    pub fn await_turn(&self) -> u64 {
        let mut said = [0; 8];
        if let Err(error) = self.turn.receive(&mut said) {
            println!("{}: no turn comes: {error}", self.name);
        }
        u64::from_le_bytes(said)
    }

    /// Gives the turn back, and tells the conductor something.
    pub fn done(&self, told: u64) {
        if let Err(error) = self.report.send(&told.to_le_bytes()) {
            println!("{}: nobody wants to know: {error}", self.name);
        }
    }

    /// Shows that memory is its own, and that it is the same address for both.
    pub fn introduce(&self, own: &'static [u8; 8]) {
        let _ = self.await_turn();
        let text = core::str::from_utf8(own).unwrap_or("?");
        println!("{}: at {:p} I see \"{}\"", self.name, own, text.trim_end());
        self.done(0);
    }

    /// Takes turns on the terminal.
    pub fn take_turns(&self) {
        for turn in 1..=TURNS {
            let _ = self.await_turn();
            println!("{}: turn {turn} of {TURNS}", self.name);
            self.done(0);
        }
    }

    /// Computes for longer than a quantum while the other does, and says whether the hart was taken away meanwhile. Where time passes while
    /// the machine does not run, a few quanta may be too short for that: then it goes on.
    pub fn compute(&self) {
        let _ = self.await_turn();
        let before = fawn::process::preemptions();
        let start = now();
        let mut sum = 0u64;
        let mut preempted = false;
        let mut until = LONG;
        while until < TOO_LONG && !preempted {
            while now().wrapping_sub(start) < until {
                sum = core::hint::black_box(sum.wrapping_mul(3).wrapping_add(1));
            }
            preempted = fawn::process::preemptions() > before;
            until += LONG;
        }
        self.done(0);
        let _ = self.await_turn();
        let told = if preempted { "was" } else { "was not" };
        println!(
            "{}: computed without a pause, and {told} preempted",
            self.name
        );
        self.done(0);
    }
}

/// The time in ticks.
#[must_use]
pub fn now() -> u64 {
    let ticks;
    // SAFETY: reads a counter.
    unsafe { core::arch::asm!("rdtime {}", out(reg) ticks, options(nomem, nostack)) };
    ticks
}
