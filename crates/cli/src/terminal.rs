//! The person's terminal: raw while the guest runs, restored whatever happens.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal;

/// Whether the terminal is raw now: output then needs carriage returns.
static RAW: AtomicBool = AtomicBool::new(false);

/// Whether output goes to a raw terminal.
pub fn is_raw() -> bool {
    RAW.load(Ordering::Relaxed)
}

fn restore() {
    if RAW.swap(false, Ordering::Relaxed) {
        // There is nobody to tell, and nothing else to do, when this fails.
        let _ = terminal::disable_raw_mode();
    }
}

/// Keeps the terminal raw while it lives; a panic restores it too.
pub struct RawTerminal(());

impl RawTerminal {
    /// Makes the terminal raw, if standard input and output are one.
    pub fn enter() -> Option<Self> {
        let at_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        if !at_terminal || terminal::enable_raw_mode().is_err() {
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

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}
