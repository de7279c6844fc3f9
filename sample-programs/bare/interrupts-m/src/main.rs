//! Timer and UART interrupts in M-mode: five ticks, then a line is received and sent back, both
//! by interrupts.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicUsize, Ordering};

use bare_runtime::echo::Echo;
use bare_runtime::{board, csr_set, println, trap};

bare_runtime::entry!(main);

const TICK: u64 = 10_000; // 1 ms
const TICKS: usize = 5;
const NEVER: u64 = u64::MAX;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static ECHO: Echo = Echo::new(0);

fn arm_timer() {
    let now: u64 = board::read(board::MTIME);
    board::write(board::MTIMECMP, now + TICK);
}

fn on_trap(cause: usize, value: usize, pc: usize) -> usize {
    match cause {
        trap::MACHINE_TIMER if COUNT.fetch_add(1, Ordering::Relaxed) + 1 < TICKS => arm_timer(),
        trap::MACHINE_TIMER => board::write(board::MTIMECMP, NEVER),
        trap::MACHINE_EXTERNAL => ECHO.on_external(),
        _ => trap::unexpected(cause, value, pc),
    }
    pc
}

fn main() -> u16 {
    trap::install_machine(on_trap);
    arm_timer();
    csr_set!("mie", 1 << 7 | 1 << 11);
    trap::wait_machine(|| COUNT.load(Ordering::Relaxed) >= TICKS);
    ECHO.listen();
    trap::wait_machine(|| ECHO.has_line());
    ECHO.reply();
    trap::wait_machine(|| ECHO.is_done());
    println!("M-mode: {} timer interrupts", COUNT.load(Ordering::Relaxed));
    println!("M-mode: {} bytes in and out by interrupts", ECHO.sent());
    0
}
