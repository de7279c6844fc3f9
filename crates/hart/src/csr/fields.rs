//! Where CSR values are kept, and the bits in them.

/// Storage of one CSR value. Views (`sstatus`, `sie`, …) have none of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs)] // each is the CSR of that name
pub enum Slot {
    Mstatus,
    Mtvec,
    Medeleg,
    Mideleg,
    Mie,
    /// Software-written bits of `mip`.
    Mip,
    Mepc,
    Mcause,
    Mtval,
    Mscratch,
    Mcounteren,
    Mcountinhibit,
    Menvcfg,
    Stvec,
    Sepc,
    Scause,
    Stval,
    Sscratch,
    Scounteren,
    Senvcfg,
    Satp,
    Stimecmp,
    Fflags,
    Frm,
    /// What to add to the hart's steps to get `mcycle`; its value while inhibited.
    CycleBase,
    /// What to add to the hart's retired instructions to get `minstret`; its value while inhibited.
    InstretBase,
}

impl Slot {
    /// How many there are.
    pub const COUNT: usize = Self::InstretBase as usize + 1;
}

/// Bits of `mstatus`.
#[allow(missing_docs)] // named as in the Privileged Architecture
pub mod status {
    pub const SIE: u64 = 1 << 1;
    pub const MIE: u64 = 1 << 3;
    pub const SPIE: u64 = 1 << 5;
    pub const MPIE: u64 = 1 << 7;
    pub const SPP_SHIFT: u32 = 8;
    pub const SPP: u64 = 1 << SPP_SHIFT;
    pub const MPP_SHIFT: u32 = 11;
    pub const MPP: u64 = 3 << MPP_SHIFT;
    pub const FS: u64 = 3 << 13;
    pub const MPRV: u64 = 1 << 17;
    pub const SUM: u64 = 1 << 18;
    pub const MXR: u64 = 1 << 19;
    pub const TVM: u64 = 1 << 20;
    pub const TW: u64 = 1 << 21;
    pub const TSR: u64 = 1 << 22;
    pub const UXL_SHIFT: u32 = 32;
    pub const UXL: u64 = 3 << UXL_SHIFT;
    pub const SXL_SHIFT: u32 = 34;
    pub const SXL: u64 = 3 << SXL_SHIFT;
    pub const SD: u64 = 1 << 63;
}

/// Bits of `menvcfg` and `senvcfg`.
#[allow(missing_docs)] // named as in the Privileged Architecture
pub mod envcfg {
    pub const FIOM: u64 = 1;
    pub const CBIE_SHIFT: u32 = 4;
    pub const CBIE: u64 = 3 << CBIE_SHIFT;
    pub const CBCFE: u64 = 1 << 6;
    pub const CBZE: u64 = 1 << 7;
    pub const ADUE: u64 = 1 << 61;
    pub const PBMTE: u64 = 1 << 62;
    pub const STCE: u64 = 1 << 63;
}

/// Bits of `mip` and `mie`.
#[allow(missing_docs)] // named as in the Privileged Architecture
pub mod interrupt {
    pub const SSIP: u64 = 1 << 1;
    pub const MSIP: u64 = 1 << 3;
    pub const STIP: u64 = 1 << 5;
    pub const MTIP: u64 = 1 << 7;
    pub const SEIP: u64 = 1 << 9;
    pub const MEIP: u64 = 1 << 11;
    /// Those that can be delegated to S-mode.
    pub const SUPERVISOR: u64 = SSIP | STIP | SEIP;
    /// Those of M-mode.
    pub const MACHINE: u64 = MSIP | MTIP | MEIP;
}
