//! Address translation: schemes, rights, A and D bits, fences, faults.

use hartland_tests::program::{Program, csr, reg};
use isa::{Extension, IsaConfig, Opcode as O};
use machine::Machine;

const HANDLER: u64 = 0x8000_0800;
const LOWER: u64 = 0x8000_0400;
/// Page tables, a page each, root first.
const TABLES: u64 = 0x8010_0000;
/// The page that is mapped.
const FRAME: u64 = 0x8020_0000;
/// The virtual address it is mapped at: the second gigabyte.
const VA: u64 = 0x4000_0000;

const V: u64 = 1;
const R: u64 = 2;
const W: u64 = 4;
const X: u64 = 8;
const U: u64 = 16;
const A: u64 = 64;
const D: u64 = 128;
const SUM: u64 = 1 << 18;
const MXR: u64 = 1 << 19;

fn pte(physical: u64, bits: u64) -> u64 {
    physical >> 12 << 10 | bits
}

/// Fills tables for `levels` levels: identity for the first gigabytes of RAM at the root's third entry
/// (by large pages), and `leaf` for `VA`, at `leaf_level`.
fn map(machine: &mut Machine, levels: u64, leaf_level: u64, leaf: u64) {
    let mut write = |table: u64, index: u64, entry: u64| {
        let at = TABLES + table * 4096 + index * 8;
        assert!(
            machine
                .bus_mut()
                .ram
                .store(at, memory::Width::Double, entry)
        );
    };
    // From the root down to the table of gigabytes, then on to VA's leaf.
    let to_gigabytes = levels - 3;
    for level in 0..to_gigabytes {
        write(level, 0, pte(TABLES + (level + 1) * 4096, V));
    }
    let gigabytes = to_gigabytes;
    write(gigabytes, 2, pte(0x8000_0000, V | R | W | X | A | D));
    for (depth, level) in (0..3).rev().enumerate() {
        let table = gigabytes + depth as u64;
        let index = VA >> (12 + 9 * level) & 0x1ff;
        if level == leaf_level {
            write(table, index, leaf);
            break;
        }
        write(table, index, pte(TABLES + (table + 1) * 4096, V));
    }
    machine
        .bus_mut()
        .ram
        .store(FRAME, memory::Width::Double, 0x1122_3344);
}

/// Runs `body` in S-mode (MPP = 1 by default bits in `mstatus`) under a paging scheme.
fn supervisor(mode: u64, mstatus: u64, body: impl Fn(Program) -> Program) -> Program {
    let head = Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("pmpaddr0", u64::MAX >> 10)
        .set_csr("pmpcfg0", 0x1f)
        .set_csr("satp", mode << 60 | TABLES >> 12)
        .set_csr("mepc", LOWER)
        .set_csr("mstatus", 1 << 11 | mstatus)
        .li("a0", VA)
        .op(O::Mret)
        .up_to(LOWER);
    body(head).op(O::Ecall).up_to(HANDLER)
}

fn load(leaf: u64, mstatus: u64, isa: IsaConfig) -> Machine {
    let program = supervisor(8, mstatus, |p| p.i(O::Ld, "a1", "a0", 0));
    program.run_with(isa, |machine| map(machine, 3, 0, leaf))
}

fn store(leaf: u64, isa: IsaConfig) -> Machine {
    let program = supervisor(8, 0, |p| p.s(O::Sd, "a0", "a0", 8));
    program.run_with(isa, |machine| map(machine, 3, 0, leaf))
}

fn outcome(machine: &Machine) -> (u64, u64) {
    (csr(machine, "mcause"), csr(machine, "mtval"))
}

const PASSED: (u64, u64) = (9, 0);

#[test]
fn every_scheme_and_page_size_translates() {
    for (mode, levels) in [(8, 3), (9, 4), (10, 5)] {
        for level in 0..3 {
            let base = FRAME >> (12 + 9 * level) << (12 + 9 * level);
            let leaf = pte(base, V | R | W | A | D);
            let offset = FRAME - base;
            let program = supervisor(mode, 0, |p| {
                p.li("a2", offset)
                    .r(O::Add, "a0", "a0", "a2")
                    .i(O::Ld, "a1", "a0", 0)
            });
            let machine = program.run_with(IsaConfig::default(), |m| map(m, levels, level, leaf));
            assert_eq!(outcome(&machine), PASSED, "mode {mode} level {level}");
            assert_eq!(reg(&machine, "a1"), 0x1122_3344);
        }
    }
}

#[test]
fn misaligned_large_pages_and_reserved_bits_fault() {
    let isa = IsaConfig::default();
    let bits = V | R | W | A | D;
    let large = supervisor(8, 0, |p| p.i(O::Ld, "a1", "a0", 0))
        .run_with(isa, |m| map(m, 3, 1, pte(FRAME + 4096, bits)));
    assert_eq!(outcome(&large), (13, VA));
    for bad in [1 << 54, 1 << 60, 1 << 61, 3 << 61, 1 << 63] {
        assert_eq!(
            outcome(&load(pte(FRAME, bits) | bad, 0, isa)),
            (13, VA),
            "bit {bad:#x}"
        );
    }
    assert_eq!(
        outcome(&load(pte(FRAME, V | W | A | D), 0, isa)),
        (13, VA),
        "W without R"
    );
    assert_eq!(
        outcome(&load(pte(FRAME, R | W | A | D), 0, isa)),
        (13, VA),
        "not valid"
    );
}

#[test]
fn napot_pages_take_their_low_bits_from_the_address() {
    let leaf = pte(FRAME + 0x8000, V | R | A | D) | 1 << 63;
    let machine = load(leaf, 0, IsaConfig::default());
    assert_eq!(
        (outcome(&machine), reg(&machine, "a1")),
        (PASSED, 0x1122_3344)
    );
}

#[test]
fn rights_follow_sum_and_mxr() {
    let isa = IsaConfig::default();
    let user = pte(FRAME, V | R | U | A | D);
    assert_eq!(outcome(&load(user, 0, isa)), (13, VA));
    assert_eq!(outcome(&load(user, SUM, isa)), PASSED);
    let executable = pte(FRAME, V | X | A | D);
    assert_eq!(outcome(&load(executable, 0, isa)), (13, VA));
    assert_eq!(outcome(&load(executable, MXR, isa)), PASSED);
    assert_eq!(
        outcome(&store(pte(FRAME, V | R | A | D), isa)),
        (15, VA + 8)
    );
}

#[test]
fn accessed_and_dirty_bits_are_set_or_fault() {
    let leaf = pte(FRAME, V | R | W);
    let entry = |machine: &Machine| {
        let at = TABLES + 2 * 4096;
        machine
            .peek(at, memory::Width::Double)
            .expect("a table in RAM")
    };
    let by_hardware = IsaConfig::default();
    assert_eq!(entry(&load(leaf, 0, by_hardware)), leaf | A);
    assert_eq!(entry(&store(leaf, by_hardware)), leaf | A | D);
    let mut by_software = IsaConfig::default();
    by_software.add(Extension::Svade);
    assert_eq!(outcome(&load(leaf, 0, by_software)), (13, VA));
    assert_eq!(outcome(&store(leaf | A, by_software)), (15, VA + 8));
    assert_eq!(entry(&store(leaf | A, by_software)), leaf | A);
}

#[test]
fn a_fence_makes_a_changed_entry_visible() {
    // The entry is made invalid; the old translation may serve until the fence, and must not after it.
    let entry_at = TABLES + 2 * 4096;
    let program = supervisor(8, 0, |p| {
        p.i(O::Ld, "a1", "a0", 0)
            .li("a2", entry_at)
            .s(O::Sd, "a2", "zero", 0)
            .r(O::SfenceVma, "zero", "a0", "zero")
            .i(O::Ld, "a3", "a0", 0)
    });
    let leaf = pte(FRAME, V | R | W | A | D);
    let machine = program.run_with(IsaConfig::default(), |m| map(m, 3, 0, leaf));
    assert_eq!(outcome(&machine), (13, VA));
    assert_eq!(reg(&machine, "a1"), 0x1122_3344);
}

#[test]
fn addresses_that_are_not_canonical_fault() {
    let program = supervisor(8, 0, |p| p.li("a0", 1 << 40).i(O::Ld, "a1", "a0", 0));
    let machine = program.run_with(IsaConfig::default(), |m| map(m, 3, 0, 0));
    assert_eq!(outcome(&machine), (13, 1 << 40));
}

#[test]
fn mprv_loads_as_the_previous_mode() {
    // M-mode with MPRV and MPP = S reads through the tables.
    let program = Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("pmpaddr0", u64::MAX >> 10)
        .set_csr("pmpcfg0", 0x1f)
        .set_csr("satp", 8 << 60 | TABLES >> 12)
        .li("a0", VA)
        .set_csr("mstatus", 1 << 17 | 1 << 11)
        .i(O::Ld, "a1", "a0", 0)
        .set_csr("mstatus", 3 << 11)
        .up_to(HANDLER);
    let leaf = pte(FRAME, V | R | W | A | D);
    let machine = program.run_with(IsaConfig::default(), |m| map(m, 3, 0, leaf));
    assert_eq!(reg(&machine, "a1"), 0x1122_3344);
}
