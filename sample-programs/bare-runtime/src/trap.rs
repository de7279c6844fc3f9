//! Trap vectors for M- and S-mode that save the caller's registers and call Rust.

use core::arch::global_asm;
use core::sync::atomic::{AtomicUsize, Ordering};

/// What a handler gets: cause, value, and the program counter, and it returns where to go on.
pub type Handler = fn(cause: usize, value: usize, pc: usize) -> usize;

/// Top bit of a cause: it is an interrupt.
pub const INTERRUPT: usize = 1 << 63;

/// Cause of an illegal instruction.
pub const ILLEGAL_INSTRUCTION: usize = 2;
/// Cause of an environment call from S-mode.
pub const CALL_FROM_SUPERVISOR: usize = 9;
/// Cause of a page fault by a load.
pub const LOAD_PAGE_FAULT: usize = 13;
/// Cause of a page fault by a store.
pub const STORE_PAGE_FAULT: usize = 15;
/// Cause of a timer interrupt for S-mode.
pub const SUPERVISOR_TIMER: usize = INTERRUPT | 5;
/// Cause of a timer interrupt for M-mode.
pub const MACHINE_TIMER: usize = INTERRUPT | 7;
/// Cause of an external interrupt for S-mode.
pub const SUPERVISOR_EXTERNAL: usize = INTERRUPT | 9;
/// Cause of an external interrupt for M-mode.
pub const MACHINE_EXTERNAL: usize = INTERRUPT | 11;

static MACHINE: AtomicUsize = AtomicUsize::new(0);
static SUPERVISOR: AtomicUsize = AtomicUsize::new(0);

macro_rules! vector {
    ($name:literal, $call:literal, $cause:literal, $value:literal, $pc:literal, $return:literal) => {
        global_asm!(
            ".align 2",
            concat!(".globl ", $name),
            concat!($name, ":"),
            "addi sp, sp, -128",
            "sd ra, 0(sp)",
            "sd t0, 8(sp)",
            "sd t1, 16(sp)",
            "sd t2, 24(sp)",
            "sd a0, 32(sp)",
            "sd a1, 40(sp)",
            "sd a2, 48(sp)",
            "sd a3, 56(sp)",
            "sd a4, 64(sp)",
            "sd a5, 72(sp)",
            "sd a6, 80(sp)",
            "sd a7, 88(sp)",
            "sd t3, 96(sp)",
            "sd t4, 104(sp)",
            "sd t5, 112(sp)",
            "sd t6, 120(sp)",
            concat!("csrr a0, ", $cause),
            concat!("csrr a1, ", $value),
            concat!("csrr a2, ", $pc),
            concat!("call ", $call),
            concat!("csrw ", $pc, ", a0"),
            "ld ra, 0(sp)",
            "ld t0, 8(sp)",
            "ld t1, 16(sp)",
            "ld t2, 24(sp)",
            "ld a0, 32(sp)",
            "ld a1, 40(sp)",
            "ld a2, 48(sp)",
            "ld a3, 56(sp)",
            "ld a4, 64(sp)",
            "ld a5, 72(sp)",
            "ld a6, 80(sp)",
            "ld a7, 88(sp)",
            "ld t3, 96(sp)",
            "ld t4, 104(sp)",
            "ld t5, 112(sp)",
            "ld t6, 120(sp)",
            "addi sp, sp, 128",
            $return,
        );
    };
}

vector!(
    "machine_vector",
    "machine_trap",
    "mcause",
    "mtval",
    "mepc",
    "mret"
);
vector!(
    "supervisor_vector",
    "supervisor_trap",
    "scause",
    "stval",
    "sepc",
    "sret"
);

unsafe extern "C" {
    fn machine_vector();
    fn supervisor_vector();
}

fn call(handler: usize, cause: usize, value: usize, pc: usize) -> usize {
    // SAFETY: the vectors are installed only after a `Handler` was stored.
    let handler: Handler = unsafe { core::mem::transmute(handler) };
    handler(cause, value, pc)
}

#[unsafe(no_mangle)]
extern "C" fn machine_trap(cause: usize, value: usize, pc: usize) -> usize {
    call(MACHINE.load(Ordering::Relaxed), cause, value, pc)
}

#[unsafe(no_mangle)]
extern "C" fn supervisor_trap(cause: usize, value: usize, pc: usize) -> usize {
    call(SUPERVISOR.load(Ordering::Relaxed), cause, value, pc)
}

/// Lets `handler` take the traps of M-mode.
pub fn install_machine(handler: Handler) {
    MACHINE.store(handler as usize, Ordering::Relaxed);
    crate::csr_write!("mtvec", machine_vector as *const () as usize);
}

/// Lets `handler` take the traps of S-mode.
pub fn install_supervisor(handler: Handler) {
    SUPERVISOR.store(handler as usize, Ordering::Relaxed);
    crate::csr_write!("stvec", supervisor_vector as *const () as usize);
}

/// Lets S- and U-mode use all of memory, delegates all interrupts and page faults to S-mode, and goes on in S-mode at
/// `entry` with the present stack.
pub fn enter_supervisor(entry: extern "C" fn() -> !) -> ! {
    crate::csr_write!("pmpaddr0", usize::MAX >> 10);
    crate::csr_write!("pmpcfg0", 0x1f);
    crate::csr_write!("medeleg", 0xb109);
    crate::csr_write!("mideleg", 0x222);
    crate::csr_clear!("mstatus", 3 << 11);
    crate::csr_set!("mstatus", 1 << 11);
    crate::csr_write!("mepc", entry as *const () as usize);
    // SAFETY: `mepc` and MPP were set just now; the stack goes on being this one.
    unsafe { core::arch::asm!("mret", options(noreturn)) }
}

/// Ends the machine because of a trap that the program does not expect.
pub fn unexpected(cause: usize, value: usize, pc: usize) -> ! {
    crate::println!("unexpected trap: cause {cause:#x}, value {value:#x}, at {pc:#x}");
    crate::exit(2)
}

/// Waits in M-mode until an interrupt handler has made the condition true.
///
/// Interrupts are off between the look at the condition and WFI, which a pending one ends all the
/// same: so none can slip in between and leave the hart waiting.
pub fn wait_machine(condition: impl Fn() -> bool) {
    while !condition() {
        wait_for_interrupt();
        crate::csr_set!("mstatus", 1 << 3);
        crate::csr_clear!("mstatus", 1 << 3);
    }
}

/// Waits in S-mode until an interrupt handler has made the condition true, as [`wait_machine`].
pub fn wait_supervisor(condition: impl Fn() -> bool) {
    while !condition() {
        wait_for_interrupt();
        crate::csr_set!("sstatus", 1 << 1);
        crate::csr_clear!("sstatus", 1 << 1);
    }
}

/// Waits until an interrupt is pending that is enabled by itself, or for a shorter time.
pub fn wait_for_interrupt() {
    // SAFETY: waiting changes nothing.
    unsafe { core::arch::asm!("wfi") }
}
