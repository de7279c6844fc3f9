//! Physical memory protection.

use hartland_tests::program::{BASE, DATA, Program, csr, reg, x};
use isa::{Insn, IsaConfig, Opcode as O};

const HANDLER: u64 = 0x8000_0800;
const LOWER: u64 = 0x8000_0400;

/// Entry 0 as given; entry 1 lets everything else through; then `op` at `DATA + offset` in U-mode.
fn access(pmpaddr: u64, config: u64, op: O, offset: u64) -> (u64, u64) {
    let program = Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("pmpaddr0", pmpaddr)
        .set_csr("pmpaddr1", u64::MAX >> 10)
        .set_csr("pmpcfg0", 0x1f00 | config)
        .li("a0", DATA + offset)
        .set_csr("mepc", LOWER)
        .set_csr("mstatus", 0)
        .op(O::Mret)
        .up_to(LOWER);
    let program = if op.is_store() {
        program.s(op, "a0", "a0", 0)
    } else {
        program.i(op, "a1", "a0", 0)
    };
    let machine = program
        .op(O::Ecall)
        .up_to(HANDLER)
        .run(IsaConfig::default());
    (csr(&machine, "mcause"), csr(&machine, "mtval"))
}

const NA4: u64 = 2 << 3;
const NAPOT: u64 = 3 << 3;
const PASSED: (u64, u64) = (8, 0);

#[test]
fn four_bytes_can_be_forbidden_in_the_middle_of_a_page() {
    let entry = (DATA + 0x104) >> 2;
    assert_eq!(access(entry, NA4, O::Lw, 0x100), PASSED);
    assert_eq!(access(entry, NA4, O::Lw, 0x104), (5, DATA + 0x104));
    assert_eq!(access(entry, NA4, O::Sw, 0x104), (7, DATA + 0x104));
    assert_eq!(access(entry, NA4, O::Lw, 0x108), PASSED);
    assert_eq!(
        access(entry, NA4, O::Ld, 0x100),
        (5, DATA + 0x100),
        "matched in part"
    );
}

#[test]
fn rights_are_by_kind_of_access() {
    let page = DATA >> 2 | 0x1ff;
    assert_eq!(access(page, NAPOT | 1, O::Ld, 8), PASSED);
    assert_eq!(access(page, NAPOT | 1, O::Sd, 8), (7, DATA + 8));
    assert_eq!(access(page, NAPOT | 3, O::Sd, 8), PASSED);
    assert_eq!(access(page, NAPOT, O::Ld, 8), (5, DATA + 8));
}

#[test]
fn a_locked_entry_binds_machine_mode_too() {
    let machine = Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("pmpaddr0", DATA >> 2 | 0x1ff)
        .set_csr("pmpcfg0", 0x80 | NAPOT | 1)
        .li("a0", DATA)
        .i(O::Ld, "a1", "a0", 0)
        .s(O::Sd, "a0", "a0", 16)
        .up_to(HANDLER)
        .run(IsaConfig::default());
    assert_eq!(
        (csr(&machine, "mcause"), csr(&machine, "mtval")),
        (7, DATA + 16)
    );
}

#[test]
fn without_a_matching_entry_user_mode_may_nothing() {
    let machine = Program::new()
        .set_csr("mtvec", HANDLER)
        .set_csr("mepc", LOWER)
        .set_csr("mstatus", 0)
        .op(O::Mret)
        .up_to(LOWER)
        .op(O::Ecall)
        .up_to(HANDLER)
        .run(IsaConfig::default());
    assert_eq!(
        (csr(&machine, "mcause"), csr(&machine, "mtval")),
        (1, LOWER)
    );
}

/// A cache block that an entry matches in part is not accessible, whatever the entry grants.
#[test]
fn the_whole_block_of_a_cache_operation_must_be_permitted() {
    for op in [O::CboZero, O::CboClean] {
        let mut block = Insn::new(op);
        block.rs1 = x("a0");
        let machine = Program::new()
            .set_csr("mtvec", BASE + 0x400)
            .li("a1", u64::MAX)
            .li("a0", DATA + 8)
            .s(O::Sd, "a0", "a1", 0)
            .set_csr("pmpaddr0", (DATA + 32) >> 2)
            .set_csr("pmpcfg0", 0x17) // four bytes, all rights
            .insn(block)
            .up_to(BASE + 0x400)
            .set_csr("pmpcfg0", 0)
            .i(O::Ld, "a2", "a0", 0)
            .run(IsaConfig::default());
        assert_eq!(csr(&machine, "mcause"), 7, "{op:?}");
        assert_eq!(csr(&machine, "mtval"), DATA + 8, "{op:?}");
        assert_eq!(reg(&machine, "a2"), u64::MAX, "{op:?}");
    }
}
