//! The RISC-V instruction set as one table.
//!
//! * [`opcode`]: the table: mnemonic, format, code and extension of each instruction.
//! * [`mod@decode`] and [`mod@encode`]: from bits to [`Insn`] and back; [`compressed`]: the short forms.
//! * [`disasm`]: instructions as text.
//! * [`extension`]: which extensions there are and which are on ([`IsaConfig`]).
//! * [`csr`], [`reg`], [`trap`]: names and numbers.
//!
//! Pure data and pure functions: no allocation is needed to decode, nothing here knows a hart.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod classify;
pub mod compressed;
pub mod csr;
pub mod decode;
pub mod disasm;
pub mod encode;
pub mod extension;
pub mod format;
pub mod opcode;
pub mod reg;
pub mod trap;

pub use classify::SecondOperand;
pub use decode::{decode, insn_len};
pub use disasm::disassemble;
pub use encode::{EncodeError, encode};
pub use extension::{Extension, IsaConfig, IsaError};
pub use opcode::Opcode;

/// A decoded instruction. Operands that its format does not have are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Insn {
    /// Which instruction.
    pub op: Opcode,
    /// Destination register.
    pub rd: u8,
    /// First source register; also `csrrwi`'s immediate and `fli`'s constant number.
    pub rs1: u8,
    /// Second source register.
    pub rs2: u8,
    /// Third source register.
    pub rs3: u8,
    /// Rounding mode of floating-point instructions; aq (bit 1) and rl (bit 0) of atomics.
    pub aux: u8,
    /// Length of the encoding in bytes: 2 or 4.
    pub len: u8,
    /// Immediate, sign-extended: of `lui` and `auipc` already shifted, of jumps and branches the
    /// distance in bytes, of CSR instructions the CSR's number, of fences fm, predecessors and successors.
    pub imm: i32,
}

impl Insn {
    /// An instruction of length 4 with all operands zero.
    #[must_use]
    pub const fn new(op: Opcode) -> Self {
        Self {
            op,
            rd: 0,
            rs1: 0,
            rs2: 0,
            rs3: 0,
            aux: 0,
            len: 4,
            imm: 0,
        }
    }
}
