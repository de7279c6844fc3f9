//! Integer computation where it is easily got wrong, and jumps.

use hartland_tests::program::{BASE, Program, reg};
use isa::{IsaConfig, Opcode as O};

fn compute(op: O, a: u64, b: u64) -> u64 {
    let program = Program::new()
        .li("a0", a)
        .li("a1", b)
        .r(op, "a2", "a0", "a1");
    reg(&program.run(IsaConfig::default()), "a2")
}

#[test]
fn division_by_zero_and_overflow_give_what_the_specification_says() {
    let min = i64::MIN as u64;
    assert_eq!(compute(O::Div, 7, 0), u64::MAX);
    assert_eq!(compute(O::Divu, 7, 0), u64::MAX);
    assert_eq!(compute(O::Rem, 7, 0), 7);
    assert_eq!(compute(O::Remu, 7, 0), 7);
    assert_eq!(compute(O::Div, min, u64::MAX), min);
    assert_eq!(compute(O::Rem, min, u64::MAX), 0);
    assert_eq!(
        compute(O::Divw, 0x8000_0000, 0xffff_ffff),
        0xffff_ffff_8000_0000
    );
    assert_eq!(compute(O::Remuw, 0x8000_0001, 0), 0xffff_ffff_8000_0001);
}

#[test]
fn words_are_sign_extended_and_shifts_masked() {
    assert_eq!(compute(O::Addw, 0x7fff_ffff, 1), 0xffff_ffff_8000_0000);
    assert_eq!(compute(O::Sllw, 1, 63), 0xffff_ffff_8000_0000);
    assert_eq!(compute(O::Sll, 1, 64 + 3), 8);
    assert_eq!(compute(O::Mulhsu, u64::MAX, u64::MAX), u64::MAX);
    assert_eq!(compute(O::Mulhu, u64::MAX, u64::MAX), u64::MAX - 1);
    assert_eq!(compute(O::AddUw, 0xffff_ffff_0000_0001, 1), 2);
}

#[test]
fn writes_to_x0_are_lost_everywhere() {
    let program = Program::new()
        .li("a0", BASE)
        .r(O::Add, "zero", "a0", "a0")
        .i(O::Ld, "zero", "a0", 0)
        .i(O::Lui, "zero", "zero", 0x1000)
        .r(O::Add, "a1", "zero", "zero");
    assert_eq!(reg(&program.run(IsaConfig::default()), "a1"), 0);
}

#[test]
fn jalr_drops_the_lowest_bit_and_links_behind_itself() {
    let start = Program::new().li("a0", 0);
    let target = start.here() + 4 + 4 + 4;
    let program = start
        .i(O::Auipc, "a0", "zero", 0)
        .i(O::Jalr, "ra", "a0", 13)
        .i(O::Addi, "s1", "s1", 1);
    assert_eq!(program.here(), target);
    let machine = program
        .clone()
        .i(O::Addi, "a4", "a4", 1)
        .run(IsaConfig::default());
    assert_eq!((reg(&machine, "s1"), reg(&machine, "a4")), (0, 1));
    assert_eq!(reg(&machine, "ra"), target - 4);
}

#[test]
fn loops_run_across_page_borders() {
    // The loop's body begins on one page and ends on the next.
    let program = Program::new().li("a0", 1000).up_to(BASE + 0xff4);
    let back = program.here();
    let program = program
        .i(O::Addi, "a1", "a1", 3)
        .i(O::Addi, "a2", "a2", 1)
        .i(O::Addi, "a0", "a0", -1)
        .i(O::Addi, "a3", "a3", 1);
    let distance = back.wrapping_sub(program.here()) as i32;
    let machine = program
        .s(O::Bne, "a0", "zero", distance)
        .run(IsaConfig::default());
    assert_eq!((reg(&machine, "a1"), reg(&machine, "a3")), (3000, 1000));
}

#[test]
fn code_that_a_store_changes_runs_as_changed_at_once() {
    // The store overwrites the instruction right behind it.
    let addi = |imm| {
        let mut insn = isa::Insn::new(O::Addi);
        (insn.rd, insn.rs1, insn.imm) = (11, 11, imm);
        u64::from(isa::encode(&insn).expect("an addi"))
    };
    let head = Program::new()
        .li("a2", addi(100))
        .i(O::Auipc, "a0", "zero", 0);
    let machine = head
        .s(O::Sw, "a0", "a2", 8)
        .word(addi(1) as u32)
        .i(O::Addi, "a3", "a1", 0)
        .run(IsaConfig::default());
    assert_eq!(reg(&machine, "a3"), 100);
}
