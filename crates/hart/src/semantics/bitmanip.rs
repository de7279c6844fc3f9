//! Bit manipulation: Zba, Zbb, Zbc, Zbs, and the cryptography extensions' share, Zbkb, Zbkc, Zbkx.

use isa::Opcode;

use super::integer::{extend_word, low_word, signed};

/// The result of a bit-manipulation instruction; `None` for any other. Operands as in
/// [`super::integer::alu`].
#[inline(always)]
pub(super) fn compute(op: Opcode, a: u64, b: u64) -> Option<u64> {
    if let Some(result) = address(op, a, b) {
        return Some(result);
    }
    if let Some(result) = logic(op, a, b) {
        return Some(result);
    }
    if let Some(result) = count(op, a) {
        return Some(result);
    }
    if let Some(result) = rearrange(op, a, b) {
        return Some(result);
    }
    if let Some(result) = carry_less(op, a, b) {
        return Some(result);
    }
    single_bit(op, a, b)
}

/// Zba: address generation.
#[inline(always)]
fn address(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    Some(match op {
        O::Sh1add => (a << 1).wrapping_add(b),
        O::Sh2add => (a << 2).wrapping_add(b),
        O::Sh3add => (a << 3).wrapping_add(b),
        O::AddUw => low_word(a).wrapping_add(b),
        O::Sh1addUw => (low_word(a) << 1).wrapping_add(b),
        O::Sh2addUw => (low_word(a) << 2).wrapping_add(b),
        O::Sh3addUw => (low_word(a) << 3).wrapping_add(b),
        O::SlliUw => low_word(a) << (b & 63),
        _ => return None,
    })
}

/// Zbb and Zbkb: logic with negation, minimum and maximum, extension, rotation.
#[inline(always)]
fn logic(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    Some(match op {
        O::Andn => a & !b,
        O::Orn => a | !b,
        O::Xnor => !(a ^ b),
        O::Max => signed(a).max(signed(b)) as u64,
        O::Maxu => a.max(b),
        O::Min => signed(a).min(signed(b)) as u64,
        O::Minu => a.min(b),
        O::SextB => a as i8 as u64,
        O::SextH => a as i16 as u64,
        O::ZextH => u64::from(a as u16),
        O::Rol => a.rotate_left((b & 63) as u32),
        O::Ror | O::Rori => a.rotate_right((b & 63) as u32),
        O::Rolw => extend_word((a as u32).rotate_left((b & 31) as u32).into()),
        O::Rorw | O::Roriw => extend_word((a as u32).rotate_right((b & 31) as u32).into()),
        _ => return None,
    })
}

/// Zbb: counting.
#[inline(always)]
fn count(op: Opcode, a: u64) -> Option<u64> {
    use Opcode as O;
    let word = a as u32;
    Some(u64::from(match op {
        O::Clz => a.leading_zeros(),
        O::Clzw => word.leading_zeros(),
        O::Ctz => a.trailing_zeros(),
        O::Ctzw => word.trailing_zeros(),
        O::Cpop => a.count_ones(),
        O::Cpopw => word.count_ones(),
        _ => return None,
    }))
}

/// Zbb, Zbkb and Zbkx: moving bytes, halves and nibbles about.
#[inline(always)]
fn rearrange(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    Some(match op {
        O::OrcB => combine_bytes(a),
        O::Rev8 => a.swap_bytes(),
        O::Brev8 => a.reverse_bits().swap_bytes(),
        O::Pack => low_word(a) | b << 32,
        O::Packh => (a & 0xff) | (b & 0xff) << 8,
        O::Packw => extend_word((a & 0xffff) | (b & 0xffff) << 16),
        O::Xperm4 => permute::<4>(a, b),
        O::Xperm8 => permute::<8>(a, b),
        _ => return None,
    })
}

/// `orc.b`: every byte that has a bit set becomes all ones.
#[inline(always)]
const fn combine_bytes(a: u64) -> u64 {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // A carry out of the low seven bits, or the top bit itself, gathers in each byte's top bit.
    let non_zero = (((a & LOW_BITS) + LOW_BITS) | a) & !LOW_BITS;
    (non_zero >> 7) * 0xff
}

/// `xperm4`, `xperm8`: each element of `b`, `BITS` wide, selects an element of `a`; one out of
/// range selects zero.
#[inline(always)]
fn permute<const BITS: u32>(a: u64, b: u64) -> u64 {
    let mask = (1 << BITS) - 1;
    (0..64).step_by(BITS as usize).fold(0, |result, position| {
        let index = (b >> position) & mask;
        let element = a.checked_shr(index as u32 * BITS).unwrap_or(0) & mask;
        result | element << position
    })
}

/// Zbc and Zbkc.
#[inline(always)]
fn carry_less(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    Some(match op {
        O::Clmul => carry_less_product(a, b) as u64,
        O::Clmulh => (carry_less_product(a, b) >> 64) as u64,
        O::Clmulr => (carry_less_product(a, b) >> 63) as u64,
        _ => return None,
    })
}

/// The product of two polynomials over GF(2), four bits of `b` at a time.
fn carry_less_product(a: u64, b: u64) -> u128 {
    let mut multiples = [0u128; 16];
    for index in 1..16 {
        multiples[index] = multiples[index >> 1] << 1;
        if index & 1 != 0 {
            multiples[index] ^= u128::from(a);
        }
    }
    (0..16).rev().fold(0, |product, digit| {
        (product << 4) ^ multiples[(b >> (4 * digit)) as usize & 15]
    })
}

/// Zbs.
#[inline(always)]
fn single_bit(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    let index = b & 63;
    Some(match op {
        O::Bclr | O::Bclri => a & !(1 << index),
        O::Bext | O::Bexti => (a >> index) & 1,
        O::Binv | O::Binvi => a ^ (1 << index),
        O::Bset | O::Bseti => a | (1 << index),
        _ => return None,
    })
}
