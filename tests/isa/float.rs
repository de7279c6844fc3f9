//! Floating point: state, boxing, flags, rounding.

use hartland_tests::program::{BASE, DATA, Program, csr, reg, x};
use isa::{Insn, IsaConfig, Opcode as O};

const FS_DIRTY: u64 = 3 << 13;

fn float(op: O, rd: u8, rs1: u8, rs2: u8, rm: u8) -> Insn {
    let mut insn = Insn::new(op);
    (insn.rd, insn.rs1, insn.rs2, insn.aux) = (rd, rs1, rs2, rm);
    insn
}

/// `a op b` in double precision with a rounding mode: bits and flags.
fn compute(op: O, a: f64, b: f64, rm: u8) -> (u64, u64) {
    let machine = Program::new()
        .set_csr("mstatus", FS_DIRTY)
        .li("a0", a.to_bits())
        .li("a1", b.to_bits())
        .insn(float(O::FmvDX, 1, x("a0"), 0, 0))
        .insn(float(O::FmvDX, 2, x("a1"), 0, 0))
        .insn(float(op, 3, 1, 2, rm))
        .insn(float(O::FmvXD, x("a2"), 3, 0, 0))
        .run(IsaConfig::default());
    (reg(&machine, "a2"), csr(&machine, "fflags"))
}

#[test]
fn rounding_modes_and_flags() {
    let (nearest, flags) = compute(O::FdivD, 1.0, 3.0, 0);
    assert_eq!((nearest, flags), ((1.0f64 / 3.0).to_bits(), 1));
    assert_eq!(compute(O::FdivD, 1.0, 3.0, 3).0, nearest + 1, "up");
    assert_eq!(compute(O::FdivD, 1.0, 3.0, 2).0, nearest, "down");
    assert_eq!(compute(O::FdivD, 1.0, 0.0, 0), (f64::INFINITY.to_bits(), 8));
    assert_eq!(compute(O::FdivD, 0.0, 0.0, 0), (0x7ff8_0000_0000_0000, 16));
    assert_eq!(
        compute(O::FmulD, 1e300, 1e300, 0),
        (f64::INFINITY.to_bits(), 5)
    );
    assert_eq!(compute(O::FmulD, 1e300, 1e300, 1), (f64::MAX.to_bits(), 5));
    assert_eq!(compute(O::FmulD, 1e-300, 1e-300, 0), (0, 3));
    assert_eq!(compute(O::FaddD, 1.5, 2.25, 0), (3.75f64.to_bits(), 0));
}

#[test]
fn the_fast_way_gives_the_same_once_inexact_is_raised() {
    // The second of two equal operations runs with NX raised: by the host's FPU.
    for op in [O::FaddD, O::FsubD, O::FmulD, O::FdivD] {
        for (a, b) in [
            (0.1, 0.2),
            (1e308, 1e308),
            (5e-324, 0.5),
            (-0.0, 0.0),
            (f64::NAN, 1.0),
        ] {
            let head = Program::new()
                .set_csr("mstatus", FS_DIRTY)
                .li("a0", f64::to_bits(a))
                .li("a1", f64::to_bits(b))
                .insn(float(O::FmvDX, 1, x("a0"), 0, 0))
                .insn(float(O::FmvDX, 2, x("a1"), 0, 0))
                .insn(float(op, 3, 1, 2, 7))
                .csrrs("s0", "fflags", "zero")
                .set_csr("fflags", 1)
                .insn(float(op, 4, 1, 2, 7))
                .csrrs("s1", "fflags", "zero");
            let machine = head.run(IsaConfig::default());
            let f = &machine.harts()[0].f;
            assert_eq!(f[3], f[4], "{op:?} {a} {b}");
            assert_eq!(
                reg(&machine, "s0") | 1,
                reg(&machine, "s1"),
                "{op:?} {a} {b}"
            );
        }
    }
}

#[test]
fn narrow_values_are_boxed_and_unboxed_ones_are_nan() {
    let machine = Program::new()
        .set_csr("mstatus", FS_DIRTY)
        .li("a0", DATA)
        .li("a1", 0x3f80_0000)
        .s(O::Sd, "a0", "a1", 0)
        .insn({
            let mut load = float(O::Flw, 1, x("a0"), 0, 0);
            load.imm = 0;
            load
        })
        .insn(float(O::FmvDX, 2, x("a1"), 0, 0)) // 1.0f32 without its box
        .insn(float(O::FaddS, 3, 1, 2, 0))
        .run(IsaConfig::default());
    let f = &machine.harts()[0].f;
    assert_eq!(f[1], 0xffff_ffff_3f80_0000);
    assert_eq!(f[3], 0xffff_ffff_7fc0_0000);
}

#[test]
fn with_fs_off_everything_traps_and_reserved_rounding_modes_always_do() {
    let trapped = |status: u64, insn: Insn| {
        let head = Program::new()
            .set_csr("mtvec", 0x8000_0400)
            .set_csr("mstatus", status);
        let machine = head.insn(insn).up_to(0x8000_0400).run(IsaConfig::default());
        csr(&machine, "mcause")
    };
    assert_eq!(trapped(0, float(O::FaddD, 1, 1, 1, 0)), 2);
    assert_eq!(trapped(0, float(O::Fld, 1, 0, 0, 0)), 2);
    assert_eq!(trapped(FS_DIRTY, float(O::FaddD, 1, 1, 1, 5)), 2);
    assert_eq!(trapped(FS_DIRTY, float(O::FaddD, 1, 1, 1, 7)), 0);
}

/// A conversion that never rounds traps on a reserved rounding mode like all others, dynamic or not.
#[test]
fn exact_conversions_look_at_the_rounding_mode_too() {
    for (frm, rm) in [(5, 7), (6, 7), (0, 5)] {
        for op in [O::FcvtDW, O::FcvtDWu] {
            let machine = Program::new()
                .set_csr("mtvec", BASE + 0x400)
                .set_csr("mstatus", FS_DIRTY)
                .set_csr("frm", frm)
                .insn(float(op, 3, x("a0"), 0, rm))
                .up_to(BASE + 0x400)
                .run(IsaConfig::default());
            assert_eq!(csr(&machine, "mcause"), 2, "{op:?} {frm} {rm}");
        }
    }
}

#[test]
fn floating_point_makes_the_state_dirty() {
    let machine = Program::new()
        .set_csr("mstatus", 1 << 13)
        .insn(float(O::FmvDX, 1, 0, 0, 0))
        .csrrs("a0", "mstatus", "zero")
        .run(IsaConfig::default());
    assert_eq!(reg(&machine, "a0") >> 13 & 3, 3);
    assert_eq!(reg(&machine, "a0") >> 63, 1, "SD");
}
