//! Why a machine came back from running.

use std::fmt;

/// Why [`crate::Machine::run`] came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The step budget is used up; the machine can go on.
    Budget,
    /// The guest ended.
    Exit(Exit),
    /// The guest can never go on.
    Stuck(Stuck),
    /// Every hart waits until this much idle time has passed in all, or for ever if somebody may
    /// still type: only on machines that are [`crate::Config::interactive`]. Let time pass, or give input, and call again.
    Idle(Option<u64>),
    /// Something happened that a debugger asked to stop for ([`crate::HaltOn`]); the machine can go on.
    Halt(crate::Halt),
}

/// How a guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The code it gave; 0 is success.
    pub code: u64,
    /// By which way it said so.
    pub via: ExitVia,
}

impl Exit {
    /// The exit status for the host's process: the guest's own code where it fits eight bits;
    /// 255 where it does not, since 256 must not pass for success.
    #[must_use]
    pub fn status(&self) -> u8 {
        u8::try_from(self.code).unwrap_or(u8::MAX)
    }
}

/// The ways a guest can end itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitVia {
    /// HTIF's `tohost`.
    Htif,
    /// The test finisher.
    Finisher,
    /// Semihosting's SYS_EXIT or SYS_EXIT_EXTENDED.
    Semihosting,
    /// A reset was asked for while resets end the run (`--no-reboot`).
    Reset,
}

impl fmt::Display for ExitVia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Htif => "HTIF",
            Self::Finisher => "the test finisher",
            Self::Semihosting => "semihosting",
            Self::Reset => "a reset",
        })
    }
}

/// A guest that can never go on: where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which hart.
    pub hart: usize,
    /// Its program counter.
    pub pc: u64,
    /// What holds it.
    pub reason: StuckReason,
}

/// What holds a guest for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StuckReason {
    /// It traps at its own trap vector.
    TrapLoop {
        /// The exception's code.
        cause: u64,
        /// Its `tval`.
        tval: u64,
    },
    /// Every hart waits for an interrupt that nothing can raise.
    WaitsForNothing,
    /// It jumps to itself with no interrupt enabled.
    JumpsToItself,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hart, pc, reason } = self;
        match reason {
            StuckReason::TrapLoop { cause, tval } => write!(
                f,
                "hart {hart} traps for ever at its own trap vector {pc:#x} (cause {cause}: {}, tval {tval:#x})",
                isa::trap::exception_name(*cause).unwrap_or("unknown")
            ),
            StuckReason::WaitsForNothing => write!(
                f,
                "hart {hart} waits at {pc:#x} for an interrupt, but none is enabled and armed on any hart"
            ),
            StuckReason::JumpsToItself => write!(
                f,
                "hart {hart} jumps to itself at {pc:#x}, and no interrupt can end that"
            ),
        }
    }
}
