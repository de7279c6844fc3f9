//! From reset to `main`.

use core::arch::global_asm;
use core::cell::UnsafeCell;
use core::panic::PanicInfo;

/// Harts that can have a stack; others wait for ever.
pub const MAX_HARTS: usize = 8;
const STACK_BYTES: usize = 64 * 1024;

global_asm!(
    ".pushsection .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "csrr a0, mhartid",
    "li t0, {harts}",
    "bgeu a0, t0, 1f", // no stack for this hart
    "la sp, {stacks}",
    "addi t0, a0, 1",
    "slli t0, t0, {shift}",
    "add sp, sp, t0",
    "li t0, 0x6000", // FS: floating point on
    "csrs mstatus, t0",
    "call bare_main",
    "1: wfi",
    "j 1b",
    ".popsection",
    stacks = sym STACKS,
    harts = const MAX_HARTS,
    shift = const STACK_BYTES.trailing_zeros(),
);

/// Room for every hart's stack.
#[repr(C, align(4096))]
struct Stacks(UnsafeCell<[u8; MAX_HARTS * STACK_BYTES]>);

// SAFETY: each hart uses its own part, through its stack pointer only.
unsafe impl Sync for Stacks {}

#[unsafe(link_section = ".stacks")]
static STACKS: Stacks = Stacks(UnsafeCell::new([0; MAX_HARTS * STACK_BYTES]));

/// Names the program's `main`: hart 0 runs it and ends the machine with the status it returns;
/// other harts wait, or run a second function with their number.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        $crate::entry!($main, $crate::start::park);
    };
    ($main:path, $others:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn bare_main(hart: usize) {
            if hart == 0 {
                let status: u16 = $main();
                $crate::exit(status)
            }
            $others(hart)
        }
    };
}

/// What a hart does that has nothing to do.
pub fn park(_hart: usize) {
    loop {
        crate::trap::wait_for_interrupt();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    crate::println!("{info}");
    crate::exit(101)
}
