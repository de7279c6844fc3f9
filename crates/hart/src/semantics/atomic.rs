//! What atomic memory operations (A, Zabha) write back.

use isa::Opcode;
use memory::Width;

/// The new memory value of an AMO on the value `old` with the operand `source` (rs2). Only the low
/// bits that `width` holds count, in both operands and in the result, whose higher bits are
/// unspecified. An instruction that is no arithmetic AMO (compare-and-swap included, which needs
/// rd) writes back `old`.
#[inline(always)]
#[must_use]
pub fn amo(op: Opcode, old: u64, source: u64, width: Width) -> u64 {
    use Opcode as O;
    let (signed_old, signed_source) = (sign_extend(old, width), sign_extend(source, width));
    let (unsigned_old, unsigned_source) = (old & width.mask(), source & width.mask());
    match op {
        O::AmoswapB | O::AmoswapH | O::AmoswapW | O::AmoswapD => source,
        O::AmoaddB | O::AmoaddH | O::AmoaddW | O::AmoaddD => old.wrapping_add(source),
        O::AmoxorB | O::AmoxorH | O::AmoxorW | O::AmoxorD => old ^ source,
        O::AmoandB | O::AmoandH | O::AmoandW | O::AmoandD => old & source,
        O::AmoorB | O::AmoorH | O::AmoorW | O::AmoorD => old | source,
        O::AmominB | O::AmominH | O::AmominW | O::AmominD => signed_old.min(signed_source) as u64,
        O::AmomaxB | O::AmomaxH | O::AmomaxW | O::AmomaxD => signed_old.max(signed_source) as u64,
        O::AmominuB | O::AmominuH | O::AmominuW | O::AmominuD => unsigned_old.min(unsigned_source),
        O::AmomaxuB | O::AmomaxuH | O::AmomaxuW | O::AmomaxuD => unsigned_old.max(unsigned_source),
        _ => old,
    }
}

#[inline(always)]
const fn sign_extend(value: u64, width: Width) -> i64 {
    match width {
        Width::Byte => value as i8 as i64,
        Width::Half => value as i16 as i64,
        Width::Word => value as i32 as i64,
        Width::Double => value as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_compare_within_their_width() {
        let word = |op, old, source| amo(op, old, source, Width::Word) & Width::Word.mask();
        assert_eq!(word(Opcode::AmoaddW, 0xffff_ffff, 2), 1);
        assert_eq!(word(Opcode::AmoswapW, 1, 0x5_0000_0007), 7);
        assert_eq!(word(Opcode::AmominW, 0x8000_0000, 1), 0x8000_0000);
        assert_eq!(word(Opcode::AmomaxW, 0x8000_0000, 1), 1);
        // The high word of a register is no part of the operand.
        assert_eq!(word(Opcode::AmominuW, 5, 0x1_0000_0003), 3);
        assert_eq!(
            word(Opcode::AmomaxuW, 0x8000_0000, 0xf_0000_0001),
            0x8000_0000
        );
        assert_eq!(word(Opcode::AmoxorW, 0b1100, 0b1010), 0b0110);
        assert_eq!(word(Opcode::AmoandW, 0b1100, 0b1010), 0b1000);
        assert_eq!(word(Opcode::AmoorW, 0b1100, 0b1010), 0b1110);
    }

    #[test]
    fn signed_and_unsigned_order_differ_in_every_width() {
        let widths = [
            (
                Width::Byte,
                Opcode::AmominB,
                Opcode::AmominuB,
                Opcode::AmomaxB,
                Opcode::AmomaxuB,
            ),
            (
                Width::Half,
                Opcode::AmominH,
                Opcode::AmominuH,
                Opcode::AmomaxH,
                Opcode::AmomaxuH,
            ),
            (
                Width::Word,
                Opcode::AmominW,
                Opcode::AmominuW,
                Opcode::AmomaxW,
                Opcode::AmomaxuW,
            ),
            (
                Width::Double,
                Opcode::AmominD,
                Opcode::AmominuD,
                Opcode::AmomaxD,
                Opcode::AmomaxuD,
            ),
        ];
        for (width, min, minu, max, maxu) in widths {
            let minus_one = width.mask();
            let result = |op| amo(op, minus_one, 1, width) & width.mask();
            assert_eq!(result(min), minus_one, "{width:?}");
            assert_eq!(result(minu), 1, "{width:?}");
            assert_eq!(result(max), 1, "{width:?}");
            assert_eq!(result(maxu), minus_one, "{width:?}");
        }
    }

    #[test]
    fn bytes_and_halves() {
        assert_eq!(amo(Opcode::AmoaddB, 0xff, 1, Width::Byte) & 0xff, 0);
        assert_eq!(
            amo(Opcode::AmoaddH, 0x7fff, 1, Width::Half) & 0xffff,
            0x8000
        );
        assert_eq!(amo(Opcode::AmoaddD, u64::MAX, 3, Width::Double), 2);
    }

    #[test]
    fn every_amo_of_the_table_has_a_meaning() {
        let arithmetic = |op: &&Opcode| {
            let reserved = [Opcode::LrW, Opcode::LrD, Opcode::ScW, Opcode::ScD].contains(op);
            op.is_atomic() && !reserved && !op.is_compare_and_swap()
        };
        for &op in Opcode::ALL.iter().filter(arithmetic) {
            let width = Width::from_bytes(op.atomic_bytes()).expect("a width of the table");
            let changes = [(5, 3), (3, 5)]
                .iter()
                .any(|&(old, src)| amo(op, old, src, width) != old);
            assert!(changes, "{op:?}");
        }
    }
}
