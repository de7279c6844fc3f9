//! The host interface: words in memory, named `tohost` and `fromhost`, that the host watches. A
//! machine whose loader finds these symbols needs no other device.

use core::sync::atomic::{AtomicU64, Ordering};

#[unsafe(export_name = "tohost")]
#[unsafe(link_section = ".tohost")]
static TO_HOST: AtomicU64 = AtomicU64::new(0);
#[unsafe(export_name = "fromhost")]
#[unsafe(link_section = ".tohost")]
static FROM_HOST: AtomicU64 = AtomicU64::new(0);

const CONSOLE_PUT: u64 = 1 << 56 | 1 << 48;

/// Sends a command and waits until the host has taken it.
fn send(value: u64) {
    TO_HOST.store(value, Ordering::SeqCst);
    while TO_HOST.load(Ordering::SeqCst) != 0 {}
    // No command that is sent here has an answer worth reading.
    FROM_HOST.store(0, Ordering::SeqCst);
}

/// Prints on the host's console.
pub fn print(text: &str) {
    for byte in text.bytes() {
        send(CONSOLE_PUT | u64::from(byte));
    }
}

/// Ends the machine with a status.
pub fn exit(status: u16) -> ! {
    loop {
        send(u64::from(status) << 1 | 1);
    }
}
