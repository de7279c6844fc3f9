//! LR/SC, AMOs, compare-and-swap.

use hartland_tests::program::{DATA, Program, csr, reg};
use isa::{Extension, IsaConfig, Opcode as O};

fn with_word(value: u64) -> Program {
    Program::new()
        .li("a0", DATA)
        .li("a1", value)
        .s(O::Sd, "a0", "a1", 0)
}

#[test]
fn sc_succeeds_once_after_lr_and_fails_without() {
    let machine = with_word(5)
        .li("a2", 9)
        .r(O::ScD, "s0", "a0", "a2")
        .r(O::LrD, "s1", "a0", "zero")
        .r(O::ScD, "s2", "a0", "a2")
        .r(O::ScD, "s3", "a0", "a2")
        .i(O::Ld, "s4", "a0", 0)
        .run(IsaConfig::default());
    let values = ["s0", "s1", "s2", "s3", "s4"].map(|name| reg(&machine, name));
    assert_eq!(values, [1, 5, 0, 1, 9]);
}

#[test]
fn a_reservation_covers_64_bytes() {
    let machine = with_word(5)
        .r(O::LrW, "s0", "a0", "zero")
        .i(O::Addi, "a3", "a0", 60)
        .r(O::ScW, "s1", "a3", "a0")
        .r(O::LrW, "s0", "a0", "zero")
        .i(O::Addi, "a3", "a0", 64)
        .r(O::ScW, "s2", "a3", "a0")
        .run(IsaConfig::default());
    assert_eq!((reg(&machine, "s1"), reg(&machine, "s2")), (0, 1));
}

#[test]
fn amos_return_the_old_value_and_store_the_new() {
    let cases: [(O, u64, u64, u64); 7] = [
        (O::AmoaddW, 0xffff_ffff, 2, 1),
        (O::AmoswapW, 7, 8, 8),
        (O::AmomaxW, 0xffff_fffe, 1, 1),
        (O::AmomaxuW, 0xffff_fffe, 1, 0xffff_fffe),
        (O::AmominW, 0xffff_fffe, 1, 0xffff_fffe),
        (O::AmoxorW, 6, 3, 5),
        (O::AmoaddB, 0xff, 2, 1),
    ];
    for (op, old, source, new) in cases {
        let machine = with_word(old)
            .li("a2", source)
            .r(op, "s0", "a0", "a2")
            .i(O::Lwu, "s1", "a0", 0)
            .run(IsaConfig::default());
        assert_eq!(reg(&machine, "s1"), new, "{op:?}");
        let bits = 8 * op.atomic_bytes() as u32;
        let extended = ((old << (64 - bits)) as i64 >> (64 - bits)) as u64;
        assert_eq!(reg(&machine, "s0"), extended, "{op:?}");
    }
}

#[test]
fn compare_and_swap_stores_only_on_a_match() {
    for (expected, stored) in [(5, 9), (6, 5)] {
        let machine = with_word(5)
            .li("a2", 9)
            .li("s0", expected)
            .r(O::AmocasD, "s0", "a0", "a2")
            .i(O::Ld, "s1", "a0", 0)
            .run(IsaConfig::default());
        assert_eq!((reg(&machine, "s0"), reg(&machine, "s1")), (5, stored));
    }
}

#[test]
fn misaligned_atomics_fault_with_or_without_zicclsm() {
    for zicclsm in [true, false] {
        let mut isa = IsaConfig::default();
        if !zicclsm {
            isa.remove(Extension::Zicclsm);
        }
        for (op, cause) in [(O::LrW, 4), (O::ScW, 6), (O::AmoaddW, 6), (O::AmocasW, 6)] {
            let head = Program::new()
                .set_csr("mtvec", 0x8000_0400)
                .li("a0", DATA + 2);
            let machine = head.r(op, "a1", "a0", "zero").up_to(0x8000_0400).run(isa);
            assert_eq!(csr(&machine, "mcause"), cause, "{op:?}");
            assert_eq!(csr(&machine, "mtval"), DATA + 2, "{op:?}");
        }
    }
}
