//! Every operation as data, how this crate computes it, and the operands it is tried on.

use hartland_softfloat as soft;
use hartland_softfloat::{F16, F32, F64, Flags, Format, RoundingMode};

use super::operands::{Random, addend, landmarks, operand, partner, wide_operand};

macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        /// An operation on operands of one format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation {
            $($name),*
        }

        impl Operation {
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

operations!(
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    FusedMultiplyAdd,
    MultiplySub,
    NegatedMultiplyAdd,
    NegatedMultiplySub,
    RoundToIntegral,
    RoundToIntegralExact,
    Eq,
    Lt,
    Le,
    LtQuiet,
    LeQuiet,
    Min,
    Max,
    MinPropagating,
    MaxPropagating,
    Classify,
    ToF16,
    ToF32,
    ToF64,
    ToI32,
    ToU32,
    ToI64,
    ToU64,
    ToI32Modular,
    FromI32,
    FromU32,
    FromI64,
    FromU64,
);

/// The result's bits (integers sign-extended as by `as u64`) and what was raised.
pub type Outcome = (u64, Flags);

/// Computes `operation` with this crate; unused operands are ignored.
pub fn evaluate<F: Format>(
    operation: Operation,
    operands: [u64; 3],
    mode: RoundingMode,
) -> Outcome {
    use Operation as Op;
    let [a, b, c] = operands.map(F::from_raw);
    let integer = operands[0];
    let mut flags = Flags::empty();
    let raised = &mut flags;
    let result = match operation {
        Op::Add => soft::add(a, b, mode, raised).raw(),
        Op::Sub => soft::sub(a, b, mode, raised).raw(),
        Op::Mul => soft::mul(a, b, mode, raised).raw(),
        Op::Div => soft::div(a, b, mode, raised).raw(),
        Op::Sqrt => soft::sqrt(a, mode, raised).raw(),
        Op::FusedMultiplyAdd => soft::fused_multiply_add(a, b, c, mode, raised).raw(),
        Op::MultiplySub => soft::multiply_sub(a, b, c, mode, raised).raw(),
        Op::NegatedMultiplyAdd => soft::negated_multiply_add(a, b, c, mode, raised).raw(),
        Op::NegatedMultiplySub => soft::negated_multiply_sub(a, b, c, mode, raised).raw(),
        Op::RoundToIntegral => soft::round_to_integral(a, mode, raised).raw(),
        Op::RoundToIntegralExact => soft::round_to_integral_exact(a, mode, raised).raw(),
        Op::Eq => u64::from(soft::eq(a, b, raised)),
        Op::Lt => u64::from(soft::lt(a, b, raised)),
        Op::Le => u64::from(soft::le(a, b, raised)),
        Op::LtQuiet => u64::from(soft::lt_quiet(a, b, raised)),
        Op::LeQuiet => u64::from(soft::le_quiet(a, b, raised)),
        Op::Min => soft::min(a, b, raised).raw(),
        Op::Max => soft::max(a, b, raised).raw(),
        Op::MinPropagating => soft::min_propagating(a, b, raised).raw(),
        Op::MaxPropagating => soft::max_propagating(a, b, raised).raw(),
        Op::Classify => soft::classify(a),
        Op::ToF16 => soft::convert::<F, F16>(a, mode, raised).raw(),
        Op::ToF32 => soft::convert::<F, F32>(a, mode, raised).raw(),
        Op::ToF64 => soft::convert::<F, F64>(a, mode, raised).raw(),
        Op::ToI32 => soft::to_i32(a, mode, raised) as u64,
        Op::ToU32 => u64::from(soft::to_u32(a, mode, raised)),
        Op::ToI64 => soft::to_i64(a, mode, raised) as u64,
        Op::ToU64 => soft::to_u64(a, mode, raised),
        Op::ToI32Modular => soft::to_i32_modular(a, raised) as u64,
        Op::FromI32 => soft::from_i32::<F>(integer as i32, mode, raised).raw(),
        Op::FromU32 => soft::from_u32::<F>(integer as u32, mode, raised).raw(),
        Op::FromI64 => soft::from_i64::<F>(integer as i64, mode, raised).raw(),
        Op::FromU64 => soft::from_u64::<F>(integer, mode, raised).raw(),
    };
    (result, flags)
}

/// The operands an operation is tried on in each rounding mode: about `count` of them.
pub fn cases<F: Format>(operation: Operation, count: usize) -> Vec<[u64; 3]> {
    use Operation as Op;
    match operation {
        Op::FusedMultiplyAdd
        | Op::MultiplySub
        | Op::NegatedMultiplyAdd
        | Op::NegatedMultiplySub => ternary::<F>(count),
        Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::Eq
        | Op::Lt
        | Op::Le
        | Op::LtQuiet
        | Op::LeQuiet
        | Op::Min
        | Op::Max
        | Op::MinPropagating
        | Op::MaxPropagating => binary::<F>(count),
        Op::FromI32 | Op::FromU32 | Op::FromI64 | Op::FromU64 => integers(count),
        _ if F::BITS == 16 => (0..=u64::from(u16::MAX)).map(|bits| [bits, 0, 0]).collect(),
        Op::ToF16 => narrowing::<F, F16>(count),
        Op::ToF32 => narrowing::<F, F32>(count),
        Op::ToI32 | Op::ToU32 | Op::ToI64 | Op::ToU64 | Op::ToI32Modular => {
            near_integers::<F>(count)
        }
        Op::Sqrt | Op::RoundToIntegral | Op::RoundToIntegralExact | Op::Classify | Op::ToF64 => {
            unary::<F>(count)
        }
    }
}

fn ternary<F: Format>(count: usize) -> Vec<[u64; 3]> {
    let landmarks = landmarks::<F>();
    let mut cases = Vec::new();
    // The signs of the product come from the four variants of the operation.
    for a in landmarks.iter().step_by(2) {
        for b in landmarks.iter().step_by(2) {
            cases.extend(landmarks.iter().map(|c| [a.raw(), b.raw(), c.raw()]));
        }
    }
    let mut random = Random::new(1);
    cases.extend((0..count).map(|_| {
        let a = operand(&mut random, &landmarks);
        let b = partner(&mut random, a, &landmarks);
        let c = addend(&mut random, a, b, &landmarks);
        [a.raw(), b.raw(), c.raw()]
    }));
    cases
}

fn binary<F: Format>(count: usize) -> Vec<[u64; 3]> {
    let landmarks = landmarks::<F>();
    let mut cases = Vec::new();
    for a in &landmarks {
        cases.extend(landmarks.iter().map(|b| [a.raw(), b.raw(), 0]));
    }
    let mut random = Random::new(2);
    for _ in 0..count / 2 {
        let a = operand(&mut random, &landmarks);
        let b = partner(&mut random, a, &landmarks);
        cases.extend([[a.raw(), b.raw(), 0], [b.raw(), a.raw(), 0]]);
    }
    cases
}

fn unary<F: Format>(count: usize) -> Vec<[u64; 3]> {
    let landmarks = landmarks::<F>();
    let mut random = Random::new(3);
    let sampled = (0..count).map(|_| operand(&mut random, &landmarks));
    landmarks
        .iter()
        .copied()
        .chain(sampled)
        .map(|a| [a.raw(), 0, 0])
        .collect()
}

/// Values on, between and beside those of the format `D`.
fn narrowing<S: Format, D: Format>(count: usize) -> Vec<[u64; 3]> {
    let (wide, narrow) = (landmarks::<S>(), landmarks::<D>());
    let mut random = Random::new(4);
    let sampled = (0..count).map(|_| wide_operand(&mut random, &wide, &narrow));
    wide.iter()
        .copied()
        .chain(sampled)
        .map(|a| [a.raw(), 0, 0])
        .collect()
}

/// Integers of every size in either sign and what lies beside them, and any number.
fn near_integers<F: Format>(count: usize) -> Vec<[u64; 3]> {
    let mut cases = unary::<F>(count / 2);
    let mut random = Random::new(5);
    cases.extend((0..count / 2).map(|_| {
        let integer = (random.word() as i64) >> random.below(64);
        let near: F = soft::from_i64(integer, RoundingMode::NearestEven, &mut Flags::empty());
        [
            near.raw().wrapping_add(random.below(3)).wrapping_sub(1),
            0,
            0,
        ]
    }));
    // Far beyond the integers, where only the low bits count.
    cases.extend((0..count / 4).map(|_| {
        let field = (F::BIAS as u64 + random.below(130)).min(F::EXPONENT_MAX as u64 - 1);
        [
            (field << F::FRACTION_BITS) | (random.word() & (F::SIGN | F::FRACTION)),
            0,
            0,
        ]
    }));
    cases
}

/// Integers around powers of two, of every length, and with so few bits that they are ties.
fn integers(count: usize) -> Vec<[u64; 3]> {
    let mut cases = Vec::new();
    for bit in 0..64 {
        for offset in [-2, -1, 0, 1, 2] {
            let value = (1u64 << bit).wrapping_add_signed(offset);
            cases.extend([[value, 0, 0], [value.wrapping_neg(), 0, 0]]);
        }
    }
    let mut random = Random::new(6);
    for _ in 0..count / 2 {
        let any = ((random.word() as i64) >> random.below(64)) as u64;
        let ties = (1 << random.below(64)) | (1 << random.below(64)) | (1 << random.below(64));
        cases.extend([[any, 0, 0], [ties, 0, 0]]);
    }
    cases
}
