//! Which kind of instruction an opcode is, from its format in the table.

use crate::format::Format;
use crate::opcode::{Opcode, TABLE};

/// Where the second operand of an integer computation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondOperand {
    /// In rs2.
    Register,
    /// In the immediate (or there is none).
    Immediate,
}

impl Opcode {
    /// Its format.
    #[inline]
    #[must_use]
    pub const fn format(self) -> Format {
        TABLE[self as usize].format
    }

    /// Its assembler mnemonic.
    #[must_use]
    pub const fn mnemonic(self) -> &'static str {
        TABLE[self as usize].mnemonic
    }

    /// A load into an integer register.
    #[inline]
    #[must_use]
    pub const fn is_load(self) -> bool {
        matches!(self.format(), Format::Load)
    }

    /// A store from an integer register.
    #[inline]
    #[must_use]
    pub const fn is_store(self) -> bool {
        matches!(self.format(), Format::Store)
    }

    /// LR, SC, an AMO or a compare-and-swap.
    #[inline]
    #[must_use]
    pub const fn is_atomic(self) -> bool {
        matches!(
            self.format(),
            Format::Amo | Format::AmoPair | Format::LoadReserved
        )
    }

    /// Anything that floating-point state must be on for, loads and stores included.
    #[inline]
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(
            self.format(),
            Format::FloatLoad
                | Format::FloatStore
                | Format::Float
                | Format::FloatUnary
                | Format::FloatFused
                | Format::FloatFixed
                | Format::FloatCompare
                | Format::FloatToInt
                | Format::FloatToIntFixed
                | Format::FloatToIntTruncating
                | Format::IntToFloat
                | Format::IntToFloatFixed
                | Format::FloatConstant
        )
    }

    /// CSR accesses, environment calls, returns, fences, cache-block operations.
    #[inline]
    #[must_use]
    pub const fn is_system(self) -> bool {
        matches!(
            self.format(),
            Format::Csr
                | Format::CsrImmediate
                | Format::Fixed
                | Format::Fence
                | Format::FenceI
                | Format::FenceVma
                | Format::CacheBlock
        )
    }

    /// Where the second operand of an integer computation is.
    #[inline]
    #[must_use]
    pub const fn second_operand(self) -> SecondOperand {
        match self.format() {
            Format::R | Format::ByteSelect => SecondOperand::Register,
            _ => SecondOperand::Immediate,
        }
    }

    /// Bytes that an atomic instruction accesses.
    #[inline]
    #[must_use]
    pub const fn atomic_bytes(self) -> u64 {
        1 << (TABLE[self as usize].value >> 12 & 7)
    }

    /// Whether it is an `amocas`.
    #[inline]
    #[must_use]
    pub const fn is_compare_and_swap(self) -> bool {
        matches!(
            self,
            Self::AmocasB | Self::AmocasH | Self::AmocasW | Self::AmocasD | Self::AmocasQ
        )
    }

    /// Whether the destination is a floating-point register.
    #[must_use]
    pub const fn writes_float(self) -> bool {
        matches!(
            self.format(),
            Format::FloatLoad
                | Format::Float
                | Format::FloatUnary
                | Format::FloatFused
                | Format::FloatFixed
                | Format::IntToFloat
                | Format::IntToFloatFixed
                | Format::FloatConstant
        )
    }

    /// Whether the destination is an integer register.
    #[must_use]
    pub const fn writes_integer(self) -> bool {
        !self.writes_float()
            && !matches!(
                self.format(),
                Format::Store
                    | Format::FloatStore
                    | Format::B
                    | Format::Fence
                    | Format::FenceI
                    | Format::Fixed
                    | Format::FenceVma
                    | Format::CacheBlock
                    | Format::CompressedMayBe
            )
    }
}
