//! Control and status registers of M-mode.
//!
//! Numbers stand for registers that some harts lack; those are reached through the `try_` macros, which survive the
//! illegal-instruction exception.

/// Reads a register that every hart has.
macro_rules! read {
    ($csr:literal) => {{
        let value: usize;
        // SAFETY: reading this register has no side effect.
        unsafe { core::arch::asm!(concat!("csrr {}, ", $csr), out(reg) value, options(nomem, nostack)) };
        value
    }};
}

/// Writes a register that every hart has.
macro_rules! write {
    ($csr:literal, $value:expr) => {{
        let value: usize = $value;
        // SAFETY: the firmware owns the hart's control registers; no register written this way changes what its own
        // code, data or stack are.
        unsafe { core::arch::asm!(concat!("csrw ", $csr, ", {}"), in(reg) value, options(nostack)) };
    }};
}

/// Sets bits.
macro_rules! set {
    ($csr:literal, $bits:expr) => {{
        let bits: usize = $bits;
        // SAFETY: as for `write`.
        unsafe { core::arch::asm!(concat!("csrs ", $csr, ", {}"), in(reg) bits, options(nostack)) };
    }};
}

/// Clears bits.
macro_rules! clear {
    ($csr:literal, $bits:expr) => {{
        let bits: usize = $bits;
        // SAFETY: as for `write`.
        unsafe { core::arch::asm!(concat!("csrc ", $csr, ", {}"), in(reg) bits, options(nostack)) };
    }};
}

/// Runs one CSR instruction and says whether it was executed: its exception leads behind it.
///
/// A trap into M-mode from M-mode also changes `mstatus`, `mepc`, `mcause` and `mtval`; the first two are put back.
macro_rules! guarded {
    ($instruction:expr, $value:ident) => {{
        let executed: usize;
        // SAFETY: `mtvec` leads to label 2 for this one instruction only; interrupts are off in M-mode, and what an
        // exception changes is put back.
        unsafe {
            core::arch::asm!(
                "csrr {mstatus}, mstatus",
                "csrr {mepc}, mepc",
                "la {mtvec}, 2f",
                "csrrw {mtvec}, mtvec, {mtvec}",
                "li {executed}, 0",
                $instruction,
                "li {executed}, 1",
                ".balign 4",
                "2:",
                "csrw mtvec, {mtvec}",
                "csrw mepc, {mepc}",
                "csrw mstatus, {mstatus}",
                mstatus = out(reg) _,
                mepc = out(reg) _,
                mtvec = out(reg) _,
                executed = out(reg) executed,
                value = inout(reg) $value,
                options(nostack),
            );
        }
        executed == 1
    }};
}

/// Reads a register that the hart may lack.
macro_rules! try_read {
    ($csr:literal) => {{
        let mut value: usize = 0;
        let executed = $crate::csr::guarded!(concat!("csrr {value}, ", $csr), value);
        executed.then_some(value)
    }};
}

/// Writes a register that the hart may lack; what it then holds (fields may keep fewer bits).
macro_rules! try_write {
    ($csr:literal, $value:expr) => {{
        let mut value: usize = $value;
        let executed = $crate::csr::guarded!(concat!("csrw ", $csr, ", {value}"), value);
        let _ = value;
        if executed {
            $crate::csr::try_read!($csr)
        } else {
            None
        }
    }};
}

pub(crate) use {clear, guarded, read, set, try_read, try_write, write};

/// Fields of `mstatus`.
pub mod mstatus {
    /// S-mode interrupts are on.
    pub const SIE: usize = 1 << 1;
    /// What SIE was before the trap.
    pub const SPIE: usize = 1 << 5;
    /// The trap into S-mode came from S-mode.
    pub const SPP: usize = 1 << 8;
    /// The vector unit's state: initial.
    pub const VS_INITIAL: usize = 1 << 9;
    /// The mode before the trap into M-mode.
    pub const MPP: usize = 3 << 11;
    /// MPP: S-mode.
    pub const MPP_SUPERVISOR: usize = 1 << 11;
    /// The floating-point unit's state: initial.
    pub const FS_INITIAL: usize = 1 << 13;
    /// Loads and stores go as in the mode of MPP.
    pub const MPRV: usize = 1 << 17;
    /// Loads may read executable pages.
    pub const MXR: usize = 1 << 19;
    /// Width of registers in U- and S-mode.
    pub const UXL_SXL: usize = 0xf << 32;
    /// The trap came from a virtual machine.
    pub const MPV: usize = 1 << 39;
}

/// Bits of `mip`, `mie` and `mideleg`.
pub mod interrupt {
    /// Supervisor software interrupt.
    pub const SSI: usize = 1 << 1;
    /// Machine software interrupt.
    pub const MSI: usize = 1 << 3;
    /// Supervisor timer interrupt.
    pub const STI: usize = 1 << 5;
    /// Machine timer interrupt.
    pub const MTI: usize = 1 << 7;
    /// Supervisor external interrupt.
    pub const SEI: usize = 1 << 9;
    /// Local counter overflow (Sscofpmf).
    pub const LCOFI: usize = 1 << 13;
    /// What S-mode may receive.
    pub const SUPERVISOR: usize = SSI | STI | SEI | LCOFI;
}

/// Fields of `menvcfg`.
pub mod menvcfg {
    /// Landing pads (Zicfilp).
    pub const LPE: usize = 1 << 2;
    /// Shadow stacks (Zicfiss).
    pub const SSE: usize = 1 << 3;
    /// `cbo.inval` is allowed, and invalidates.
    pub const CBIE_INVALIDATE: usize = 3 << 4;
    /// `cbo.clean` and `cbo.flush` are allowed.
    pub const CBCFE: usize = 1 << 6;
    /// `cbo.zero` is allowed.
    pub const CBZE: usize = 1 << 7;
    /// How many upper address bits S-mode ignores (Smnpm).
    pub const PMM: usize = 3 << 32;
    /// A trap within a trap is an exception of its own (Ssdbltrp).
    pub const DTE: usize = 1 << 59;
    /// Hardware sets A and D of page-table entries (Svadu).
    pub const ADUE: usize = 1 << 61;
    /// Page-based memory types (Svpbmt).
    pub const PBMTE: usize = 1 << 62;
    /// `stimecmp` (Sstc).
    pub const STCE: usize = 1 << 63;
}
