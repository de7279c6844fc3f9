//! Which pairs of instructions have a handler of their own.
//!
//! Chosen by counting: the pairs that are most often executed by the workloads in `benches/`. A pair saves the
//! host an indirect jump. Both of its instructions stay decoded in their own slots, so nothing changes about
//! counting, traps, or jumps to the second.

use isa::Opcode;

use super::super::op::Handler;
use super::compute::{AddUpperToPc, Immediate, LoadUpper, Registers};
use super::float::Arithmetic;
use super::jump::Branch;
use super::memory::{FLOAT, Load, SIGNED, Store, UNSIGNED};
use super::unit::pair;

/// An instruction that has a fast handler and may be half of a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Half {
    pub op: Opcode,
    pub halves: usize,
}

macro_rules! unit {
    (Addi, $h:literal) => { Immediate<{ Opcode::Addi as u16 }, $h> };
    (Addiw, $h:literal) => { Immediate<{ Opcode::Addiw as u16 }, $h> };
    (Andi, $h:literal) => { Immediate<{ Opcode::Andi as u16 }, $h> };
    (Slli, $h:literal) => { Immediate<{ Opcode::Slli as u16 }, $h> };
    (Srli, $h:literal) => { Immediate<{ Opcode::Srli as u16 }, $h> };
    (Srai, $h:literal) => { Immediate<{ Opcode::Srai as u16 }, $h> };
    (Srliw, $h:literal) => { Immediate<{ Opcode::Srliw as u16 }, $h> };
    (Slliw, $h:literal) => { Immediate<{ Opcode::Slliw as u16 }, $h> };
    (Sltiu, $h:literal) => { Immediate<{ Opcode::Sltiu as u16 }, $h> };
    (Add, $h:literal) => { Registers<{ Opcode::Add as u16 }, $h> };
    (Addw, $h:literal) => { Registers<{ Opcode::Addw as u16 }, $h> };
    (Sub, $h:literal) => { Registers<{ Opcode::Sub as u16 }, $h> };
    (And, $h:literal) => { Registers<{ Opcode::And as u16 }, $h> };
    (Or, $h:literal) => { Registers<{ Opcode::Or as u16 }, $h> };
    (Xor, $h:literal) => { Registers<{ Opcode::Xor as u16 }, $h> };
    (Mul, $h:literal) => { Registers<{ Opcode::Mul as u16 }, $h> };
    (Sltu, $h:literal) => { Registers<{ Opcode::Sltu as u16 }, $h> };
    (Sraw, $h:literal) => { Registers<{ Opcode::Sraw as u16 }, $h> };
    (Lui, $h:literal) => { LoadUpper<$h> };
    (Auipc, $h:literal) => { AddUpperToPc };
    (Lb, $h:literal) => { Load<SIGNED, 1, $h> };
    (Lh, $h:literal) => { Load<SIGNED, 2, $h> };
    (Lw, $h:literal) => { Load<SIGNED, 4, $h> };
    (Ld, $h:literal) => { Load<SIGNED, 8, $h> };
    (Lbu, $h:literal) => { Load<UNSIGNED, 1, $h> };
    (Lhu, $h:literal) => { Load<UNSIGNED, 2, $h> };
    (Fld, $h:literal) => { Load<FLOAT, 8, $h> };
    (Sb, $h:literal) => { Store<SIGNED, 1, $h> };
    (Sw, $h:literal) => { Store<SIGNED, 4, $h> };
    (Sd, $h:literal) => { Store<SIGNED, 8, $h> };
    (Fsd, $h:literal) => { Store<FLOAT, 8, $h> };
    (Beq, $h:literal) => { Branch<{ Opcode::Beq as u16 }, $h> };
    (Bne, $h:literal) => { Branch<{ Opcode::Bne as u16 }, $h> };
    (Blt, $h:literal) => { Branch<{ Opcode::Blt as u16 }, $h> };
    (Bge, $h:literal) => { Branch<{ Opcode::Bge as u16 }, $h> };
    (Bltu, $h:literal) => { Branch<{ Opcode::Bltu as u16 }, $h> };
    (Bgeu, $h:literal) => { Branch<{ Opcode::Bgeu as u16 }, $h> };
    (FaddD, $h:literal) => { Arithmetic<0, 0, true> };
    (FsubD, $h:literal) => { Arithmetic<1, 0, true> };
    (FmulD, $h:literal) => { Arithmetic<2, 0, true> };
}

/// Handlers of pairs. `c` after a name: the compressed form, which takes one halfword.
macro_rules! pairs {
    ($first:expr, $second:expr; $($a:ident: $($b:ident)*;)*) => {
        match ($first.op, $second.op) {
            $($((Opcode::$a, Opcode::$b) => match ($first.halves, $second.halves) {
                (1, 1) => pair::<unit!($a, 1), unit!($b, 1)>,
                (1, _) => pair::<unit!($a, 1), unit!($b, 2)>,
                (_, 1) => pair::<unit!($a, 2), unit!($b, 1)>,
                (_, _) => pair::<unit!($a, 2), unit!($b, 2)>,
            },)*)*
            _ => return None,
        }
    };
}

/// The handler of two instructions that follow one another, if the pair has one.
pub(in super::super) fn fuse(first: Half, second: Half) -> Option<Handler> {
    Some(pairs!(first, second;
        Addi: Addi Add Slli Andi Mul Sd Ld Lw Bne Beq Bltu Bgeu Blt Bge;
        Addiw: Addi Addiw Bne Beq Blt Bge;
        Add: Add Addi Sub Slli Andi Lui Sltu Sraw Srliw Ld Lw Lh Lhu Lbu Sb Sd Sw Xor And Bne Bltu;
        Sub: Andi Add Sub;
        Slli: Add Or Addi Slli Srli Srliw Srai Xor;
        Srli: Xor Slli Bne Beq Add Andi;
        Srliw: Slli Or Xor Srliw;
        Slliw: Or Addw;
        Srai: And Add;
        Andi: Andi Add Addi Auipc Bne Beq;
        And: Xor And Beq Bne Add;
        Or: Slli Srliw Add Xor Or;
        Xor: Xor Srli Add Sltu Andi And Addi Lw Srliw;
        Sltu: Sltiu Add;
        Sltiu: And;
        Sraw: Andi Sraw;
        Mul: Mul Srli Add Lh;
        Lui: Addi Addiw Add Beq;
        Auipc: Addi Slli Ld Lw;
        Lb: Bne Beq Addi;
        Lbu: Lbu Addi Mul Auipc Bne Beq Add;
        Lh: Lh Mul;
        Lhu: Lhu Andi Addi;
        Lw: Lw Xor And Srliw Add Addi Addiw Bne Beq;
        Ld: Ld Add Sd Addi Andi Slli Bne Beq Bgeu Bltu;
        Sb: Bne Addi Bltu;
        Sw: Addi Lw Sw;
        Sd: Addi Sd Ld Bne Add;
        Fld: Fld FmulD FsubD FaddD Add;
        Fsd: Fld Fsd Addi;
        FmulD: FmulD FsubD FaddD;
        FsubD: FmulD FsubD Fsd;
        FaddD: FmulD FaddD Fsd Fld;
    ))
}
