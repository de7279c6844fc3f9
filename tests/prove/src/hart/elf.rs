//! Blocks and harness as one ELF file.

use super::block::Block;
use super::harness;
use super::layout as at;
use super::record as field;

/// A program of blocks, one run after the other.
pub fn program(blocks: &[Block]) -> Vec<u8> {
    let records = records(blocks);
    file(&[
        (at::HARNESS, harness::code()),
        (at::S_HANDLER, harness::supervisor_code()),
        (at::RECORDS, records),
    ])
}

fn records(blocks: &[Block]) -> Vec<u8> {
    let mut memory = Vec::new();
    for block in blocks {
        let code = block.code();
        let base = at::RECORDS + memory.len() as u64;
        let mut record = vec![0; field::BYTES];
        let mut set = |at: i32, value: u64| {
            record[at as usize..at as usize + 8].copy_from_slice(&value.to_le_bytes());
        };
        let start = &block.start;
        let code_at = base + field::BYTES as u64;
        let patches_at = code_at + code.bytes.len() as u64;
        let lengths_at = patches_at + 16 * start.patches.len() as u64;
        let end = (lengths_at + code.lengths.len() as u64).next_multiple_of(8);
        set(field::NEXT, end);
        set(field::CODE, code_at);
        set(field::CODE_BYTES, code.bytes.len() as u64);
        set(field::LENGTHS, lengths_at);
        set(field::PATCHES, patches_at);
        set(field::PATCH_COUNT, start.patches.len() as u64);
        set(field::SEED, start.data_seed);
        set(field::FCSR, start.fcsr);
        set(field::MSTATUS, start.mstatus);
        for ((_, at), &value) in field::CSRS.iter().zip(&start.csrs) {
            set(*at, value);
        }
        for n in 0..32 {
            set(field::X + 8 * n, start.x[n as usize]);
            set(field::F + 8 * n, start.f[n as usize]);
        }
        memory.extend(record);
        memory.extend(&code.bytes);
        for &(address, value) in &start.patches {
            memory.extend(address.to_le_bytes());
            memory.extend(value.to_le_bytes());
        }
        memory.extend(&code.lengths);
        memory.resize((end - at::RECORDS) as usize, 0);
    }
    memory.extend([0; field::BYTES]);
    memory
}

/// A static ELF file of segments that can be read, written and executed; its entry is the first.
fn file(segments: &[(u64, Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 64;
    const PROGRAM_HEADER: usize = 56;
    let mut elf = Vec::new();
    elf.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    elf.extend(2u16.to_le_bytes()); // executable
    elf.extend(243u16.to_le_bytes()); // RISC-V
    elf.extend(1u32.to_le_bytes());
    elf.extend(segments[0].0.to_le_bytes());
    elf.extend((HEADER as u64).to_le_bytes());
    elf.extend(0u64.to_le_bytes());
    elf.extend(5u32.to_le_bytes()); // RVC, double-float ABI
    for half in [HEADER, PROGRAM_HEADER, segments.len(), 64, 0, 0] {
        elf.extend((half as u16).to_le_bytes());
    }
    let mut offset = HEADER + PROGRAM_HEADER * segments.len();
    for (address, bytes) in segments {
        elf.extend(1u32.to_le_bytes());
        elf.extend(7u32.to_le_bytes());
        let length = bytes.len() as u64;
        for word in [offset as u64, *address, *address, length, length, 1] {
            elf.extend(word.to_le_bytes());
        }
        offset += bytes.len();
    }
    for (_, bytes) in segments {
        elf.extend(bytes);
    }
    elf
}
