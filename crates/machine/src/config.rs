//! What machine to build.

use isa::IsaConfig;

use crate::schedule::SeededSchedule;
use crate::semihosting::SemihostingConfig;

/// Whether idle guest time is lived through or jumped over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockMode {
    /// With a person at the terminal: idle guest time does not run ahead of wall time.
    Realtime,
    /// Idle guest time costs nothing.
    #[default]
    Max,
}

/// A machine's options. Same image, same options and same log give the same run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes of RAM.
    pub memory: u64,
    /// Harts, 1 to 8.
    pub harts: usize,
    /// Extensions.
    pub isa: IsaConfig,
    /// Bytes that arrive at the console, paced by guest time.
    pub input: Option<Vec<u8>>,
    /// Where the guest's clock starts, in nanoseconds since the UNIX epoch.
    pub rtc_base: u64,
    /// Seed of everything that looks random to the guest.
    pub seed: u64,
    /// How harts interleave; without it in turns of equal length, one after the other.
    pub interleaving: Option<SeededSchedule>,
    /// Semihosting, if it is on.
    pub semihosting: Option<SemihostingConfig>,
    /// A reset ends the run instead of restarting the guest.
    pub no_reboot: bool,
    /// Somebody may type: a machine that waits for input is idle, not stuck.
    pub interactive: bool,
    /// Take one step at a time (same steps, same states, slower).
    pub plain_engine: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory: 128 << 20,
            harts: 1,
            isa: IsaConfig::default(),
            input: None,
            rtc_base: 0,
            seed: 0,
            interleaving: None,
            semihosting: None,
            no_reboot: false,
            interactive: false,
            plain_engine: false,
        }
    }
}
