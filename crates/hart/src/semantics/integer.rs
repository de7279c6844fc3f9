//! Integer computation and branch conditions: RV64I, M and Zicond here, and by way of [`alu`] the
//! bit-manipulation and scalar cryptography extensions too.

use isa::{Insn, Opcode, SecondOperand};

use super::{bitmanip, crypto};

/// The result of an instruction that computes an integer, given the values of its registers.
#[inline]
#[must_use]
pub fn integer_op(insn: &Insn, rs1: u64, rs2: u64) -> u64 {
    match (insn.op, insn.op.second_operand()) {
        (Opcode::Sm4ed | Opcode::Sm4ks, _) => crypto::sm4(insn.op, rs1, rs2, insn.imm as u8),
        (op, SecondOperand::Register) => alu(op, rs1, rs2),
        (op, SecondOperand::Immediate) => alu(op, rs1, insn.imm as u64),
    }
}

/// The result of an integer computation on `a` (rs1) and `b` (rs2, or the immediate as the
/// instruction extends it; a shift amount is masked here, a unary operation ignores it).
///
/// Covers every instruction that computes an integer from one or two, except `sm4ed` and `sm4ks`,
/// which take a byte number besides two registers: [`crypto::sm4`]. An instruction that computes
/// no integer gives zero.
#[inline(always)]
#[must_use]
pub fn alu(op: Opcode, a: u64, b: u64) -> u64 {
    let result = compute(op, a, b);
    debug_assert!(result.is_some(), "{op:?} computes no integer");
    result.unwrap_or(0)
}

/// Whether [`alu`] knows the instruction.
#[inline]
#[must_use]
pub fn is_alu(op: Opcode) -> bool {
    compute(op, 0, 0).is_some()
}

/// Asks one extension after the other. Written without closures, which the compiler does not
/// always inline: then nothing would fold where `op` is a constant.
#[inline(always)]
fn compute(op: Opcode, a: u64, b: u64) -> Option<u64> {
    if let Some(result) = base(op, a, b) {
        return Some(result);
    }
    if let Some(result) = multiply_divide(op, a, b) {
        return Some(result);
    }
    if let Some(result) = bitmanip::compute(op, a, b) {
        return Some(result);
    }
    crypto::compute(op, a, b)
}

/// Whether a conditional branch on `a` (rs1) and `b` (rs2) is taken; `false` for any other
/// instruction.
#[inline(always)]
#[must_use]
pub fn branch_taken(op: Opcode, a: u64, b: u64) -> bool {
    match op {
        Opcode::Beq => a == b,
        Opcode::Bne => a != b,
        Opcode::Blt => signed(a) < signed(b),
        Opcode::Bge => signed(a) >= signed(b),
        Opcode::Bltu => a < b,
        Opcode::Bgeu => a >= b,
        _ => false,
    }
}

/// RV64I, Zicond, and Zimop and Zcmop, whose instructions compute zero until they are redefined.
#[inline(always)]
fn base(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    Some(match op {
        O::Add | O::Addi => a.wrapping_add(b),
        O::Sub => a.wrapping_sub(b),
        O::And | O::Andi => a & b,
        O::Or | O::Ori => a | b,
        O::Xor | O::Xori => a ^ b,
        O::Slt | O::Slti => u64::from(signed(a) < signed(b)),
        O::Sltu | O::Sltiu => u64::from(a < b),
        O::Sll | O::Slli => a << (b & 63),
        O::Srl | O::Srli => a >> (b & 63),
        O::Sra | O::Srai => (signed(a) >> (b & 63)) as u64,
        O::Addw | O::Addiw => extend_word(a.wrapping_add(b)),
        O::Subw => extend_word(a.wrapping_sub(b)),
        O::Sllw | O::Slliw => extend_word(a << (b & 31)),
        O::Srlw | O::Srliw => extend_word(low_word(a) >> (b & 31)),
        O::Sraw | O::Sraiw => (i64::from(a as i32) >> (b & 31)) as u64,
        O::CzeroEqz => {
            if b == 0 {
                0
            } else {
                a
            }
        }
        O::CzeroNez => {
            if b == 0 {
                a
            } else {
                0
            }
        }
        O::MopR | O::MopRr | O::CMop => 0,
        _ => return None,
    })
}

/// M. Division never traps: by zero it gives all ones (remainder: the dividend), and its one
/// overflow gives the dividend (remainder: zero), which is what wrapping division does.
#[inline(always)]
fn multiply_divide(op: Opcode, a: u64, b: u64) -> Option<u64> {
    use Opcode as O;
    let (word_a, word_b) = (a as u32, b as u32);
    Some(match op {
        O::Mul => a.wrapping_mul(b),
        O::Mulh => ((i128::from(signed(a)) * i128::from(signed(b))) >> 64) as u64,
        // |a × b| < 2^127: the product of a signed and an unsigned number fits.
        O::Mulhsu => ((i128::from(signed(a)) * i128::from(b)) >> 64) as u64,
        O::Mulhu => ((u128::from(a) * u128::from(b)) >> 64) as u64,
        O::Mulw => extend_word(a.wrapping_mul(b)),
        O::Div if b == 0 => u64::MAX,
        O::Div => signed(a).wrapping_div(signed(b)) as u64,
        O::Divu => a.checked_div(b).unwrap_or(u64::MAX),
        O::Rem if b == 0 => a,
        O::Rem => signed(a).wrapping_rem(signed(b)) as u64,
        O::Remu => a.checked_rem(b).unwrap_or(a),
        O::Divw if word_b == 0 => u64::MAX,
        O::Divw => (word_a as i32).wrapping_div(word_b as i32) as u64,
        O::Divuw => extend_word(word_a.checked_div(word_b).unwrap_or(u32::MAX).into()),
        O::Remw if word_b == 0 => extend_word(a),
        O::Remw => (word_a as i32).wrapping_rem(word_b as i32) as u64,
        O::Remuw => extend_word(word_a.checked_rem(word_b).unwrap_or(word_a).into()),
        _ => return None,
    })
}

#[inline(always)]
pub(super) const fn signed(value: u64) -> i64 {
    value as i64
}

/// The low word, sign-extended: the form of every 32-bit result.
#[inline(always)]
pub(super) const fn extend_word(value: u64) -> u64 {
    value as i32 as u64
}

/// The low word, zero-extended.
#[inline(always)]
pub(super) const fn low_word(value: u64) -> u64 {
    value as u32 as u64
}

#[cfg(test)]
mod tests;
