//! Compressed instructions: each is a 32-bit instruction in fewer bits.
//!
//! Unprivileged specification, "C", "Zc*" and "Zcmop". Hints expand to what they are without
//! their hint: instructions that write `x0`.

use crate::opcode::Opcode;
use crate::{Extension, Insn, IsaConfig};

const SP: u8 = 2;

/// The register that a three-bit field names: `x8` to `x15`.
const fn short(half: u16, at: u32) -> u8 {
    (half >> at & 7) as u8 + 8
}

/// The register that a five-bit field names.
const fn full(half: u16, at: u32) -> u8 {
    (half >> at & 31) as u8
}

/// Bit `from` of the encoding as bit `to` of an immediate.
const fn bit(half: u16, from: u32, to: u32) -> i32 {
    (half as i32 >> from & 1) << to
}

/// Bits `low..low + count` of the encoding, moved to `to`.
const fn bits(half: u16, low: u32, count: u32, to: u32) -> i32 {
    (half as i32 >> low & ((1 << count) - 1)) << to
}

/// The six-bit signed immediate of bits 12 and 6:2.
const fn imm6(half: u16) -> i32 {
    let value = bit(half, 12, 5) | bits(half, 2, 5, 0);
    value << 26 >> 26
}

/// The six-bit shift amount of bits 12 and 6:2.
const fn shamt(half: u16) -> i32 {
    bit(half, 12, 5) | bits(half, 2, 5, 0)
}

const fn insn(op: Opcode, rd: u8, rs1: u8, rs2: u8, imm: i32) -> Insn {
    let mut insn = Insn::new(op);
    insn.len = 2;
    (insn.rd, insn.rs1, insn.rs2, insn.imm) = (rd, rs1, rs2, imm);
    insn
}

/// Expands a compressed instruction; `None` when it is illegal or its extension is off.
#[must_use]
pub fn expand(half: u16, isa: &IsaConfig) -> Option<Insn> {
    if !isa.has(Extension::Zca) || half == 0 {
        return None;
    }
    match half & 3 {
        0 => quadrant_0(half, isa),
        1 => quadrant_1(half, isa),
        _ => quadrant_2(half, isa),
    }
}

fn quadrant_0(half: u16, isa: &IsaConfig) -> Option<Insn> {
    let (rd, rs1) = (short(half, 2), short(half, 7));
    let word = bits(half, 10, 3, 3) | bit(half, 6, 2) | bit(half, 5, 6);
    let double = bits(half, 10, 3, 3) | bits(half, 5, 2, 6);
    let float = isa.has(Extension::Zcd);
    match half >> 13 {
        0 => {
            let imm =
                bits(half, 11, 2, 4) | bits(half, 7, 4, 6) | bit(half, 6, 2) | bit(half, 5, 3);
            (imm != 0).then(|| insn(Opcode::Addi, rd, SP, 0, imm))
        }
        1 if float => Some(insn(Opcode::Fld, rd, rs1, 0, double)),
        2 => Some(insn(Opcode::Lw, rd, rs1, 0, word)),
        3 => Some(insn(Opcode::Ld, rd, rs1, 0, double)),
        4 if isa.has(Extension::Zcb) => byte_and_half(half),
        5 if float => Some(insn(Opcode::Fsd, 0, rs1, rd, double)),
        6 => Some(insn(Opcode::Sw, 0, rs1, rd, word)),
        7 => Some(insn(Opcode::Sd, 0, rs1, rd, double)),
        _ => None,
    }
}

/// Zcb's loads and stores of bytes and halfwords.
fn byte_and_half(half: u16) -> Option<Insn> {
    let (rd, rs1) = (short(half, 2), short(half, 7));
    let byte = bit(half, 6, 0) | bit(half, 5, 1);
    let even = bit(half, 5, 1);
    match (half >> 10 & 7, half >> 6 & 1) {
        (0, _) => Some(insn(Opcode::Lbu, rd, rs1, 0, byte)),
        (1, 0) => Some(insn(Opcode::Lhu, rd, rs1, 0, even)),
        (1, _) => Some(insn(Opcode::Lh, rd, rs1, 0, even)),
        (2, _) => Some(insn(Opcode::Sb, 0, rs1, rd, byte)),
        (3, 0) => Some(insn(Opcode::Sh, 0, rs1, rd, even)),
        _ => None,
    }
}

fn quadrant_1(half: u16, isa: &IsaConfig) -> Option<Insn> {
    let rd = full(half, 7);
    match half >> 13 {
        0 => Some(insn(Opcode::Addi, rd, rd, 0, imm6(half))),
        1 => (rd != 0).then(|| insn(Opcode::Addiw, rd, rd, 0, imm6(half))),
        2 => Some(insn(Opcode::Addi, rd, 0, 0, imm6(half))),
        3 => lui_or_addi16sp(half, isa),
        4 => arithmetic(half, isa),
        5 => Some(insn(Opcode::Jal, 0, 0, 0, jump_distance(half))),
        6 => Some(insn(
            Opcode::Beq,
            0,
            short(half, 7),
            0,
            branch_distance(half),
        )),
        _ => Some(insn(
            Opcode::Bne,
            0,
            short(half, 7),
            0,
            branch_distance(half),
        )),
    }
}

fn lui_or_addi16sp(half: u16, isa: &IsaConfig) -> Option<Insn> {
    let rd = full(half, 7);
    if rd == SP {
        let imm = bit(half, 12, 9)
            | bit(half, 6, 4)
            | bit(half, 5, 6)
            | bits(half, 3, 2, 7)
            | bit(half, 2, 5);
        let imm = imm << 22 >> 22;
        return (imm != 0).then(|| insn(Opcode::Addi, SP, SP, 0, imm));
    }
    let imm = imm6(half) << 12;
    if imm != 0 {
        return Some(insn(Opcode::Lui, rd, 0, 0, imm));
    }
    // c.mop.n stands in the encodings of c.lui xn, 0 for odd n below 16
    let may_be = isa.has(Extension::Zcmop) && rd & 1 != 0 && rd < 16;
    may_be.then(|| insn(Opcode::CMop, 0, 0, 0, i32::from(rd)))
}

fn arithmetic(half: u16, isa: &IsaConfig) -> Option<Insn> {
    let (rd, rs2) = (short(half, 7), short(half, 2));
    let by_register = |op| Some(insn(op, rd, rd, rs2, 0));
    match (half >> 10 & 3, half >> 12 & 1, half >> 5 & 3) {
        (0, ..) => Some(insn(Opcode::Srli, rd, rd, 0, shamt(half))),
        (1, ..) => Some(insn(Opcode::Srai, rd, rd, 0, shamt(half))),
        (2, ..) => Some(insn(Opcode::Andi, rd, rd, 0, imm6(half))),
        (3, 0, 0) => by_register(Opcode::Sub),
        (3, 0, 1) => by_register(Opcode::Xor),
        (3, 0, 2) => by_register(Opcode::Or),
        (3, 0, _) => by_register(Opcode::And),
        (_, _, 0) => by_register(Opcode::Subw),
        (_, _, 1) => by_register(Opcode::Addw),
        (_, _, 2) if isa.has(Extension::Zcb) && isa.has(Extension::Zmmul) => {
            by_register(Opcode::Mul)
        }
        (_, _, 3) if isa.has(Extension::Zcb) => extend(half, isa),
        _ => None,
    }
}

/// Zcb's extensions and complement; those that expand to Zba or Zbb need it.
fn extend(half: u16, isa: &IsaConfig) -> Option<Insn> {
    let rd = short(half, 7);
    let with = |extension, expansion| isa.has(extension).then_some(expansion);
    match half >> 2 & 7 {
        0 => Some(insn(Opcode::Andi, rd, rd, 0, 0xff)),
        1 => with(Extension::Zbb, insn(Opcode::SextB, rd, rd, 0, 0)),
        2 => with(Extension::Zbb, insn(Opcode::ZextH, rd, rd, 0, 0)),
        3 => with(Extension::Zbb, insn(Opcode::SextH, rd, rd, 0, 0)),
        4 => with(Extension::Zba, insn(Opcode::AddUw, rd, rd, 0, 0)),
        5 => Some(insn(Opcode::Xori, rd, rd, 0, -1)),
        _ => None,
    }
}

const fn jump_distance(half: u16) -> i32 {
    let imm = bit(half, 12, 11)
        | bit(half, 11, 4)
        | bits(half, 9, 2, 8)
        | bit(half, 8, 10)
        | bit(half, 7, 6)
        | bit(half, 6, 7)
        | bits(half, 3, 3, 1)
        | bit(half, 2, 5);
    imm << 20 >> 20
}

const fn branch_distance(half: u16) -> i32 {
    let imm = bit(half, 12, 8)
        | bits(half, 10, 2, 3)
        | bits(half, 5, 2, 6)
        | bits(half, 3, 2, 1)
        | bit(half, 2, 5);
    imm << 23 >> 23
}

fn quadrant_2(half: u16, isa: &IsaConfig) -> Option<Insn> {
    let (rd, rs2) = (full(half, 7), full(half, 2));
    let word = bit(half, 12, 5) | bits(half, 4, 3, 2) | bits(half, 2, 2, 6);
    let double = bit(half, 12, 5) | bits(half, 5, 2, 3) | bits(half, 2, 3, 6);
    let store_word = bits(half, 9, 4, 2) | bits(half, 7, 2, 6);
    let store_double = bits(half, 10, 3, 3) | bits(half, 7, 3, 6);
    let float = isa.has(Extension::Zcd);
    match half >> 13 {
        0 => Some(insn(Opcode::Slli, rd, rd, 0, shamt(half))),
        1 if float => Some(insn(Opcode::Fld, rd, SP, 0, double)),
        2 => (rd != 0).then(|| insn(Opcode::Lw, rd, SP, 0, word)),
        3 => (rd != 0).then(|| insn(Opcode::Ld, rd, SP, 0, double)),
        4 => match (half >> 12 & 1, rd, rs2) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(insn(Opcode::Jalr, 0, rd, 0, 0)),
            (0, ..) => Some(insn(Opcode::Add, rd, 0, rs2, 0)),
            (_, 0, 0) => Some(insn(Opcode::Ebreak, 0, 0, 0, 0)),
            (_, _, 0) => Some(insn(Opcode::Jalr, 1, rd, 0, 0)),
            (..) => Some(insn(Opcode::Add, rd, rd, rs2, 0)),
        },
        5 if float => Some(insn(Opcode::Fsd, 0, SP, rs2, store_double)),
        6 => Some(insn(Opcode::Sw, 0, SP, rs2, store_word)),
        7 => Some(insn(Opcode::Sd, 0, SP, rs2, store_double)),
        _ => None,
    }
}
