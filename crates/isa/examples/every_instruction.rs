//! Prints encodings of every instruction of the table as assembler text, to be assembled and
//! disassembled by other tools: `cargo run -p hartland-isa --example every_instruction -- 20`.
#![allow(clippy::print_stdout)] // an example's output is its purpose

use hartland_isa::opcode::TABLE;
use hartland_isa::{IsaConfig, decode};

fn main() {
    let count: u32 = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(10);
    let isa = IsaConfig::default();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for row in TABLE.iter().filter(|row| row.value & 3 == 3) {
        let mut printed = 0;
        for _ in 0..count * 20 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let word = row.value | (random >> 32) as u32 & !row.mask;
            if printed < count && decode(word, &isa).is_some_and(|insn| insn.op == row.op) {
                println!(".insn 4, {word:#010x}");
                printed += 1;
            }
        }
    }
    for half in 0..=u16::MAX {
        if half & 3 != 3 && decode(u32::from(half), &isa).is_some() {
            println!(".insn 2, {half:#06x}");
        }
    }
}
