//! Decoding, encoding and disassembling one instruction.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use isa::{Insn, IsaConfig};
use std::hint::black_box;

/// Words of a real program: all 32-bit instructions of the integer workload.
fn words() -> Vec<u32> {
    let image = guest_images::get("integer").map_or(&[][..], |image| image.bytes);
    let isa = IsaConfig::default();
    let word = |chunk: &[u8]| u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
    let legal = |word: &u32| isa::decode(*word, &isa).is_some();
    image.chunks_exact(4).map(word).filter(legal).collect()
}

fn decode(criterion: &mut Criterion) {
    let isa = IsaConfig::default();
    let words = words();
    let insns: Vec<Insn> = words.iter().filter_map(|&w| isa::decode(w, &isa)).collect();
    let mut group = criterion.benchmark_group("isa");
    group.throughput(Throughput::Elements(words.len() as u64));
    group.bench_function("decode", |b| {
        b.iter(|| {
            words
                .iter()
                .filter(|&&w| isa::decode(black_box(w), &isa).is_some())
                .count()
        });
    });
    group.bench_function("encode", |b| {
        b.iter(|| {
            insns
                .iter()
                .filter(|&i| isa::encode(black_box(i)).is_ok())
                .count()
        });
    });
    group.bench_function("disassemble", |b| {
        b.iter(|| {
            insns
                .iter()
                .map(|i| isa::disassemble(i, 0).to_string().len())
                .sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
