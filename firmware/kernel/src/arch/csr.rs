//! Control and status registers of S-mode, and the instructions that go with them.

use core::arch::asm;

/// `sstatus`: the privilege before the trap was S.
pub const SSTATUS_SPP: u64 = 1 << 8;
/// `sstatus`: interrupts are on after `sret`.
pub const SSTATUS_SPIE: u64 = 1 << 5;
/// `sstatus`: state of the floating-point unit.
pub const SSTATUS_FS: u64 = 3 << 13;
/// `sstatus.FS`: on, and its registers are as the thread record has them.
pub const FS_CLEAN: u64 = 2 << 13;
/// `sstatus.FS`: on, and its registers were written.
pub const FS_DIRTY: u64 = 3 << 13;
/// `sie`, `sip`: software interrupt.
pub const SOFTWARE: u64 = 1 << 1;
/// `sie`, `sip`: timer interrupt.
pub const TIMER: u64 = 1 << 5;
/// `sie`, `sip`: external interrupt.
pub const EXTERNAL: u64 = 1 << 9;
/// `scause`: an interrupt, not an exception.
pub const INTERRUPT: u64 = 1 << 63;
/// `satp.MODE` for Sv39.
pub const SATP_SV39: u64 = 8 << 60;

macro_rules! csr {
    ($read:ident, $write:ident, $name:literal, $what:literal) => {
        #[doc = concat!("Reads `", $name, "`: ", $what, ".")]
        #[allow(dead_code)]
        #[inline(always)]
        pub fn $read() -> u64 {
            let value;
            // SAFETY: reading this register has no side effect.
            unsafe { asm!(concat!("csrr {}, ", $name), out(reg) value, options(nomem, nostack)) };
            value
        }

        #[doc = concat!("Writes `", $name, "`: ", $what, ".")]
        ///
        /// Memory is not touched by the write itself, but accesses are not moved across it.
        #[allow(dead_code)]
        #[inline(always)]
        pub fn $write(value: u64) {
            // SAFETY: the kernel's own trap, timer and interrupt state; the callers are in `arch`, `hart` and
            // `memory`, which keep what Rust relies on: the kernel's mappings are in every root that `satp` gets.
            unsafe { asm!(concat!("csrw ", $name, ", {}"), in(reg) value, options(nostack)) };
        }
    };
}

csr!(sstatus, set_sstatus, "sstatus", "status");
csr!(sie, set_sie, "sie", "interrupts that are enabled");
csr!(sip, set_sip, "sip", "interrupts that are pending");
csr!(sscratch, set_sscratch, "sscratch", "the hart's record");
csr!(
    scounteren,
    set_scounteren,
    "scounteren",
    "counters that U-mode may read"
);
csr!(satp, set_satp, "satp", "the address space");
csr!(stvec, set_stvec, "stvec", "where traps enter");
// By number: an assembler for a target without Sstc does not know the name.
csr!(
    stimecmp,
    set_stimecmp,
    "0x14d",
    "when the timer interrupt comes (Sstc)"
);

/// The time, in ticks of the platform's timebase.
#[inline(always)]
pub fn time() -> u64 {
    let value;
    // SAFETY: reading the time has no side effect.
    unsafe { asm!("csrr {}, time", out(reg) value, options(nomem, nostack)) };
    value
}

/// Sets bits of `sip` to zero.
#[inline(always)]
pub fn clear_sip(bits: u64) {
    // SAFETY: acknowledges the kernel's own interrupt.
    unsafe { asm!("csrc sip, {}", in(reg) bits, options(nostack)) };
}

/// Waits for an interrupt that is enabled in `sie`, taken or not.
#[inline(always)]
pub fn wait_for_interrupt() {
    // SAFETY: WFI changes nothing; other harts may write memory meanwhile, which the compiler is told.
    unsafe { asm!("wfi", options(nostack)) };
}

/// Makes writes to page tables visible to this hart's translations of one address space (`asid`), global ones spared.
#[inline(always)]
pub fn flush_asid(asid: u64) {
    // SAFETY: forgetting translations is always allowed.
    unsafe { asm!("sfence.vma zero, {}", in(reg) asid, options(nostack)) };
}

/// Forgets this hart's translation of one page in one address space.
#[inline(always)]
pub fn flush_page(address: u64, asid: u64) {
    // SAFETY: forgetting translations is always allowed.
    unsafe { asm!("sfence.vma {}, {}", in(reg) address, in(reg) asid, options(nostack)) };
}

/// Forgets all of this hart's translations.
#[inline(always)]
pub fn flush_all() {
    // SAFETY: forgetting translations is always allowed.
    unsafe { asm!("sfence.vma", options(nostack)) };
}

/// Lets this hart fetch what was written before as instructions.
#[inline(always)]
pub fn fence_i() {
    // SAFETY: a fence.
    unsafe { asm!("fence.i", options(nostack)) };
}
