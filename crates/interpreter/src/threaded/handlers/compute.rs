//! Computations on integer registers.

use hart::Hart;
use hart::semantics::integer::alu;
use isa::Opcode;

use super::super::op::{Cursor, Handler, Register};
use super::super::run::Frame;
use super::unit::{Unit, single};

/// A computation with an immediate operand.
pub(super) struct Immediate<const OP: u16, const HALVES: usize>;

impl<const OP: u16, const HALVES: usize> Unit for Immediate<OP, HALVES> {
    const HALVES: usize = HALVES;

    #[inline(always)]
    fn attempt(hart: &mut Hart, _: &Frame<'_>, at: Cursor) -> bool {
        let op = at.op();
        let value = alu(const { opcode(OP) }, op.b.read(hart), op.imm as i64 as u64);
        op.a.write(hart, value);
        true
    }
}

/// A computation on two registers.
pub(super) struct Registers<const OP: u16, const HALVES: usize>;

impl<const OP: u16, const HALVES: usize> Unit for Registers<OP, HALVES> {
    const HALVES: usize = HALVES;

    #[inline(always)]
    fn attempt(hart: &mut Hart, _: &Frame<'_>, at: Cursor) -> bool {
        let op = at.op();
        let second = Register::source(op.imm as u8);
        let value = alu(const { opcode(OP) }, op.b.read(hart), second.read(hart));
        op.a.write(hart, value);
        true
    }
}

/// `lui`
pub(super) struct LoadUpper<const HALVES: usize>;

impl<const HALVES: usize> Unit for LoadUpper<HALVES> {
    const HALVES: usize = HALVES;

    #[inline(always)]
    fn attempt(hart: &mut Hart, _: &Frame<'_>, at: Cursor) -> bool {
        let op = at.op();
        op.a.write(hart, op.imm as i64 as u64);
        true
    }
}

/// `auipc`
pub(super) struct AddUpperToPc;

impl Unit for AddUpperToPc {
    const HALVES: usize = 2;

    #[inline(always)]
    fn attempt(hart: &mut Hart, frame: &Frame<'_>, at: Cursor) -> bool {
        let op = at.op();
        let value = frame.pc(at).wrapping_add(op.imm as i64 as u64);
        op.a.write(hart, value);
        true
    }
}

/// Opcodes that have fast handlers, as constants that a handler can be made for.
macro_rules! table {
    ($name:ident, $handler:ident, $($op:ident)*) => {
        pub(in super::super) fn $name(op: Opcode, len: u8) -> Option<Handler> {
            let handler: Handler = match (op, len) {
                $(
                    (Opcode::$op, 2) => single::<$handler<{ Opcode::$op as u16 }, 1>>,
                    (Opcode::$op, _) => single::<$handler<{ Opcode::$op as u16 }, 2>>,
                )*
                _ => return upper(op, len),
            };
            Some(handler)
        }
    };
}

fn upper(op: Opcode, len: u8) -> Option<Handler> {
    match (op, len) {
        (Opcode::Lui, 2) => Some(single::<LoadUpper<1>>),
        (Opcode::Lui, _) => Some(single::<LoadUpper<2>>),
        (Opcode::Auipc, _) => Some(single::<AddUpperToPc>),
        _ => None,
    }
}

const fn opcode(number: u16) -> Opcode {
    Opcode::ALL[number as usize]
}

table!(compute_immediate, Immediate,
    Addi Slti Sltiu Xori Ori Andi Slli Srli Srai Addiw Slliw Srliw Sraiw
    SlliUw Rori Roriw Bclri Bexti Binvi Bseti
    Clz Clzw Ctz Ctzw Cpop Cpopw SextB SextH ZextH OrcB Rev8 Brev8
);

table!(compute_registers, Registers,
    Add Sub Sll Slt Sltu Xor Srl Sra Or And Addw Subw Sllw Srlw Sraw
    Mul Mulh Mulhsu Mulhu Div Divu Rem Remu Mulw Divw Divuw Remw Remuw
    AddUw Sh1add Sh2add Sh3add Sh1addUw Sh2addUw Sh3addUw
    Andn Orn Xnor Max Maxu Min Minu Rol Rolw Ror Rorw
    Bclr Bext Binv Bset CzeroEqz CzeroNez Clmul Clmulh Clmulr
);
