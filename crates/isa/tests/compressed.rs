//! What each 16-bit form expands to, said a second time: by the pictures of the specification ("C", "Zcb"), read as text.
//! All 49,152 halfwords are compared.

use hartland_isa::{Insn, IsaConfig, Opcode, decode};

/// From bit 15 down: fixed bits; `i[5:4|3]` bits of the immediate; registers of five bits `d` (rd), `s` (rs1), `t` (rs2),
/// `r` (rd and rs1), and of three bits with a prime. Then what it is: instruction, rd, rs1, rs2, the immediate's sign
/// bit (or `-` for none, or a fixed value after `=`), and what must not be zero. The first line that fits counts.
const FORMS: &str = "
000 i[5:4|9:6|2|3] d' 00           | addi d x2 x0 - | i
001 i[5:3] s' i[7:6] d' 00         | fld d s x0 - |
010 i[5:3] s' i[2|6] d' 00         | lw d s x0 - |
011 i[5:3] s' i[7:6] d' 00         | ld d s x0 - |
100 000 s' i[0|1] d' 00            | lbu d s x0 - |
100 001 s' 0 i[1] d' 00            | lhu d s x0 - |
100 001 s' 1 i[1] d' 00            | lh d s x0 - |
100 010 s' i[0|1] t' 00            | sb x0 s t - |
100 011 s' 0 i[1] t' 00            | sh x0 s t - |
101 i[5:3] s' i[7:6] t' 00         | fsd x0 s t - |
110 i[5:3] s' i[2|6] t' 00         | sw x0 s t - |
111 i[5:3] s' i[7:6] t' 00         | sd x0 s t - |
000 i[5] r i[4:0] 01               | addi r r x0 5 |
001 i[5] r i[4:0] 01               | addiw r r x0 5 | d
010 i[5] d i[4:0] 01               | addi d x0 x0 5 |
011 i[9] 00010 i[4|6|8:7|5] 01     | addi x2 x2 x0 9 | i
011 i[17] d i[16:12] 01            | lui d x0 x0 17 | i
100 i[5] 00 r' i[4:0] 01           | srli r r x0 - |
100 i[5] 01 r' i[4:0] 01           | srai r r x0 - |
100 i[5] 10 r' i[4:0] 01           | andi r r x0 5 |
100 0 11 r' 00 t' 01               | sub r r t - |
100 0 11 r' 01 t' 01               | xor r r t - |
100 0 11 r' 10 t' 01               | or r r t - |
100 0 11 r' 11 t' 01               | and r r t - |
100 1 11 r' 00 t' 01               | subw r r t - |
100 1 11 r' 01 t' 01               | addw r r t - |
100 1 11 r' 10 t' 01               | mul r r t - |
100 1 11 r' 11 000 01              | andi r r x0 =255 |
100 1 11 r' 11 001 01              | sext.b r r x0 - |
100 1 11 r' 11 010 01              | zext.h r r x0 - |
100 1 11 r' 11 011 01              | sext.h r r x0 - |
100 1 11 r' 11 100 01              | add.uw r r x0 - |
100 1 11 r' 11 101 01              | xori r r x0 =-1 |
101 i[11|4|9:8|10|6|7|3:1|5] 01    | jal x0 x0 x0 11 |
110 i[8|4:3] s' i[7:6|2:1|5] 01    | beq x0 s x0 8 |
111 i[8|4:3] s' i[7:6|2:1|5] 01    | bne x0 s x0 8 |
000 i[5] r i[4:0] 10               | slli r r x0 - |
001 i[5] d i[4:3|8:6] 10           | fld d x2 x0 - |
010 i[5] d i[4:2|7:6] 10           | lw d x2 x0 - | d
011 i[5] d i[4:3|8:6] 10           | ld d x2 x0 - | d
100 0 s 00000 10                   | jalr x0 s x0 - | s
100 0 d t 10                       | add d x0 t - | t
100 1 00000 00000 10               | ebreak x0 x0 x0 - |
100 1 s 00000 10                   | jalr x1 s x0 - | s
100 1 r t 10                       | add r r t - | t
101 i[5:3|8:6] t 10                | fsd x0 x2 t - |
110 i[5:2|7:6] t 10                | sw x0 x2 t - |
111 i[5:3|8:6] t 10                | sd x0 x2 t - |
";

/// The fields of a halfword by one picture.
#[derive(Default)]
struct Fields {
    imm: i32,
    d: u8,
    s: u8,
    t: u8,
}

/// Bit numbers of `5:4|3`, in order.
fn bit_numbers(text: &str) -> Vec<u32> {
    let number = |text: &str| text.parse::<u32>().expect("a bit's number");
    text.split('|')
        .flat_map(|part| match part.split_once(':') {
            Some((high, low)) => (number(low)..=number(high)).rev().collect(),
            None => vec![number(part)],
        })
        .collect()
}

/// Reads a halfword by a picture; `None` when its fixed bits are others.
fn read(picture: &str, half: u16) -> Option<Fields> {
    let mut fields = Fields::default();
    let mut at = 16;
    let mut take = |count: u32| {
        at -= count;
        half >> at & ((1 << count) - 1)
    };
    for token in picture.split_whitespace() {
        if let Some(bits) = token.strip_prefix("i[") {
            for bit in bit_numbers(bits.trim_end_matches(']')) {
                fields.imm |= i32::from(take(1)) << bit;
            }
            continue;
        }
        if token.starts_with(['0', '1']) {
            let fixed = u16::from_str_radix(token, 2).expect("fixed bits");
            if take(token.len() as u32) != fixed {
                return None;
            }
            continue;
        }
        let register = match token.ends_with('\'') {
            true => take(3) as u8 + 8,
            false => take(5) as u8,
        };
        match &token[..1] {
            "d" => fields.d = register,
            "s" => fields.s = register,
            "t" => fields.t = register,
            _ => (fields.d, fields.s) = (register, register),
        }
    }
    assert_eq!(at, 0, "{picture} does not have sixteen bits");
    Some(fields)
}

/// The instruction that a halfword is by the pictures.
fn expected(half: u16) -> Option<Insn> {
    let lines = FORMS.lines().filter(|line| !line.is_empty());
    for line in lines {
        let parts: Vec<_> = line.split(" | ").map(str::trim).collect();
        let picture = parts[0];
        let Some(fields) = read(picture, half) else {
            continue;
        };
        let what: Vec<_> = parts[1].trim_end_matches('|').split_whitespace().collect();
        let nonzero = parts.get(2).copied().unwrap_or("");
        let missing = nonzero.contains('i') && fields.imm == 0
            || nonzero.contains('d') && fields.d == 0
            || nonzero.contains('s') && fields.s == 0
            || nonzero.contains('t') && fields.t == 0;
        if missing {
            return may_be(half);
        }
        let register = |name: &str| match name {
            "d" => fields.d,
            "r" | "s" => fields.s,
            "t" => fields.t,
            fixed => fixed[1..].parse().expect("x and a number"),
        };
        let op = Opcode::ALL.iter().find(|op| op.mnemonic() == what[0]);
        let mut insn = Insn::new(*op.expect("a mnemonic"));
        insn.len = 2;
        (insn.rd, insn.rs1, insn.rs2) = (register(what[1]), register(what[2]), register(what[3]));
        insn.imm = match what[4] {
            "-" => fields.imm,
            text => match text.strip_prefix('=') {
                Some(fixed) => fixed.parse().expect("a number"),
                None => {
                    let unused = 31 - text.parse::<u32>().expect("a bit's number");
                    fields.imm << unused >> unused
                }
            },
        };
        return Some(insn);
    }
    None
}

/// Zcmop: `c.mop.n` stands where `c.lui` would have no immediate, for odd n below 16.
fn may_be(half: u16) -> Option<Insn> {
    let n = half >> 7 & 31;
    (half & 0xf07f == 0x6001 && n & 1 == 1 && n < 16).then(|| {
        let mut insn = Insn::new(Opcode::CMop);
        (insn.len, insn.imm) = (2, i32::from(n));
        insn
    })
}

#[test]
fn every_halfword_expands_as_the_specification_draws_it() {
    let isa = IsaConfig::default();
    for half in (0..=u16::MAX).filter(|half| half & 3 != 3) {
        assert_eq!(decode(u32::from(half), &isa), expected(half), "{half:#06x}");
    }
}

/// What Zcb's forms need beside Zcb is what their expansions need.
#[test]
fn an_expansion_needs_what_its_instruction_needs() {
    use hartland_isa::Extension;
    for off in [
        Extension::Zba,
        Extension::Zbb,
        Extension::Zmmul,
        Extension::Zcb,
    ] {
        let mut isa = IsaConfig::default();
        isa.remove(off);
        for half in (0..=u16::MAX).filter(|half| half & 3 != 3) {
            let all = decode(u32::from(half), &IsaConfig::default());
            let zcb = matches!(half & 0xe003, 0x8000) || half & 0xfc43 == 0x9c41;
            let exists = all.filter(|insn| match off {
                Extension::Zcb => !zcb,
                _ => isa.has_instruction(insn.op) || !zcb,
            });
            assert_eq!(
                decode(u32::from(half), &isa),
                exists,
                "{half:#06x} {}",
                off.name()
            );
        }
    }
}
