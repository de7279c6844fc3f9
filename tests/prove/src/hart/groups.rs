//! Instructions that only make sense together: jumps, loops, atomics, CSR traffic, traps, page tables.

use isa::{Insn, Opcode as O};

use super::assembler::{csr as csr_number, insn, load_constant};
use super::block::{Part, ShortJump};
use super::generate::{COUNTER, Generator, POINTERS};
use super::layout as at;
use super::random::Random;
use super::tables;

fn constant(rd: u8, value: u64) -> Vec<Part> {
    load_constant(rd, value)
        .into_iter()
        .map(Part::from)
        .collect()
}

fn csr_insn(op: O, rd: u8, name: &str, rs1: u8) -> Part {
    insn(op, rd, rs1, 0, csr_number(name)).into()
}

/// An AMO at an address near a pointer.
pub fn atomic(g: &mut Generator) -> Vec<Part> {
    let address = g.scratch();
    let mut parts = vec![near_pointer(g, address)];
    let mut amo = g.atomic_row();
    amo.rs1 = address;
    parts.push(amo.into());
    parts
}

fn near_pointer(g: &mut Generator, address: u8) -> Part {
    let pointer = g.random.pick(&POINTERS);
    let align = g.random.pick(&[!15, !15, !7, !7, !7, !3, !0]);
    let offset = (g.random.below(4096) as i32 - 2048) & align;
    insn(O::Addi, address, pointer, 0, offset).into()
}

/// LR, something harmless, and SC to the same address; or an SC to another, which fails. An SC that must fail need not
/// look at its address, and one side does, so the SC is left out where the access before it trapped. The handler of a
/// trap ends a reservation, so that none is left from before.
pub fn reserved(g: &mut Generator) -> Vec<Part> {
    let address = g.scratch();
    let (mark, seen) = (other_than(g, address), other_than(g, address));
    if mark == 0 || seen == 0 || mark == seen {
        return vec![g.computing()];
    }
    let elsewhere = g.random.one_in(4);
    let double = g.random.one_in(2);
    let (load, store) = if double {
        (O::LrD, O::ScD)
    } else {
        (O::LrW, O::ScW)
    };
    let mut parts = vec![
        near_pointer(g, address),
        insn(O::Andi, address, address, 0, -8).into(),
    ];
    parts.extend(constant(mark, g.random.next()));
    parts.push(insn(O::Addi, seen, mark, 0, 0).into());
    let mut lr = insn(load, seen, address, 0, 0);
    lr.aux = g.random.below(4) as u8;
    parts.push(lr.into());
    if elsewhere {
        // Another reservation set of the same page, if it can be written at all.
        parts.push(insn(O::Xori, address, address, 0, 256).into());
        parts.push(insn(O::Addi, seen, mark, 0, 0).into());
        parts.push(insn(O::AmoorD, seen, address, 0, 0).into());
    }
    parts.push(Part::Forward(insn(O::Beq, 0, mark, seen, 0), 1));
    for _ in 0..g.random.below(3) {
        let (rd, rs1) = (other_than(g, address), g.source());
        parts.push(insn(O::Xori, rd, rs1, 0, g.random.below(2048) as i32).into());
    }
    let mut sc = insn(store, g.target(), address, g.source(), 0);
    sc.aux = g.random.below(4) as u8;
    parts.push(sc.into());
    parts
}

fn other_than(g: &mut Generator, register: u8) -> u8 {
    loop {
        let other = g.target();
        if other != register {
            return other;
        }
    }
}

/// A branch or jump forward.
pub fn branch(g: &mut Generator) -> Vec<Part> {
    let items = 1 + g.random.below(5) as usize;
    let short = 8 + g.random.below(8) as u8;
    vec![match g.random.below(8) {
        0 => Part::Forward(insn(O::Jal, g.target(), 0, 0, 0), items),
        1 => Part::ShortForward(ShortJump::Jump, items),
        2 => Part::ShortForward(ShortJump::BranchZero(short), items),
        3 => Part::ShortForward(ShortJump::BranchNonzero(short), items),
        _ => {
            let op = g
                .random
                .pick(&[O::Beq, O::Bne, O::Blt, O::Bge, O::Bltu, O::Bgeu]);
            Part::Forward(insn(op, 0, g.source(), g.source(), 0), items)
        }
    }]
}

/// `jalr` (or its short forms) to an address made by `auipc`; seldom to one that is nowhere.
pub fn indirect_jump(g: &mut Generator) -> Vec<Part> {
    let register = g.scratch();
    let items = 1 + g.random.below(5) as usize;
    let offset = g.random.below(4096) as i32 - 2048;
    if g.random.one_in(30) {
        // Never to data: what is there is any instruction at all.
        let nowhere = g.random.pick(&[
            at::UNMAPPED,
            at::ALIASES + 0x10_0000,
            1 << 38,
            1 << 63,
            0x0700_0000,
            0,
        ]);
        let mut parts = constant(register, nowhere + g.random.below(0x1000));
        parts.push(insn(O::Jalr, g.target(), register, 0, 0).into());
        return parts;
    }
    match g.random.below(3) {
        0 => vec![
            Part::Address(register, items, 0),
            Part::Half(0x8002 | u16::from(register) << 7), // c.jr
        ],
        1 => vec![
            Part::Address(register, items, 0),
            Part::Half(0x9002 | u16::from(register) << 7), // c.jalr
        ],
        _ => vec![
            // The lowest bit of the sum is ignored.
            Part::Address(register, items, g.random.below(2) as i32 - offset),
            insn(O::Jalr, g.target(), register, 0, offset).into(),
        ],
    }
}

/// A loop of a few turns over a few instructions. It ends wherever it is entered.
pub fn counted_loop(g: &mut Generator) -> Vec<Part> {
    let turns = 1 + g.random.below(20) as i32;
    let mut parts = vec![insn(O::Addi, COUNTER, 0, 0, turns).into()];
    for _ in 0..2 + g.random.below(6) {
        let part = match g.random.below(4) {
            0 => g.access(),
            1 => g.compressed(),
            _ => g.computing(),
        };
        parts.push(part);
    }
    parts.push(insn(O::Addi, COUNTER, COUNTER, 0, -1).into());
    parts.push(Part::Back(insn(O::Blt, 0, 0, COUNTER, 0), 1));
    parts
}

/// A floating-point constant that is hard for somebody.
pub fn float_constant(g: &mut Generator) -> Vec<Part> {
    let register = g.scratch();
    let value = g.random.float();
    let mut parts = constant(register, value);
    parts.push(insn(O::FmvDX, g.random.below(32) as u8, register, 0, 0).into());
    parts
}

/// Another address for a pointer, or a hard integer for a register.
pub fn new_pointer(g: &mut Generator) -> Vec<Part> {
    if g.random.one_in(2) {
        let value = g.random.integer();
        return constant(g.scratch(), value);
    }
    let pointer = g.random.pick(&POINTERS);
    constant(pointer, tables::pointer(&mut g.random))
}

/// Writes an instruction over one that comes soon, with `fence.i` in between.
pub fn self_modifying(g: &mut Generator) -> Vec<Part> {
    let (address, value) = (g.scratch(), g.scratch());
    if address == value {
        return vec![g.computing()];
    }
    let Part::Word(word) = g.computing() else {
        return Vec::new();
    };
    let mut parts = vec![Part::Address(address, 0, 0)];
    let load = constant(value, u64::from(word) as u32 as i32 as i64 as u64);
    let length = 8 + 4 * load.len() as i32 + 4 + 4;
    parts.extend(load);
    parts.push(insn(O::Sw, 0, address, value, length).into());
    parts.push(insn(O::FenceI, 0, 0, 0, 0).into());
    parts.push(g.computing());
    parts
}

/// Writes a page-table entry and fences: where M- or S-mode can.
pub fn page_table(g: &mut Generator) -> Vec<Part> {
    let (address, value) = (g.scratch(), g.scratch());
    if address == value || !g.changes_tables {
        return vec![g.computing()];
    }
    let page = g.random.below(at::DATA_BYTES >> 12);
    let table = g.random.pick(&[at::LEAVES_DATA, at::LEAVES_ALIAS]);
    let leaf = tables::leaf(&mut g.random, at::DATA + (page << 12));
    let mut parts = constant(address, table + 8 * page);
    parts.extend(constant(value, leaf));
    parts.push(insn(O::Sd, 0, address, value, 0).into());
    parts.push(insn(O::SfenceVma, 0, 0, 0, 0).into());
    parts
}

/// Fences of all kinds, cache blocks, hints.
pub fn fence(g: &mut Generator) -> Vec<Part> {
    let pointer = g.random.pick(&POINTERS);
    let block = g.scratch();
    if g.random.one_in(2) && !g.protection {
        // See "known differences": a whole block, in RAM where nothing is translated.
        let op = g
            .random
            .pick(&[O::CboZero, O::CboInval, O::CboClean, O::CboFlush]);
        let mut parts = constant(block, (at::DATA + g.random.below(at::DATA_BYTES)) & !63);
        parts.push(insn(op, 0, block, 0, 0).into());
        return parts;
    }
    let part = match g.random.below(6) {
        0 => insn(O::Fence, 0, 0, 0, g.random.below(1 << 8) as i32),
        1 => insn(O::FenceI, 0, 0, 0, 0),
        2 => insn(O::SfenceVma, 0, g.source(), g.source(), 0),
        3 => insn(O::SinvalVma, 0, g.source(), g.source(), 0),
        4 => insn(O::Fence, 0, 0, 0, 0x010),
        _ => insn(O::Ori, 0, pointer, 0, g.random.pick(&[0, 1, 3]) | 32),
    };
    vec![part.into()]
}

/// What traps, or may: calls, breakpoints, words that are no instruction.
pub fn trap(g: &mut Generator) -> Vec<Part> {
    match g.random.below(8) {
        0..=2 => vec![Insn::new(O::Ecall).into()],
        3 => vec![Insn::new(O::Ebreak).into()],
        4 => vec![Part::Half(0x9002)], // c.ebreak
        5 => vec![Part::Half(0)],
        6 => vec![csr_insn(O::Csrrs, g.target(), "mhartid", 0)],
        _ => loop {
            let word = g.random.next() as u32 | 3;
            let long = word & 0x1f == 0x1f;
            if !long && isa::decode(word, &g.isa).is_none() && !belongs_to_others(word) {
                return vec![Part::Word(word)];
            }
        },
    }
}

/// Encodings that the other emulator may know and we do not: they prove nothing.
fn belongs_to_others(word: u32) -> bool {
    // Vector instructions and vector loads and stores; custom opcodes.
    matches!(word & 0x7f, 0x57 | 0x0b | 0x2b | 0x5b | 0x7b | 0x77)
        || matches!(word & 0x7f, 0x07 | 0x27) && matches!(word >> 12 & 7, 0 | 5..=7)
        // Quad and bfloat, and loads with other widths
        || matches!(word & 0x7f, 0x43 | 0x47 | 0x4b | 0x4f | 0x53 | 0x07 | 0x27)
        // Hypervisor loads and stores
        || word & 0x7f == 0x73 && word >> 12 & 7 == 4
}

/// `mret` or `sret` in a mode of choice.
pub fn trap_return(g: &mut Generator) -> Vec<Part> {
    let (address, value) = (g.scratch(), g.scratch());
    let machine = g.random.one_in(2);
    // To a nop behind it: where that address cannot be fetched, nothing but the nop is left out.
    let mut parts = vec![Part::Address(address, 1, -4)];
    if g.random.one_in(2) && address != value {
        // Where U-mode sees the window.
        parts.extend(constant(value, at::WINDOW_USER - at::WINDOW));
        parts.push(insn(O::Add, address, address, value, 0).into());
    }
    let (epc, status, mode, op) = if machine {
        let mode = g.random.pick(&[0, 1, 3]);
        ("mepc", "mstatus", mode << 11, O::Mret)
    } else {
        ("sepc", "sstatus", g.random.below(2) << 8, O::Sret)
    };
    parts.push(csr_insn(O::Csrrw, 0, epc, address));
    let mask = if machine { 3 << 11 } else { 1 << 8 };
    parts.extend(constant(value, mask));
    parts.push(csr_insn(O::Csrrc, 0, status, value));
    parts.extend(constant(value, mode));
    parts.push(csr_insn(O::Csrrs, 0, status, value));
    parts.push(Insn::new(op).into());
    parts.push(Insn::new(O::Addi).into());
    parts
}

/// Raises an interrupt while it is off, and lets it in by a CSR write: both emulators take it there.
pub fn interrupt(g: &mut Generator) -> Vec<Part> {
    let (a, b) = (g.scratch(), g.scratch());
    if a == b {
        return vec![g.computing()];
    }
    let mut parts = Vec::new();
    match g.random.below(4) {
        0 => {
            let bit = g.random.pick(&[1 << 1, 1 << 5, 1 << 9]);
            parts.extend(constant(a, bit));
            parts.push(csr_insn(O::Csrrs, g.target(), "mip", a));
            parts.push(csr_insn(O::Csrrs, g.target(), "mie", a));
        }
        1 => {
            parts.push(csr_insn(O::Csrrsi, 0, "sip", 2));
            parts.push(csr_insn(O::Csrrsi, 0, "sie", 2));
        }
        2 => {
            // M-mode waits for what has come already, with interrupts off: S- and U-mode trap at each.
            parts.push(csr_insn(O::Csrrci, 0, "mstatus", 8));
            parts.push(csr_insn(O::Csrrsi, 0, "mip", 2));
            parts.push(csr_insn(O::Csrrsi, 0, "mie", 2));
            parts.push(Insn::new(O::Wfi).into());
        }
        _ => {
            let (address, width, values, bit) = if g.random.one_in(2) {
                (at::MSIP, O::Sw, [0, 1], 1 << 3)
            } else {
                (at::MTIMECMP, O::Sd, [0, u64::MAX], 1 << 7)
            };
            let on = g.random.pick(&values);
            parts.extend(constant(a, bit));
            parts.push(csr_insn(O::Csrrc, 0, "mie", a));
            parts.extend(constant(a, address));
            parts.extend(constant(b, on));
            parts.push(insn(width, 0, a, b, 0).into());
            parts.extend(constant(a, bit));
            parts.push(csr_insn(O::Csrrs, 0, "mie", a));
        }
    }
    parts
}

/// Loads and stores under MPRV.
pub fn modified_privilege(g: &mut Generator) -> Vec<Part> {
    let (mask, mode) = (g.scratch(), g.random.pick(&[0, 1, 3]));
    let mut parts = constant(mask, 3 << 11);
    parts.push(csr_insn(O::Csrrc, 0, "mstatus", mask));
    parts.extend(constant(mask, 1 << 17 | mode << 11));
    parts.push(csr_insn(O::Csrrs, 0, "mstatus", mask));
    for _ in 0..1 + g.random.below(4) {
        parts.push(g.access());
    }
    parts.extend(constant(mask, 1 << 17));
    parts.push(csr_insn(O::Csrrc, 0, "mstatus", mask));
    parts
}

/// Bits of `mstatus` that random code may change; TW stays on.
const STATUS: u64 = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 8 | 3 << 13 | 1 << 18 | 1 << 19;
const FS: u64 = 3 << 13;
const TVM: u64 = 1 << 20;
const STCE: u64 = 1 << 63;
const TW: u64 = 1 << 21;
const ENVCFG: u64 = 1 | 1 << 6 | 1 << 7;
const INTERRUPTS: u64 = 0xaaa;
const DELEGABLE: u64 = 0b1011_0001_1111_1110;

/// CSRs that random code writes, with the bits it may set or clear one by one.
const WRITTEN: &[(&str, u64)] = &[
    ("fflags", u64::MAX),
    ("frm", u64::MAX),
    ("fcsr", u64::MAX),
    ("fflags", u64::MAX),
    ("frm", u64::MAX),
    ("sstatus", STATUS & !TW),
    ("sie", INTERRUPTS),
    ("sip", 0x222),
    ("scounteren", 7),
    ("senvcfg", ENVCFG),
    ("sepc", !1),
    ("scause", u64::MAX),
    ("stval", u64::MAX),
    ("stimecmp", u64::MAX),
    ("satp", 0),
    ("satp", 0),
    ("mstatus", STATUS | 1 << 20 | 1 << 22),
    ("mstatus", STATUS | 1 << 20 | 1 << 22),
    ("medeleg", DELEGABLE),
    ("mideleg", 0x222),
    ("mie", INTERRUPTS),
    ("mip", 0x222),
    ("mcounteren", 7),
    ("menvcfg", ENVCFG | 7 << 61),
    ("mcountinhibit", 5),
    ("mepc", !1),
    ("mcause", u64::MAX),
    ("mtval", u64::MAX),
    ("pmpcfg0", 0),
    ("pmpaddr0", u64::MAX),
    ("pmpaddr1", u64::MAX),
    ("pmpaddr2", u64::MAX),
    ("pmpaddr3", u64::MAX),
];

/// STCE of a value becomes as it must be.
const fn with_timer(value: u64, timer: bool) -> u64 {
    if timer { value | STCE } else { value & !STCE }
}

/// FS of a value becomes Off or Dirty.
const fn without_clean(value: u64) -> u64 {
    if value & FS == 0 { value } else { value | FS }
}

/// A value for a whole write.
fn whole_value(name: &str, random: &mut Random) -> u64 {
    match name {
        "sstatus" => random.next() & STATUS,
        "mstatus" => {
            let mpp = random.pick(&[0, 1, 3]);
            random.next() & (STATUS | 1 << 20 & random.next() | 1 << 22 & random.next())
                | mpp << 11
                | TW
        }
        "satp" if random.one_in(8) => 5 << 60 | random.next() >> 8,
        "satp" => tables::satp(random),
        "stimecmp" => random.pick(&[0, u64::MAX]),
        "senvcfg" | "menvcfg" => {
            let cbie = random.pick(&[0, 1, 3]);
            let bits = if name == "senvcfg" {
                ENVCFG
            } else {
                ENVCFG | 7 << 61
            };
            random.next() & bits | cbie << 4
        }
        "pmpcfg0" => pmp_config(random),
        _ if name.starts_with("pmpaddr") => pmp_address(random),
        "mie" | "sie" => random.next() & INTERRUPTS,
        "mip" | "sip" | "mideleg" => random.next() & 0x222,
        "medeleg" => random.next() & DELEGABLE,
        "mcounteren" | "scounteren" => random.next() & 7,
        "mcountinhibit" => random.next() & 5,
        "mepc" | "sepc" => random.integer() & !1,
        _ => random.integer(),
    }
}

const PMP_FRAME: u64 = 0x1f18_1818 << 32;

/// Entries 0 to 3 anything but locked; 4 to 6 keep the lower modes from the CLINT, the harness and the records; 7 lets
/// them at all else.
fn pmp_config(random: &mut Random) -> u64 {
    let mut config = PMP_FRAME;
    for n in 0..4 {
        // The first entry's range would begin at address zero.
        let mode = random.pick(&[0, u64::from(n > 0), 3, 3]);
        // W without R is reserved.
        let rights = random.pick(&[0, 1, 3, 4, 5, 7, 7, 7]);
        config |= (mode << 3 | rights) << (8 * n);
    }
    config
}

/// A naturally aligned power of two, as `pmpaddr` has it.
const fn region(base: u64, bytes: u64) -> u64 {
    base >> 2 | ((bytes >> 3) - 1)
}

/// Somewhere in the data pages. No range is so small that an access has it in its middle: see "known differences".
fn pmp_address(random: &mut Random) -> u64 {
    let base = (at::DATA + random.below(at::DATA_BYTES + 0x1000)) >> 2;
    let ones = (1 << (2 + random.below(10))) - 1;
    base & !(2 * ones + 1) | ones
}

/// What a CSR holds when a block starts in mode `mpp`.
pub fn start_value(
    name: &str,
    mpp: u64,
    (timer, protection): (bool, bool),
    random: &mut Random,
) -> u64 {
    match name {
        "satp" if mpp == 3 && random.one_in(2) => 0,
        "satp" => tables::satp(random),
        "stvec" => at::S_HANDLER | random.below(2),
        "mip" => random.next() & 0x202,
        "mie" if random.one_in(2) => 0,
        "medeleg" if random.one_in(2) => 0,
        "menvcfg" => {
            let value = whole_value(name, random) | u64::from(!random.one_in(4)) << 61;
            with_timer(value, timer)
        }
        "mcounteren" | "scounteren" => random.below(8),
        "pmpcfg0" if !protection => PMP_FRAME,
        "pmpaddr4" => region(0x0200_0000, 0x1_0000),
        "pmpaddr5" => region(at::HARNESS, at::S_HANDLER - at::HARNESS),
        "pmpaddr6" => region(at::RECORDS, 0x80_0000),
        "pmpaddr7" => u64::MAX >> 10,
        _ => whole_value(name, random),
    }
}

/// CSR traffic: whole writes, bits set and cleared, reads.
pub fn csr(g: &mut Generator) -> Vec<Part> {
    let (name, mut bits) = g.random.pick(WRITTEN);
    let status = matches!(name, "mstatus" | "sstatus");
    if status && !g.clean_float {
        bits &= !FS;
    }
    if status && g.changes_tables {
        bits &= !TVM;
    }
    if name == "stimecmp" && !g.timer || name == "sip" && g.timer {
        return vec![g.computing()];
    }
    if name == "menvcfg" {
        bits &= !STCE;
    }
    if name.starts_with("pmp") && !g.protection {
        return vec![g.computing()];
    }
    let value = g.scratch();
    let rd = g.target();
    let mut parts = Vec::new();
    match g.random.below(5) {
        0 => {
            let name = g
                .random
                .pick(&["misa", "mhartid", "mstatus", "sstatus", "mip", "satp"]);
            parts.push(csr_insn(O::Csrrs, rd, name, 0));
            return parts;
        }
        1..=2 if bits != 0 => {
            let op = g.random.pick(&[O::Csrrs, O::Csrrc]);
            if name == "stimecmp" || name.starts_with("pmp") {
                parts.push(csr_insn(op, rd, name, 0));
            } else if g.random.one_in(2) {
                parts.extend(constant(value, g.random.next() & bits));
                parts.push(csr_insn(op, rd, name, value));
            } else {
                let op = if op == O::Csrrs { O::Csrrsi } else { O::Csrrci };
                let immediate = (g.random.below(32) & bits) as u8;
                parts.push(csr_insn(op, rd, name, immediate));
            }
        }
        _ => {
            let mut whole = whole_value(name, &mut g.random);
            if status && !g.clean_float {
                whole = without_clean(whole);
            }
            if status && g.changes_tables {
                whole &= !TVM;
            }
            if name == "menvcfg" {
                whole = with_timer(whole, g.timer);
            }
            parts.extend(constant(value, whole));
            parts.push(csr_insn(O::Csrrw, rd, name, value));
        }
    }
    let fence = g.changes_tables || !g.random.one_in(4);
    if name == "satp" && fence || name == "menvcfg" || name.starts_with("pmp") {
        parts.push(insn(O::SfenceVma, 0, 0, 0, 0).into());
    }
    parts
}
