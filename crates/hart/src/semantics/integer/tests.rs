//! Known answers from the specification and by hand, and properties against formulas that are as
//! straightforward as can be, in wider integers and bit by bit.

use isa::Opcode as O;
use proptest::prelude::*;

use super::*;

const MIN: u64 = i64::MIN as u64;
const MINUS_ONE: u64 = u64::MAX;

#[test]
fn division_by_zero_does_not_trap() {
    assert_eq!(alu(O::Div, 7, 0), MINUS_ONE);
    assert_eq!(alu(O::Divu, 7, 0), MINUS_ONE);
    assert_eq!(alu(O::Rem, 7, 0), 7);
    assert_eq!(alu(O::Remu, 7, 0), 7);
    // The word forms look at the low word only and sign-extend the dividend.
    let zero_word = 0x5_0000_0000;
    assert_eq!(alu(O::Divw, 7, zero_word), MINUS_ONE);
    assert_eq!(alu(O::Divuw, 7, zero_word), MINUS_ONE);
    assert_eq!(alu(O::Remw, 0x8000_0000, zero_word), 0xffff_ffff_8000_0000);
    assert_eq!(alu(O::Remuw, 0x8000_0000, zero_word), 0xffff_ffff_8000_0000);
}

#[test]
fn division_overflow_gives_the_dividend() {
    assert_eq!(alu(O::Div, MIN, MINUS_ONE), MIN);
    assert_eq!(alu(O::Rem, MIN, MINUS_ONE), 0);
    assert_eq!(alu(O::Divw, 0x8000_0000, MINUS_ONE), 0xffff_ffff_8000_0000);
    assert_eq!(alu(O::Remw, 0x8000_0000, MINUS_ONE), 0);
}

#[test]
fn division_truncates_towards_zero() {
    let minus_seven = 7u64.wrapping_neg();
    assert_eq!(alu(O::Div, minus_seven, 2), 3u64.wrapping_neg());
    assert_eq!(alu(O::Rem, minus_seven, 2), MINUS_ONE);
    assert_eq!(alu(O::Rem, 7, 2u64.wrapping_neg()), 1);
}

#[test]
fn high_products() {
    assert_eq!(alu(O::Mulh, MIN, MIN), 1 << 62);
    assert_eq!(alu(O::Mulhu, MINUS_ONE, MINUS_ONE), MINUS_ONE - 1);
    assert_eq!(alu(O::Mulhsu, MINUS_ONE, MINUS_ONE), MINUS_ONE);
    assert_eq!(alu(O::Mulhsu, MIN, MINUS_ONE), MIN);
    assert_eq!(alu(O::Mulhsu, 2, MINUS_ONE), 1);
}

#[test]
fn word_results_are_sign_extended() {
    assert_eq!(alu(O::Addw, 0x7fff_ffff, 1), 0xffff_ffff_8000_0000);
    assert_eq!(alu(O::Subw, 0, 1), MINUS_ONE);
    assert_eq!(alu(O::Sllw, 1, 31), 0xffff_ffff_8000_0000);
    assert_eq!(alu(O::Srlw, 0xffff_ffff_8000_0000, 31), 1);
    assert_eq!(alu(O::Srlw, 0x8000_0000, 0), 0xffff_ffff_8000_0000);
    assert_eq!(alu(O::Sraw, 0x8000_0000, 4), 0xffff_ffff_f800_0000);
    assert_eq!(alu(O::Mulw, 0x1_0001, 0x8000), 0xffff_ffff_8000_8000);
    assert_eq!(alu(O::Divuw, 0xffff_fffe, 1), MINUS_ONE - 1);
}

#[test]
fn shift_amounts_are_masked() {
    assert_eq!(alu(O::Sll, 1, 65), 2);
    assert_eq!(alu(O::Sra, MIN, 127), MINUS_ONE);
    assert_eq!(alu(O::Srlw, 4, 33), 2);
    assert_eq!(alu(O::Ror, 1, 65), MIN);
    assert_eq!(alu(O::Rorw, 1, 33), 0xffff_ffff_8000_0000);
    assert_eq!(alu(O::Bset, 0, 64), 1);
}

#[test]
fn comparisons_and_conditions() {
    assert_eq!(alu(O::Slti, 0, MINUS_ONE), 0);
    assert_eq!(alu(O::Sltiu, 0, MINUS_ONE), 1);
    assert_eq!(alu(O::CzeroEqz, 5, 0), 0);
    assert_eq!(alu(O::CzeroEqz, 5, 9), 5);
    assert_eq!(alu(O::CzeroNez, 5, 0), 5);
    assert_eq!(alu(O::CzeroNez, 5, 9), 0);
    assert!(branch_taken(O::Blt, MINUS_ONE, 0) && !branch_taken(O::Bltu, MINUS_ONE, 0));
    assert!(branch_taken(O::Bgeu, MINUS_ONE, 0) && !branch_taken(O::Bge, MINUS_ONE, 0));
    assert!(
        branch_taken(O::Bge, 3, 3) && branch_taken(O::Bgeu, 3, 3) && branch_taken(O::Beq, 3, 3)
    );
    assert!(!branch_taken(O::Blt, 3, 3) && !branch_taken(O::Bltu, 3, 3));
    assert!(branch_taken(O::Bne, 3, 4) && !branch_taken(O::Bne, 3, 3));
}

#[test]
fn address_generation() {
    assert_eq!(alu(O::Sh3add, 3, 100), 124);
    assert_eq!(alu(O::AddUw, 0xffff_ffff_0000_0001, 2), 3);
    assert_eq!(alu(O::Sh1addUw, 0xffff_ffff_8000_0000, 1), 0x1_0000_0001);
    assert_eq!(alu(O::SlliUw, 0xffff_ffff_8000_0001, 4), 0x8_0000_0010);
}

#[test]
fn counting_zero_gives_the_width() {
    assert_eq!(alu(O::Clz, 0, 0), 64);
    assert_eq!(alu(O::Ctz, 0, 0), 64);
    assert_eq!(alu(O::Clzw, 0xffff_ffff_0000_0000, 0), 32);
    assert_eq!(alu(O::Ctzw, 0xffff_ffff_0000_0000, 0), 32);
    assert_eq!(alu(O::Cpopw, 0xffff_ffff_0000_0003, 0), 2);
}

#[test]
fn bytes_and_nibbles() {
    assert_eq!(
        alu(O::OrcB, 0x0100_8000_0010_00ff, 0),
        0xff00_ff00_00ff_00ff
    );
    assert_eq!(
        alu(O::Rev8, 0x0102_0304_0506_0708, 0),
        0x0807_0605_0403_0201
    );
    assert_eq!(
        alu(O::Brev8, 0x0102_0408_1020_4081, 0),
        0x8040_2010_0804_0281
    );
    assert_eq!(
        alu(O::Pack, 0xaaaa_aaaa_1111_1111, 0xbbbb_bbbb_2222_2222),
        0x2222_2222_1111_1111
    );
    assert_eq!(alu(O::Packh, 0xaa11, 0xbb22), 0x2211);
    assert_eq!(
        alu(O::Packw, 0xaaaa_1111, 0xbbbb_8222),
        0xffff_ffff_8222_1111
    );
    let table = 0x8877_6655_4433_2211;
    assert_eq!(
        alu(O::Xperm8, table, 0x0001_0203_0405_0607),
        0x1122_3344_5566_7788
    );
    assert_eq!(
        alu(O::Xperm8, table, 0x0008_ff80_0000_0007),
        0x1100_0000_1111_1188
    );
    let table = 0xfedc_ba98_7654_3210;
    assert_eq!(
        alu(O::Xperm4, table, 0x0123_4567_89ab_cdef),
        0x0123_4567_89ab_cdef
    );
    assert_eq!(
        alu(O::Xperm4, table >> 4, 0x0123_4567_89ab_cdef),
        0x1234_5678_9abc_def0
    );
    assert_eq!(alu(O::ZextH, MINUS_ONE, 0), 0xffff);
    assert_eq!(alu(O::SextH, 0x8000, 0), 0xffff_ffff_ffff_8000);
    assert_eq!(alu(O::SextB, 0x80, 0), 0xffff_ffff_ffff_ff80);
}

#[test]
fn carry_less_products() {
    // (x + 1)² = x² + 1.
    assert_eq!(alu(O::Clmul, 3, 3), 5);
    // x^63 × x^63 = x^126.
    assert_eq!(alu(O::Clmulh, MIN, MIN), 1 << 62);
    assert_eq!(alu(O::Clmulr, MIN, MIN), MIN);
    // All ones squared: every other bit.
    assert_eq!(alu(O::Clmul, MINUS_ONE, MINUS_ONE), 0x5555_5555_5555_5555);
    assert_eq!(alu(O::Clmulh, MINUS_ONE, MINUS_ONE), 0x5555_5555_5555_5555);
}

#[test]
fn every_integer_computation_of_the_table_is_known() {
    let elsewhere = [
        O::Lui,
        O::Auipc,
        O::Jal,
        O::Jalr,
        O::Beq,
        O::Bne,
        O::Blt,
        O::Bge,
        O::Bltu,
        O::Bgeu,
        O::Sm4ed,
        O::Sm4ks,
    ];
    for &op in O::ALL {
        let other = op.is_load()
            || op.is_store()
            || op.is_atomic()
            || op.is_float()
            || op.is_system()
            || elsewhere.contains(&op);
        assert_eq!(is_alu(op), !other, "{op:?}");
    }
}

#[test]
fn second_operands_come_from_where_the_format_says() {
    let add = Insn {
        imm: -5,
        ..Insn::new(O::Add)
    };
    assert_eq!(integer_op(&add, 7, 3), 10);
    let add_immediate = Insn {
        imm: -5,
        ..Insn::new(O::Addi)
    };
    assert_eq!(integer_op(&add_immediate, 7, 3), 2);
    let shift = Insn {
        imm: 63,
        ..Insn::new(O::Srai)
    };
    assert_eq!(integer_op(&shift, MIN, 0), MINUS_ONE);
    let sm4 = Insn {
        imm: 2,
        ..Insn::new(O::Sm4ks)
    };
    assert_eq!(
        integer_op(&sm4, 7, 0x12_3456),
        crypto::sm4(O::Sm4ks, 7, 0x12_3456, 2)
    );
}

/// Operands that are often small, often near a power of two, and else anything.
fn operand() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        any::<i8>().prop_map(|value| value as u64),
        (0u32..64, -1i64..=1).prop_map(|(bit, offset)| (1u64 << bit).wrapping_add_signed(offset)),
        any::<i32>().prop_map(|value| value as u64),
    ]
}

/// The low 64 bits of an exact result.
fn truncate(value: i128) -> u64 {
    value as u64
}

/// The low word of an exact result, sign-extended.
fn truncate_word(value: i128) -> u64 {
    value as i32 as u64
}

/// `result` bit by bit.
fn bits(bit: impl Fn(u32) -> bool) -> u64 {
    (0..64).map(|index| u64::from(bit(index)) << index).sum()
}

fn bit(value: u64, index: u32) -> bool {
    value >> index & 1 != 0
}

proptest! {
    #[test]
    fn arithmetic_is_exact_arithmetic_cut_short(a in operand(), b in operand()) {
        let (sa, sb) = (i128::from(a as i64), i128::from(b as i64));
        let (ua, ub) = (i128::from(a), i128::from(b));
        let zero_extended = i128::from(a as u32);
        prop_assert_eq!(alu(O::Add, a, b), truncate(sa + sb));
        prop_assert_eq!(alu(O::Sub, a, b), truncate(sa - sb));
        prop_assert_eq!(alu(O::Addw, a, b), truncate_word(sa + sb));
        prop_assert_eq!(alu(O::Subw, a, b), truncate_word(sa - sb));
        prop_assert_eq!(alu(O::Mul, a, b), truncate(sa * sb));
        prop_assert_eq!(alu(O::Mulw, a, b), truncate_word(sa * sb));
        prop_assert_eq!(alu(O::Mulh, a, b), truncate((sa * sb) >> 64));
        prop_assert_eq!(alu(O::Mulhsu, a, b), truncate((sa * ub) >> 64));
        prop_assert_eq!(alu(O::Mulhu, a, b), ((u128::from(a) * u128::from(b)) >> 64) as u64);
        prop_assert_eq!(alu(O::Slt, a, b), u64::from(sa < sb));
        prop_assert_eq!(alu(O::Sltu, a, b), u64::from(ua < ub));
        prop_assert_eq!(alu(O::Min, a, b), truncate(sa.min(sb)));
        prop_assert_eq!(alu(O::Max, a, b), truncate(sa.max(sb)));
        prop_assert_eq!(alu(O::Minu, a, b), truncate(ua.min(ub)));
        prop_assert_eq!(alu(O::Maxu, a, b), truncate(ua.max(ub)));
        prop_assert_eq!(alu(O::AddUw, a, b), truncate(zero_extended + ub));
        for (op, op_uw, shift) in [
            (O::Sh1add, O::Sh1addUw, 1),
            (O::Sh2add, O::Sh2addUw, 2),
            (O::Sh3add, O::Sh3addUw, 3),
        ] {
            prop_assert_eq!(alu(op, a, b), truncate((sa << shift) + sb));
            prop_assert_eq!(alu(op_uw, a, b), truncate((zero_extended << shift) + ub));
        }
    }

    #[test]
    fn quotient_and_remainder_recompose(a in operand(), b in operand()) {
        let quotient = alu(O::Divu, a, b);
        let remainder = alu(O::Remu, a, b);
        prop_assert_eq!(quotient.wrapping_mul(b).wrapping_add(remainder), a);
        prop_assert!(b == 0 || remainder < b);

        let quotient = alu(O::Div, a, b);
        let remainder = alu(O::Rem, a, b);
        prop_assert_eq!(quotient.wrapping_mul(b).wrapping_add(remainder), a);
        if b != 0 {
            let (a, b, remainder) = (a as i64, b as i64, remainder as i64);
            prop_assert!(remainder.unsigned_abs() < b.unsigned_abs());
            prop_assert!(remainder == 0 || (remainder < 0) == (a < 0));
        }
    }

    #[test]
    fn word_division_is_division_of_words(a in operand(), b in operand()) {
        let (sa, sb) = (a as i32 as u64, b as i32 as u64);
        let (ua, ub) = (u64::from(a as u32), u64::from(b as u32));
        prop_assert_eq!(alu(O::Divw, a, b), alu(O::Div, sa, sb) as i32 as u64);
        prop_assert_eq!(alu(O::Remw, a, b), alu(O::Rem, sa, sb) as i32 as u64);
        prop_assert_eq!(alu(O::Divuw, a, b), alu(O::Divu, ua, ub) as i32 as u64);
        prop_assert_eq!(alu(O::Remuw, a, b), alu(O::Remu, ua, ub) as i32 as u64);
    }

    #[test]
    fn shifts_and_rotations_move_bits(a in operand(), amount in any::<u8>()) {
        let b = u64::from(amount);
        let (by, by_word) = (u32::from(amount % 64), u32::from(amount % 32));
        let left = bits(|i| i >= by && bit(a, i - by));
        let right = bits(|i| i + by < 64 && bit(a, i + by));
        let arithmetic = bits(|i| bit(a, (i + by).min(63)));
        let rotated = bits(|i| bit(a, (i + by) % 64));
        for (op, immediate, expected) in [
            (O::Sll, O::Slli, left),
            (O::Srl, O::Srli, right),
            (O::Sra, O::Srai, arithmetic),
            (O::Ror, O::Rori, rotated),
        ] {
            prop_assert_eq!(alu(op, a, b), expected);
            prop_assert_eq!(alu(immediate, a, b), expected);
        }
        prop_assert_eq!(alu(O::Rol, rotated, b), a);

        // Bit 31 of the word's result is copied upwards.
        let word = |bit_of: &dyn Fn(u32) -> bool| bits(|i| bit_of(i.min(31)));
        let left = word(&|i| i >= by_word && bit(a, i - by_word));
        let right = word(&|i| i + by_word < 32 && bit(a, i + by_word));
        let arithmetic = word(&|i| bit(a, (i + by_word).min(31)));
        let rotated = word(&|i| bit(a, (i + by_word) % 32));
        for (op, immediate, expected) in [
            (O::Sllw, O::Slliw, left),
            (O::Srlw, O::Srliw, right),
            (O::Sraw, O::Sraiw, arithmetic),
            (O::Rorw, O::Roriw, rotated),
        ] {
            prop_assert_eq!(alu(op, a, b), expected);
            prop_assert_eq!(alu(immediate, a, b), expected);
        }
        prop_assert_eq!(alu(O::Rolw, rotated, b), a as i32 as u64);
    }

    #[test]
    fn logic_and_single_bits(a in operand(), b in operand()) {
        let index = (b % 64) as u32;
        prop_assert_eq!(alu(O::And, a, b), bits(|i| bit(a, i) && bit(b, i)));
        prop_assert_eq!(alu(O::Or, a, b), bits(|i| bit(a, i) || bit(b, i)));
        prop_assert_eq!(alu(O::Xor, a, b), bits(|i| bit(a, i) != bit(b, i)));
        prop_assert_eq!(alu(O::Andn, a, b), bits(|i| bit(a, i) && !bit(b, i)));
        prop_assert_eq!(alu(O::Orn, a, b), bits(|i| bit(a, i) || !bit(b, i)));
        prop_assert_eq!(alu(O::Xnor, a, b), bits(|i| bit(a, i) == bit(b, i)));
        prop_assert_eq!(alu(O::Bclr, a, b), bits(|i| bit(a, i) && i != index));
        prop_assert_eq!(alu(O::Bset, a, b), bits(|i| bit(a, i) || i == index));
        prop_assert_eq!(alu(O::Binv, a, b), bits(|i| bit(a, i) != (i == index)));
        prop_assert_eq!(alu(O::Bext, a, b), u64::from(bit(a, index)));
        prop_assert_eq!(alu(O::Bexti, a, b), u64::from(bit(a, index)));
    }

    #[test]
    fn counts(a in operand()) {
        let leading = (0..64).rev().take_while(|&i| !bit(a, i)).count() as u64;
        let trailing = (0..64).take_while(|&i| !bit(a, i)).count() as u64;
        let ones = (0..64).filter(|&i| bit(a, i)).count() as u64;
        prop_assert_eq!(alu(O::Clz, a, 0), leading);
        prop_assert_eq!(alu(O::Ctz, a, 0), trailing);
        prop_assert_eq!(alu(O::Cpop, a, 0), ones);
        let word = u64::from(a as u32);
        prop_assert_eq!(alu(O::Clzw, a, 0), alu(O::Clz, word, 0) - 32);
        prop_assert_eq!(alu(O::Ctzw, a, 0), alu(O::Ctz, word, 0).min(32));
        prop_assert_eq!(alu(O::Cpopw, a, 0), alu(O::Cpop, word, 0));
    }

    #[test]
    fn bytes_move_and_combine(a in operand(), b in operand()) {
        let byte = |value: u64, index: u32| value >> (8 * index) & 0xff;
        let bytes = |of: &dyn Fn(u32) -> u64| (0..8).map(|i| of(i) << (8 * i)).sum::<u64>();
        let combined = bytes(&|i| if byte(a, i) == 0 { 0 } else { 0xff });
        prop_assert_eq!(alu(O::OrcB, a, 0), combined);
        prop_assert_eq!(alu(O::Rev8, a, 0), bytes(&|i| byte(a, 7 - i)));
        prop_assert_eq!(alu(O::Brev8, a, 0), bits(|i| bit(a, i ^ 7)));
        let permuted = bytes(&|i| match byte(b, i) {
            index @ 0..8 => byte(a, index as u32),
            _ => 0,
        });
        prop_assert_eq!(alu(O::Xperm8, a, b), permuted);
        let nibble = |value: u64, index: u64| value >> (4 * index) & 15;
        let permuted = (0..16).map(|i| nibble(a, nibble(b, i)) << (4 * i)).sum::<u64>();
        prop_assert_eq!(alu(O::Xperm4, a, b), permuted);
    }

    #[test]
    fn carry_less_product_is_a_convolution(a in operand(), b in operand()) {
        let coefficient = |degree: u32| {
            let low = degree.saturating_sub(63);
            (low..=degree.min(63)).filter(|&i| bit(a, i) && bit(b, degree - i)).count() % 2 == 1
        };
        prop_assert_eq!(alu(O::Clmul, a, b), bits(coefficient));
        prop_assert_eq!(alu(O::Clmulh, a, b), bits(|i| i < 63 && coefficient(i + 64)));
        prop_assert_eq!(alu(O::Clmulr, a, b), bits(|i| coefficient(i + 63)));
    }
}
