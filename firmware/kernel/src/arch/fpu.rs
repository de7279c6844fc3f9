//! The floating-point registers: the user's, which the kernel only carries from thread to thread.
//!
//! The kernel is built for a target without F and D, so that no floating-point instruction can occur in it but these.

use core::arch::global_asm;

use super::csr;

/// A thread's floating-point state: as a new thread has it, all zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FloatState {
    /// f0 to f31.
    pub f: [u64; 32],
    /// Rounding mode and accrued exceptions.
    pub fcsr: u64,
}

/// What a thread has that has not written any.
pub static ZERO: FloatState = FloatState {
    f: [0; 32],
    fcsr: 0,
};

global_asm!(
    ".option push",
    ".option arch, +f, +d",
    ".macro each_float op",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "  \\op f\\n, 8*\\n(a0)",
    ".endr",
    ".endm",
    ".global fpu_save",
    "fpu_save:",
    "  each_float fsd",
    "  csrr t0, fcsr",
    "  sd t0, 256(a0)",
    "  ret",
    ".global fpu_load",
    "fpu_load:",
    "  each_float fld",
    "  ld t0, 256(a0)",
    "  csrw fcsr, t0",
    "  ret",
    ".option pop",
);

unsafe extern "C" {
    fn fpu_save(state: *mut FloatState);
    fn fpu_load(state: *const FloatState);
}

/// Stores the registers. The unit is off again afterwards.
pub fn save(state: &mut FloatState) {
    csr::set_sstatus(csr::sstatus() | csr::SSTATUS_FS);
    // SAFETY: the unit is on, and `state` has room for what is stored.
    unsafe { fpu_save(state) };
    csr::set_sstatus(csr::sstatus() & !csr::SSTATUS_FS);
}

/// Loads the registers. The unit is off again afterwards.
pub fn load(state: &FloatState) {
    csr::set_sstatus(csr::sstatus() | csr::SSTATUS_FS);
    // SAFETY: the unit is on; the registers it changes are none that the kernel's code uses.
    unsafe { fpu_load(state) };
    csr::set_sstatus(csr::sstatus() & !csr::SSTATUS_FS);
}
