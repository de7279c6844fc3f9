//! Where an instruction's operands are in its encoding.

use crate::Insn;
use crate::opcode::Opcode;

/// An encoding format: which bits are fixed, and where the operands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// rd, rs1, rs2
    R,
    /// rd, rs1
    Unary,
    /// rd, rs1, imm12
    I,
    /// rd, rs1, imm12: `jalr`
    Jalr,
    /// rd, imm12(rs1)
    Load,
    /// rs2, imm12(rs1)
    Store,
    /// rd, rs1, shamt6
    Shift6,
    /// rd, rs1, shamt5
    Shift5,
    /// rs1, rs2, distance
    B,
    /// rd, upper 20 bits
    U,
    /// rd, distance
    J,
    /// rd, rs2, (rs1), with aq and rl
    Amo,
    /// As `Amo`, on even register pairs
    AmoPair,
    /// rd, (rs1), with aq and rl
    LoadReserved,
    /// fm, predecessors, successors in imm; rd and rs1 are ignored
    Fence,
    /// Everything else is ignored
    FenceI,
    /// No operands
    Fixed,
    /// rd, csr (in imm), rs1
    Csr,
    /// rd, csr (in imm), 5-bit immediate (in rs1)
    CsrImmediate,
    /// rs1, rs2
    FenceVma,
    /// (rs1)
    CacheBlock,
    /// fd, imm12(rs1)
    FloatLoad,
    /// fs2, imm12(rs1)
    FloatStore,
    /// fd, fs1, fs2, rm
    Float,
    /// fd, fs1, rm
    FloatUnary,
    /// fd, fs1, fs2, fs3, rm
    FloatFused,
    /// fd, fs1, fs2
    FloatFixed,
    /// rd, fs1, fs2
    FloatCompare,
    /// rd, fs1, rm
    FloatToInt,
    /// rd, fs1
    FloatToIntFixed,
    /// rd, fs1, rm that must be RTZ
    FloatToIntTruncating,
    /// fd, rs1, rm
    IntToFloat,
    /// fd, rs1
    IntToFloatFixed,
    /// fd, constant number (in rs1)
    FloatConstant,
    /// rd, rs1, round number 0 to 10
    RoundNumber,
    /// rd, rs1, rs2, byte number
    ByteSelect,
    /// rd, rs1, number 0 to 31 (in imm)
    MayBe,
    /// rd, rs1, rs2, number 0 to 7 (in imm)
    MayBeTwo,
    /// Compressed only: number 1 to 15, odd (in imm)
    CompressedMayBe,
}

/// Scattered bits of the number of `mop.r.n`.
const MAY_BE: u32 = 1 << 30 | 3 << 26 | 3 << 20;
/// Scattered bits of the number of `mop.rr.n`.
const MAY_BE_TWO: u32 = 1 << 30 | 3 << 26;

impl Format {
    /// Bits of the encoding that are not operands.
    #[must_use]
    pub const fn fixed_bits(self) -> u32 {
        match self {
            Self::R | Self::FloatFixed | Self::FloatCompare => 0xfe00_707f,
            Self::Unary
            | Self::FloatToIntFixed
            | Self::FloatToIntTruncating
            | Self::IntToFloatFixed
            | Self::FloatConstant => 0xfff0_707f,
            Self::I | Self::Jalr | Self::Load | Self::Store | Self::B => 0x0000_707f,
            Self::FloatLoad | Self::FloatStore | Self::Csr | Self::CsrImmediate => 0x0000_707f,
            Self::Fence | Self::FenceI => 0x0000_707f,
            Self::Shift6 => 0xfc00_707f,
            Self::Shift5 => 0xfe00_707f,
            Self::U | Self::J => 0x0000_007f,
            Self::Amo | Self::AmoPair => 0xf800_707f,
            Self::LoadReserved => 0xf9f0_707f,
            Self::Fixed => 0xffff_ffff,
            Self::FenceVma => 0xfe00_7fff,
            Self::CacheBlock => 0xfff0_7fff,
            Self::Float => 0xfe00_007f,
            Self::FloatUnary | Self::FloatToInt | Self::IntToFloat => 0xfff0_007f,
            Self::FloatFused => 0x0600_007f,
            Self::RoundNumber => 0xff00_707f,
            Self::ByteSelect => 0x3e00_707f,
            Self::MayBe => !(MAY_BE | 0x1f << 7 | 0x1f << 15),
            Self::MayBeTwo => !(MAY_BE_TWO | 0x1f << 7 | 0x1f << 15 | 0x1f << 20),
            Self::CompressedMayBe => 0xf8ff,
        }
    }

    /// Takes the operands out of a 32-bit encoding; `None` when they are reserved ones.
    #[inline]
    pub(crate) const fn operands(self, op: Opcode, word: u32) -> Option<Insn> {
        let mut insn = Insn::new(op);
        let (rd, rs1, rs2) = (
            (word >> 7 & 31) as u8,
            (word >> 15 & 31) as u8,
            (word >> 20 & 31) as u8,
        );
        let signed = word as i32;
        match self {
            Self::R | Self::FloatFixed | Self::FloatCompare => {
                (insn.rd, insn.rs1, insn.rs2) = (rd, rs1, rs2);
            }
            Self::Unary | Self::FloatToIntFixed | Self::IntToFloatFixed | Self::FloatConstant => {
                (insn.rd, insn.rs1) = (rd, rs1);
            }
            Self::FloatToIntTruncating => (insn.rd, insn.rs1, insn.aux) = (rd, rs1, 1),
            Self::I | Self::Jalr | Self::Load | Self::FloatLoad => {
                (insn.rd, insn.rs1, insn.imm) = (rd, rs1, signed >> 20);
            }
            Self::Store | Self::FloatStore => {
                (insn.rs1, insn.rs2) = (rs1, rs2);
                insn.imm = signed >> 25 << 5 | rd as i32;
            }
            Self::Shift6 => (insn.rd, insn.rs1, insn.imm) = (rd, rs1, signed >> 20 & 63),
            Self::Shift5 => (insn.rd, insn.rs1, insn.imm) = (rd, rs1, signed >> 20 & 31),
            Self::B => {
                (insn.rs1, insn.rs2) = (rs1, rs2);
                let low = (word >> 7 & 0x1e | word >> 20 & 0x7e0 | (word & 0x80) << 4) as i32;
                insn.imm = signed >> 31 << 12 | low;
            }
            Self::U => (insn.rd, insn.imm) = (rd, (word & 0xffff_f000) as i32),
            Self::J => {
                let low = word & 0xff000 | word >> 9 & 0x800 | word >> 20 & 0x7fe;
                (insn.rd, insn.imm) = (rd, signed >> 31 << 20 | low as i32);
            }
            Self::Amo | Self::AmoPair | Self::LoadReserved => {
                (insn.rd, insn.rs1, insn.rs2) = (rd, rs1, rs2);
                insn.aux = (word >> 25 & 3) as u8;
                if matches!(self, Self::AmoPair) && (rd | rs2) & 1 != 0 {
                    return None;
                }
            }
            Self::Fence => insn.imm = signed >> 20 & 0xfff,
            Self::FenceI | Self::Fixed | Self::CompressedMayBe => {}
            Self::Csr | Self::CsrImmediate => {
                (insn.rd, insn.rs1, insn.imm) = (rd, rs1, signed >> 20 & 0xfff);
            }
            Self::FenceVma => (insn.rs1, insn.rs2) = (rs1, rs2),
            Self::CacheBlock => insn.rs1 = rs1,
            Self::Float => {
                (insn.rd, insn.rs1, insn.rs2) = (rd, rs1, rs2);
                insn.aux = (word >> 12 & 7) as u8;
            }
            Self::FloatUnary | Self::FloatToInt | Self::IntToFloat => {
                (insn.rd, insn.rs1) = (rd, rs1);
                insn.aux = (word >> 12 & 7) as u8;
            }
            Self::FloatFused => {
                (insn.rd, insn.rs1, insn.rs2) = (rd, rs1, rs2);
                insn.rs3 = (word >> 27) as u8;
                insn.aux = (word >> 12 & 7) as u8;
            }
            Self::RoundNumber => {
                (insn.rd, insn.rs1, insn.imm) = (rd, rs1, signed >> 20 & 15);
                if insn.imm > 10 {
                    return None;
                }
            }
            Self::ByteSelect => {
                (insn.rd, insn.rs1, insn.rs2) = (rd, rs1, rs2);
                insn.imm = (word >> 30) as i32;
            }
            Self::MayBe => {
                (insn.rd, insn.rs1) = (rd, rs1);
                insn.imm = (word >> 20 & 3 | word >> 24 & 0xc | word >> 26 & 0x10) as i32;
            }
            Self::MayBeTwo => {
                (insn.rd, insn.rs1, insn.rs2) = (rd, rs1, rs2);
                insn.imm = (word >> 26 & 3 | word >> 28 & 4) as i32;
            }
        }
        Some(insn)
    }
}
