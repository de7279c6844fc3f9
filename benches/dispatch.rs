//! Three ways to go from one decoded instruction to the next, on the same records and the same program:
//! what ADR 2 chose between. `cargo bench -p hartland-benches --bench dispatch`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// Steps that a measurement takes.
const STEPS: i64 = 1_000_000;
/// The most that handlers that call on take at a stretch, as in the engine.
const STRETCH: i64 = 4096;
const CODE: usize = 64;
const MEMORY: usize = 4096;

struct Cpu {
    x: [u64; 64],
    memory: Box<[u64; MEMORY]>,
    /// Where to go on.
    pc: usize,
    left: i64,
}

type Code = [Record; CODE];
/// Does one instruction; where the next is.
type Step = fn(&mut Cpu, &Record, usize) -> usize;
/// Does one instruction and calls the next.
type Chain = fn(&mut Cpu, &Code, usize, i64);

#[derive(Clone, Copy)]
enum Op {
    Add,
    Addi,
    Xor,
    Slli,
    Srli,
    Load,
    Store,
    Bne,
    Jump,
}

#[derive(Clone, Copy)]
struct Record {
    op: Op,
    step: Step,
    chain: Chain,
    imm: i32,
    rd: u8,
    rs1: u8,
    rs2: u8,
    /// Steps to the end of the run.
    run: u8,
}

impl Cpu {
    fn new() -> Self {
        let mut cpu = Self {
            x: [0; 64],
            memory: Box::new([0; MEMORY]),
            pc: 0,
            left: 0,
        };
        cpu.x[1] = 0x9e37_79b9_7f4a_7c15;
        cpu
    }

    #[inline(always)]
    fn get(&self, register: u8) -> u64 {
        self.x[usize::from(register & 63)]
    }

    #[inline(always)]
    fn set(&mut self, register: u8, value: u64) {
        self.x[usize::from(register & 63)] = value;
    }

    /// What `op` does; where it leads.
    #[inline(always)]
    fn execute(&mut self, op: Op, r: &Record, pc: usize) -> usize {
        let (a, b) = (self.get(r.rs1), self.get(r.rs2));
        let immediate = r.imm as i64 as u64;
        let place = a.wrapping_add(immediate) as usize % MEMORY;
        match op {
            Op::Add => self.set(r.rd, a.wrapping_add(b)),
            Op::Addi => self.set(r.rd, a.wrapping_add(immediate)),
            Op::Xor => self.set(r.rd, a ^ b),
            Op::Slli => self.set(r.rd, a << (immediate & 63)),
            Op::Srli => self.set(r.rd, a >> (immediate & 63)),
            Op::Load => self.set(r.rd, self.memory[place]),
            Op::Store => self.memory[place] = b,
            Op::Bne if a != b => return target(r, pc),
            Op::Jump => return target(r, pc),
            Op::Bne => {}
        }
        pc + 1
    }
}

#[inline(always)]
fn target(r: &Record, pc: usize) -> usize {
    (pc as isize + r.imm as isize) as usize % CODE
}

const ALL: [Op; 9] = [
    Op::Add,
    Op::Addi,
    Op::Xor,
    Op::Slli,
    Op::Srli,
    Op::Load,
    Op::Store,
    Op::Bne,
    Op::Jump,
];

fn step<const OP: usize>(cpu: &mut Cpu, r: &Record, pc: usize) -> usize {
    cpu.execute(const { ALL[OP] }, r, pc)
}

fn chain<const OP: usize>(cpu: &mut Cpu, code: &Code, pc: usize, left: i64) {
    let op = const { ALL[OP] };
    let next = cpu.execute(op, &code[pc % CODE], pc);
    let to = &code[next % CODE];
    if matches!(op, Op::Bne | Op::Jump) {
        let after = left - i64::from(to.run);
        if after < 0 {
            (cpu.pc, cpu.left) = (next, left);
            return;
        }
        return (to.chain)(cpu, code, next, after);
    }
    (to.chain)(cpu, code, next, left);
}

/// A random generator that scatters sums over memory, with two branches that depend on data.
fn program() -> Code {
    use Op as O;
    let r = |op: Op, rd, rs1, rs2, imm| {
        let (step, chain): (Step, Chain) = match op {
            O::Add => (step::<0>, chain::<0>),
            O::Addi => (step::<1>, chain::<1>),
            O::Xor => (step::<2>, chain::<2>),
            O::Slli => (step::<3>, chain::<3>),
            O::Srli => (step::<4>, chain::<4>),
            O::Load => (step::<5>, chain::<5>),
            O::Store => (step::<6>, chain::<6>),
            O::Bne => (step::<7>, chain::<7>),
            O::Jump => (step::<8>, chain::<8>),
        };
        Record {
            op,
            step,
            chain,
            imm,
            rd,
            rs1,
            rs2,
            run: 0,
        }
    };
    let body = [
        r(O::Slli, 2, 1, 0, 13),
        r(O::Xor, 1, 1, 2, 0),
        r(O::Srli, 2, 1, 0, 7),
        r(O::Xor, 1, 1, 2, 0),
        r(O::Slli, 2, 1, 0, 17),
        r(O::Xor, 1, 1, 2, 0),
        r(O::Srli, 3, 1, 0, 52),
        r(O::Load, 4, 3, 0, 0),
        r(O::Add, 4, 4, 1, 0),
        r(O::Store, 0, 3, 4, 0),
        r(O::Slli, 5, 1, 0, 61),
        r(O::Bne, 0, 5, 0, 3),
        r(O::Addi, 6, 6, 0, 1),
        r(O::Xor, 7, 7, 6, 0),
        r(O::Slli, 5, 1, 0, 63),
        r(O::Bne, 0, 5, 0, -15),
        r(O::Addi, 8, 8, 0, 1),
        r(O::Jump, 0, 0, 0, -17),
    ];
    let mut code = [r(O::Jump, 0, 0, 0, 0); CODE];
    code[..body.len()].copy_from_slice(&body);
    let mut run = 0;
    for record in code.iter_mut().rev() {
        let ends = matches!(record.op, O::Bne | O::Jump);
        run = if ends { 1 } else { run + 1 };
        record.run = run;
    }
    code
}

/// A `match` in a loop.
fn by_match(cpu: &mut Cpu, code: &Code, mut left: i64) {
    let mut pc = 0;
    loop {
        let r = &code[pc % CODE];
        pc = cpu.execute(r.op, r, pc);
        if matches!(r.op, Op::Bne | Op::Jump) {
            left -= i64::from(code[pc % CODE].run);
            if left < 0 {
                return;
            }
        }
    }
}

/// A loop that calls handlers.
fn by_pointer(cpu: &mut Cpu, code: &Code, mut left: i64) {
    let mut pc = 0;
    loop {
        // A run at a time: within it nothing needs to be counted.
        let run = code[pc % CODE].run;
        left -= i64::from(run);
        if left < 0 {
            return;
        }
        for _ in 0..run {
            let r = &code[pc % CODE];
            pc = (r.step)(cpu, r, pc);
        }
    }
}

/// Handlers that call on, a stretch at a time.
fn by_chain(cpu: &mut Cpu, code: &Code, left: i64) {
    let (mut taken, total) = (0, left);
    cpu.pc = 0;
    while taken < total {
        let stretch = STRETCH.min(total - taken);
        let r = &code[cpu.pc % CODE];
        let after = stretch - i64::from(r.run);
        if after < 0 {
            return;
        }
        (r.chain)(cpu, code, cpu.pc, after);
        taken += stretch - cpu.left;
    }
}

fn dispatch(criterion: &mut Criterion) {
    let code = program();
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(Throughput::Elements(STEPS as u64));
    type Way = fn(&mut Cpu, &Code, i64);
    let ways: [(&str, Way); 3] = [
        ("match-in-a-loop", by_match),
        ("pointers-and-a-loop", by_pointer),
        ("handlers-that-call-on", by_chain),
    ];
    for (name, way) in ways {
        let mut cpu = Cpu::new();
        group.bench_function(name, |b| b.iter(|| way(&mut cpu, black_box(&code), STEPS)));
    }
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
