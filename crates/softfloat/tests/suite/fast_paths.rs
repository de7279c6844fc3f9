//! The host's shortcuts: whatever they answer is what the exact way gives, with no flag but `NX`.

use hartland_softfloat::{
    F32, F64, Flags, Format, RoundingMode, add, convert, div, fast, fused_multiply_add, mul, sqrt,
    sub,
};

use crate::support::operands::{Random, addend, landmarks, operand, partner, wide_operand};

const CASES: usize = 200_000;

/// Checks an answer, if there is one, and returns whether there was.
fn check<F: Format>(answer: Option<u64>, (exact, flags): (F, Flags), what: &str) -> bool {
    if let Some(bits) = answer {
        assert_eq!(F::from_raw(bits), exact, "{what}");
        assert!(Flags::NX.contains(flags), "{what} raises {flags:?}");
    }
    answer.is_some()
}

macro_rules! fast_tests {
    ($test:ident, $format:ident, $bits:ty, $float:ty, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $sqrt:ident, $fma:ident, $fma_is_fast:expr) => {
        #[test]
        fn $test() {
            let check_all = |a: $format, b: $format, c: $format| {
                let exact = |op: &dyn Fn(RoundingMode, &mut Flags) -> $format| {
                    let mut flags = Flags::empty();
                    (op(RoundingMode::NearestEven, &mut flags), flags)
                };
                let wide = |answer: Option<$bits>| answer.map(u64::from);
                let (x, y, z) = (a.to_bits(), b.to_bits(), c.to_bits());
                [
                    check(
                        wide(fast::$add(x, y)),
                        exact(&|m, f| add(a, b, m, f)),
                        &format!("{a:?} + {b:?}"),
                    ),
                    check(
                        wide(fast::$sub(x, y)),
                        exact(&|m, f| sub(a, b, m, f)),
                        &format!("{a:?} - {b:?}"),
                    ),
                    check(
                        wide(fast::$mul(x, y)),
                        exact(&|m, f| mul(a, b, m, f)),
                        &format!("{a:?} * {b:?}"),
                    ),
                    check(
                        wide(fast::$div(x, y)),
                        exact(&|m, f| div(a, b, m, f)),
                        &format!("{a:?} / {b:?}"),
                    ),
                    check(
                        wide(fast::$sqrt(x)),
                        exact(&|m, f| sqrt(a, m, f)),
                        &format!("sqrt {a:?}"),
                    ),
                    check(
                        wide(fast::$fma(x, y, z)),
                        exact(&|m, f| fused_multiply_add(a, b, c, m, f)),
                        &format!("{a:?} * {b:?} + {c:?}"),
                    ),
                ]
            };
            let landmarks = landmarks::<$format>();
            for &a in &landmarks {
                for &b in &landmarks {
                    landmarks.iter().for_each(|&c| {
                        check_all(a, b, c);
                    });
                }
            }
            let mut random = Random::new(9);
            for _ in 0..CASES {
                let a = operand(&mut random, &landmarks);
                let b = partner(&mut random, a, &landmarks);
                let c = addend(&mut random, a, b, &landmarks);
                check_all(a, b, c);
            }
            // Ordinary numbers take the short way.
            let ordinary = [1.5, -2.75, 3e10, 1e-9, 0.1, 12345.678]
                .map(|v: $float| $format::from_bits(v.to_bits()));
            for a in ordinary {
                for b in ordinary {
                    let [add, sub, mul, div, sqrt, fma] = check_all(a, b, ordinary[4]);
                    assert!(add && sub && mul && div, "{a:?} {b:?}");
                    assert_eq!(sqrt, !a.is_negative(), "{a:?}");
                    assert_eq!(fma, $fma_is_fast, "{a:?} {b:?}");
                }
            }
            let zero = $format::from_bits(0);
            let [add, sub, mul, div, sqrt, _] = check_all(zero, ordinary[0], zero);
            assert!(add && sub && mul && div && sqrt, "zero operands");
        }
    };
}

fast_tests!(
    fast_f32,
    F32,
    u32,
    f32,
    add_f32_fast,
    sub_f32_fast,
    mul_f32_fast,
    div_f32_fast,
    sqrt_f32_fast,
    fma_f32_fast,
    true
);
fast_tests!(
    fast_f64,
    F64,
    u64,
    f64,
    add_f64_fast,
    sub_f64_fast,
    mul_f64_fast,
    div_f64_fast,
    sqrt_f64_fast,
    fma_f64_fast,
    fast::fma_f64_is_fast()
);

/// Sums that fall on or beside a midpoint of binary32 after rounding to binary64: where rounding
/// twice would go wrong.
#[test]
fn fma_f32_beside_midpoints() {
    let mut random = Random::new(10);
    let mut answers = 0;
    for _ in 0..CASES {
        // a × b has a bit at the half-unit position of c's scale; the low bits decide the tie.
        let a = F32::from_bits(0x3f80_0000 | (random.word() as u32 & 0x7f_ffff));
        let b =
            F32::from_bits(0x3380_0000 - ((random.below(4) as u32) << 23) + random.below(3) as u32);
        let c = F32::from_bits(0x3f80_0000 | (random.word() as u32 & 0x8000_000f));
        let mut flags = Flags::empty();
        let exact = fused_multiply_add(a, b, c, RoundingMode::NearestEven, &mut flags);
        if let Some(bits) = fast::fma_f32_fast(a.to_bits(), b.to_bits(), c.to_bits()) {
            answers += 1;
            assert_eq!(bits, exact.to_bits(), "{a:?} * {b:?} + {c:?}");
        }
    }
    assert!(answers > CASES / 2, "{answers} answers");
}

#[test]
fn narrowing() {
    let (wide, narrow) = (landmarks::<F64>(), landmarks::<F32>());
    let mut random = Random::new(11);
    let mut answers = 0;
    let sampled = (0..CASES)
        .map(|_| wide_operand(&mut random, &wide, &narrow))
        .collect::<Vec<_>>();
    for a in wide.into_iter().chain(sampled) {
        let mut flags = Flags::empty();
        let exact = convert::<F64, F32>(a, RoundingMode::NearestEven, &mut flags);
        let answer = fast::narrow_fast(a.to_bits()).map(u64::from);
        answers += usize::from(check(answer, (exact, flags), &format!("narrow {a:?}")));
    }
    assert!(answers > CASES / 4, "{answers} answers");
}
