//! Where control enters the kernel: at boot, on every hart, and by traps.

use core::arch::global_asm;
use core::mem::offset_of;

use crate::hart::Hart;
use crate::layout::{BOOT_STACK_BYTES, KERNEL_OFFSET};
use crate::process::thread::Registers;

/// A root page table that the linker places.
#[repr(C, align(4096))]
pub struct EarlyRoot(pub [core::sync::atomic::AtomicU64; 512]);

/// What every hart's first instructions translate by: RAM's first GiB at its physical and at its kernel address. It
/// is writable and executable at once, so harts leave it as soon as they can.
#[unsafe(no_mangle)]
static EARLY_ROOT: EarlyRoot = EarlyRoot([const { core::sync::atomic::AtomicU64::new(0) }; 512]);

/// The root of the kernel's address space as `satp` takes it; harts that start later read it.
#[unsafe(no_mangle)]
pub static KERNEL_SATP: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);

/// The boot hart's stack until it has its own.
#[repr(C, align(16))]
struct BootStack(core::cell::UnsafeCell<[u8; BOOT_STACK_BYTES]>);

// SAFETY: only the boot hart's stack pointer ever points here.
unsafe impl Sync for BootStack {}

#[unsafe(no_mangle)]
static BOOT_STACK: BootStack = BootStack(core::cell::UnsafeCell::new([0; BOOT_STACK_BYTES]));

/// The early root.
pub fn early_root() -> &'static EarlyRoot {
    &EARLY_ROOT
}

// a0 = hart id, a1 = device tree (boot hart) or the hart's record (others); satp = 0.
global_asm!(
    ".pushsection .text.entry, \"ax\"",
    ".global _start",
    "_start:",
    "  csrw sie, zero",
    "  lla t0, {root}",
    "  li t1, 0x80000000 >> 2 | 0xcf",   // one GiB at 0x8000_0000: V R W X A D
    "  sd t1, 2 * 8(t0)",                // at its physical address,
    "  li t2, 510 * 8",
    "  add t2, t2, t0",
    "  sd t1, 0(t2)",                    // and at the kernel's
    "  lla sp, {stack}",
    "  li t2, {stack_bytes}",
    "  add sp, sp, t2",
    "  li t2, {offset}",
    "  add sp, sp, t2",
    "  lla t3, {main}",
    "  j 2f",
    ".global _start_secondary",
    "_start_secondary:",
    "  csrw sie, zero",
    "  lla t0, {root}",
    "  li t2, {offset}",
    "  lla t3, 3f",
    "2:",                                // t0 = root, t2 = offset, t3 = where to go
    "  add t3, t3, t2",
    "  srli t0, t0, 12",
    "  li t1, 8 << 60",
    "  or t0, t0, t1",
    "  sfence.vma",
    "  csrw satp, t0",
    "  sfence.vma",
    "  jr t3",
    "3:",
    "  ld t0, {satp}",
    "  csrw satp, t0",
    "  sfence.vma",
    "  ld sp, {hart_stack}(a1)",
    "  mv a0, a1",
    "  tail {secondary}",
    ".popsection",
    root = sym EARLY_ROOT,
    stack = sym BOOT_STACK,
    stack_bytes = const BOOT_STACK_BYTES,
    offset = const KERNEL_OFFSET,
    satp = sym KERNEL_SATP,
    hart_stack = const offset_of!(Hart, stack_top),
    main = sym crate::boot::boot_hart_main,
    secondary = sym crate::boot::secondary_hart_main,
);

// sscratch holds the hart's record whenever a trap can come. Its first word leads to the registers of the thread that runs.
global_asm!(
    ".pushsection .text",
    ".macro each_register op, base",     // all but zero, sp (x2) and t0 (x5)
    ".irp n, 1,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "  \\op x\\n, 8*\\n(\\base)",
    ".endr",
    ".endm",
    ".balign 4",
    ".global trap_entry",
    "trap_entry:",
    "  csrrw sp, sscratch, sp",
    "  sd t0, {scratch}(sp)",
    "  lui t0, {fs} >> 12",
    "  csrrc t0, sstatus, t0",           // the kernel has no floating-point unit
    "  sd t0, {status}(sp)",
    "  andi t0, t0, {spp}",
    "  bnez t0, 1f",
    "  ld t0, {registers}(sp)",
    "  each_register sd, t0",
    "  ld t1, {scratch}(sp)",
    "  sd t1, 8*5(t0)",
    "  csrrw t1, sscratch, sp",
    "  sd t1, 8*2(t0)",
    "  csrr t1, sepc",
    "  sd t1, 0(t0)",
    "  csrr a1, scause",
    "  mv a0, sp",
    "  mv s0, sp",
    "  ld sp, {stack}(sp)",
    "  li t1, {ecall}",
    "  bne a1, t1, 2f",
    "  call {system_call}",
    // The same thread goes on: Rust code has kept what functions must keep, and gp and tp are none of its business.
    "  ld t0, {registers}(s0)",
    "  ld t1, {status}(s0)",
    "  csrw sstatus, t1",
    "  ld t1, 0(t0)",
    "  csrw sepc, t1",
    ".irp n, 1,6,7,8,10,11,12,13,14,15,16,17,28,29,30,31",
    "  ld x\\n, 8*\\n(t0)",
    ".endr",
    "  ld sp, 8*2(t0)",
    "  ld t0, 8*5(t0)",
    "  sret",
    "2:",
    "  csrr a2, stval",
    "  tail {trap}",
    // s0 = the hart's record: back to the thread that it has now.
    "trap_return:",
    "  ld t0, {registers}(s0)",
    "  ld t1, {status}(s0)",
    "  csrw sstatus, t1",
    "  ld t1, 0(t0)",
    "  csrw sepc, t1",
    "  each_register ld, t0",
    "  ld sp, 8*2(t0)",
    "  ld t0, 8*5(t0)",
    "  sret",
    // A trap out of the kernel itself: it has no right to any.
    "1:",
    "  mv a0, sp",
    "  csrrw a1, sscratch, sp",          // the stack pointer that the kernel had
    "  csrr a2, scause",
    "  csrr a3, stval",
    "  csrr a4, sepc",
    "  mv a5, ra",
    "  ld sp, {emergency}(sp)",
    "  tail {kernel_trap}",
    // a0 = the hart's record; its stack is empty from here on.
    ".global enter_user",
    "enter_user:",
    "  mv s0, a0",
    "  j trap_return",
    // a0 = stack top, a1 = argument, a2 = function that never returns
    ".global leave_boot_stack",
    "leave_boot_stack:",
    "  mv sp, a0",
    "  mv a0, a1",
    "  jr a2",
    ".popsection",
    scratch = const offset_of!(Hart, scratch),
    registers = const offset_of!(Hart, registers),
    stack = const offset_of!(Hart, stack_top),
    emergency = const offset_of!(Hart, emergency_stack_top),
    status = const offset_of!(Hart, return_status),
    spp = const super::csr::SSTATUS_SPP,
    fs = const super::csr::SSTATUS_FS,
    ecall = const crate::trap::ECALL_FROM_USER,
    system_call = sym crate::trap::system_call,
    trap = sym crate::trap::trap,
    kernel_trap = sym crate::trap::kernel_trap,
);

const _: () = assert!(offset_of!(Registers, pc) == 0 && size_of::<Registers>() == 32 * 8);

unsafe extern "C" {
    fn trap_entry();
    fn _start_secondary();
    fn enter_user(hart: *const Hart) -> !;
    fn leave_boot_stack(
        stack_top: u64,
        argument: *mut Hart,
        then: extern "C" fn(&'static mut Hart) -> !,
    ) -> !;
}

/// Lets this hart's traps enter the kernel, with its record at hand.
pub fn take_traps(hart: &Hart) {
    super::csr::set_sscratch(core::ptr::from_ref(hart) as u64);
    super::csr::set_stvec(trap_entry as *const () as u64);
}

/// The physical address at which further harts start.
pub fn secondary_entry() -> u64 {
    (_start_secondary as *const () as u64).wrapping_sub(KERNEL_OFFSET)
}

/// Runs the hart's thread, leaving the kernel: what is on the stack is gone.
pub fn run_user(hart: &Hart) -> ! {
    // SAFETY: `hart.registers` leads to a thread's registers, with an address space in `satp` that has the kernel.
    unsafe { enter_user(hart) }
}

/// Goes on in `then` on the hart's own stack.
pub fn switch_to_own_stack(
    hart: &'static mut Hart,
    then: extern "C" fn(&'static mut Hart) -> !,
) -> ! {
    // SAFETY: the stack is mapped and nobody else's; nothing on the boot stack is used again.
    unsafe { leave_boot_stack(hart.stack_top, hart, then) }
}
