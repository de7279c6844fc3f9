//! Boxing, operand files, and one example for each kind of instruction; the arithmetic itself is
//! tested in `softfloat`.

use isa::Opcode as O;

use super::*;

const BOX_SINGLE: u64 = 0xffff_ffff_0000_0000;
const BOX_HALF: u64 = 0xffff_ffff_ffff_0000;

/// The result under round-to-nearest-even and the flags.
fn run(op: O, a: u64, b: u64, c: u64) -> (u64, Flags) {
    let mut flags = Flags::empty();
    let result = float_op(
        &Insn::new(op),
        a,
        b,
        c,
        RoundingMode::NearestEven,
        &mut flags,
    );
    (result, flags)
}

fn single(value: f32) -> u64 {
    BOX_SINGLE | u64::from(value.to_bits())
}

fn double(value: f64) -> u64 {
    value.to_bits()
}

#[test]
fn results_are_boxed() {
    assert_eq!(
        run(O::FaddS, single(1.5), single(2.0), 0),
        (single(3.5), Flags::empty())
    );
    assert_eq!(
        run(O::FaddD, double(1.5), double(2.0), 0),
        (double(3.5), Flags::empty())
    );
    let [one, two] = [0x3c00, 0x4000].map(|bits| BOX_HALF | bits);
    assert_eq!(run(O::FaddH, one, one, 0), (two, Flags::empty()));
}

#[test]
fn an_operand_that_is_not_boxed_reads_as_the_canonical_nan() {
    let unboxed = u64::from(1.0f32.to_bits());
    let nan = BOX_SINGLE | F32::CANONICAL_NAN;
    assert_eq!(
        run(O::FaddS, unboxed, single(1.0), 0),
        (nan, Flags::empty())
    );
    assert_eq!(
        run(O::FsgnjnS, unboxed, single(1.0), 0),
        (nan | F32::SIGN, Flags::empty())
    );
    assert_eq!(run(O::FclassS, unboxed, 0, 0).0, 1 << 9);
    assert_eq!(
        run(O::FminS, unboxed, single(1.0), 0),
        (single(1.0), Flags::empty())
    );
    assert_eq!(run(O::FcvtDS, unboxed, 0, 0).0, F64::CANONICAL_NAN);
    // A boxed half is no boxed single.
    assert_eq!(run(O::FclassH, single(1.0), 0, 0).0, 1 << 9);
}

#[test]
fn moves_carry_bits_as_they_are() {
    assert_eq!(
        run(O::FmvXW, 0x1234_5678_8765_4321, 0, 0).0,
        0xffff_ffff_8765_4321
    );
    assert_eq!(run(O::FmvXH, 0x1234_5678_8765_4321, 0, 0).0, 0x4321);
    assert_eq!(
        run(O::FmvXD, 0x1234_5678_8765_4321, 0, 0).0,
        0x1234_5678_8765_4321
    );
    assert_eq!(
        run(O::FmvWX, 0x1234_5678_7f80_0001, 0, 0).0,
        BOX_SINGLE | 0x7f80_0001
    );
    assert_eq!(
        run(O::FmvHX, 0x1234_5678_7f80_7c01, 0, 0).0,
        BOX_HALF | 0x7c01
    );
    assert_eq!(
        run(O::FmvDX, 0x7ff0_0000_0000_0001, 0, 0).0,
        0x7ff0_0000_0000_0001
    );
}

#[test]
fn sign_injection_keeps_signalling_nans() {
    let signaling = 0x7ff0_0000_0000_0001;
    assert_eq!(
        run(O::FsgnjD, signaling, double(-1.0), 0),
        (signaling | 1 << 63, Flags::empty())
    );
    assert_eq!(run(O::FsgnjnD, double(2.0), double(-1.0), 0).0, double(2.0));
    assert_eq!(
        run(O::FsgnjxD, double(-2.0), double(-1.0), 0).0,
        double(2.0)
    );
    assert_eq!(
        run(O::FsgnjxS, single(2.0), single(-1.0), 0).0,
        single(-2.0)
    );
}

#[test]
fn multiply_add_signs() {
    let [a, b, c] = [3.0, 5.0, 2.0].map(double);
    assert_eq!(run(O::FmaddD, a, b, c).0, double(17.0));
    assert_eq!(run(O::FmsubD, a, b, c).0, double(13.0));
    assert_eq!(run(O::FnmaddD, a, b, c).0, double(-17.0));
    assert_eq!(run(O::FnmsubD, a, b, c).0, double(-13.0));
    // The sign of an exact zero tells −(a × b) − c from −(a × b + c).
    assert_eq!(
        run(O::FnmaddD, double(1.0), double(2.0), double(-2.0)).0,
        double(0.0)
    );
}

#[test]
fn integers_are_extended_by_their_width() {
    let minus_one = u64::MAX;
    assert_eq!(run(O::FcvtDW, minus_one, 0, 0).0, double(-1.0));
    assert_eq!(run(O::FcvtDWu, minus_one, 0, 0).0, double(4_294_967_295.0));
    assert_eq!(run(O::FcvtSL, 0x7, 0, 0).0, single(7.0));
    assert_eq!(
        run(O::FcvtSLu, minus_one, 0, 0),
        (single(1.844_674_4e19), Flags::NX)
    );
    // Unsigned words are sign-extended into the register.
    assert_eq!(run(O::FcvtWuD, double(4_294_967_295.0), 0, 0).0, minus_one);
    assert_eq!(
        run(O::FcvtWuD, double(4_294_967_296.0), 0, 0),
        (minus_one, Flags::NV)
    );
    assert_eq!(
        run(O::FcvtWS, single(-1.5), 0, 0),
        (2u64.wrapping_neg(), Flags::NX)
    );
    assert_eq!(
        run(O::FcvtLD, double(1e30), 0, 0),
        (i64::MAX as u64, Flags::NV)
    );
    assert_eq!(run(O::FcvtLuD, double(-1.0), 0, 0), (0, Flags::NV));
    assert_eq!(
        run(O::FcvtmodWD, double(4_294_967_295.0), 0, 0),
        (minus_one, Flags::NV)
    );
}

#[test]
fn between_formats() {
    let half_one = BOX_HALF | 0x3c00;
    assert_eq!(run(O::FcvtSH, half_one, 0, 0).0, single(1.0));
    assert_eq!(run(O::FcvtDH, half_one, 0, 0).0, double(1.0));
    assert_eq!(run(O::FcvtHS, single(1.0), 0, 0).0, half_one);
    assert_eq!(run(O::FcvtHD, double(1.0), 0, 0).0, half_one);
    assert_eq!(run(O::FcvtSD, double(0.1), 0, 0), (single(0.1), Flags::NX));
    assert_eq!(
        run(O::FcvtDS, single(0.1), 0, 0),
        (double(f64::from(0.1f32)), Flags::empty())
    );
}

#[test]
fn comparisons_give_integers() {
    let [one, two, nan] = [1.0, 2.0, f64::NAN].map(double);
    assert_eq!(run(O::FltD, one, two, 0), (1, Flags::empty()));
    assert_eq!(run(O::FleD, one, nan, 0), (0, Flags::NV));
    assert_eq!(run(O::FleqD, one, nan, 0), (0, Flags::empty()));
    assert_eq!(run(O::FltqD, one, two, 0), (1, Flags::empty()));
    assert_eq!(run(O::FeqD, nan, nan, 0), (0, Flags::empty()));
}

#[test]
fn the_rounding_mode_counts() {
    let divide = |mode| {
        let mut flags = Flags::empty();
        float_op(
            &Insn::new(O::FdivS),
            single(1.0),
            single(3.0),
            0,
            mode,
            &mut flags,
        )
    };
    assert_eq!(divide(RoundingMode::NearestEven), single(1.0 / 3.0));
    assert_eq!(divide(RoundingMode::TowardZero), single(1.0 / 3.0) - 1);
    let round = |op, mode| {
        let mut flags = Flags::empty();
        (
            float_op(&Insn::new(op), double(2.5), 0, 0, mode, &mut flags),
            flags,
        )
    };
    let away = RoundingMode::NearestMaxMagnitude;
    assert_eq!(round(O::FroundD, away), (double(3.0), Flags::empty()));
    assert_eq!(
        round(O::FroundnxD, RoundingMode::NearestEven),
        (double(2.0), Flags::NX)
    );
}

#[test]
fn constants_are_named_by_the_rs1_field() {
    let load = |op, index| {
        let insn = Insn {
            rs1: index,
            ..Insn::new(op)
        };
        float_op(
            &insn,
            0,
            0,
            0,
            RoundingMode::NearestEven,
            &mut Flags::empty(),
        )
    };
    assert_eq!(load(O::FliS, 16), single(1.0));
    assert_eq!(load(O::FliD, 0), double(-1.0));
    assert_eq!(load(O::FliH, 16), BOX_HALF | 0x3c00);
}

#[test]
fn forms() {
    use RegisterFile::{Float, Int};
    let form = |op| {
        let FloatForm {
            dest,
            src1,
            uses_rm,
        } = float_form(op);
        (dest, src1, uses_rm)
    };
    assert_eq!(form(O::FaddH), (Float, Float, true));
    assert_eq!(form(O::FeqS), (Int, Float, false));
    assert_eq!(form(O::FcvtDW), (Float, Int, true));
    assert_eq!(form(O::FcvtWuH), (Int, Float, true));
    assert_eq!(form(O::FcvtmodWD), (Int, Float, false));
    assert_eq!(form(O::FmvXD), (Int, Float, false));
    assert_eq!(form(O::FmvHX), (Float, Int, false));
    assert_eq!(form(O::FliS), (Float, Float, false));
    assert_eq!(form(O::FcvtDS), (Float, Float, true));
    assert_eq!(form(O::FclassD), (Int, Float, false));
}

#[test]
fn forms_agree_with_the_table() {
    use isa::format::Format as F;
    for &op in O::ALL {
        let format = op.format();
        let computes = op.is_float() && !matches!(format, F::FloatLoad | F::FloatStore);
        assert_eq!(decompose(op).is_some(), computes, "{op:?}");
        if !computes {
            continue;
        }
        let integer = |is: bool| {
            if is {
                RegisterFile::Int
            } else {
                RegisterFile::Float
            }
        };
        let to_integer = matches!(
            format,
            F::FloatToInt | F::FloatToIntFixed | F::FloatToIntTruncating | F::FloatCompare
        );
        let from_integer = matches!(format, F::IntToFloat | F::IntToFloatFixed);
        let rounds = matches!(
            format,
            F::Float | F::FloatUnary | F::FloatFused | F::FloatToInt | F::IntToFloat
        );
        let expected = FloatForm {
            dest: integer(to_integer),
            src1: integer(from_integer),
            uses_rm: rounds,
        };
        assert_eq!(float_form(op), expected, "{op:?}");
    }
}
