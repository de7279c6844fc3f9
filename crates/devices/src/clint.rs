//! Core-local interruptor (ACLINT MSWI and MTIMER in the CLINT's layout): software interrupts and
//! the machine timer.

use abi::memory_map::MAX_HARTS;
use memory::lines::line;
use memory::{BusFault, Device, DeviceContext, Nanos, StateError, Width};
use serde::{Deserialize, Serialize};

use crate::state;

const MSIP: u64 = 0x0;
const MTIMECMP: u64 = 0x4000;
const MTIME: u64 = 0xbff8;
const END: u64 = 0xc000;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    software: [bool; MAX_HARTS],
    compare: [u64; MAX_HARTS],
    /// Guest time at which the earliest compare value is reached, if it is ahead.
    deadline: Option<Nanos>,
}

/// The device.
#[derive(Debug)]
pub struct Clint {
    harts: usize,
    state: State,
}

enum Register {
    Software(usize),
    /// Hart, and which bits of the register the access covers, by first bit.
    Compare(usize, u32),
    Time(u32),
    Nothing,
}

impl Clint {
    /// For `harts` harts; no timer is armed.
    #[must_use]
    pub fn new(harts: usize) -> Self {
        Self {
            harts: harts.min(MAX_HARTS),
            state: State {
                software: [false; MAX_HARTS],
                compare: [u64::MAX; MAX_HARTS],
                deadline: None,
            },
        }
    }

    /// The register at `offset`. Words are accessed, and doublewords of the timer, aligned.
    fn register(&self, offset: u64, width: Width) -> Result<Register, BusFault> {
        let wide = width == Width::Double;
        if !width.aligned(offset) || !(wide || width == Width::Word) {
            return Err(BusFault::Refused);
        }
        let half = (offset as u32 & 4) * 8;
        Ok(match offset {
            END.. => return Err(BusFault::Unmapped),
            MTIME.. => Register::Time(half),
            MTIMECMP..MTIME => match ((offset - MTIMECMP) / 8) as usize {
                hart if hart < self.harts => Register::Compare(hart, half),
                _ => Register::Nothing,
            },
            MSIP..MTIMECMP if wide => return Err(BusFault::Refused),
            MSIP..MTIMECMP => match (offset / 4) as usize {
                hart if hart < self.harts => Register::Software(hart),
                _ => Register::Nothing,
            },
        })
    }

    /// Drives the timer lines and finds the next deadline.
    fn update(&mut self, cx: &mut DeviceContext<'_>) {
        let now = cx.clock.ticks();
        let mut deadline: Option<Nanos> = None;
        for (hart, &compare) in self.state.compare[..self.harts].iter().enumerate() {
            let due = now >= compare;
            cx.lines.set_hart(hart, line::MTIP, due);
            if !due && let Some(moment) = cx.clock.moment_of(compare) {
                deadline = Some(deadline.map_or(moment, |other| other.min(moment)));
            }
        }
        self.state.deadline = deadline;
    }
}

/// `old` with the part that an access at bit `first` covers replaced.
fn merge(old: u64, first: u32, width: Width, value: u64) -> u64 {
    let mask = width.mask() << first;
    old & !mask | value << first & mask
}

impl Device for Clint {
    fn name(&self) -> &str {
        "clint"
    }

    fn read(
        &mut self,
        offset: u64,
        width: Width,
        cx: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault> {
        Ok(match self.register(offset, width)? {
            Register::Software(hart) => u64::from(self.state.software[hart]),
            Register::Compare(hart, first) => self.state.compare[hart] >> first,
            Register::Time(first) => cx.clock.ticks() >> first,
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
            Register::Software(hart) => {
                self.state.software[hart] = value & 1 != 0;
                cx.lines.set_hart(hart, line::MSIP, value & 1 != 0);
            }
            Register::Compare(hart, first) => {
                let compare = &mut self.state.compare[hart];
                *compare = merge(*compare, first, width, value);
                self.update(cx);
            }
            Register::Time(first) => {
                let ticks = merge(cx.clock.ticks(), first, width, value);
                cx.clock.set_ticks(ticks);
                self.update(cx);
            }
            Register::Nothing => {}
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Nanos> {
        self.state.deadline
    }

    fn tick(&mut self, cx: &mut DeviceContext<'_>) {
        self.update(cx);
    }

    fn inspect(&self) -> String {
        let hart = |hart: usize| {
            let software = u8::from(self.state.software[hart]);
            let compare = self.state.compare[hart];
            format!("hart {hart}: msip {software}, mtimecmp {compare:#x}\n")
        };
        (0..self.harts).map(hart).collect()
    }

    fn reset(&mut self, cx: &mut DeviceContext<'_>) {
        *self = Self::new(self.harts);
        cx.clock.set_ticks(0);
        for hart in 0..self.harts {
            cx.lines.set_hart(hart, line::MSIP, false);
        }
        self.update(cx);
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        self.state = state::restore("clint", bytes)?;
        Ok(())
    }
}
