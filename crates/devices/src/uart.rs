//! NS16550A serial port: the console.
//!
//! Sending takes no time: the transmitter is always empty again, with the interrupts that this
//! brings. The divisor is kept and changes nothing.
//!
//! Receiving has a 16-byte FIFO with trigger levels and the character timeout. The sender at the
//! other end of the line behaves as one with flow control: a byte comes when there is room, and what
//! a driver throws away unread while it sets the port up is sent again, so that none is lost.
//!
//! Where the data sheet leaves room, it does as QEMU's board does: an access of any width reaches
//! the one register at its offset, and IER's transmitter bit raises its interrupt each time it is set.

use std::collections::VecDeque;

use abi::memory_map::UART_IRQ;
use memory::{BusFault, Clock, Device, DeviceContext, Effect, HostEvent, Nanos, StateError, Width};
use serde::{Deserialize, Serialize};

use crate::state;

const FIFO_BYTES: usize = 16;
/// Registers, a byte apart; nothing answers after them.
const REGISTERS: u64 = 8;
/// Guest time between bytes that arrive: a little slower than 115,200 baud.
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
const FCR_CLEAR_TRANSMITTER: u8 = 1 << 2;
const LCR_DIVISOR: u8 = 1 << 7;
const MCR_OUT2: u8 = 1 << 3;
const MCR_LOOPBACK: u8 = 1 << 4;
/// DCD, DSR and CTS: the other side is there and ready.
const MODEM_READY: u8 = 0xb0;
/// Divisor at reset: 9,600 baud of a 1.8432 MHz crystal.
const RESET_DIVISOR: u16 = 12;

/// Bits of LSR.
mod lsr {
    pub const DATA_READY: u8 = 1;
    pub const OVERRUN: u8 = 1 << 1;
    /// Holding register and shift register empty.
    pub const TRANSMITTER_IDLE: u8 = 3 << 5;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    ier: u8,
    lcr: u8,
    mcr: u8,
    scratch: u8,
    fcr: u8,
    divisor: u16,
    fifo: VecDeque<u8>,
    /// The byte read last: without FIFOs the receive register keeps it.
    last_read: u8,
    overrun: bool,
    /// The transmitter became empty and nobody has been told.
    transmitter_interrupt: bool,
    /// Bytes that the other end has to send before the rest of the prepared input.
    waiting: VecDeque<u8>,
    /// Bytes of the prepared input that were sent.
    input_taken: usize,
    /// When the next byte may arrive.
    next_input: Nanos,
    /// When the character timeout strikes, and whether it has.
    timeout_at: Option<Nanos>,
    timed_out: bool,
}

impl State {
    const fn at_reset() -> Self {
        Self {
            ier: 0,
            lcr: 0,
            mcr: MCR_OUT2,
            scratch: 0,
            fcr: 0,
            divisor: RESET_DIVISOR,
            fifo: VecDeque::new(),
            last_read: 0,
            overrun: false,
            transmitter_interrupt: false,
            waiting: VecDeque::new(),
            input_taken: 0,
            next_input: INPUT_PERIOD,
            timeout_at: None,
            timed_out: false,
        }
    }
}

/// The device.
#[derive(Debug)]
pub struct Uart {
    input: Vec<u8>,
    state: State,
}

impl Uart {
    /// A port at which nothing waits.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_input(Vec::new())
    }

    /// A port at which `input` arrives byte by byte, paced by guest time, so that every run sees
    /// the same.
    #[must_use]
    pub const fn with_input(input: Vec<u8>) -> Self {
        Self {
            input,
            state: State::at_reset(),
        }
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

    fn loopback(&self) -> bool {
        self.state.mcr & MCR_LOOPBACK != 0
    }

    fn trigger_level(&self) -> usize {
        if !self.fifo_enabled() {
            return 1;
        }
        [1, 4, 8, 14][usize::from(self.state.fcr >> 6)]
    }

    /// Whether a byte is to come and nothing but time keeps it back.
    fn line_is_busy(&self) -> bool {
        let more = !self.state.waiting.is_empty() || self.state.input_taken < self.input.len();
        more && self.room() && !self.loopback()
    }

    /// Takes in the byte that has arrived, if one has.
    fn receive(&mut self, now: Nanos) {
        if !self.line_is_busy() || self.state.next_input > now {
            return;
        }
        let byte = self.state.waiting.pop_front().or_else(|| {
            let byte = self.input.get(self.state.input_taken).copied();
            self.state.input_taken += 1;
            byte
        });
        if let Some(byte) = byte {
            self.state.next_input = now.saturating_add(INPUT_PERIOD);
            self.push(byte, now);
        }
    }

    fn push(&mut self, byte: u8, now: Nanos) {
        self.state.fifo.push_back(byte);
        self.start_timeout(now);
    }

    /// The character timeout counts from the last byte that came in or went out.
    fn start_timeout(&mut self, now: Nanos) {
        let running = self.fifo_enabled() && !self.state.fifo.is_empty();
        self.state.timeout_at = running.then_some(now.saturating_add(CHARACTER_TIMEOUT));
    }

    /// What the interrupt identification register shows, without the FIFO bits.
    fn interrupt(&self) -> u8 {
        let enabled = |bit| self.state.ier & bit != 0;
        if enabled(ier::LINE_STATUS) && self.state.overrun {
            iir::LINE_STATUS
        } else if enabled(ier::RECEIVED) && self.state.timed_out {
            iir::TIMEOUT
        } else if enabled(ier::RECEIVED) && self.state.fifo.len() >= self.trigger_level() {
            iir::RECEIVED
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
        if let Some(byte) = self.state.fifo.pop_front() {
            self.state.last_read = byte;
        } else if self.fifo_enabled() {
            self.state.last_read = 0;
        }
        self.state.timed_out = false;
        self.start_timeout(now);
        self.state.last_read
    }

    fn transmit(&mut self, byte: u8, cx: &mut DeviceContext<'_>) {
        self.state.transmitter_interrupt = true;
        if !self.loopback() {
            cx.effects.push(Effect::Console(byte));
        } else if self.room() {
            self.push(byte, cx.clock.now());
        } else {
            // The FIFO keeps what it has; the receive register without FIFOs is overwritten.
            self.state.overrun = true;
            if !self.fifo_enabled() {
                self.state.fifo.clear();
                self.push(byte, cx.clock.now());
            }
        }
    }

    fn set_fifo_control(&mut self, value: u8, now: Nanos) {
        let switched = (value ^ self.state.fcr) & FCR_ENABLE != 0;
        if value & FCR_CLEAR_RECEIVER != 0 || switched {
            self.clear_receiver(now);
        }
        if value & FCR_CLEAR_TRANSMITTER != 0 || switched {
            self.state.transmitter_interrupt = true;
        }
        self.state.fcr = value & (FCR_ENABLE | 3 << 6);
    }

    /// Drivers clear the receiver when they set the port up, and some read it once more right
    /// after; input that is there from the start must survive both.
    fn clear_receiver(&mut self, now: Nanos) {
        while let Some(byte) = self.state.fifo.pop_back() {
            if !self.loopback() {
                self.state.waiting.push_front(byte);
            }
        }
        self.state.next_input = self.state.next_input.max(now.saturating_add(INPUT_PERIOD));
        self.state.timeout_at = None;
        self.state.timed_out = false;
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

    /// In loopback the modem lines are those that MCR drives.
    fn modem_status(&self) -> u8 {
        if !self.loopback() {
            return MODEM_READY;
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
                if (value ^ self.state.ier) & ier::TRANSMITTER_EMPTY != 0 {
                    self.state.transmitter_interrupt = value & ier::TRANSMITTER_EMPTY != 0;
                }
                self.state.ier = value & ier::ALL;
            }
            2 => self.set_fifo_control(value, cx.clock.now()),
            3 => self.state.lcr = value,
            4 => self.state.mcr = value & 0x1f,
            7 => self.state.scratch = value,
            _ => {}
        }
    }
}

/// Whether an access reaches a register: any width does, aligned, as on QEMU's board.
fn accept(offset: u64, width: Width) -> Result<(), BusFault> {
    match offset {
        REGISTERS.. => Err(BusFault::Unmapped),
        _ if !width.aligned(offset) => Err(BusFault::Refused),
        _ => Ok(()),
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
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
        accept(offset, width)?;
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
        accept(offset, width)?;
        self.write_register(offset, value as u8, cx);
        self.update(cx);
        Ok(())
    }

    fn deadline(&self) -> Option<Nanos> {
        let input = self.line_is_busy().then_some(self.state.next_input);
        let timeout = self.state.timeout_at;
        input
            .into_iter()
            .chain(timeout)
            .filter(|&moment| moment < Clock::END_OF_TIME)
            .min()
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

    fn backlog(&self) -> usize {
        self.state.waiting.len()
    }

    fn inspect(&self) -> String {
        let State { ier, lcr, mcr, .. } = self.state;
        format!(
            "ier {ier:#04x}, lcr {lcr:#04x}, mcr {mcr:#04x}; {} bytes received, {} on their way\n",
            self.state.fifo.len(),
            self.state.waiting.len() + self.input.len() - self.state.input_taken,
        )
    }

    fn reset(&mut self, cx: &mut DeviceContext<'_>) {
        // What the guest has not read is still to come.
        self.clear_receiver(cx.clock.now());
        self.state = State {
            waiting: std::mem::take(&mut self.state.waiting),
            input_taken: self.state.input_taken,
            next_input: self.state.next_input,
            ..State::at_reset()
        };
        self.update(cx);
    }

    fn save(&self) -> Vec<u8> {
        state::save(&self.state)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let state: State = state::restore("uart", bytes)?;
        if state.fifo.len() > FIFO_BYTES || state.input_taken > self.input.len() {
            return Err(StateError {
                device: "uart".to_owned(),
                reason: "it holds more input than there can be".to_owned(),
            });
        }
        self.state = state;
        Ok(())
    }
}
