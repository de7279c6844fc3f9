//! What the harness reads of each block: a record of doublewords.

/// Where the next record is.
pub const NEXT: i32 = 0;
/// Where the code is; 0 in the record that ends the list.
pub const CODE: i32 = 8;
/// Bytes of the code, a multiple of eight.
pub const CODE_BYTES: i32 = 16;
/// One byte for each halfword of the code: length of the instruction that begins there.
pub const LENGTHS: i32 = 24;
/// Pairs of address and doubleword to write before the start: page-table entries.
pub const PATCHES: i32 = 32;
/// How many; at least one.
pub const PATCH_COUNT: i32 = 40;
/// Seed of the data pages.
pub const SEED: i32 = 48;
/// Written last, before the registers.
pub const FCSR: i32 = 56;
/// Its MPP and MPIE say how the block starts.
pub const MSTATUS: i32 = 64;

/// CSRs set before the start, in this order.
pub const CSRS: &[(&str, i32)] = &[
    ("mip", 72),
    ("mie", 80),
    ("medeleg", 88),
    ("mideleg", 96),
    ("menvcfg", 104),
    ("senvcfg", 112),
    ("mcounteren", 120),
    ("scounteren", 128),
    ("mcountinhibit", 136),
    ("stvec", 144),
    ("sepc", 152),
    ("scause", 160),
    ("stval", 168),
    ("mepc", 176),
    ("pmpaddr0", 184),
    ("pmpaddr1", 192),
    ("pmpaddr2", 200),
    ("pmpaddr3", 208),
    ("pmpaddr4", 216),
    ("pmpaddr5", 224),
    ("pmpaddr6", 232),
    ("pmpaddr7", 240),
    ("pmpcfg0", 248),
    ("mcause", 256),
    ("mtval", 264),
    ("satp", 272),
];

/// Integer registers; that of `x0` is not used.
pub const X: i32 = 280;
/// Floating-point registers.
pub const F: i32 = X + 8 * 32;
/// Bytes of a record.
pub const BYTES: usize = F as usize + 8 * 32;
