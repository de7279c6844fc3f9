//! The machine's way into the firmware and out of it: reset, traps, and the first instruction of S-mode.
//!
//! `mscratch` holds the top of the hart's stack while S- or U-mode runs, and 0 while the firmware does: a trap that
//! finds 0 comes from the firmware itself and is fatal. On top of each stack lies the address of the hart's [`Hart`].

use core::arch::naked_asm;
use core::cell::UnsafeCell;
use core::sync::atomic::AtomicU32;

use abi::memory_map::{MAX_HARTS, TEST_FINISHER};

use crate::hart::{HARTS, Hart, STACK_BYTES};
use crate::{boot, trap};

/// Bytes above the stack's first frame: the address of the hart's [`Hart`], keeping the stack aligned.
const STACK_HEADER: usize = 16;
/// Registers of one trap, slot *n* for x*n*; slot 0 is the address of the hart's [`Hart`], which there is also the ninth
/// argument of a call (RISC-V calling convention).
pub const FRAME_BYTES: usize = 32 * 8;

#[repr(C, align(16))]
struct Stacks(UnsafeCell<[[u8; STACK_BYTES]; MAX_HARTS + 1]>);

// SAFETY: never read or written through this name: each hart uses its own part, as its stack; the last one is for the
// first hart that dies.
unsafe impl Sync for Stacks {}

#[unsafe(link_section = ".stacks")]
static STACKS: Stacks = Stacks(UnsafeCell::new([[0; STACK_BYTES]; MAX_HARTS + 1]));

/// The first hart to take it initialises the firmware. In .data: .bss is not yet cleared when harts race for it.
#[unsafe(link_section = ".data")]
static LOTTERY: AtomicU32 = AtomicU32::new(0);

/// Not 0 once the firmware is initialised, and the other harts may go on.
#[unsafe(link_section = ".data")]
pub static READY: AtomicU32 = AtomicU32::new(0);

/// Not 0 once a hart reports that the firmware failed.
static DYING: AtomicU32 = AtomicU32::new(0);

/// Where every hart comes from the reset ROM: `a0` hart id, `a1` device tree, `a2` `fw_dynamic_info`.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.start")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "csrw mie, zero",
        "csrw mscratch, zero",
        "la t0, {trap}",
        "csrw mtvec, t0",
        "li t0, {max_harts}",
        "bgeu a0, t0, 4f",
        // The stack, with the hart's address on top.
        "la sp, {stacks}",
        "addi t0, a0, 1",
        "slli t0, t0, {stack_shift}",
        "add sp, sp, t0",
        "addi sp, sp, -{header}",
        "la t0, {harts}",
        "li t1, {hart_bytes}",
        "mul t1, t1, a0",
        "add t0, t0, t1",
        "sd t0, 0(sp)",
        // One hart initialises.
        "la t0, {lottery}",
        "li t1, 1",
        "amoswap.w.aq t1, t1, (t0)",
        "bnez t1, 2f",
        "la t0, __bss_start",
        "la t1, __bss_end",
        "1: bgeu t0, t1, 3f",
        "sd zero, 0(t0)",
        "addi t0, t0, 8",
        "j 1b",
        "3: tail {first}",
        // The others wait for it: its software interrupt ends the wait.
        "2: csrwi mie, 8",
        "la t0, {ready}",
        "1: lw t1, 0(t0)",
        "fence r, rw",
        "bnez t1, 3f",
        "wfi",
        "j 1b",
        "3: tail {other}",
        // There is no room for this hart.
        "4: wfi",
        "j 4b",
        trap = sym trap_entry,
        max_harts = const MAX_HARTS,
        stacks = sym STACKS,
        stack_shift = const STACK_BYTES.trailing_zeros(),
        header = const STACK_HEADER,
        harts = sym HARTS,
        hart_bytes = const size_of::<Hart>(),
        lottery = sym LOTTERY,
        ready = sym READY,
        first = sym boot::first_hart,
        other = sym boot::other_hart,
    )
}

/// Every trap into M-mode.
///
/// An SBI call finds its arguments where the caller put them, so only what the calling convention lets a function
/// change is saved, less `a0` and `a1`, which are its results. Everything else saves those two as well.
#[unsafe(naked)]
#[unsafe(link_section = ".text.trap")]
pub extern "C" fn trap_entry() -> ! {
    naked_asm!(
        ".balign 4",
        "csrrw sp, mscratch, sp",
        "beqz sp, 5f",
        "addi sp, sp, -{frame}",
        "sd ra, 8*1(sp)",
        "sd t0, 8*5(sp)",
        "sd t1, 8*6(sp)",
        "sd t2, 8*7(sp)",
        "sd a2, 8*12(sp)",
        "sd a3, 8*13(sp)",
        "sd a4, 8*14(sp)",
        "sd a5, 8*15(sp)",
        "sd a6, 8*16(sp)",
        "sd a7, 8*17(sp)",
        "sd t3, 8*28(sp)",
        "sd t4, 8*29(sp)",
        "sd t5, 8*30(sp)",
        "sd t6, 8*31(sp)",
        "csrrw t0, mscratch, zero",
        "sd t0, 8*2(sp)",
        "ld t0, {frame}(sp)",
        "sd t0, 0(sp)",
        "csrr t1, mcause",
        "li t2, {ecall}",
        "bne t1, t2, 2f",
        // Past the ecall, now: a handler that redirects the trap to S-mode has the last word.
        "csrr t1, mepc",
        "addi t1, t1, 4",
        "csrw mepc, t1",
        "call {call}",
        // Back to where the trap came from.
        "1: addi t0, sp, {frame}",
        "csrw mscratch, t0",
        "ld ra, 8*1(sp)",
        "ld t0, 8*5(sp)",
        "ld t1, 8*6(sp)",
        "ld t2, 8*7(sp)",
        "ld a2, 8*12(sp)",
        "ld a3, 8*13(sp)",
        "ld a4, 8*14(sp)",
        "ld a5, 8*15(sp)",
        "ld a6, 8*16(sp)",
        "ld a7, 8*17(sp)",
        "ld t3, 8*28(sp)",
        "ld t4, 8*29(sp)",
        "ld t5, 8*30(sp)",
        "ld t6, 8*31(sp)",
        "ld sp, 8*2(sp)",
        "mret",
        "2: sd a0, 8*10(sp)",
        "sd a1, 8*11(sp)",
        "bgez t1, 3f",
        "mv a0, t1",
        "mv a1, t0",
        "call {interrupt}",
        "ld a0, 8*10(sp)",
        "ld a1, 8*11(sp)",
        "j 1b",
        "3: mv a0, t1",
        "call {exception}",
        "ld a0, 8*10(sp)",
        "ld a1, 8*11(sp)",
        "j 1b",
        "5: tail {fatal}",
        frame = const FRAME_BYTES,
        ecall = const trap::cause::ECALL_FROM_SUPERVISOR,
        fatal = sym fatal_entry,
        call = sym crate::extensions::call,
        interrupt = sym trap::interrupt,
        exception = sym trap::exception,
    )
}

/// A trap in the firmware itself. Its stack may be what failed, so the report has one of its own; a trap within the
/// report goes to the finisher at once.
#[unsafe(naked)]
extern "C" fn fatal_entry() -> ! {
    naked_asm!(
        "la t0, {last_resort}",
        "csrw mtvec, t0",
        "la t0, {dying}",
        "li t1, 1",
        "amoswap.w.aq t1, t1, (t0)",
        "1: beqz t1, 2f",
        "wfi",
        "j 1b",
        "2: la sp, {stacks}",
        "li t0, {stacks_bytes}",
        "add sp, sp, t0",
        "csrr a0, mcause",
        "csrr a1, mepc",
        "csrr a2, mtval",
        "tail {fatal}",
        last_resort = sym last_resort,
        dying = sym DYING,
        stacks = sym STACKS,
        stacks_bytes = const STACK_BYTES * (MAX_HARTS + 1),
        fatal = sym trap::fatal,
    )
}

/// Nothing can be said any more: ends the machine with a failure.
#[unsafe(naked)]
extern "C" fn last_resort() -> ! {
    naked_asm!(
        ".balign 4",
        "li t0, {finisher}",
        "li t1, {failure}",
        "sw t1, 0(t0)",
        "1: wfi",
        "j 1b",
        finisher = const TEST_FINISHER.base,
        failure = const crate::finisher::FAIL | (crate::finisher::FIRMWARE_FAILED as u32) << 16,
    )
}

/// Leaves for S-mode at `address` with `a0` = hart id and `a1` = `argument`; `mstatus` is set up. The hart's next trap
/// starts with an empty stack.
pub fn enter_supervisor(hart: &'static Hart, argument: usize, address: usize) -> ! {
    let stack = STACKS.0.get() as usize + (hart.id + 1) * STACK_BYTES - STACK_HEADER;
    // SAFETY: the stack is this hart's, and nothing on it is needed again.
    unsafe { leave(hart.id, argument, address, stack) }
}

/// # Safety
/// `stack` is the top of this hart's stack.
#[unsafe(naked)]
unsafe extern "C" fn leave(id: usize, argument: usize, address: usize, stack: usize) -> ! {
    naked_asm!(
        "csrw mepc, a2",
        "csrw mscratch, a3",
        // The caller may have put code in place that this hart has not seen.
        "fence.i",
        "sfence.vma",
        // What the firmware left in registers is nobody's business.
        "li ra, 0",
        "li sp, 0",
        "li gp, 0",
        "li tp, 0",
        "li t0, 0",
        "li t1, 0",
        "li t2, 0",
        "li s0, 0",
        "li s1, 0",
        "li a2, 0",
        "li a3, 0",
        "li a4, 0",
        "li a5, 0",
        "li a6, 0",
        "li a7, 0",
        "li s2, 0",
        "li s3, 0",
        "li s4, 0",
        "li s5, 0",
        "li s6, 0",
        "li s7, 0",
        "li s8, 0",
        "li s9, 0",
        "li s10, 0",
        "li s11, 0",
        "li t3, 0",
        "li t4, 0",
        "li t5, 0",
        "li t6, 0",
        "mret",
    )
}
