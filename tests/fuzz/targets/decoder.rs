//! Any word under any set of extensions: decoding, text and encoding never panic, and agree.
#![no_main]

use isa::{Extension, IsaConfig, decode, disassemble, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u8; 16], Vec<u32>)| {
    let (extensions, words) = input;
    let bits = u128::from_le_bytes(extensions);
    let mut isa = IsaConfig::BASE;
    for (n, &extension) in Extension::ALL.iter().enumerate() {
        if bits >> n & 1 != 0 {
            isa.add(extension);
        }
    }
    for word in words {
        let Some(insn) = decode(word, &isa) else {
            continue;
        };
        let _ = disassemble(&insn, u64::from(word)).to_string();
        if insn.len == 4 {
            let again = encode(&insn).expect("what was decoded can be encoded");
            assert_eq!(decode(again, &isa), Some(insn));
        }
    }
});
