//! Guest time.

use serde::{Deserialize, Serialize};

/// Guest nanoseconds since reset.
pub type Nanos = u64;

/// The one clock of a machine: a function of steps taken and idle time jumped, never of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Steps completed by all harts together: the machine-wide coordinate.
    pub steps: u64,
    /// Guest time that passed while every hart waited.
    pub idle: Nanos,
    /// What was added to `mtime` by writing it, in ticks, modulo 2⁶⁴.
    pub tick_offset: u64,
}

impl Clock {
    /// Guest nanoseconds that one step takes.
    pub const NANOS_PER_STEP: Nanos = 1;

    /// No deadline is as late as this, 146 years: so a guest that waits for the far future cannot
    /// make time overflow.
    pub const END_OF_TIME: Nanos = 1 << 62;

    /// The time now.
    #[inline(always)]
    #[must_use]
    pub const fn now(&self) -> Nanos {
        self.steps * Self::NANOS_PER_STEP + self.idle
    }

    /// The value of `mtime` now, in ticks of the timebase.
    #[inline(always)]
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.raw_ticks().wrapping_add(self.tick_offset)
    }

    const fn raw_ticks(&self) -> u64 {
        self.now() / abi::memory_map::NANOS_PER_TICK
    }

    /// Makes `mtime` read `ticks` now.
    pub const fn set_ticks(&mut self, ticks: u64) {
        self.tick_offset = ticks.wrapping_sub(self.raw_ticks());
    }

    /// The first moment, now or later, at which `mtime` is at least `ticks`; `None` when no run can
    /// last so long.
    #[must_use]
    pub fn moment_of(&self, ticks: u64) -> Option<Nanos> {
        match ticks.checked_sub(self.ticks()) {
            None | Some(0) => Some(self.now()),
            Some(wait) => {
                let tick = self.raw_ticks().checked_add(wait)?;
                let moment = tick.checked_mul(abi::memory_map::NANOS_PER_TICK)?;
                (moment < Self::END_OF_TIME).then_some(moment)
            }
        }
    }

    /// Steps that may be taken from now before `deadline` is due (0 when it is due).
    #[must_use]
    pub const fn steps_until(&self, deadline: Nanos) -> u64 {
        deadline
            .saturating_sub(self.now())
            .div_ceil(Self::NANOS_PER_STEP)
    }
}
