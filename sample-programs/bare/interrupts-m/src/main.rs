//! Timer and UART interrupts in M-mode: five ticks, then a line is received and sent back, both
//! by interrupts.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicUsize, Ordering};

use bare_runtime::{board, csr_clear, csr_set, println, trap};

bare_runtime::entry!(main);

const TICK: u64 = 10_000; // 1 ms
const CONTEXT: usize = 0;

static TICKS: AtomicUsize = AtomicUsize::new(0);
static RECEIVED: AtomicUsize = AtomicUsize::new(0);
static SENT: AtomicUsize = AtomicUsize::new(0);
static LINE: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];
static DONE: AtomicUsize = AtomicUsize::new(0);

fn arm_timer() {
    let now: u64 = board::read(board::MTIME);
    board::write(board::MTIMECMP, now + TICK);
}

fn on_trap(cause: usize, value: usize, pc: usize) -> usize {
    match cause & !trap::INTERRUPT {
        7 if cause & trap::INTERRUPT != 0 => {
            TICKS.fetch_add(1, Ordering::Relaxed);
            arm_timer();
        }
        11 if cause & trap::INTERRUPT != 0 => on_external(),
        _ => {
            println!("unexpected trap {cause:#x} value {value:#x} at {pc:#x}");
            bare_runtime::exit(2)
        }
    }
    pc
}

fn on_external() {
    let claim = board::plic_threshold(CONTEXT) + 4;
    let source: u32 = board::read(claim);
    if source == board::UART_IRQ {
        on_uart();
    }
    board::write(claim, source);
}

fn on_uart() {
    let reason: u8 = board::read(board::UART + 2);
    match reason & 0xf {
        4 | 0xc => {
            while board::read::<u8>(board::UART + 5) & 1 != 0 {
                let byte: u8 = board::read(board::UART);
                let n = RECEIVED.fetch_add(1, Ordering::Relaxed);
                LINE[n % 64].store(usize::from(byte), Ordering::Relaxed);
            }
        }
        2 => {
            // The transmitter is empty: the next byte, or no more of these interrupts.
            let n = SENT.load(Ordering::Relaxed);
            if n < RECEIVED.load(Ordering::Relaxed) {
                board::write(board::UART, LINE[n % 64].load(Ordering::Relaxed) as u8);
                SENT.store(n + 1, Ordering::Relaxed);
            } else {
                board::write(board::UART + 1, 0u8);
                DONE.store(1, Ordering::Relaxed);
            }
        }
        _ => {}
    }
}

/// Interrupts are off between the look at the condition and WFI, which a pending one ends all the
/// same: so none can slip in between and leave the hart waiting.
fn wait_until(condition: impl Fn() -> bool) {
    csr_clear!("mstatus", 1 << 3);
    while !condition() {
        // SAFETY: waiting changes nothing.
        unsafe { core::arch::asm!("wfi") };
        csr_set!("mstatus", 1 << 3);
        csr_clear!("mstatus", 1 << 3);
    }
    csr_set!("mstatus", 1 << 3);
}

fn main() -> u16 {
    trap::install_machine(on_trap);
    board::write(board::PLIC_PRIORITY + 4 * board::UART_IRQ as usize, 1u32);
    board::write(board::plic_enable(CONTEXT), 1u32 << board::UART_IRQ);
    board::write(board::plic_threshold(CONTEXT), 0u32);
    arm_timer();
    csr_set!("mie", 1 << 7 | 1 << 11);
    csr_set!("mstatus", 1 << 3);
    wait_until(|| TICKS.load(Ordering::Relaxed) >= 5);
    csr_clear!("mie", 1 << 7);
    println!("five timer interrupts in M-mode");
    board::write(board::UART + 1, 1u8);
    let ended = || {
        let n = RECEIVED.load(Ordering::Relaxed);
        n > 0 && LINE[(n - 1) % 64].load(Ordering::Relaxed) == usize::from(b'\n')
    };
    wait_until(ended);
    board::write(board::UART + 1, 2u8);
    wait_until(|| DONE.load(Ordering::Relaxed) != 0);
    println!(
        "received and sent {} bytes by interrupt",
        SENT.load(Ordering::Relaxed)
    );
    0
}
