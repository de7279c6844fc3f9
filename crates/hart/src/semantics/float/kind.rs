//! An opcode taken apart: what is computed, and in which format.

use isa::Opcode;

/// The format an instruction computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// binary16.
    Half,
    /// binary32.
    Single,
    /// binary64.
    Double,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident { $($op:ident: $precision:ident),* })*) => {
        /// What is computed, whatever the format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            $($(#[$doc])* $kind),*
        }

        /// What a floating-point instruction computes and in which format: that of the result, or,
        /// where the result is an integer or in a format of its own, that of the operand. `None`
        /// for loads, stores and everything that is not floating point.
        #[inline]
        pub(super) fn decompose(op: Opcode) -> Option<(Kind, Precision)> {
            match op {
                $($(Opcode::$op => Some((Kind::$kind, Precision::$precision)),)*)*
                _ => None,
            }
        }
    };
}

kinds! {
    Add { FaddH: Half, FaddS: Single, FaddD: Double }
    Sub { FsubH: Half, FsubS: Single, FsubD: Double }
    Mul { FmulH: Half, FmulS: Single, FmulD: Double }
    Div { FdivH: Half, FdivS: Single, FdivD: Double }
    Sqrt { FsqrtH: Half, FsqrtS: Single, FsqrtD: Double }
    /// `fmadd`: a × b + c.
    MultiplyAdd { FmaddH: Half, FmaddS: Single, FmaddD: Double }
    /// `fmsub`: a × b − c.
    MultiplySub { FmsubH: Half, FmsubS: Single, FmsubD: Double }
    /// `fnmadd`: −(a × b) − c.
    NegatedMultiplyAdd { FnmaddH: Half, FnmaddS: Single, FnmaddD: Double }
    /// `fnmsub`: −(a × b) + c.
    NegatedMultiplySub { FnmsubH: Half, FnmsubS: Single, FnmsubD: Double }
    SignInject { FsgnjH: Half, FsgnjS: Single, FsgnjD: Double }
    SignInjectNegated { FsgnjnH: Half, FsgnjnS: Single, FsgnjnD: Double }
    SignInjectXor { FsgnjxH: Half, FsgnjxS: Single, FsgnjxD: Double }
    Min { FminH: Half, FminS: Single, FminD: Double }
    Max { FmaxH: Half, FmaxS: Single, FmaxD: Double }
    MinPropagating { FminmH: Half, FminmS: Single, FminmD: Double }
    MaxPropagating { FmaxmH: Half, FmaxmS: Single, FmaxmD: Double }
    Round { FroundH: Half, FroundS: Single, FroundD: Double }
    RoundExact { FroundnxH: Half, FroundnxS: Single, FroundnxD: Double }
    /// `fli`.
    LoadImmediate { FliH: Half, FliS: Single, FliD: Double }
    ToHalf { FcvtHS: Single, FcvtHD: Double }
    ToSingle { FcvtSH: Half, FcvtSD: Double }
    ToDouble { FcvtDH: Half, FcvtDS: Single }
    FromWord { FcvtHW: Half, FcvtSW: Single, FcvtDW: Double }
    FromUnsignedWord { FcvtHWu: Half, FcvtSWu: Single, FcvtDWu: Double }
    FromLong { FcvtHL: Half, FcvtSL: Single, FcvtDL: Double }
    FromUnsignedLong { FcvtHLu: Half, FcvtSLu: Single, FcvtDLu: Double }
    MoveFromInteger { FmvHX: Half, FmvWX: Single, FmvDX: Double }
    ToWord { FcvtWH: Half, FcvtWS: Single, FcvtWD: Double }
    ToUnsignedWord { FcvtWuH: Half, FcvtWuS: Single, FcvtWuD: Double }
    ToLong { FcvtLH: Half, FcvtLS: Single, FcvtLD: Double }
    ToUnsignedLong { FcvtLuH: Half, FcvtLuS: Single, FcvtLuD: Double }
    ToWordModular { FcvtmodWD: Double }
    MoveToInteger { FmvXH: Half, FmvXW: Single, FmvXD: Double }
    Equal { FeqH: Half, FeqS: Single, FeqD: Double }
    Less { FltH: Half, FltS: Single, FltD: Double }
    LessOrEqual { FleH: Half, FleS: Single, FleD: Double }
    LessQuiet { FltqH: Half, FltqS: Single, FltqD: Double }
    LessOrEqualQuiet { FleqH: Half, FleqS: Single, FleqD: Double }
    Classify { FclassH: Half, FclassS: Single, FclassD: Double }
}

impl Kind {
    /// Whether there is a third operand.
    #[cfg(test)]
    pub(super) const fn is_fused(self) -> bool {
        matches!(
            self,
            Self::MultiplyAdd
                | Self::MultiplySub
                | Self::NegatedMultiplyAdd
                | Self::NegatedMultiplySub
        )
    }

    /// Whether the result goes to an integer register.
    #[inline]
    pub(super) const fn gives_integer(self) -> bool {
        matches!(
            self,
            Self::ToWord
                | Self::ToUnsignedWord
                | Self::ToLong
                | Self::ToUnsignedLong
                | Self::ToWordModular
                | Self::MoveToInteger
                | Self::Equal
                | Self::Less
                | Self::LessOrEqual
                | Self::LessQuiet
                | Self::LessOrEqualQuiet
                | Self::Classify
        )
    }

    /// Whether rs1 is an integer register.
    #[inline]
    pub(super) const fn takes_integer(self) -> bool {
        matches!(
            self,
            Self::FromWord
                | Self::FromUnsignedWord
                | Self::FromLong
                | Self::FromUnsignedLong
                | Self::MoveFromInteger
        )
    }

    /// Whether the `rm` field is a rounding mode rather than part of the opcode.
    #[inline]
    pub(super) const fn uses_rounding_mode(self) -> bool {
        matches!(
            self,
            Self::Add
                | Self::Sub
                | Self::Mul
                | Self::Div
                | Self::Sqrt
                | Self::MultiplyAdd
                | Self::MultiplySub
                | Self::NegatedMultiplyAdd
                | Self::NegatedMultiplySub
                | Self::Round
                | Self::RoundExact
                | Self::ToHalf
                | Self::ToSingle
                | Self::ToDouble
                | Self::FromWord
                | Self::FromUnsignedWord
                | Self::FromLong
                | Self::FromUnsignedLong
                | Self::ToWord
                | Self::ToUnsignedWord
                | Self::ToLong
                | Self::ToUnsignedLong
        )
    }
}
