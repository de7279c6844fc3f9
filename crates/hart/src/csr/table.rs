//! Every CSR, one row each.
//!
//! Numbers and fields: Privileged Architecture 1.13 and the unprivileged specification. What stands in no row does not exist and traps.

use isa::Extension;
use isa::csr as number;
use memory::Bus;

use super::{Slot, counters, envcfg, interrupt, status};
use crate::mmu::walk::Scheme;
use crate::{Hart, Privilege};

/// What a CSR needs, beside the privilege that its number encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requires {
    /// Nothing more.
    Nothing,
    /// U-mode exists.
    User,
    /// S-mode exists.
    Supervisor,
    /// S-mode exists, and TVM does not trap `satp`.
    Satp,
    /// The F extension exists and FS is not off.
    Float,
    /// The counter-enable registers let this mode see it.
    Counter,
    /// Sstc exists and M-mode has opened it.
    Stimecmp,
    /// The number is even: on RV64 odd `pmpcfg` registers do not exist.
    Even,
}

/// What a write brings about beside the new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// Another address space.
    Satp,
    /// Other rules for page tables.
    Envcfg,
}

type Legalise = fn(&Hart, old: u64, new: u64) -> u64;
type Read = fn(&Hart, &Bus, u16) -> u64;
type Write = fn(&mut Hart, &mut Bus, u16, u64);

/// Where a CSR's value comes from.
#[derive(Clone, Copy)]
pub enum Value {
    /// Read-only, or writable without effect.
    Constant(u64),
    /// A value in a slot.
    Stored {
        /// Which slot.
        slot: Slot,
        /// Bits that a write changes.
        writable: u64,
        /// Makes a value legal (WARL).
        legal: Legalise,
    },
    /// A view of something else.
    Computed {
        /// Reads it.
        read: Read,
        /// Writes it.
        write: Write,
    },
}

/// One row: `count` CSRs from `first` that behave alike.
#[derive(Clone, Copy)]
pub struct CsrSpec {
    /// First CSR number.
    pub first: u16,
    /// How many CSRs.
    pub count: u16,
    /// When it can be accessed.
    pub requires: Requires,
    /// Its value.
    pub value: Value,
    /// What writing brings about.
    pub effect: Effect,
}

const ALL: u64 = u64::MAX;
const LOW_32: u64 = 0xffff_ffff;

const fn any(_hart: &Hart, _old: u64, new: u64) -> u64 {
    new
}

const fn stored(first: u16, requires: Requires, slot: Slot, writable: u64) -> CsrSpec {
    legal(first, requires, slot, writable, any)
}

const fn legal(
    first: u16,
    requires: Requires,
    slot: Slot,
    writable: u64,
    legal: Legalise,
) -> CsrSpec {
    CsrSpec {
        first,
        count: 1,
        requires,
        value: Value::Stored {
            slot,
            writable,
            legal,
        },
        effect: Effect::None,
    }
}

const fn computed(first: u16, count: u16, requires: Requires, read: Read, write: Write) -> CsrSpec {
    CsrSpec {
        first,
        count,
        requires,
        value: Value::Computed { read, write },
        effect: Effect::None,
    }
}

const fn constant(first: u16, count: u16, requires: Requires, value: u64) -> CsrSpec {
    CsrSpec {
        first,
        count,
        requires,
        value: Value::Constant(value),
        effect: Effect::None,
    }
}

const fn with(effect: Effect, mut spec: CsrSpec) -> CsrSpec {
    spec.effect = effect;
    spec
}

/// Exceptions that can be delegated: all but an `ecall` from M-mode, and misaligned fetches,
/// which C makes impossible (see [`legal_medeleg`]).
const DELEGABLE: u64 = 0b1011_0011_1111_1111;

/// Every CSR of the hart.
#[must_use]
pub const fn specs() -> &'static [CsrSpec] {
    TABLE
}

use Requires::{Counter, Even, Float, Nothing, Satp, Stimecmp, Supervisor, User};

static TABLE: &[CsrSpec] = &[
    // Floating point
    computed(number::FFLAGS, 3, Float, read_float, write_float),
    // Unprivileged counters: cycle, time, instret, hpmcounter3–31
    computed(number::CYCLE, 32, Counter, counters::read, write_nothing),
    // Supervisor
    computed(number::SSTATUS, 1, Supervisor, read_sstatus, write_sstatus),
    computed(number::SIE, 1, Supervisor, read_sie, write_sie),
    legal(number::STVEC, Supervisor, Slot::Stvec, !2, any),
    stored(number::SCOUNTEREN, Supervisor, Slot::Scounteren, LOW_32),
    legal(
        number::SENVCFG,
        Supervisor,
        Slot::Senvcfg,
        ALL,
        legal_senvcfg,
    ),
    stored(number::SSCRATCH, Supervisor, Slot::Sscratch, ALL),
    legal(number::SEPC, Supervisor, Slot::Sepc, !1, legal_epc),
    stored(number::SCAUSE, Supervisor, Slot::Scause, ALL),
    stored(number::STVAL, Supervisor, Slot::Stval, ALL),
    computed(number::SIP, 1, Supervisor, read_sip, write_sip),
    stored(number::STIMECMP, Stimecmp, Slot::Stimecmp, ALL),
    with(
        Effect::Satp,
        legal(number::SATP, Satp, Slot::Satp, ALL, legal_satp),
    ),
    // Machine information
    constant(number::MVENDORID, 1, Nothing, 0),
    constant(number::MARCHID, 1, Nothing, 0),
    constant(number::MIMPID, 1, Nothing, 0),
    computed(number::MHARTID, 1, Nothing, read_hart_id, write_nothing),
    constant(number::MCONFIGPTR, 1, Nothing, 0),
    // Machine trap setup
    computed(number::MSTATUS, 1, Nothing, read_mstatus, write_mstatus),
    computed(number::MISA, 1, Nothing, read_misa, write_nothing),
    legal(
        number::MEDELEG,
        Supervisor,
        Slot::Medeleg,
        DELEGABLE,
        legal_medeleg,
    ),
    stored(
        number::MIDELEG,
        Supervisor,
        Slot::Mideleg,
        interrupt::SUPERVISOR,
    ),
    legal(
        number::MIE,
        Nothing,
        Slot::Mie,
        interrupt::MACHINE | interrupt::SUPERVISOR,
        legal_mie,
    ),
    legal(number::MTVEC, Nothing, Slot::Mtvec, !2, any),
    stored(number::MCOUNTEREN, User, Slot::Mcounteren, LOW_32),
    with(
        Effect::Envcfg,
        legal(number::MENVCFG, User, Slot::Menvcfg, ALL, legal_menvcfg),
    ),
    computed(
        number::MCOUNTINHIBIT,
        1,
        Nothing,
        counters::read_inhibit,
        counters::write_inhibit,
    ),
    constant(number::MHPMEVENT3, 29, Nothing, 0),
    // Machine trap handling
    stored(number::MSCRATCH, Nothing, Slot::Mscratch, ALL),
    legal(number::MEPC, Nothing, Slot::Mepc, !1, legal_epc),
    stored(number::MCAUSE, Nothing, Slot::Mcause, ALL),
    stored(number::MTVAL, Nothing, Slot::Mtval, ALL),
    computed(number::MIP, 1, Nothing, read_mip, write_mip),
    // Physical memory protection: 16 entries of the 64 that have numbers, the rest read as zero
    computed(number::PMPCFG0, 16, Even, read_pmpcfg, write_pmpcfg),
    computed(number::PMPADDR0, 64, Nothing, read_pmpaddr, write_pmpaddr),
    // Machine counters
    computed(number::MCYCLE, 1, Nothing, counters::read, counters::write),
    computed(
        number::MINSTRET,
        1,
        Nothing,
        counters::read,
        counters::write,
    ),
    constant(number::MHPMCOUNTER3, 29, Nothing, 0),
    // Triggers: none; the type field of tdata1 says so
    constant(number::TSELECT, 4, Nothing, 0),
];

/// Index of a CSR's row in the table by number, plus one; 0 where there is none.
static ROWS: [u8; 4096] = {
    let mut rows = [0; 4096];
    let mut row = 0;
    while row < TABLE.len() {
        let mut i = 0;
        while i < TABLE[row].count {
            rows[(TABLE[row].first + i) as usize] = row as u8 + 1;
            i += 1;
        }
        row += 1;
    }
    rows
};

/// The row of a CSR number.
pub(super) fn find(number: u16) -> Option<&'static CsrSpec> {
    let row = *ROWS.get(usize::from(number))?;
    TABLE.get(usize::from(row).checked_sub(1)?)
}

fn write_nothing(_: &mut Hart, _: &mut Bus, _: u16, _: u64) {}

fn read_float(hart: &Hart, _: &Bus, csr: u16) -> u64 {
    match csr {
        number::FFLAGS => hart[Slot::Fflags],
        number::FRM => hart[Slot::Frm],
        _ => hart[Slot::Frm] << 5 | hart[Slot::Fflags],
    }
}

fn write_float(hart: &mut Hart, _: &mut Bus, csr: u16, value: u64) {
    match csr {
        number::FFLAGS => hart[Slot::Fflags] = value & 31,
        number::FRM => hart[Slot::Frm] = value & 7,
        _ => {
            hart[Slot::Fflags] = value & 31;
            hart[Slot::Frm] = value >> 5 & 7;
        }
    }
    hart.mark_float_dirty();
}

fn read_hart_id(hart: &Hart, _: &Bus, _: u16) -> u64 {
    hart.id()
}

fn read_misa(hart: &Hart, _: &Bus, _: u16) -> u64 {
    2 << 62 | hart.isa().misa()
}

fn read_mstatus(hart: &Hart, _: &Bus, _: u16) -> u64 {
    let value = hart[Slot::Mstatus];
    let dirty = value & status::FS == status::FS;
    if dirty { value | status::SD } else { value }
}

fn write_mstatus(hart: &mut Hart, _: &mut Bus, _: u16, value: u64) {
    let has = |extension| hart.isa().has(extension);
    let mut writable = status::MIE | status::MPIE | status::MPP;
    if has(Extension::F) {
        writable |= status::FS;
    }
    if has(Extension::U) {
        writable |= status::MPRV | status::TW;
    }
    if has(Extension::S) {
        writable |= status::SIE | status::SPIE | status::SPP | status::SUM | status::MXR;
        writable |= status::TVM | status::TSR;
    }
    let new = hart[Slot::Mstatus] & !writable | value & writable;
    let mpp = legal_privilege(hart, new >> status::MPP_SHIFT);
    hart.set_status(new & !status::MPP | mpp << status::MPP_SHIFT);
}

/// The encoding of a privilege mode that exists: reserved and missing ones become the lowest.
fn legal_privilege(hart: &Hart, bits: u64) -> u64 {
    let (s, u) = (hart.isa().has(Extension::S), hart.isa().has(Extension::U));
    let wanted = Privilege::from_bits(bits);
    let exists = match wanted {
        Privilege::Machine => true,
        Privilege::Supervisor => s,
        Privilege::User => u,
    };
    match (exists, u) {
        (true, _) => wanted as u64,
        (false, true) => Privilege::User as u64,
        (false, false) => Privilege::Machine as u64,
    }
}

const SSTATUS_WRITABLE: u64 =
    status::SIE | status::SPIE | status::SPP | status::FS | status::SUM | status::MXR;
const SSTATUS_READABLE: u64 = SSTATUS_WRITABLE | status::UXL | status::SD;

fn read_sstatus(hart: &Hart, bus: &Bus, csr: u16) -> u64 {
    read_mstatus(hart, bus, csr) & SSTATUS_READABLE
}

fn write_sstatus(hart: &mut Hart, bus: &mut Bus, csr: u16, value: u64) {
    let kept = hart[Slot::Mstatus] & !SSTATUS_WRITABLE;
    write_mstatus(hart, bus, csr, kept | value & SSTATUS_WRITABLE);
}

fn read_sie(hart: &Hart, _: &Bus, _: u16) -> u64 {
    hart[Slot::Mie] & hart[Slot::Mideleg]
}

fn write_sie(hart: &mut Hart, _: &mut Bus, _: u16, value: u64) {
    let mask = hart[Slot::Mideleg];
    hart[Slot::Mie] = hart[Slot::Mie] & !mask | value & mask;
}

fn read_mip(hart: &Hart, bus: &Bus, _: u16) -> u64 {
    let lines = bus
        .lines
        .into_hart(hart.id() as usize % abi::memory_map::MAX_HARTS);
    hart.interrupts_pending(lines, bus.clock.ticks())
}

fn write_mip(hart: &mut Hart, _: &mut Bus, _: u16, value: u64) {
    let mut writable = 0;
    if hart.isa().has(Extension::S) {
        writable = interrupt::SUPERVISOR;
    }
    if hart[Slot::Menvcfg] & envcfg::STCE != 0 {
        writable &= !interrupt::STIP; // stimecmp alone drives it
    }
    hart[Slot::Mip] = hart[Slot::Mip] & !writable | value & writable;
}

fn read_sip(hart: &Hart, bus: &Bus, csr: u16) -> u64 {
    read_mip(hart, bus, csr) & hart[Slot::Mideleg]
}

fn write_sip(hart: &mut Hart, _: &mut Bus, _: u16, value: u64) {
    let writable = interrupt::SSIP & hart[Slot::Mideleg];
    hart[Slot::Mip] = hart[Slot::Mip] & !writable | value & writable;
}

fn legal_mie(hart: &Hart, _old: u64, new: u64) -> u64 {
    if hart.isa().has(Extension::S) {
        new
    } else {
        new & interrupt::MACHINE
    }
}

fn legal_medeleg(hart: &Hart, _old: u64, new: u64) -> u64 {
    if hart.isa().has(Extension::C) {
        new & !1
    } else {
        new
    }
}

fn legal_epc(hart: &Hart, _old: u64, new: u64) -> u64 {
    if hart.isa().has(Extension::C) {
        new & !1
    } else {
        new & !3
    }
}

/// A write of an unsupported MODE has no effect at all.
fn legal_satp(hart: &Hart, old: u64, new: u64) -> u64 {
    let mode = new >> 60;
    let supported = match Scheme::from_mode(mode) {
        None => mode == 0,
        Some(Scheme::Sv39) => hart.isa().has(Extension::Sv39),
        Some(Scheme::Sv48) => hart.isa().has(Extension::Sv48),
        Some(Scheme::Sv57) => hart.isa().has(Extension::Sv57),
    };
    if supported { new } else { old }
}

/// The bits of `menvcfg` and `senvcfg` about cache-block operations that exist; the reserved CBIE
/// encoding 2 keeps the old field.
fn legal_cache_bits(hart: &Hart, old: u64, new: u64) -> u64 {
    let mut writable = envcfg::FIOM;
    if hart.isa().has(Extension::Zicbom) {
        writable |= envcfg::CBIE | envcfg::CBCFE;
    }
    if hart.isa().has(Extension::Zicboz) {
        writable |= envcfg::CBZE;
    }
    let reserved = new & envcfg::CBIE == 2 << envcfg::CBIE_SHIFT;
    let cbie = if reserved { old } else { new } & envcfg::CBIE;
    (new & !envcfg::CBIE | cbie) & writable
}

fn legal_senvcfg(hart: &Hart, old: u64, new: u64) -> u64 {
    legal_cache_bits(hart, old, new)
}

fn legal_menvcfg(hart: &Hart, old: u64, new: u64) -> u64 {
    let mut high = 0;
    for (extension, bit) in [
        (Extension::Svadu, envcfg::ADUE),
        (Extension::Svpbmt, envcfg::PBMTE),
        (Extension::Sstc, envcfg::STCE),
    ] {
        if hart.isa().has(extension) {
            high |= new & bit;
        }
    }
    high | legal_cache_bits(hart, old, new)
}

fn read_pmpcfg(hart: &Hart, _: &Bus, csr: u16) -> u64 {
    hart.pmp.config(usize::from(csr - number::PMPCFG0))
}

fn write_pmpcfg(hart: &mut Hart, _: &mut Bus, csr: u16, value: u64) {
    hart.pmp
        .set_config(usize::from(csr - number::PMPCFG0), value);
    hart.tlb.clear();
    hart.refresh_contexts();
}

fn read_pmpaddr(hart: &Hart, _: &Bus, csr: u16) -> u64 {
    hart.pmp.address(usize::from(csr - number::PMPADDR0))
}

fn write_pmpaddr(hart: &mut Hart, _: &mut Bus, csr: u16, value: u64) {
    hart.pmp
        .set_address(usize::from(csr - number::PMPADDR0), value);
    hart.tlb.clear();
    hart.refresh_contexts();
}
