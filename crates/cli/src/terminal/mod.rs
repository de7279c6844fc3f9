//! The person's terminal: raw while the guest runs, restored whatever happens.

pub mod keyboard;
pub mod output;
pub mod signals;
pub mod text_watch;

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal;

/// Whether the terminal is raw now: output then needs carriage returns.
static RAW: AtomicBool = AtomicBool::new(false);

/// Whether the terminal is raw.
pub fn is_raw() -> bool {
    RAW.load(Ordering::Relaxed)
}

fn restore() {
    if RAW.swap(false, Ordering::Relaxed) {
        // There is nobody to tell, and nothing else to do, when this fails.
        let _ = terminal::disable_raw_mode();
    }
}

/// Keeps the terminal raw while it lives; a panic restores it too, and signals end the run in an orderly way
/// ([`signals`]).
pub struct RawTerminal(());

impl RawTerminal {
    /// Makes the terminal raw, if standard input is one and this process is in its foreground: a background process that
    /// touched it would be stopped.
    pub fn enter() -> Option<Self> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() || !in_foreground(&stdin) || terminal::enable_raw_mode().is_err() {
            return None;
        }
        RAW.store(true, Ordering::Relaxed);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        Some(Self(()))
    }
}

fn in_foreground(terminal: &std::io::Stdin) -> bool {
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}
