//! Computations on integer registers.

use hart::Hart;
use hart::semantics::integer::alu;
use isa::Opcode;

use super::super::op::{Cursor, Handler, Register};
use super::super::run::Frame;
use super::next;

fn immediate<const OP: u16, const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let op = at.op();
    let value = alu(const { opcode(OP) }, op.b.read(hart), op.imm as i64 as u64);
    op.a.write(hart, value);
    next::<HALVES>(hart, frame, at, left);
}

fn registers<const OP: u16, const HALVES: usize>(
    hart: &mut Hart,
    frame: &mut Frame<'_>,
    at: Cursor,
    left: i64,
) {
    let op = at.op();
    let second = Register::source(op.imm as u8);
    let value = alu(const { opcode(OP) }, op.b.read(hart), second.read(hart));
    op.a.write(hart, value);
    next::<HALVES>(hart, frame, at, left);
}

fn load_upper<const HALVES: usize>(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let op = at.op();
    op.a.write(hart, op.imm as i64 as u64);
    next::<HALVES>(hart, frame, at, left);
}

fn add_upper_to_pc(hart: &mut Hart, frame: &mut Frame<'_>, at: Cursor, left: i64) {
    let op = at.op();
    let value = frame.pc(at).wrapping_add(op.imm as i64 as u64);
    op.a.write(hart, value);
    next::<2>(hart, frame, at, left);
}

/// Opcodes that have fast handlers, as constants that a handler can be made for.
macro_rules! table {
    ($name:ident, $handler:ident, $($op:ident)*) => {
        pub(in super::super) fn $name(op: Opcode, len: u8) -> Option<Handler> {
            let handler: Handler = match (op, len) {
                $(
                    (Opcode::$op, 2) => $handler::<{ Opcode::$op as u16 }, 1>,
                    (Opcode::$op, _) => $handler::<{ Opcode::$op as u16 }, 2>,
                )*
                _ => return upper(op, len),
            };
            Some(handler)
        }
    };
}

fn upper(op: Opcode, len: u8) -> Option<Handler> {
    match (op, len) {
        (Opcode::Lui, 2) => Some(load_upper::<1>),
        (Opcode::Lui, _) => Some(load_upper::<2>),
        (Opcode::Auipc, _) => Some(add_upper_to_pc),
        _ => None,
    }
}

const fn opcode(number: u16) -> Opcode {
    Opcode::ALL[number as usize]
}

table!(compute_immediate, immediate,
    Addi Slti Sltiu Xori Ori Andi Slli Srli Srai Addiw Slliw Srliw Sraiw
    SlliUw Rori Roriw Bclri Bexti Binvi Bseti
    Clz Clzw Ctz Ctzw Cpop Cpopw SextB SextH ZextH OrcB Rev8 Brev8
);

table!(compute_registers, registers,
    Add Sub Sll Slt Sltu Xor Srl Sra Or And Addw Subw Sllw Srlw Sraw
    Mul Mulh Mulhsu Mulhu Div Divu Rem Remu Mulw Divw Divuw Remw Remuw
    AddUw Sh1add Sh2add Sh3add Sh1addUw Sh2addUw Sh3addUw
    Andn Orn Xnor Max Maxu Min Minu Rol Rolw Ror Rorw
    Bclr Bext Binv Bset CzeroEqz CzeroNez Clmul Clmulh Clmulr
);
