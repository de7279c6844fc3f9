//! A line that is received and sent back with UART interrupts only, in any mode.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};

use crate::board;

const CAPACITY: usize = 64;
const INTERRUPT_ENABLE: usize = board::UART + 1;
const INTERRUPT_IDENTITY: usize = board::UART + 2;
const LINE_STATUS: usize = board::UART + 5;
const ON_RECEIVED: u8 = 1;
const ON_TRANSMITTER_EMPTY: u8 = 2;
const DATA_READY: u8 = 1;

/// One line on its way in, then on its way out.
pub struct Echo {
    /// Context of the PLIC that takes the interrupts.
    context: usize,
    line: [AtomicU8; CAPACITY],
    received: AtomicUsize,
    sent: AtomicUsize,
    done: AtomicBool,
}

impl Echo {
    /// An echo for a context of the PLIC: 0 is M-mode of hart 0, 1 its S-mode.
    #[must_use]
    pub const fn new(context: usize) -> Self {
        Self {
            context,
            line: [const { AtomicU8::new(0) }; CAPACITY],
            received: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            done: AtomicBool::new(false),
        }
    }

    /// Begins to receive.
    pub fn listen(&self) {
        board::write(board::PLIC_PRIORITY + 4 * board::UART_IRQ as usize, 1u32);
        board::write(board::plic_enable(self.context), 1u32 << board::UART_IRQ);
        board::write(board::plic_threshold(self.context), 0u32);
        board::write(INTERRUPT_ENABLE, ON_RECEIVED);
    }

    /// Whether a whole line was received.
    pub fn has_line(&self) -> bool {
        let received = self.received.load(Relaxed);
        received > 0 && self.line[(received - 1) % CAPACITY].load(Relaxed) == b'\n'
    }

    /// Begins to send the line back.
    pub fn reply(&self) {
        board::write(INTERRUPT_ENABLE, ON_TRANSMITTER_EMPTY);
    }

    /// Whether all was sent.
    pub fn is_done(&self) -> bool {
        self.done.load(Relaxed)
    }

    /// How many bytes were sent.
    pub fn sent(&self) -> usize {
        self.sent.load(Relaxed)
    }

    /// Serves an external interrupt: all that the PLIC has for this context.
    pub fn on_external(&self) {
        let claim = board::plic_threshold(self.context) + 4;
        loop {
            let source: u32 = board::read(claim);
            match source {
                0 => break,
                board::UART_IRQ => self.on_uart(),
                _ => {}
            }
            board::write(claim, source);
        }
    }

    fn on_uart(&self) {
        match board::read::<u8>(INTERRUPT_IDENTITY) & 0xf {
            0x4 | 0xc => self.receive(),
            0x2 => self.send_one(),
            _ => {}
        }
    }

    fn receive(&self) {
        while board::read::<u8>(LINE_STATUS) & DATA_READY != 0 {
            let at = self.received.fetch_add(1, Relaxed);
            self.line[at % CAPACITY].store(board::read(board::UART), Relaxed);
        }
    }

    /// The transmitter is empty: the next byte, or no more of these interrupts.
    fn send_one(&self) {
        let at = self.sent.load(Relaxed);
        if at < self.received.load(Relaxed) {
            board::write(board::UART, self.line[at % CAPACITY].load(Relaxed));
            self.sent.store(at + 1, Relaxed);
        } else {
            board::write(INTERRUPT_ENABLE, 0u8);
            self.done.store(true, Relaxed);
        }
    }
}
