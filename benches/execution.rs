//! The engine on small loops, one mechanism each: instructions by class, TLB hits, misses and walks, traps, device
//! and CSR accesses; then whole workloads.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use guest_images::Kind;
use interpreter::hart::{Hart, Privilege, Slot};
use isa::{Insn, IsaConfig, Opcode, encode};
use machine::loader::{self, RamRange};
use machine::{Config, Machine};
use memory::{Bus, Ram};

const RAM: u64 = abi::memory_map::RAM_BASE;
const STEPS: u64 = 1_000_000;
/// Where loops find data; behind the code.
const DATA: u64 = RAM + (1 << 20);

fn insn(op: Opcode, rd: u8, rs1: u8, rs2: u8, imm: i32) -> u32 {
    let mut insn = Insn::new(op);
    (insn.rd, insn.rs1, insn.rs2, insn.imm) = (rd, rs1, rs2, imm);
    encode(&insn).unwrap_or(0)
}

/// A loop over `body` for ever, on a machine with a timer; x5 points to data.
fn looping(body: &[u32]) -> (Box<Hart>, Bus) {
    let mut code = body.to_vec();
    code.push(insn(Opcode::Jal, 0, 0, 0, -4 * body.len() as i32));
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut ram = Ram::new(RAM, 64 << 20).unwrap_or_else(|error| panic!("{error}"));
    ram.write(RAM, &bytes);
    let mut hart = Hart::new(0, IsaConfig::default(), RAM);
    hart.set_reg(5, DATA);
    let mut bus = Bus::new(ram);
    bus.attach(abi::memory_map::CLINT, Box::new(devices::Clint::new(1)))
        .unwrap_or_else(|error| panic!("{error}"));
    hart[Slot::Mstatus] |= 3 << 13; // FS: dirty
    (hart, bus)
}

/// Maps the 64 MiB of RAM to themselves by 4 KiB pages of Sv39, and puts the hart into S-mode.
fn page(hart: &mut Hart, bus: &mut Bus) {
    const PAGES: u64 = (64 << 20) >> 12;
    let tables = RAM + (60 << 20);
    let mut write = |at: u64, entry: u64| bus.ram.write(at, &entry.to_le_bytes());
    write(tables + 8 * (RAM >> 30), (tables + 4096) >> 2 | 1);
    for leaf in 0..PAGES / 512 {
        write(
            tables + 4096 + 8 * leaf,
            (tables + 4096 * (2 + leaf)) >> 2 | 1,
        );
    }
    for number in 0..PAGES {
        write(
            tables + 8192 + 8 * number,
            (RAM + 4096 * number) >> 2 | 0xcf,
        );
    }
    for (csr, value) in [
        (isa::csr::PMPADDR0, u64::MAX >> 10),
        (isa::csr::PMPCFG0, 0x1f),
        (isa::csr::SATP, 8 << 60 | tables >> 12),
    ] {
        assert!(hart.poke_csr(bus, csr, value), "the CSR exists");
    }
    hart.privilege = Privilege::Supervisor;
    hart.refresh_contexts();
}

/// Walks over 16 MiB a page at a time, round and round: every access misses the TLB.
fn misses() -> Vec<u32> {
    use Opcode as O;
    vec![
        insn(O::Lui, 8, 0, 0, 0x1000),
        insn(O::Add, 9, 9, 8, 0),
        insn(O::Slli, 10, 9, 0, 40),
        insn(O::Srli, 10, 10, 0, 40),
        insn(O::Add, 10, 10, 5, 0),
        insn(O::Ld, 6, 10, 0, 0),
    ]
}

/// `ecall` in M-mode to a handler that returns behind it.
fn traps() -> Vec<u32> {
    use Opcode as O;
    let (mtvec, mepc) = (i32::from(isa::csr::MTVEC), i32::from(isa::csr::MEPC));
    vec![
        insn(O::Auipc, 7, 0, 0, 0),
        insn(O::Addi, 7, 7, 0, 20),
        insn(O::Csrrw, 0, 7, 0, mtvec),
        insn(O::Ecall, 0, 0, 0, 0),
        insn(O::Jal, 0, 0, 0, -4),
        insn(O::Csrrs, 7, 0, 0, mepc),
        insn(O::Addi, 7, 7, 0, 4),
        insn(O::Csrrw, 0, 7, 0, mepc),
        insn(O::Mret, 0, 0, 0, 0),
    ]
}

fn loops() -> Vec<(&'static str, Vec<u32>)> {
    use Opcode as O;
    let alone = |op, rd, rs1, rs2, imm| vec![insn(op, rd, rs1, rs2, imm); 16];
    let clint = i32::from(0x200_i16) << 16;
    vec![
        ("add", alone(O::Add, 6, 6, 7, 0)),
        ("mul", alone(O::Mul, 6, 6, 7, 0)),
        ("div", alone(O::Divu, 6, 7, 5, 0)),
        ("load", alone(O::Ld, 6, 5, 0, 0)),
        ("store", alone(O::Sd, 0, 5, 6, 8)),
        ("branch-not-taken", alone(O::Bne, 0, 0, 0, 8)),
        ("branch-taken", alone(O::Beq, 0, 0, 0, 4)),
        (
            "call",
            vec![insn(O::Auipc, 7, 0, 0, 0), insn(O::Jalr, 1, 7, 0, 8)],
        ),
        ("double-add", alone(O::FaddD, 1, 1, 2, 0)),
        ("amo", alone(O::AmoaddD, 6, 5, 7, 0)),
        (
            "csr",
            alone(O::Csrrw, 6, 7, 0, i32::from(isa::csr::MSCRATCH)),
        ),
        ("trap", traps()),
        ("tlb-miss", misses()),
        (
            "device",
            vec![insn(O::Lui, 8, 0, 0, clint), insn(O::Lw, 6, 8, 0, 0)],
        ),
    ]
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("execution");
    group.throughput(Throughput::Elements(STEPS));
    group.sample_size(20);
    let mut measure = |name: &str, (mut hart, mut bus): (Box<Hart>, Bus)| {
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            let mut interpreter = interpreter::Interpreter::new();
            b.iter(|| interpreter.run(&mut hart, &mut bus, STEPS));
        });
    };
    for (name, body) in loops() {
        measure(name, looping(&body));
    }
    let (mut hart, mut bus) = looping(&misses());
    page(&mut hart, &mut bus);
    measure("tlb-walk", (hart, bus));
    let (mut hart, mut bus) = looping(&[insn(Opcode::Ld, 6, 5, 0, 0); 16]);
    page(&mut hart, &mut bus);
    measure("tlb-hit", (hart, bus));
    group.finish();
}

/// The first steps of each workload, starting the machine included.
fn workloads(criterion: &mut Criterion) {
    const FIRST: u64 = 20_000_000;
    let ram = RamRange {
        base: RAM,
        size: 256 << 20,
    };
    let mut group = criterion.benchmark_group("workloads");
    group.throughput(Throughput::Elements(FIRST));
    group.sample_size(10);
    for image in guest_images::of_kind(Kind::Workload) {
        group.bench_function(BenchmarkId::from_parameter(image.name), |b| {
            b.iter(|| {
                let program = loader::parse(image.name, image.bytes, ram, None)
                    .unwrap_or_else(|error| panic!("{error}"));
                let config = Config {
                    memory: ram.size,
                    ..Config::default()
                };
                let mut machine = Machine::new(config).unwrap_or_else(|error| panic!("{error}"));
                machine
                    .load(program)
                    .unwrap_or_else(|error| panic!("{error}"));
                machine.run(FIRST)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, engine, workloads);
criterion_main!(benches);
