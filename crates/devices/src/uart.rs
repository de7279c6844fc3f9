//! NS16550A serial port: the console.
//!
//! Sending takes no time: the transmitter is always empty again, with the interrupts that this
//! brings. Receiving has a 16-byte FIFO with trigger levels and the character timeout; bytes wait
//! outside until there is room, so that none is lost.

use std::collections::VecDeque;

use abi::memory_map::UART_IRQ;
use memory::{BusFault, Device, DeviceContext, Effect, HostEvent, Nanos, StateError, Width};
use serde::{Deserialize, Serialize};

use crate::state;

const FIFO_BYTES: usize = 16;
/// Guest time between bytes of prepared input: a little slower than 115,200 baud.
const INPUT_PERIOD: Nanos = 100_000;
/// Guest time without a byte after which a FIFO below its trigger level interrupts: four
/// characters at 115,200 baud.
const CHARACTER_TIMEOUT: Nanos = 350_000;

/// Bits of IER.
mod ier {
    pub const RECEIVED: u8 = 1;
    pub const TRANSMITTER_EMPTY: u8 = 1 << 1;
    pub const LINE_STATUS: u8 = 1 << 2;
    pub const ALL: u8 = 0xf;
}

/// Values of IIR.
mod iir {
    pub const NONE: u8 = 1;
    pub const TRANSMITTER_EMPTY: u8 = 2;
    pub const RECEIVED: u8 = 4;
    pub const LINE_STATUS: u8 = 6;
    pub const TIMEOUT: u8 = 0xc;
    pub const FIFO_ENABLED: u8 = 0xc0;
}

const FCR_ENABLE: u8 = 1;
const FCR_CLEAR_RECEIVER: u8 = 1 << 1;
const LCR_DIVISOR: u8 = 1 << 7;
const MCR_LOOPBACK: u8 = 1 << 4;

/// Bits of LSR.
mod lsr {
    pub const DATA_READY: u8 = 1;
    pub const OVERRUN: u8 = 1 << 1;
    /// Holding register and shift register empty.
    pub const TRANSMITTER_IDLE: u8 = 3 << 5;
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    ier: u8,
    lcr: u8,
    mcr: u8,
    scratch: u8,
    fcr: u8,
    divisor: u16,
    fifo: VecDeque<u8>,
    overrun: bool,
    /// The transmitter became empty and nobody has been told.
    transmitter_interrupt: bool,
    /// Bytes typed that have not found room.
    waiting: VecDeque<u8>,
    /// Bytes of the prepared input that have arrived.
    input_taken: usize,
    /// When the next byte of the prepared input may arrive.
    next_input: Nanos,
    /// When the character timeout strikes, and whether it has.
    timeout_at: Option<Nanos>,
    timed_out: bool,
}

/// The device.
#[derive(Debug, Default)]
pub struct Uart {
    input: Vec<u8>,
    state: State,
}

impl Uart {
    /// A port at which nothing waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A port at which `input` arrives byte by byte, paced by guest time, so that every run sees
    /// the same.
    #[must_use]
    pub fn with_input(input: Vec<u8>) -> Self {
        let state = State {
            next_input: INPUT_PERIOD,
            ..State::default()
        };
        Self { input, state }
    }

    fn divisor_selected(&self) -> bool {
        self.state.lcr & LCR_DIVISOR != 0
    }

    fn fifo_enabled(&self) -> bool {
        self.state.fcr & FCR_ENABLE != 0
    }

    fn room(&self) -> bool {
        let capacity = if self.fifo_enabled() { FIFO_BYTES } else { 1 };
        self.state.fifo.len() < capacity
    }

    fn trigger_level(&self) -> usize {
        if !self.fifo_enabled() {
            return 1;
        }
        [1, 4, 8, 14][usize::from(self.state.fcr >> 6)]
    }

    /// Moves what has arrived into the FIFO.
    fn receive(&mut self, now: Nanos) {
        while self.room() {
            let byte = if let Some(byte) = self.state.waiting.pop_front() {
                byte
            } else if let Some(&byte) = self.input.get(self.state.input_taken)
                && self.state.next_input <= now
            {
                self.state.input_taken += 1;
                self.state.next_input = now + INPUT_PERIOD;
                byte
            } else {
                return;
            };
            self.push(byte, now);
        }
    }

    fn push(&mut self, byte: u8, now: Nanos) {
        self.state.fifo.push_back(byte);
        self.state.timeout_at = self.fifo_enabled().then_some(now + CHARACTER_TIMEOUT);
    }

    /// What the interrupt identification register shows, without the FIFO bits.
    fn interrupt(&self) -> u8 {
        let enabled = |bit| self.state.ier & bit != 0;
        if enabled(ier::LINE_STATUS) && self.state.overrun {
            iir::LINE_STATUS
        } else if enabled(ier::RECEIVED) && self.state.fifo.len() >= self.trigger_level() {
            iir::RECEIVED
        } else if enabled(ier::RECEIVED) && self.state.timed_out && !self.state.fifo.is_empty() {
            iir::TIMEOUT
        } else if enabled(ier::TRANSMITTER_EMPTY) && self.state.transmitter_interrupt {
            iir::TRANSMITTER_EMPTY
        } else {
            iir::NONE
        }
    }

    fn update(&mut self, cx: &mut DeviceContext<'_>) {
        let now = cx.clock.now();
        self.receive(now);
        if self.state.timeout_at.is_some_and(|at| at <= now) {
            self.state.timeout_at = None;
            self.state.timed_out = !self.state.fifo.is_empty();
        }
        cx.lines.set_source(UART_IRQ, self.interrupt() != iir::NONE);
    }

    fn read_data(&mut self, now: Nanos) -> u8 {
        let byte = self.state.fifo.pop_front().unwrap_or(0);
        self.state.timed_out = false;
        let rest = !self.state.fifo.is_empty() && self.fifo_enabled();
        self.state.timeout_at = rest.then_some(now + CHARACTER_TIMEOUT);
        byte
    }

    fn transmit(&mut self, byte: u8, cx: &mut DeviceContext<'_>) {
        self.state.transmitter_interrupt = true;
        if self.state.mcr & MCR_LOOPBACK == 0 {
            cx.effects.push(Effect::Console(byte));
        } else if self.room() {
            self.push(byte, cx.clock.now());
        } else {
            self.state.overrun = true;
        }
    }

    fn set_fifo_control(&mut self, value: u8) {
        let switched = (value ^ self.state.fcr) & FCR_ENABLE != 0;
        if value & FCR_CLEAR_RECEIVER != 0 || switched {
            self.state.fifo.clear();
            self.state.timeout_at = None;
            self.state.timed_out = false;
        }
        self.state.fcr = value & (FCR_ENABLE | 3 << 6);
    }

    fn line_status(&mut self) -> u8 {
        let mut status = lsr::TRANSMITTER_IDLE;
        if !self.state.fifo.is_empty() {
            status |= lsr::DATA_READY;
        }
        if std::mem::take(&mut self.state.overrun) {
            status |= lsr::OVERRUN;
        }
        status
    }

    /// In loopback the modem lines are those that MCR drives; otherwise the other side is there
    /// and ready.
    fn modem_status(&self) -> u8 {
        if self.state.mcr & MCR_LOOPBACK == 0 {
            return 0xb0; // DCD, DSR, CTS
        }
        let mcr = self.state.mcr;
        (mcr & 0xc) << 4 | (mcr & 2) << 3 | (mcr & 1) << 5
    }

    fn read_register(&mut self, offset: u64, now: Nanos) -> u8 {
        match offset {
            0 if self.divisor_selected() => self.state.divisor as u8,
            0 => self.read_data(now),
            1 if self.divisor_selected() => (self.state.divisor >> 8) as u8,
            1 => self.state.ier,
            2 => {
                let reason = self.interrupt();
                if reason == iir::TRANSMITTER_EMPTY {
                    self.state.transmitter_interrupt = false;
                }
                let fifo = if self.fifo_enabled() {
                    iir::FIFO_ENABLED
                } else {
                    0
                };
                reason | fifo
            }
            3 => self.state.lcr,
            4 => self.state.mcr,
            5 => self.line_status(),
            6 => self.modem_status(),
            7 => self.state.scratch,
            _ => 0,
        }
    }

    fn write_register(&mut self, offset: u64, value: u8, cx: &mut DeviceContext<'_>) {
        match offset {
            0 if self.divisor_selected() => {
                self.state.divisor = self.state.divisor & 0xff00 | u16::from(value);
            }
            0 => self.transmit(value, cx),
            1 if self.divisor_selected() => {
                self.state.divisor = self.state.divisor & 0xff | u16::from(value) << 8;
            }
            1 => {
                let newly = value & !self.state.ier & ier::TRANSMITTER_EMPTY != 0;
                self.state.transmitter_interrupt |= newly;
                self.state.ier = value & ier::ALL;
            }
            2 => self.set_fifo_control(value),
            3 => self.state.lcr = value,
            4 => self.state.mcr = value & 0x1f,
            7 => self.state.scratch = value,
            _ => {}
        }
    }
}

impl Device for Uart {
    fn name(&self) -> &str {
        "uart"
    }

    fn read(
        &mut self,
        offset: u64,
        width: Width,
        cx: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault> {
        if width != Width::Byte {
            return Err(BusFault::Refused);
        }
        let value = self.read_register(offset, cx.clock.now());
        self.update(cx);
        Ok(u64::from(value))
    }

    fn write(
        &mut self,
        offset: u64,
        width: Width,
        value: u64,
        cx: &mut DeviceContext<'_>,
    ) -> Result<(), BusFault> {
        if width != Width::Byte {
            return Err(BusFault::Refused);
        }
        self.write_register(offset, value as u8, cx);
        self.update(cx);
        Ok(())
    }

    fn deadline(&self) -> Option<Nanos> {
        let more = self.state.input_taken < self.input.len() && self.room();
        let input = more.then_some(self.state.next_input);
        let timeout = self.state.timeout_at;
        input.into_iter().chain(timeout).min()
    }

    fn tick(&mut self, cx: &mut DeviceContext<'_>) {
        self.update(cx);
    }

    fn event(&mut self, event: &HostEvent, cx: &mut DeviceContext<'_>) -> bool {
        let HostEvent::ConsoleInput(bytes) = event else {
            return false;
        };
        self.state.waiting.extend(bytes);
        self.update(cx);
        true
    }

    fn reset(&mut self, cx: &mut DeviceContext<'_>) {
        self.state = State {
            waiting: std::mem::take(&mut self.state.waiting),
            input_taken: self.state.input_taken,
            next_input: self.state.next_input,
            ..State::default()
        };
        self.update(cx);
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        self.state = state::restore("uart", bytes)?;
        Ok(())
    }
}
