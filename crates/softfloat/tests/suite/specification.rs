//! What the specification says in so many words, in examples.

use hartland_softfloat::{
    F16, F32, F64, Flags, Format, RoundingMode, fused_multiply_add, load_immediate, max, min, mul,
    round_to_integral, to_i32, to_i32_modular, to_u32, to_u64,
};

fn double(value: f64) -> F64 {
    F64::from_bits(value.to_bits())
}

fn single(value: f32) -> F32 {
    F32::from_bits(value.to_bits())
}

#[test]
fn infinity_times_zero_is_invalid_even_beside_a_quiet_nan() {
    let mut flags = Flags::empty();
    let [infinity, zero, nan] = [f64::INFINITY, 0.0, f64::NAN].map(double);
    let result = fused_multiply_add(infinity, zero, nan, RoundingMode::NearestEven, &mut flags);
    assert_eq!((result.raw(), flags), (F64::CANONICAL_NAN, Flags::NV));
}

#[test]
fn tininess_is_detected_after_rounding() {
    // (1 + d)(1 − d) × 2^-126 is below the smallest normal number by d², and rounds up to it. With
    // unbounded exponents it does so too for d = 2^-13, but for d = 2^-12 it is exact, and tiny.
    let product = |d: f32| {
        let mut flags = Flags::empty();
        let scale = 2f32.powi(-63);
        let (a, b) = (single((1.0 + d) * scale), single((1.0 - d) * scale));
        (mul(a, b, RoundingMode::NearestEven, &mut flags), flags)
    };
    let smallest = single(f32::MIN_POSITIVE);
    assert_eq!(product(2f32.powi(-13)), (smallest, Flags::NX));
    assert_eq!(product(2f32.powi(-12)), (smallest, Flags::NX | Flags::UF));
}

#[test]
fn conversions_saturate() {
    let convert = |value: f64| {
        let mut flags = Flags::empty();
        let mode = RoundingMode::TowardZero;
        let results = (
            to_i32(double(value), mode, &mut flags),
            to_u32(double(value), mode, &mut flags),
            to_u64(double(value), mode, &mut flags),
        );
        (results, flags)
    };
    assert_eq!(
        convert(f64::NAN),
        ((i32::MAX, u32::MAX, u64::MAX), Flags::NV)
    );
    assert_eq!(
        convert(f64::INFINITY),
        ((i32::MAX, u32::MAX, u64::MAX), Flags::NV)
    );
    assert_eq!(convert(f64::NEG_INFINITY), ((i32::MIN, 0, 0), Flags::NV));
    assert_eq!(convert(-0.75), ((0, 0, 0), Flags::NX));
    assert_eq!(convert(7.0), ((7, 7, 7), Flags::empty()));
}

#[test]
fn modular_conversion_wraps() {
    let convert = |value: f64| {
        let mut flags = Flags::empty();
        (to_i32_modular(double(value), &mut flags), flags)
    };
    assert_eq!(convert(4_294_967_297.0), (1, Flags::NV));
    assert_eq!(convert(-4_294_967_298.5), (-2, Flags::NV));
    assert_eq!(convert(2_147_483_648.0), (i32::MIN, Flags::NV));
    assert_eq!(convert(-1.5), (-1, Flags::NX));
    assert_eq!(
        convert(2f64.powi(83) + 2f64.powi(31)),
        (i32::MIN, Flags::NV)
    );
    assert_eq!(convert(2f64.powi(84)), (0, Flags::NV));
    assert_eq!(convert(f64::NEG_INFINITY), (0, Flags::NV));
    assert_eq!(convert(f64::NAN), (0, Flags::NV));
}

#[test]
fn rounding_to_integral_keeps_the_sign_of_zero() {
    let mut flags = Flags::empty();
    let result = round_to_integral(double(-0.25), RoundingMode::NearestEven, &mut flags);
    assert_eq!((result, flags), (double(-0.0), Flags::empty()));
}

#[test]
fn minimum_orders_zeros_by_sign() {
    let [plus, minus] = [0.0, -0.0].map(single);
    assert_eq!(min(plus, minus, &mut Flags::empty()), minus);
    assert_eq!(min(minus, plus, &mut Flags::empty()), minus);
    assert_eq!(max(plus, minus, &mut Flags::empty()), plus);
    assert_eq!(max(minus, plus, &mut Flags::empty()), plus);
}

#[test]
fn constants_of_fli() {
    let values: [f64; 31] = [
        -1.0,
        f64::MIN_POSITIVE,
        2f64.powi(-16),
        2f64.powi(-15),
        2f64.powi(-8),
        2f64.powi(-7),
        0.0625,
        0.125,
        0.25,
        0.3125,
        0.375,
        0.4375,
        0.5,
        0.625,
        0.75,
        0.875,
        1.0,
        1.25,
        1.5,
        1.75,
        2.0,
        2.5,
        3.0,
        4.0,
        8.0,
        16.0,
        128.0,
        256.0,
        2f64.powi(15),
        2f64.powi(16),
        f64::INFINITY,
    ];
    for (index, value) in (0u8..).zip(values) {
        let narrow = if index == 1 {
            f32::MIN_POSITIVE
        } else {
            value as f32
        };
        assert_eq!(load_immediate::<F64>(index), double(value), "fli.d {index}");
        assert_eq!(
            load_immediate::<F32>(index),
            single(narrow),
            "fli.s {index}"
        );
    }
    assert_eq!(load_immediate::<F64>(31).raw(), F64::CANONICAL_NAN);
    assert_eq!(load_immediate::<F32>(31).raw(), F32::CANONICAL_NAN);
    let half = |index| load_immediate::<F16>(index).to_bits();
    let lowest = [0xbc00, 0x0400, 0x0100, 0x0200, 0x1c00, 0x2000];
    assert_eq!([0, 1, 2, 3, 4, 5].map(half), lowest);
    // 2^16 is beyond binary16.
    assert_eq!([28, 29, 30, 31].map(half), [0x7800, 0x7c00, 0x7c00, 0x7e00]);
}
