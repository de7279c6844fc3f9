//! The console: the platform's 16550, driven directly.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering};

use abi::errno;
use kernel_core::line::Signal;

use crate::hart::Hart;
use crate::kernel::Kernel;
use crate::lock::Lock;
use crate::memory::direct;
use crate::process::signal;
use crate::process::thread::Wait;
use crate::syscall::Outcome;

const DATA: u64 = 0;
const INTERRUPT_ENABLE: u64 = 1;
const FIFO_CONTROL: u64 = 2;
const LINE_CONTROL: u64 = 3;
const MODEM_CONTROL: u64 = 4;
const LINE_STATUS: u64 = 5;
const LINE_STATUS_DATA_READY: u8 = 1;
const LINE_STATUS_CAN_SEND: u8 = 1 << 5;

/// Physical address of the port; 0 while unknown. Apart from the lock, so that a report of the kernel's failure needs none.
static PORT: AtomicU64 = AtomicU64::new(0);
static OUTPUT: Lock<()> = Lock::new(());

/// Says where the port is. The direct map must show it.
pub fn set_port(physical: u64) {
    PORT.store(physical, Ordering::Relaxed);
}

/// Has the port interrupt for every byte that arrives.
pub fn receive_by_interrupt() {
    const EIGHT_BITS: u8 = 3;
    const FIFO_ON: u8 = 1;
    const DTR_RTS_OUT2: u8 = 0xb;
    const RECEIVED: u8 = 1;
    let port = PORT.load(Ordering::Relaxed);
    direct::write_device(port + LINE_CONTROL, EIGHT_BITS);
    direct::write_device(port + FIFO_CONTROL, FIFO_ON);
    direct::write_device(port + MODEM_CONTROL, DTR_RTS_OUT2);
    direct::write_device(port + INTERRUPT_ENABLE, RECEIVED);
}

fn send(byte: u8) {
    let port = PORT.load(Ordering::Relaxed);
    if port == 0 {
        return;
    }
    while direct::read_device(port + LINE_STATUS) & LINE_STATUS_CAN_SEND == 0 {
        core::hint::spin_loop();
    }
    direct::write_device(port + DATA, byte);
}

fn receive() -> Option<u8> {
    let port = PORT.load(Ordering::Relaxed);
    let ready = direct::read_device(port + LINE_STATUS) & LINE_STATUS_DATA_READY != 0;
    ready.then(|| direct::read_device(port + DATA))
}

/// Sends bytes; a line feed gets its carriage return.
pub fn write_bytes(bytes: &[u8]) {
    let _turn = OUTPUT.lock();
    for &byte in bytes {
        if byte == b'\n' {
            send(b'\r');
        }
        send(byte);
    }
}

impl Kernel {
    /// Takes what has arrived at the port.
    pub fn receive_bytes(&mut self) {
        let mut echoed = false;
        while let Some(byte) = receive() {
            let effect = self.line.take(byte);
            for byte in effect.echo() {
                send(byte);
            }
            echoed = true;
            let signal = match effect.signal {
                Some(Signal::Interrupt) => signal::INT,
                Some(Signal::Stop) => signal::TSTP,
                Some(Signal::Quit) => signal::QUIT,
                None => continue,
            };
            self.signal_foreground(signal);
        }
        if echoed && self.line.can_read() {
            self.wake(Wait::Console);
        }
    }

    /// Sends a signal to every process of the job that has the terminal.
    fn signal_foreground(&mut self, signal: u32) {
        let mut from = 0;
        while let Some(id) = self.processes.next_from(from) {
            from = id.index() + 1;
            let job = self.processes.get(id).map(|process| process.job);
            let number = job.and_then(|job| self.jobs.get(job)).map(|job| job.number);
            if number == Some(self.foreground) {
                self.raise(id, signal);
            }
        }
    }

    /// Reads what was typed: a line, or what there is.
    pub fn read_console(&mut self, hart: &Hart, into: u64, length: u64, blocks: bool) -> Outcome {
        let mut bytes = [0; 256];
        let count = length.min(bytes.len() as u64) as usize;
        if count == 0 {
            return Ok(0);
        }
        match self.line.read(&mut bytes[..count]) {
            Some(count) => {
                self.write_user(hart, into, &bytes[..count])?;
                Ok(count as u64)
            }
            None if blocks => Err(Wait::Console.into()),
            None => Err(errno::EAGAIN.into()),
        }
    }
}

struct Port;

impl Write for Port {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                send(b'\r');
            }
            send(byte);
        }
        Ok(())
    }
}

/// Prints a line of the kernel's own.
pub fn print(arguments: fmt::Arguments<'_>) {
    let _turn = OUTPUT.lock();
    let _ = Port.write_fmt(arguments);
}

/// Prints without waiting for whoever is printing: the kernel failed, and that may be why.
pub fn print_at_once(arguments: fmt::Arguments<'_>) {
    let _ = Port.write_fmt(arguments);
}

/// Prints a line on the console.
#[macro_export]
macro_rules! println {
    ($($argument:tt)*) => { $crate::console::print(format_args!("{}\n", format_args!($($argument)*))) };
}
