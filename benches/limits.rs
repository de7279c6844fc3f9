//! What must not grow with size: measured, printed beside its limit, and an error when over it.
//! `cargo bench -p hartland-benches --bench limits`

#![expect(clippy::print_stdout, reason = "what a benchmark prints is its result")]

use std::process::ExitCode;
use std::time::Instant;

use guest_images::Kind;
use isa::{Insn, Opcode, encode};
use machine::loader::{self, RamRange};
use machine::{Config, Machine};

const RAM: u64 = abi::memory_map::RAM_BASE;
/// Runs of each; the median counts.
const RUNS: usize = 7;
/// Steps of a measured piece.
const STEPS: u64 = 20_000_000;
/// Bytes of code that are executed once.
const CODE: u64 = 64 << 20;
const CODE_AT: u64 = RAM + (16 << 20);

fn insn(op: Opcode, rd: u8, rs1: u8, rs2: u8, imm: i32) -> u32 {
    let mut insn = Insn::new(op);
    (insn.rd, insn.rs1, insn.rs2, insn.imm) = (rd, rs1, rs2, imm);
    encode(&insn).unwrap_or(0)
}

/// A loop that loads, adds and stores over 64 KiB behind x5, for ever.
fn small_loop() -> Vec<u8> {
    use Opcode as O;
    let words = [
        insn(O::Addi, 9, 9, 0, 8),
        insn(O::Slli, 10, 9, 0, 48),
        insn(O::Srli, 10, 10, 0, 48),
        insn(O::Add, 10, 10, 5, 0),
        insn(O::Ld, 6, 10, 0, 0),
        insn(O::Add, 6, 6, 9, 0),
        insn(O::Sd, 0, 10, 6, 0),
        insn(O::Bne, 0, 10, 0, -28),
    ];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn machine(memory: u64, harts: usize) -> Machine {
    let config = Config {
        memory,
        harts,
        ..Config::default()
    };
    let mut machine = Machine::new(config).unwrap_or_else(|error| panic!("{error}"));
    machine.bus_mut().ram.write(RAM, &small_loop());
    for hart in 0..harts {
        go_to(&mut machine, hart, RAM);
    }
    machine
}

fn go_to(machine: &mut Machine, hart: usize, pc: u64) {
    let hart_id = hart as u64;
    if let Some(hart) = machine.hart_mut(hart) {
        hart.pc = pc;
        hart.set_reg(5, RAM + (1 << 20) * (1 + hart_id));
    }
}

/// Nanoseconds a step of `steps` steps.
fn nanos(machine: &mut Machine, steps: u64) -> f64 {
    let before = machine.steps();
    let start = Instant::now();
    machine.run(steps);
    start.elapsed().as_secs_f64() * 1e9 / (machine.steps() - before) as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints a line; whether the value is within its limit.
fn report(what: &str, value: f64, unit: &str, limit: Option<(f64, bool)>) -> bool {
    let (holds, text) = match limit {
        Some((limit, true)) => (value >= limit, format!("at least {limit}")),
        Some((limit, false)) => (value <= limit, format!("at most {limit}")),
        None => (true, "reported".to_owned()),
    };
    let verdict = if holds { "" } else { "  MISSED" };
    println!("{what:<58} {value:>9.3} {unit:<8} ({text}){verdict}");
    holds
}

/// A small loop before and after 64 MiB of code were executed once, and what decoding them cost.
fn code() -> bool {
    let mut machine = machine(256 << 20, 1);
    let straight = insn(Opcode::Addi, 7, 7, 0, 1).to_le_bytes();
    let page: Vec<u8> = straight.iter().copied().cycle().take(4096).collect();
    for at in (CODE_AT..CODE_AT + CODE).step_by(4096) {
        machine.bus_mut().ram.write(at, &page);
    }
    nanos(&mut machine, STEPS);
    let (mut ratios, mut decode) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let before = nanos(&mut machine, STEPS);
        go_to(&mut machine, 0, CODE_AT);
        // More than the code cache holds, so that each round decodes everything anew.
        let once = nanos(&mut machine, CODE / 4 - 1);
        go_to(&mut machine, 0, RAM);
        let after = nanos(&mut machine, STEPS);
        ratios.push(after / before);
        decode.push(once);
    }
    let again = decoded_already(&mut machine);
    let ratio = report(
        "small loop after 64 MiB of code, time by time before",
        median(ratios),
        "",
        Some((1.1, false)),
    );
    let once = median(decode);
    report("code executed once, an instruction", once, "ns", None);
    report(
        "of which decoding, an instruction",
        once - again,
        "ns",
        None,
    );
    ratio
}

/// Nanoseconds an instruction of straight code that is decoded already.
fn decoded_already(machine: &mut Machine) -> f64 {
    const PART: u64 = 1 << 20;
    let round = |machine: &mut Machine| {
        go_to(machine, 0, CODE_AT);
        nanos(machine, PART / 4)
    };
    round(machine);
    let times = (0..RUNS).map(|_| round(machine)).collect();
    go_to(machine, 0, RAM);
    median(times)
}

/// Steps a second of four harts together, by those of one.
fn harts() -> bool {
    let (mut one, mut four) = (machine(64 << 20, 1), machine(64 << 20, 4));
    let ratios = (0..RUNS)
        .map(|_| nanos(&mut one, STEPS) / nanos(&mut four, STEPS))
        .collect();
    report(
        "four harts' steps a second together, by one's",
        median(ratios),
        "",
        Some((0.95, true)),
    )
}

/// Resident memory of this process in MiB.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1);
    pages.and_then(|p| p.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0 / f64::from(1 << 20)
}

/// What 8 GiB of RAM cost before they are touched.
fn large_ram() -> bool {
    let mut times = [Vec::new(), Vec::new()];
    let mut memory = 0.0f64;
    for _ in 0..RUNS {
        for (size, times) in [64 << 20, 8 << 30].into_iter().zip(&mut times) {
            let before = resident();
            let start = Instant::now();
            let mut machine = machine(size, 1);
            machine.run(1000);
            times.push(start.elapsed().as_secs_f64() * 1e3);
            if size > 1 << 30 {
                memory = memory.max(resident() - before);
            }
        }
    }
    let [small, large] = times.map(median);
    report(
        "a machine with 64 MiB of RAM, 1000 steps",
        small,
        "ms",
        None,
    );
    report(
        "the same with 8 GiB",
        large,
        "ms",
        Some((small + 1.0, false)),
    ) & report(
        "resident memory of a machine with 8 GiB",
        memory,
        "MiB",
        Some((16.0, false)),
    )
}

/// From nothing to the end of a program that powers off at once.
fn start_up() -> bool {
    let image = guest_images::of_kind(Kind::Sample).find(|image| image.name == "power-off");
    let bytes = image.map_or(&[][..], |image| image.bytes);
    let ram = RamRange {
        base: RAM,
        size: 1 << 30,
    };
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        let program = loader::parse("power-off", bytes, ram, None);
        let program = program.unwrap_or_else(|error| panic!("{error}"));
        let config = Config {
            memory: ram.size,
            ..Config::default()
        };
        let mut machine = Machine::new(config).unwrap_or_else(|error| panic!("{error}"));
        machine
            .load(program)
            .unwrap_or_else(|error| panic!("{error}"));
        machine.run(1_000_000);
        drop(machine);
        start.elapsed().as_secs_f64() * 1e3
    });
    let time = median(times.collect());
    report(
        "start, run and end of a program that powers off",
        time,
        "ms",
        Some((10.0, false)),
    )
}

fn main() -> ExitCode {
    let all = [large_ram(), start_up(), code(), harts()];
    if all.iter().all(|&holds| holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
