//! Scalar cryptography: Zknd, Zkne, Zknh (NIST) and Zksed, Zksh (ShangMi).
//!
//! AES state is two registers, column by column: byte *r* + 4 *c* of the low register, counted from
//! its least significant one, is row *r* of column *c*; the high register holds columns 2 and 3.

mod sbox;

use isa::Opcode;

use super::integer::extend_word;
use sbox::{AES_FORWARD, AES_INVERSE, SM4};

/// The result of a cryptography instruction on `a` (rs1) and `b` (rs2, or the round number of
/// `aes64ks1i`); `None` for any other, and for those of [`sm4`].
#[inline(always)]
pub(super) fn compute(op: Opcode, a: u64, b: u64) -> Option<u64> {
    if let Some(result) = aes(op, a, b) {
        return Some(result);
    }
    hash(op, a)
}

/// Zknd and Zkne.
#[inline(always)]
fn aes(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    Some(match op {
        O::Aes64es => substitute(&AES_FORWARD, shift_rows(a, b, 1)),
        O::Aes64esm => mix_columns(substitute(&AES_FORWARD, shift_rows(a, b, 1)), FORWARD_MIX),
        O::Aes64ds => substitute(&AES_INVERSE, shift_rows(a, b, 3)),
        O::Aes64dsm => mix_columns(substitute(&AES_INVERSE, shift_rows(a, b, 3)), INVERSE_MIX),
        O::Aes64im => mix_columns(a, INVERSE_MIX),
        O::Aes64ks1i => key_schedule_1(a, b),
        O::Aes64ks2 => {
            let low = (a >> 32) ^ (b & 0xffff_ffff);
            let high = low ^ (b >> 32);
            low | high << 32
        }
        _ => return None,
    })
}

/// Columns 0 and 1 after row *r* has been rotated left by *r* × `step` columns: `step` 1 is
/// ShiftRows, 3 its inverse.
#[inline(always)]
fn shift_rows(low: u64, high: u64, step: usize) -> u64 {
    let state = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
    let byte = |index: usize| {
        let (row, column) = (index % 4, index / 4);
        state[row + 4 * ((column + row * step) % 4)]
    };
    u64::from_le_bytes(core::array::from_fn(byte))
}

/// Every byte by way of a table.
#[inline(always)]
fn substitute(table: &[u8; 256], value: u64) -> u64 {
    u64::from_le_bytes(value.to_le_bytes().map(|byte| table[usize::from(byte)]))
}

/// The first column of the matrix of MixColumns; the others are its rotations.
const FORWARD_MIX: [u8; 4] = [2, 1, 1, 3];

/// The first column of the matrix of InvMixColumns.
const INVERSE_MIX: [u8; 4] = [14, 9, 13, 11];

/// Two columns multiplied with a circulant matrix.
fn mix_columns(columns: u64, matrix: [u8; 4]) -> u64 {
    let mix = |column: u32| {
        let bytes = column.to_le_bytes();
        (0..4).fold(0, |sum, row| {
            let scaled = matrix.map(|factor| sbox::multiply(bytes[row], factor));
            // Row r of the column meets the matrix's column r: the first one, rotated by r.
            sum ^ u32::from_le_bytes(scaled).rotate_left(8 * row as u32)
        })
    };
    u64::from(mix(columns as u32)) | u64::from(mix((columns >> 32) as u32)) << 32
}

/// `aes64ks1i`: the transformation of the last word of the previous round key, in both halves of
/// the result. Round number 10 stands for the middle step of AES-256: no rotation, no constant.
/// Numbers above 10 are reserved encodings and treated like it.
fn key_schedule_1(a: u64, round: u64) -> u64 {
    const ROUND_CONSTANTS: [u32; 10] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];
    let last = (a >> 32) as u32;
    let constant = usize::try_from(round)
        .ok()
        .and_then(|round| ROUND_CONSTANTS.get(round));
    let (word, constant) = match constant {
        Some(&constant) => (last.rotate_right(8), constant),
        None => (last, 0),
    };
    let word = u32::from_le_bytes(
        word.to_le_bytes()
            .map(|byte| AES_FORWARD[usize::from(byte)]),
    );
    let result = u64::from(word ^ constant);
    result | result << 32
}

/// Zknh and Zksh: the functions of SHA-256 (FIPS 180-4, 4.1.2), SHA-512 (4.1.3) and SM3.
#[inline(always)]
fn hash(op: Opcode, a: u64) -> Option<u64> {
    use Opcode as O;
    let word = a as u32;
    let rotate = |by| word.rotate_right(by);
    let rotate_double = |by| a.rotate_right(by);
    let result = match op {
        O::Sha256sig0 => rotate(7) ^ rotate(18) ^ (word >> 3),
        O::Sha256sig1 => rotate(17) ^ rotate(19) ^ (word >> 10),
        O::Sha256sum0 => rotate(2) ^ rotate(13) ^ rotate(22),
        O::Sha256sum1 => rotate(6) ^ rotate(11) ^ rotate(25),
        O::Sm3p0 => word ^ word.rotate_left(9) ^ word.rotate_left(17),
        O::Sm3p1 => word ^ word.rotate_left(15) ^ word.rotate_left(23),
        O::Sha512sig0 => return Some(rotate_double(1) ^ rotate_double(8) ^ (a >> 7)),
        O::Sha512sig1 => return Some(rotate_double(19) ^ rotate_double(61) ^ (a >> 6)),
        O::Sha512sum0 => {
            return Some(rotate_double(28) ^ rotate_double(34) ^ rotate_double(39));
        }
        O::Sha512sum1 => {
            return Some(rotate_double(14) ^ rotate_double(18) ^ rotate_double(41));
        }
        _ => return None,
    };
    Some(extend_word(result.into()))
}

/// `sm4ed` and `sm4ks`: one byte's share of a round of SM4 or of its key schedule: byte number
/// `select` (the `bs` field, 0 to 3) of `b`, substituted and spread over a word by the round's linear
/// transformation, is added to the low word of `a`. Zero for any other instruction.
///
/// SM4 counts bytes from the most significant one, the instructions from the least: hence the byte
/// swap around the transformation.
#[inline(always)]
#[must_use]
pub fn sm4(op: Opcode, a: u64, b: u64, select: u8) -> u64 {
    let shift = 8 * u32::from(select & 3);
    let byte = SM4[usize::from((b >> shift) as u8)];
    let word = u32::from(byte) << 24;
    let spread = match op {
        Opcode::Sm4ed => {
            let outer = word.rotate_left(18) ^ word.rotate_left(24);
            word ^ word.rotate_left(2) ^ word.rotate_left(10) ^ outer
        }
        Opcode::Sm4ks => word ^ word.rotate_left(13) ^ word.rotate_left(23),
        _ => return 0,
    };
    extend_word(u64::from(spread.swap_bytes().rotate_left(shift) ^ a as u32))
}

#[cfg(test)]
mod tests;
