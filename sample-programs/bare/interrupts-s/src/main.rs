//! Timer and UART interrupts in S-mode with Sv39 on: five ticks, then a line is received and sent
//! back, both by interrupts.
//!
//! The timer is S-mode's own (Sstc) where the machine has one; where it has none, M-mode's timer
//! is armed by a call and its interrupt passed on, as firmware does.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bare_runtime::echo::Echo;
use bare_runtime::{board, csr_clear, csr_read, csr_set, csr_write, println, trap};

bare_runtime::entry!(main);

const TICK: usize = 10_000; // 1 ms
const TICKS: usize = 5;
const NEVER: usize = usize::MAX;
const STCE: usize = 1 << 63;
const STIP: usize = 1 << 5;
const MTIE: usize = 1 << 7;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static ECHO: Echo = Echo::new(1);
static HAS_SSTC: AtomicBool = AtomicBool::new(false);
/// Argument of the call that arms M-mode's timer.
static DEADLINE: AtomicUsize = AtomicUsize::new(NEVER);
/// An instruction that the machine does not have is skipped, and noted in `IS_ILLEGAL`.
static IS_PROBING: AtomicBool = AtomicBool::new(false);
static IS_ILLEGAL: AtomicBool = AtomicBool::new(false);

/// The root table: gigabyte pages that map every address to itself.
#[repr(align(4096))]
struct Table([usize; 512]);

const VALID_RWXAD: usize = 0xcf;

static ROOT: Table = {
    let mut entries = [0; 512];
    let mut i = 0;
    while i < 4 {
        entries[i] = i << 28 | VALID_RWXAD;
        i += 1;
    }
    Table(entries)
};

/// The board's timer, since the `time` CSR is an extension (Zicntr).
fn now() -> usize {
    board::read(board::MTIME)
}

fn set_timer(deadline: usize) {
    if HAS_SSTC.load(Ordering::Relaxed) {
        csr_write!("0x14d", deadline); // stimecmp
    } else {
        DEADLINE.store(deadline, Ordering::Relaxed);
        // SAFETY: M-mode's handler keeps all registers.
        unsafe { core::arch::asm!("ecall") };
    }
}

fn on_machine_trap(cause: usize, value: usize, pc: usize) -> usize {
    match cause {
        trap::ILLEGAL_INSTRUCTION if IS_PROBING.load(Ordering::Relaxed) => {
            IS_ILLEGAL.store(true, Ordering::Relaxed);
            pc + 4
        }
        trap::CALL_FROM_SUPERVISOR => {
            board::write(board::MTIMECMP, DEADLINE.load(Ordering::Relaxed));
            csr_clear!("mip", STIP);
            csr_set!("mie", MTIE);
            pc + 4
        }
        trap::MACHINE_TIMER => {
            csr_clear!("mie", MTIE);
            csr_set!("mip", STIP);
            pc
        }
        _ => trap::unexpected(cause, value, pc),
    }
}

fn on_trap(cause: usize, value: usize, pc: usize) -> usize {
    match cause {
        trap::SUPERVISOR_TIMER if COUNT.fetch_add(1, Ordering::Relaxed) + 1 < TICKS => {
            set_timer(now() + TICK);
        }
        trap::SUPERVISOR_TIMER => set_timer(NEVER),
        trap::SUPERVISOR_EXTERNAL => ECHO.on_external(),
        _ => trap::unexpected(cause, value, pc),
    }
    pc
}

extern "C" fn supervisor() -> ! {
    trap::install_supervisor(on_trap);
    csr_write!("satp", 8 << 60 | ROOT.0.as_ptr() as usize >> 12);
    // SAFETY: the new tables map everything to itself.
    unsafe { core::arch::asm!("sfence.vma") };
    set_timer(now() + TICK);
    csr_set!("sie", 1 << 5 | 1 << 9);
    trap::wait_supervisor(|| COUNT.load(Ordering::Relaxed) >= TICKS);
    ECHO.listen();
    trap::wait_supervisor(|| ECHO.has_line());
    ECHO.reply();
    trap::wait_supervisor(|| ECHO.is_done());
    println!("S-mode: {} timer interrupts", COUNT.load(Ordering::Relaxed));
    println!("S-mode: {} bytes in and out by interrupts", ECHO.sent());
    bare_runtime::exit(0)
}

/// Whether the machine has Sstc, which this also switches on: `menvcfg` keeps its bit, and
/// `stimecmp` is no illegal instruction.
fn enable_sstc() -> bool {
    IS_PROBING.store(true, Ordering::Relaxed);
    csr_set!("0x30a", STCE); // menvcfg
    let is_kept = csr_read!("0x30a") & STCE != 0;
    if is_kept {
        csr_write!("0x14d", NEVER); // stimecmp
    }
    IS_PROBING.store(false, Ordering::Relaxed);
    is_kept && !IS_ILLEGAL.load(Ordering::Relaxed)
}

fn main() -> u16 {
    trap::install_machine(on_machine_trap);
    board::write(board::MTIMECMP, NEVER);
    csr_write!("mcounteren", 7); // or S-mode may not use stimecmp
    HAS_SSTC.store(enable_sstc(), Ordering::Relaxed);
    trap::enter_supervisor(supervisor)
}
