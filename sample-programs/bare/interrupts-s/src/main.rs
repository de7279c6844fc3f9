//! Timer and UART interrupts in S-mode, delegated, with Sv39 on. The timer is Sstc's.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicUsize, Ordering};

use bare_runtime::{board, csr_clear, csr_read, csr_set, csr_write, println, trap};

bare_runtime::entry!(main);

const TICK: usize = 10_000; // 1 ms
const CONTEXT: usize = 1;

static TICKS: AtomicUsize = AtomicUsize::new(0);
static RECEIVED: AtomicUsize = AtomicUsize::new(0);
static LAST: AtomicUsize = AtomicUsize::new(0);
static SUM: AtomicUsize = AtomicUsize::new(0);

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

fn arm_timer() {
    csr_write!("0x14d", csr_read!("time") + TICK); // stimecmp
}

fn on_machine_trap(cause: usize, value: usize, pc: usize) -> usize {
    println!("trap in M-mode: {cause:#x} value {value:#x} at {pc:#x}");
    bare_runtime::exit(2)
}

fn on_trap(cause: usize, value: usize, pc: usize) -> usize {
    match cause & !trap::INTERRUPT {
        5 if cause & trap::INTERRUPT != 0 => {
            TICKS.fetch_add(1, Ordering::Relaxed);
            arm_timer();
        }
        9 if cause & trap::INTERRUPT != 0 => on_external(),
        _ => {
            println!("unexpected trap {cause:#x} value {value:#x} at {pc:#x}");
            bare_runtime::exit(3)
        }
    }
    pc
}

fn on_external() {
    let claim = board::plic_threshold(CONTEXT) + 4;
    let source: u32 = board::read(claim);
    while board::read::<u8>(board::UART + 5) & 1 != 0 {
        let byte = usize::from(board::read::<u8>(board::UART));
        RECEIVED.fetch_add(1, Ordering::Relaxed);
        SUM.fetch_add(byte, Ordering::Relaxed);
        LAST.store(byte, Ordering::Relaxed);
    }
    board::write(claim, source);
}

/// Interrupts are off between the look at the condition and WFI, which a pending one ends all the
/// same: so none can slip in between and leave the hart waiting.
fn wait_until(condition: impl Fn() -> bool) {
    csr_clear!("sstatus", 1 << 1);
    while !condition() {
        // SAFETY: waiting changes nothing.
        unsafe { core::arch::asm!("wfi") };
        csr_set!("sstatus", 1 << 1);
        csr_clear!("sstatus", 1 << 1);
    }
    csr_set!("sstatus", 1 << 1);
}

extern "C" fn supervisor() -> ! {
    trap::install_supervisor(on_trap);
    csr_write!("satp", 8 << 60 | ROOT.0.as_ptr() as usize >> 12);
    // SAFETY: the new tables map everything to itself.
    unsafe { core::arch::asm!("sfence.vma") };
    board::write(board::PLIC_PRIORITY + 4 * board::UART_IRQ as usize, 1u32);
    board::write(board::plic_enable(CONTEXT), 1u32 << board::UART_IRQ);
    board::write(board::plic_threshold(CONTEXT), 0u32);
    arm_timer();
    csr_set!("sie", 1 << 5 | 1 << 9);
    csr_set!("sstatus", 1 << 1);
    wait_until(|| TICKS.load(Ordering::Relaxed) >= 5);
    csr_clear!("sie", 1 << 5);
    println!("five timer interrupts in S-mode with Sv39");
    board::write(board::UART + 1, 1u8);
    wait_until(|| LAST.load(Ordering::Relaxed) == usize::from(b'\n'));
    let (bytes, sum) = (
        RECEIVED.load(Ordering::Relaxed),
        SUM.load(Ordering::Relaxed),
    );
    println!("received {bytes} bytes by interrupt, sum {sum}");
    bare_runtime::exit(0)
}

fn main() -> u16 {
    trap::install_machine(on_machine_trap);
    csr_write!("mcounteren", 7);
    csr_set!("0x30a", 1 << 63); // menvcfg.STCE
    trap::enter_supervisor(supervisor)
}
