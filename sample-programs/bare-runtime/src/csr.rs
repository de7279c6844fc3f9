//! CSR accesses by name.

/// Reads a CSR.
#[macro_export]
macro_rules! csr_read {
    ($name:literal) => {{
        let value: usize;
        // SAFETY: reading a CSR of the current mode changes nothing.
        unsafe { core::arch::asm!(concat!("csrr {}, ", $name), out(reg) value) };
        value
    }};
}

/// Writes a CSR.
#[macro_export]
macro_rules! csr_write {
    ($name:literal, $value:expr) => {{
        let value: usize = $value;
        // SAFETY: the program means this write and what follows from it.
        unsafe { core::arch::asm!(concat!("csrw ", $name, ", {}"), in(reg) value) };
    }};
}

/// Sets bits of a CSR.
#[macro_export]
macro_rules! csr_set {
    ($name:literal, $bits:expr) => {{
        let bits: usize = $bits;
        // SAFETY: the program means this write and what follows from it.
        unsafe { core::arch::asm!(concat!("csrs ", $name, ", {}"), in(reg) bits) };
    }};
}

/// Clears bits of a CSR.
#[macro_export]
macro_rules! csr_clear {
    ($name:literal, $bits:expr) => {{
        let bits: usize = $bits;
        // SAFETY: the program means this write and what follows from it.
        unsafe { core::arch::asm!(concat!("csrc ", $name, ", {}"), in(reg) bits) };
    }};
}
