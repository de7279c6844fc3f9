//! From an instruction to its 32-bit encoding.

use crate::Insn;
use crate::format::Format;
use crate::opcode::TABLE;

/// An instruction that has no such encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The immediate does not fit, or is not a multiple of what it must be.
    Immediate,
    /// A register number is not below 32, or not one that the instruction can name.
    Register,
    /// It exists in compressed form only.
    CompressedOnly,
}

/// Encodes in 32 bits, whatever `len` says. `decode(encode(i)) == i` for every `i` of length 4 that decoding
/// can give.
///
/// # Errors
/// When an operand does not fit.
pub fn encode(insn: &Insn) -> Result<u32, EncodeError> {
    let row = &TABLE[insn.op as usize];
    if (insn.rd | insn.rs1 | insn.rs2 | insn.rs3) > 31 {
        return Err(EncodeError::Register);
    }
    operand_bits(row.format, insn).map(|bits| row.value | bits)
}

fn signed(value: i32, bits: u32) -> Result<u32, EncodeError> {
    let unused = 32 - bits;
    if value << unused >> unused == value {
        Ok(value as u32)
    } else {
        Err(EncodeError::Immediate)
    }
}

fn unsigned(value: i32, below: u32) -> Result<u32, EncodeError> {
    let value = value as u32;
    if value < below {
        Ok(value)
    } else {
        Err(EncodeError::Immediate)
    }
}

fn even(value: i32, bits: u32) -> Result<u32, EncodeError> {
    if value & 1 != 0 {
        return Err(EncodeError::Immediate);
    }
    signed(value, bits)
}

fn operand_bits(format: Format, insn: &Insn) -> Result<u32, EncodeError> {
    let rd = u32::from(insn.rd) << 7;
    let rs1 = u32::from(insn.rs1) << 15;
    let rs2 = u32::from(insn.rs2) << 20;
    let rm = u32::from(insn.aux & 7) << 12;
    Ok(match format {
        Format::R | Format::FloatFixed | Format::FloatCompare => rd | rs1 | rs2,
        Format::Unary
        | Format::FloatToIntFixed
        | Format::FloatToIntTruncating
        | Format::IntToFloatFixed
        | Format::FloatConstant => rd | rs1,
        Format::I | Format::Jalr | Format::Load | Format::FloatLoad => {
            rd | rs1 | signed(insn.imm, 12)? << 20
        }
        Format::Store | Format::FloatStore => {
            let imm = signed(insn.imm, 12)?;
            rs1 | rs2 | (imm & 0x1f) << 7 | imm >> 5 << 25
        }
        Format::Shift6 => rd | rs1 | unsigned(insn.imm, 64)? << 20,
        Format::Shift5 => rd | rs1 | unsigned(insn.imm, 32)? << 20,
        Format::B => {
            let imm = even(insn.imm, 13)?;
            let low = (imm & 0x1e) << 7 | (imm & 0x7e0) << 20 | imm >> 4 & 0x80;
            rs1 | rs2 | low | (imm & 0x1000) << 19
        }
        Format::U if insn.imm & 0xfff == 0 => rd | insn.imm as u32,
        Format::U => return Err(EncodeError::Immediate),
        Format::J => {
            let imm = even(insn.imm, 21)?;
            let low = imm & 0xff000 | (imm & 0x800) << 9 | (imm & 0x7fe) << 20;
            rd | low | (imm & 0x10_0000) << 11
        }
        Format::AmoPair if (insn.rd | insn.rs2) & 1 != 0 => return Err(EncodeError::Register),
        Format::Amo | Format::AmoPair => rd | rs1 | rs2 | u32::from(insn.aux & 3) << 25,
        Format::LoadReserved => rd | rs1 | u32::from(insn.aux & 3) << 25,
        Format::Fence => unsigned(insn.imm, 1 << 12)? << 20,
        Format::FenceI | Format::Fixed => 0,
        Format::Csr | Format::CsrImmediate => rd | rs1 | unsigned(insn.imm, 1 << 12)? << 20,
        Format::FenceVma => rs1 | rs2,
        Format::CacheBlock => rs1,
        Format::Float => rd | rs1 | rs2 | rm,
        Format::FloatUnary | Format::FloatToInt | Format::IntToFloat => rd | rs1 | rm,
        Format::FloatFused => rd | rs1 | rs2 | rm | u32::from(insn.rs3) << 27,
        Format::RoundNumber => rd | rs1 | unsigned(insn.imm, 11)? << 20,
        Format::ByteSelect => rd | rs1 | rs2 | unsigned(insn.imm, 4)? << 30,
        Format::MayBe => {
            let n = unsigned(insn.imm, 32)?;
            rd | rs1 | (n & 3) << 20 | (n & 0xc) << 24 | (n & 0x10) << 26
        }
        Format::MayBeTwo => {
            let n = unsigned(insn.imm, 8)?;
            rd | rs1 | rs2 | (n & 3) << 26 | (n & 4) << 28
        }
        Format::CompressedMayBe => return Err(EncodeError::CompressedOnly),
    })
}
