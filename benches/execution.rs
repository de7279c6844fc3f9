//! The engines on small loops, one mechanism each: dispatch, TLB hits and misses, traps, device
//! accesses, CSR accesses.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use interpreter::hart::Hart;
use isa::{Insn, IsaConfig, Opcode, encode};
use memory::{Bus, Ram};

const RAM: u64 = 0x8000_0000;
const STEPS: u64 = 1_000_000;

fn insn(op: Opcode, rd: u8, rs1: u8, rs2: u8, imm: i32) -> u32 {
    let mut insn = Insn::new(op);
    (insn.rd, insn.rs1, insn.rs2, insn.imm) = (rd, rs1, rs2, imm);
    encode(&insn).unwrap_or(0)
}

/// A loop over `body` for ever, on a bare machine; x5 points to RAM behind the code.
fn looping(body: &[u32]) -> (Box<Hart>, Bus) {
    let mut code = body.to_vec();
    code.push(insn(Opcode::Jal, 0, 0, 0, -4 * body.len() as i32));
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut ram = Ram::new(RAM, 64 << 20).unwrap_or_else(|error| panic!("{error}"));
    ram.write(RAM, &bytes);
    let mut hart = Hart::new(0, IsaConfig::default(), RAM);
    hart.set_reg(5, RAM + (1 << 20));
    (hart, Bus::new(ram))
}

fn engines(criterion: &mut Criterion) {
    use Opcode as O;
    let add = insn(O::Add, 6, 6, 7, 0);
    let load = insn(O::Ld, 6, 5, 0, 0);
    let store = insn(O::Sd, 0, 5, 6, 8);
    // Walks over 32 MiB a page at a time, round and round: every access misses.
    let misses = [
        insn(O::Lui, 8, 0, 0, 0x1000),
        insn(O::Add, 9, 9, 8, 0),
        insn(O::Slli, 10, 9, 0, 39),
        insn(O::Srli, 10, 10, 0, 39),
        insn(O::Add, 10, 10, 5, 0),
        insn(O::Ld, 6, 10, 0, 0),
    ];
    let csr = insn(O::Csrrw, 6, 7, 0, i32::from(isa::csr::MSCRATCH));
    let loops: [(&str, Vec<u32>); 5] = [
        ("add", vec![add; 16]),
        ("load", vec![load; 16]),
        ("store", vec![store; 16]),
        ("tlb-miss", misses.to_vec()),
        ("csr", vec![csr; 16]),
    ];
    let mut group = criterion.benchmark_group("execution");
    group.throughput(Throughput::Elements(STEPS));
    group.sample_size(20);
    for (name, body) in loops {
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            let (mut hart, mut bus) = looping(&body);
            let mut interpreter = interpreter::Interpreter::new();
            b.iter(|| interpreter.run(&mut hart, &mut bus, STEPS));
        });
    }
    group.finish();
}

criterion_group!(benches, engines);
criterion_main!(benches);
