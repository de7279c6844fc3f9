//! Platform-level interrupt controller, in SiFive's layout with the contexts of QEMU's board: M-
//! and S-mode of each hart in turn.
//!
//! It follows the RISC-V PLIC specification 1.0.0 to the letter, and so differs from QEMU's in what
//! correct drivers cannot tell: a request whose line has dropped stays pending until it is claimed
//! (as in QEMU from 9.1 on), a line that is still high at completion is a new request, a claim does not look at the threshold,
//! and a completion of a source that the context has not enabled is ignored.

use abi::memory_map::{MAX_HARTS, PLIC_SOURCES};
use memory::lines::line;
use memory::{BusFault, Device, DeviceContext, StateError, Width};
use serde::{Deserialize, Serialize};

use crate::state;

const PRIORITY: u64 = 0x00_0000;
const PENDING: u64 = 0x00_1000;
const ENABLE: u64 = 0x00_2000;
const ENABLE_STRIDE: u64 = 0x80;
const CONTEXT: u64 = 0x20_0000;
const CONTEXT_STRIDE: u64 = 0x1000;
const THRESHOLD: u64 = 0;
const CLAIM: u64 = 4;

const SOURCES: usize = PLIC_SOURCES as usize;
const CONTEXTS: usize = 2 * MAX_HARTS;
const MAX_PRIORITY: u8 = 7;
/// Source 0 does not exist.
const REAL_SOURCES: u128 = ((1 << PLIC_SOURCES) - 1) & !1;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    /// By source.
    priority: Vec<u8>,
    /// Requests that gateways have let through and nobody has claimed.
    pending: u128,
    /// Sources whose interrupt was claimed and not completed: their gateways are closed.
    claimed: u128,
    enable: [u128; CONTEXTS],
    threshold: [u8; CONTEXTS],
}

impl Default for State {
    fn default() -> Self {
        Self {
            priority: vec![0; SOURCES],
            pending: 0,
            claimed: 0,
            enable: [0; CONTEXTS],
            threshold: [0; CONTEXTS],
        }
    }
}

/// The device.
#[derive(Debug)]
pub struct Plic {
    contexts: usize,
    state: State,
}

enum Register {
    Priority(usize),
    Pending(u32),
    Enable(usize, u32),
    Threshold(usize),
    Claim(usize),
    Nothing,
}

impl Plic {
    /// For `harts` harts.
    #[must_use]
    pub fn new(harts: usize) -> Self {
        Self {
            contexts: 2 * harts.min(MAX_HARTS),
            state: State::default(),
        }
    }

    fn register(&self, offset: u64, width: Width) -> Result<Register, BusFault> {
        if width != Width::Word || !width.aligned(offset) {
            return Err(BusFault::Refused);
        }
        let word_of = |offset: u64| (offset / 4) as u32;
        Ok(match offset {
            PRIORITY..PENDING => match (offset / 4) as usize {
                source if source < SOURCES => Register::Priority(source),
                _ => Register::Nothing,
            },
            PENDING..ENABLE => Register::Pending(word_of(offset - PENDING)),
            ENABLE..CONTEXT => {
                let context = ((offset - ENABLE) / ENABLE_STRIDE) as usize;
                let word = word_of((offset - ENABLE) % ENABLE_STRIDE);
                match context < self.contexts {
                    true => Register::Enable(context, word),
                    false => Register::Nothing,
                }
            }
            _ => {
                let context = ((offset - CONTEXT) / CONTEXT_STRIDE) as usize;
                match (offset - CONTEXT) % CONTEXT_STRIDE {
                    _ if context >= self.contexts => Register::Nothing,
                    THRESHOLD => Register::Threshold(context),
                    CLAIM => Register::Claim(context),
                    _ => Register::Nothing,
                }
            }
        })
    }

    /// The source that a context has enabled, that is pending, and whose priority is the highest
    /// above `threshold`; the lowest number wins a tie.
    fn best(&self, context: usize, threshold: u8) -> Option<u32> {
        let mut candidates = self.state.pending & self.state.enable[context];
        let mut best = None;
        let mut best_priority = threshold;
        while candidates != 0 {
            let source = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let priority = self.state.priority[source as usize % SOURCES];
            if priority > best_priority {
                (best, best_priority) = (Some(source), priority);
            }
        }
        best
    }

    /// Lets level-triggered requests through open gateways, and drives the harts' lines.
    fn update(&mut self, cx: &mut DeviceContext<'_>) {
        self.state.pending |= cx.lines.sources() & REAL_SOURCES & !self.state.claimed;
        for context in 0..self.contexts {
            let bit = if context % 2 == 0 {
                line::MEIP
            } else {
                line::SEIP
            };
            let threshold = self.state.threshold[context];
            let level = self.best(context, threshold).is_some();
            cx.lines.set_hart(context / 2, bit, level);
        }
    }

    /// The threshold decides about the interrupt line only, not about claims (section 7 of the
    /// specification); priority 0 is never interrupted for.
    fn claim(&mut self, context: usize, cx: &mut DeviceContext<'_>) -> u64 {
        let Some(source) = self.best(context, 0) else {
            return 0;
        };
        self.state.pending &= !(1 << source);
        self.state.claimed |= 1 << source;
        self.update(cx);
        u64::from(source)
    }

    /// A completion of a source that the context has not enabled is ignored.
    fn complete(&mut self, context: usize, source: u64, cx: &mut DeviceContext<'_>) {
        if source < u64::from(PLIC_SOURCES) && self.state.enable[context] >> source & 1 != 0 {
            self.state.claimed &= !(1 << source);
            self.update(cx);
        }
    }
}

fn word(bits: u128, index: u32) -> u64 {
    bits.checked_shr(index * 32).unwrap_or(0) as u64 & 0xffff_ffff
}

impl Device for Plic {
    fn name(&self) -> &str {
        "plic"
    }

    fn read(
        &mut self,
        offset: u64,
        width: Width,
        cx: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault> {
        Ok(match self.register(offset, width)? {
            Register::Priority(source) => u64::from(self.state.priority[source]),
            Register::Pending(index) => word(self.state.pending, index),
            Register::Enable(context, index) => word(self.state.enable[context], index),
            Register::Threshold(context) => u64::from(self.state.threshold[context]),
            Register::Claim(context) => self.claim(context, cx),
            Register::Nothing => 0,
        })
    }

    fn write(
        &mut self,
        offset: u64,
        width: Width,
        value: u64,
        cx: &mut DeviceContext<'_>,
    ) -> Result<(), BusFault> {
        match self.register(offset, width)? {
            Register::Priority(0) | Register::Pending(_) | Register::Nothing => return Ok(()),
            Register::Priority(source) => {
                self.state.priority[source] = value as u8 & MAX_PRIORITY;
            }
            Register::Enable(context, index) if index < 4 => {
                let mask = 0xffff_ffff << (index * 32);
                let new = u128::from(value as u32) << (index * 32);
                let enable = &mut self.state.enable[context];
                *enable = (*enable & !mask | new) & REAL_SOURCES;
            }
            Register::Enable(..) => return Ok(()),
            Register::Threshold(context) => {
                self.state.threshold[context] = value as u8 & MAX_PRIORITY;
            }
            Register::Claim(context) => {
                self.complete(context, value, cx);
                return Ok(());
            }
        }
        self.update(cx);
        Ok(())
    }

    fn lines_changed(&mut self, cx: &mut DeviceContext<'_>) {
        self.update(cx);
    }

    fn inspect(&self) -> String {
        let list = |bits: u128| {
            let sources: Vec<_> = (1..PLIC_SOURCES)
                .filter(|source| bits >> source & 1 != 0)
                .map(|source| {
                    format!(
                        "{source} (priority {})",
                        self.state.priority[source as usize]
                    )
                })
                .collect();
            match sources.is_empty() {
                true => "none".to_owned(),
                false => sources.join(", "),
            }
        };
        let mut text = format!(
            "pending: {}\nclaimed: {}\n",
            list(self.state.pending),
            list(self.state.claimed)
        );
        for context in 0..self.contexts {
            let (hart, mode) = (context / 2, if context % 2 == 0 { 'M' } else { 'S' });
            let threshold = self.state.threshold[context];
            let enabled = list(self.state.enable[context]);
            text +=
                &format!("hart {hart}, {mode}-mode: threshold {threshold}, enabled: {enabled}\n");
        }
        text
    }

    fn reset(&mut self, cx: &mut DeviceContext<'_>) {
        self.state = State::default();
        self.update(cx);
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let state: State = state::restore("plic", bytes)?;
        let bits = state
            .enable
            .iter()
            .fold(state.pending | state.claimed, |all, bits| all | bits);
        if state.priority.len() != SOURCES || bits & !REAL_SOURCES != 0 {
            return Err(StateError {
                device: "plic".to_owned(),
                reason: "it has another number of sources".to_owned(),
            });
        }
        self.state = state;
        Ok(())
    }
}
