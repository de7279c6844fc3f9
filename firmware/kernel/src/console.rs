//! The console: the platform's 16550, driven directly.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU64, Ordering};

use crate::lock::Lock;
use crate::memory::direct;

const DATA: u64 = 0;
const LINE_STATUS: u64 = 5;
const LINE_STATUS_CAN_SEND: u8 = 1 << 5;

/// Physical address of the port; 0 while unknown. Apart from the lock, so that a report of the kernel's failure needs none.
static PORT: AtomicU64 = AtomicU64::new(0);
static OUTPUT: Lock<()> = Lock::new(());

/// Says where the port is. The direct map must show it.
pub fn set_port(physical: u64) {
    PORT.store(physical, Ordering::Relaxed);
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
