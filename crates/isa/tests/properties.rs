//! What holds of every instruction of the table, by property and by exhaustion.

use hartland_isa::opcode::{Row, TABLE};
use hartland_isa::{Extension, Insn, IsaConfig, Opcode, decode, disassemble, encode};
use proptest::prelude::*;
use proptest::sample::select;

/// Rows that have a 32-bit encoding.
fn rows() -> Vec<&'static Row> {
    TABLE.iter().filter(|row| row.value & 3 == 3).collect()
}

/// A word of a row with random operands; not all are legal (odd register pairs are not).
fn word_of_row() -> impl Strategy<Value = (&'static Row, u32)> {
    (select(rows()), any::<u32>()).prop_map(|(row, bits)| (row, row.value | bits & !row.mask))
}

/// Bits that an instruction has but does not use: `fence`'s registers, and all of `fence.i`'s.
fn ignored_bits(op: Opcode) -> u32 {
    match op {
        Opcode::Fence => 0x1f << 7 | 0x1f << 15,
        Opcode::FenceI => 0xfff << 20 | 0x1f << 7 | 0x1f << 15,
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn decoding_never_panics(word: u32, bits: u128) {
        let mut isa = IsaConfig::BASE;
        for (i, &extension) in Extension::ALL.iter().enumerate() {
            if bits >> i & 1 != 0 {
                isa.add(extension);
            }
        }
        if let Some(insn) = decode(word, &isa) {
            prop_assert!(isa.has_instruction(insn.op) || insn.len == 2);
            let _ = disassemble(&insn, 0x8000_0000).to_string();
        }
    }

    #[test]
    fn a_decoded_word_encodes_to_itself((row, word) in word_of_row()) {
        let isa = IsaConfig::default();
        if let Some(insn) = decode(word, &isa) {
            let ignored = ignored_bits(insn.op);
            prop_assert_eq!(encode(&insn), Ok(word & !ignored), "{}", row.mnemonic);
            prop_assert_eq!(decode(word & !ignored, &isa), Some(insn));
        }
    }

    #[test]
    fn what_is_switched_off_is_illegal((row, word) in word_of_row()) {
        let mut isa = IsaConfig::default();
        for &extension in row.requires.any {
            isa.remove(extension);
        }
        let decoded = decode(word, &isa).map(|insn| insn.op);
        prop_assert_ne!(decoded, Some(row.op));
    }

    #[test]
    fn an_instruction_with_any_operands_survives_or_is_refused(
        op in select(Opcode::ALL.to_vec()),
        registers in any::<[u8; 4]>(),
        aux in 0u8..8,
        imm: i32,
    ) {
        let [rd, rs1, rs2, rs3] = registers.map(|r| r & 31);
        let mut insn = Insn::new(op);
        (insn.rd, insn.rs1, insn.rs2, insn.rs3, insn.aux, insn.imm) = (rd, rs1, rs2, rs3, aux, imm);
        // What encodes decodes to the same opcode; operands that the format has not are dropped.
        if let Ok(word) = encode(&insn)
            && let Some(back) = decode(word, &IsaConfig::default())
        {
            prop_assert_eq!(encode(&back), Ok(word));
        }
    }
}

#[test]
fn every_row_is_decoded_to_itself() {
    let isa = IsaConfig::default();
    let mut random = 1u64;
    for row in rows() {
        let mut hits = 0;
        for _ in 0..2_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let word = row.value | (random >> 32) as u32 & !row.mask;
            if let Some(insn) = decode(word, &isa) {
                // zext.h is packw with x0
                let shares = row.op == Opcode::Packw && insn.op == Opcode::ZextH;
                assert!(insn.op == row.op || shares, "{word:#010x} is {:?}", insn.op);
                hits += 1;
            }
        }
        assert!(hits > 100, "{}: only {hits} legal words", row.mnemonic);
    }
}

#[test]
fn no_two_rows_overlap() {
    let rows = rows();
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[i + 1..] {
            let common = a.mask & b.mask;
            let overlap = a.value & common == b.value & common;
            let names = (a.mnemonic, b.mnemonic);
            // The one pair of names for one encoding: the first in the table wins where both exist.
            assert!(!overlap || names == ("zext.h", "packw"), "{names:?}");
        }
    }
}

#[test]
fn opcodes_index_the_table() {
    for (i, row) in TABLE.iter().enumerate() {
        assert_eq!(row.op as usize, i);
        assert_eq!(row.value & !row.mask, 0, "{}", row.mnemonic);
    }
}

/// All 65,536 halfwords: what is legal is a 16-bit form of what a 32-bit instruction does too.
#[test]
fn every_halfword_expands_to_an_instruction_of_the_base() {
    let isa = IsaConfig::default();
    let mut legal = 0;
    for half in 0..=u16::MAX {
        if half & 3 == 3 {
            continue;
        }
        let Some(insn) = decode(u32::from(half), &isa) else {
            continue;
        };
        legal += 1;
        assert_eq!(insn.len, 2);
        if insn.op != Opcode::CMop {
            let long = Insn { len: 4, ..insn };
            let word = encode(&long).expect("the operands of a compressed form fit the long one");
            assert_eq!(decode(word, &isa), Some(long), "{half:#06x}");
        }
    }
    assert_eq!(legal, LEGAL_HALFWORDS);
}

/// The halfwords that llvm-objdump-22 knows with C, D, M, Zba, Zbb, Zcb and Zcmop are these, and
/// the all-zero one, which it calls `unimp`.
const LEGAL_HALFWORDS: usize = 47_759;

#[test]
fn without_c_no_halfword_is_legal() {
    let isa = IsaConfig::parse("rv64imafd").expect("a usual string");
    assert!(
        (0..=u16::MAX)
            .filter(|h| h & 3 != 3)
            .all(|h| decode(u32::from(h), &isa).is_none())
    );
}

#[test]
fn isa_strings_are_read_and_written() {
    let isa = IsaConfig::parse("RV64GC_Zba1p0_zbb_svinval").expect("a usual string");
    for on in [
        Extension::M,
        Extension::D,
        Extension::Zcd,
        Extension::Zba,
        Extension::Svinval,
    ] {
        assert!(isa.has(on), "{}", on.name());
    }
    for off in [Extension::Zbs, Extension::Zfh, Extension::Svadu] {
        assert!(!isa.has(off), "{}", off.name());
    }
    assert_eq!(
        IsaConfig::parse(&IsaConfig::default().to_string()),
        Ok(IsaConfig::default())
    );
    assert_eq!(
        IsaConfig::parse("rv64i2p1").map(|i| i.has(Extension::M)),
        Ok(false)
    );
    assert_eq!(
        IsaConfig::parse("rv64imasu").map(|i| i.has(Extension::A)),
        Ok(true)
    );
    for broken in [
        "",
        "rv32gc",
        "rv64",
        "rv64q",
        "rv64gc_zfoo",
        "rv64gc__x",
        "x",
    ] {
        assert!(IsaConfig::parse(broken).is_err(), "{broken}");
    }
}
