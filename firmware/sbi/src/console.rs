//! The serial port (16550) that the device tree names as console.

use core::fmt;
use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::mmio;
use crate::platform::PLATFORM;

/// Register numbers (16550 data sheet); `reg-shift` spreads them.
const DATA: usize = 0;
const INTERRUPT_ENABLE: usize = 1;
const FIFO_CONTROL: usize = 2;
const LINE_CONTROL: usize = 3;
const LINE_STATUS: usize = 5;

const FIFO_ENABLE: u8 = 1;
const EIGHT_BITS: u8 = 3;
const DATA_READY: u8 = 1;
const TRANSMITTER_EMPTY: u8 = 1 << 5;

/// Longest wait for the transmitter, in reads of its state: a port that never sends must not stop a hart.
const PATIENCE: u32 = 1 << 20;

/// Held while a text is written, so that texts of several harts do not mix.
static BUSY: AtomicBool = AtomicBool::new(false);

fn register(number: usize) -> usize {
    let shift = PLATFORM.uart_shift.load(Ordering::Relaxed);
    PLATFORM.uart.load(Ordering::Relaxed) + (number << shift)
}

/// Sets the port up: 8 bits, no interrupts. The speed stays as it is.
pub fn initialise() {
    mmio::write8(register(INTERRUPT_ENABLE), 0);
    mmio::write8(register(LINE_CONTROL), EIGHT_BITS);
    mmio::write8(register(FIFO_CONTROL), FIFO_ENABLE);
}

/// The port, alone.
#[derive(Debug)]
pub struct Console {
    locked: bool,
}

/// The port, when no other hart writes to it.
pub fn lock() -> Console {
    while BUSY.swap(true, Ordering::Acquire) {
        spin_loop();
    }
    Console { locked: true }
}

/// The port, whoever has it: for the last words of a firmware that fails.
pub fn seize() -> Console {
    Console { locked: false }
}

impl Drop for Console {
    fn drop(&mut self) {
        if self.locked {
            BUSY.store(false, Ordering::Release);
        }
    }
}

impl Console {
    /// Sends a byte.
    pub fn send(&mut self, byte: u8) {
        let status = register(LINE_STATUS);
        for _ in 0..PATIENCE {
            if mmio::read8(status) & TRANSMITTER_EMPTY != 0 {
                break;
            }
        }
        mmio::write8(register(DATA), byte);
    }

    /// The next byte received, if there is one.
    pub fn receive(&mut self) -> Option<u8> {
        let ready = mmio::read8(register(LINE_STATUS)) & DATA_READY != 0;
        ready.then(|| mmio::read8(register(DATA)))
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.send(b'\r');
            }
            self.send(byte);
        }
        Ok(())
    }
}
