//! Goldfish real-time clock: nanoseconds since the UNIX epoch, with an alarm.

use abi::memory_map::RTC_IRQ;
use memory::{BusFault, Device, DeviceContext, Nanos, StateError, Width};
use serde::{Deserialize, Serialize};

use crate::state;

const TIME_LOW: u64 = 0x00;
const TIME_HIGH: u64 = 0x04;
const ALARM_LOW: u64 = 0x08;
const ALARM_HIGH: u64 = 0x0c;
const IRQ_ENABLED: u64 = 0x10;
const CLEAR_ALARM: u64 = 0x14;
const ALARM_STATUS: u64 = 0x18;
const CLEAR_INTERRUPT: u64 = 0x1c;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    /// What to add to guest time, modulo 2⁶⁴.
    offset: u64,
    /// Upper half of the time, latched when the lower is read.
    time_high: u32,
    alarm: u64,
    alarm_on: bool,
    irq_enabled: bool,
    pending: bool,
    /// Guest time of the alarm, while it is on and ahead.
    deadline: Option<Nanos>,
}

/// The device.
#[derive(Debug)]
pub struct GoldfishRtc {
    base: u64,
    state: State,
}

impl GoldfishRtc {
    /// A clock that shows `base` nanoseconds since the epoch at guest time 0.
    #[must_use]
    pub fn new(base: u64) -> Self {
        Self {
            base,
            state: State {
                offset: base,
                ..State::default()
            },
        }
    }

    fn time(&self, cx: &DeviceContext<'_>) -> u64 {
        cx.clock.now().wrapping_add(self.state.offset)
    }

    fn update(&mut self, cx: &mut DeviceContext<'_>) {
        if self.state.alarm_on && self.time(cx) >= self.state.alarm {
            self.state.alarm_on = false;
            self.state.pending = true;
        }
        self.state.deadline = self.state.alarm_on.then_some(()).and_then(|()| {
            let wait = self.state.alarm - self.time(cx); // an alarm that is on is ahead
            let moment = cx.clock.now().checked_add(wait)?;
            (moment < memory::Clock::END_OF_TIME).then_some(moment)
        });
        let level = self.state.pending && self.state.irq_enabled;
        cx.lines.set_source(RTC_IRQ, level);
    }
}

const fn with_low(value: u64, low: u64) -> u64 {
    value & !0xffff_ffff | low & 0xffff_ffff
}

const fn with_high(value: u64, high: u64) -> u64 {
    value & 0xffff_ffff | high << 32
}

impl Device for GoldfishRtc {
    fn name(&self) -> &str {
        "rtc"
    }

    fn read(
        &mut self,
        offset: u64,
        width: Width,
        cx: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault> {
        if width != Width::Word || !width.aligned(offset) {
            return Err(BusFault::Refused);
        }
        Ok(match offset {
            TIME_LOW => {
                let time = self.time(cx);
                self.state.time_high = (time >> 32) as u32;
                time & 0xffff_ffff
            }
            TIME_HIGH => u64::from(self.state.time_high),
            ALARM_LOW => self.state.alarm & 0xffff_ffff,
            ALARM_HIGH => self.state.alarm >> 32,
            IRQ_ENABLED => u64::from(self.state.irq_enabled),
            ALARM_STATUS => u64::from(self.state.alarm_on),
            _ => 0,
        })
    }

    fn write(
        &mut self,
        offset: u64,
        width: Width,
        value: u64,
        cx: &mut DeviceContext<'_>,
    ) -> Result<(), BusFault> {
        if width != Width::Word || !width.aligned(offset) {
            return Err(BusFault::Refused);
        }
        let now = cx.clock.now();
        match offset {
            TIME_LOW => self.state.offset = with_low(self.time(cx), value).wrapping_sub(now),
            TIME_HIGH => self.state.offset = with_high(self.time(cx), value).wrapping_sub(now),
            ALARM_LOW => {
                self.state.alarm = with_low(self.state.alarm, value);
                self.state.alarm_on = true;
            }
            ALARM_HIGH => self.state.alarm = with_high(self.state.alarm, value),
            IRQ_ENABLED => self.state.irq_enabled = value & 1 != 0,
            CLEAR_ALARM => self.state.alarm_on = false,
            CLEAR_INTERRUPT => self.state.pending = false,
            _ => {}
        }
        self.update(cx);
        Ok(())
    }

    fn deadline(&self) -> Option<Nanos> {
        self.state.deadline
    }

    fn tick(&mut self, cx: &mut DeviceContext<'_>) {
        self.update(cx);
    }

    fn reset(&mut self, cx: &mut DeviceContext<'_>) {
        *self = Self::new(self.base);
        self.update(cx);
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        self.state = state::restore("rtc", bytes)?;
        Ok(())
    }
}
