//! The hart this runs on: entry, exceptions, registers.

use core::arch::{asm, naked_asm};
use core::cell::UnsafeCell;

use sbi_spec::srst::{EID_SRST, RESET_REASON_SYSTEM_FAILURE, RESET_TYPE_SHUTDOWN, SYSTEM_RESET};

use crate::calls;

/// Bytes of each hart's stack.
const STACK_BYTES: usize = 16 << 10;
/// The most harts that are checked.
pub const MAX_HARTS: usize = 8;

/// Supervisor software interrupt, in `sip` and `sie`.
pub const SOFTWARE: usize = 1 << 1;
/// Supervisor timer interrupt.
pub const TIMER: usize = 1 << 5;

#[repr(C, align(16))]
struct Stacks(UnsafeCell<[[u8; STACK_BYTES]; MAX_HARTS]>);

// SAFETY: each hart uses its own part, as its stack.
unsafe impl Sync for Stacks {}

static STACKS: Stacks = Stacks(UnsafeCell::new([[0; STACK_BYTES]; MAX_HARTS]));

/// The boot hart's first instruction.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.start")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "la sp, {stacks}",
        "addi t0, a0, 1",
        "slli t0, t0, {shift}",
        "add sp, sp, t0",
        "tail {main}",
        stacks = sym STACKS,
        shift = const STACK_BYTES.trailing_zeros(),
        main = sym crate::main,
    )
}

/// First instruction of a hart that is started or resumed: as the other's, and `a1` is a function to call.
#[unsafe(naked)]
pub extern "C" fn other_entry() -> ! {
    naked_asm!(
        "la sp, {stacks}",
        "addi t0, a0, 1",
        "slli t0, t0, {shift}",
        "add sp, sp, t0",
        "jr a1",
        stacks = sym STACKS,
        shift = const STACK_BYTES.trailing_zeros(),
    )
}

/// Reads a register.
macro_rules! read {
    ($csr:literal) => {{
        let value: usize;
        // SAFETY: reading changes nothing.
        unsafe { core::arch::asm!(concat!("csrr {}, ", $csr), out(reg) value, options(nostack)) };
        value
    }};
}

/// Writes a register.
macro_rules! write {
    ($csr:literal, $value:expr) => {{
        let value: usize = $value;
        // SAFETY: nothing here depends on the registers that are written.
        unsafe { core::arch::asm!(concat!("csrw ", $csr, ", {}"), in(reg) value, options(nostack)) };
    }};
}

pub(crate) use {read, write};

/// Makes every exception skip its instruction, which has to be 4 bytes long; `scause` says what it was.
pub fn catch_exceptions() {
    write!("stvec", skip as *const () as usize);
}

#[unsafe(naked)]
extern "C" fn skip() -> ! {
    naked_asm!(
        ".balign 4",
        "csrw sscratch, t0",
        "csrr t0, sepc",
        "addi t0, t0, 4",
        "csrw sepc, t0",
        "csrr t0, sscratch",
        "sret",
    )
}

/// Loads a word; the cause of the exception, or 0.
pub fn load_cause(address: usize) -> usize {
    write!("scause", 0);
    // SAFETY: an exception skips the load; its result is not used.
    unsafe {
        asm!(".option push", ".option norvc", "lw zero, 0({})", ".option pop", in(reg) address, options(nostack));
    }
    read!("scause")
}

/// Stores a word; the cause of the exception, or 0.
///
/// # Safety
/// Nothing that is used is at `address`, or it faults.
pub unsafe fn store_cause(address: usize) -> usize {
    write!("scause", 0);
    // SAFETY: the caller's promise; an exception skips the store.
    unsafe {
        asm!(".option push", ".option norvc", "sw zero, 0({})", ".option pop", in(reg) address, options(nostack));
    }
    read!("scause")
}

/// Ticks since the machine's start.
pub fn time() -> usize {
    read!("time")
}

/// Whether a condition comes true within a second and a half of the machine's time.
pub fn within_patience(mut condition: impl FnMut() -> bool) -> bool {
    const PATIENCE: usize = 15_000_000;
    let start = time();
    while time() - start < PATIENCE {
        if condition() {
            return true;
        }
        core::hint::spin_loop();
    }
    false
}

/// Ends the machine as a failure.
pub fn fail() -> ! {
    let arguments = [
        RESET_TYPE_SHUTDOWN as usize,
        RESET_REASON_SYSTEM_FAILURE as usize,
        0,
        0,
        0,
    ];
    calls::call(EID_SRST, SYSTEM_RESET, arguments);
    calls::legacy_shutdown()
}
