//! Shrinks a block that differs, and says where the difference begins.

use std::path::Path;

use anyhow::{Context, Result};
use isa::Insn;
use machine::hart::{Hart, Trap};
use machine::{Bus, Observer};

use super::block::Block;
use super::{LIMIT, Sides, elf, harness, in_folder, layout as at, peers};

/// Makes the block as small as it goes while it still differs.
fn shrink(sides: &Sides, mut block: Block) -> Result<Block> {
    let mut size = block.items.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        while from < block.items.len() {
            let mut smaller = block.clone();
            let to = (from + size).min(smaller.items.len());
            smaller.items.drain(from..to);
            if sides.differs(&smaller)? {
                block = smaller;
            } else {
                from += size;
            }
        }
        if size == 1 {
            return Ok(block);
        }
        size = size.div_ceil(2);
    }
}

/// One step in the window: where, and the registers before it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    pc: u64,
    x: Vec<u64>,
    f: Vec<u64>,
    /// Name and value of CSRs that both sides show.
    csrs: Vec<(String, u64)>,
}

/// CSRs that QEMU's log shows by these names.
const LOGGED: &[&str] = &[
    "mstatus", "mip", "mie", "mideleg", "medeleg", "mepc", "sepc", "mcause", "scause", "mtval",
    "stval", "satp",
];

#[derive(Default)]
struct Recorder {
    steps: Vec<Step>,
}

impl Observer for Recorder {
    fn before(&mut self, hart: &Hart, bus: &Bus, _: &Insn, _: u32) {
        self.record(hart, bus, hart.pc);
    }
    fn retired(&mut self, _: &Hart, _: &Bus, _: u64, _: &Insn, _: u32) {}
    fn trapped(&mut self, _: &Hart, _: &Bus, _: u64, _: Trap) {}
    fn interrupted(&mut self, _: &Hart, _: &Bus, _: u64, _: isa::trap::Interrupt) {}
}

impl Recorder {
    fn record(&mut self, hart: &Hart, bus: &Bus, pc: u64) {
        let windows = [at::WINDOW, at::WINDOW_USER];
        if !windows
            .iter()
            .any(|w| (*w..w + at::WINDOW_BYTES).contains(&pc))
        {
            return;
        }
        let csrs = LOGGED.iter().filter_map(|name| {
            let value = hart.peek_csr(bus, isa::csr::number(name)?)?;
            Some(((*name).to_owned(), value))
        });
        self.steps.push(Step {
            pc,
            x: hart.x[..32].to_vec(),
            f: hart.f.to_vec(),
            csrs: csrs.collect(),
        });
    }
}

/// Reads QEMU's log of registers before each instruction.
fn parse_log(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if let ["pc", pc] = words[..] {
            steps.push(Step {
                pc: hex(pc),
                x: Vec::new(),
                f: Vec::new(),
                csrs: Vec::new(),
            });
            continue;
        }
        let Some(step) = steps.last_mut() else {
            continue;
        };
        for pair in words.chunks_exact(2) {
            let (name, value) = (pair[0], hex(pair[1]));
            match name.split_once('/').map(|(number, _)| number) {
                Some(number) if number.starts_with('x') => step.x.push(value),
                Some(_) => step.f.push(value),
                None if LOGGED.contains(&name) => step.csrs.push((name.to_owned(), value)),
                None => {}
            }
        }
    }
    let complete = |step: &Step| step.x.len() == 32;
    steps.into_iter().filter(complete).collect()
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or(0)
}

/// Shrinks a block that differs and prints what is left of it, with the first step that differs.
#[expect(clippy::print_stdout, reason = "the report is the result")]
pub fn first_difference(sides: &Sides, block: Block) -> Result<()> {
    if !sides.differs(&block)? {
        println!("block {} alone does not differ", block.seed);
        return Ok(());
    }
    let block = shrink(sides, block)?;
    let elf = elf::program(std::slice::from_ref(&block));
    let path = in_folder(&sides.folder, "difference.elf");
    std::fs::write(&path, &elf)?;
    println!(
        "block {} shrinks to {} items, {}:",
        block.seed,
        block.items.len(),
        path.display()
    );
    print_code(&block);
    let csrs = super::record::CSRS.iter().zip(&block.start.csrs);
    let csrs: Vec<_> = csrs
        .map(|((name, _), value)| format!("{name} {value:x}"))
        .collect();
    println!(
        "from: mstatus {:x}, {}",
        block.start.mstatus,
        csrs.join(", ")
    );
    for &(address, entry) in block.start.patches.iter().filter(|patch| patch.1 & 15 != 1) {
        println!("  entry {address:#x}: {entry:#x}");
    }
    let outcomes = sides.run(std::slice::from_ref(&block), "difference.elf")?;
    for (side, outcome) in &outcomes {
        println!("{side}: {}", outcome.describe(0));
    }
    let digests = |n: usize| {
        outcomes
            .iter()
            .map(move |(_, outcome)| outcome.digests.get(n))
    };
    let differs = |n: &usize| digests(*n).any(|digest| digest != outcomes[0].1.digests.get(*n));
    if let Some(stage) = (0..harness::STAGES.len()).find(differs) {
        println!("what differs first: {}", harness::STAGES[stage]);
    }
    compare_engines(sides, &elf)?;
    compare_steps(sides, &block, &path)?;
    compare_memory(sides, &block, &path)
}

/// Ranges that the digests are made from, and what they hold at the end.
const COMPARED: [(u64, u64); 4] = [
    (at::SAVE, 0x400),
    (at::DATA, at::DATA_BYTES),
    (at::TABLES, at::TABLES_BYTES),
    (at::WINDOW, at::WINDOW_BYTES),
];

/// Doublewords of memory that are different at the end.
#[expect(clippy::print_stdout, reason = "the report is the result")]
fn compare_memory(sides: &Sides, block: &Block, path: &Path) -> Result<()> {
    let Some(qemu) = &sides.qemu else {
        return Ok(());
    };
    let elf = elf::program(std::slice::from_ref(block));
    let mut machine = peers::machine(&elf, sides.isa, true)?;
    machine.run(10_000_000);
    let theirs = qemu.memory(path, &COMPARED, &in_folder(&sides.folder, "memory"))?;
    let addresses = COMPARED
        .iter()
        .flat_map(|&(base, bytes)| (base..base + bytes).step_by(8));
    for (address, bytes) in addresses.zip(theirs.chunks_exact(8)) {
        let ours = machine.peek(address, memory::Width::Double).unwrap_or(0);
        let theirs = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        if ours != theirs {
            let name = harness::name_of(address);
            println!("  at the end, {name}: {ours:#x} here, {theirs:#x} there");
        }
    }
    Ok(())
}

/// Says at which step our two engines part, if they do.
#[expect(clippy::print_stdout, reason = "the report is the result")]
fn compare_engines(sides: &Sides, elf: &[u8]) -> Result<()> {
    let after = |steps: u64| -> Result<[machine::Machine; 2]> {
        let run = |plain| {
            let mut machine = peers::machine(elf, sides.isa, plain)?;
            machine.run(steps);
            Ok::<_, anyhow::Error>(machine)
        };
        Ok([run(true)?, run(false)?])
    };
    let agree = |[a, b]: &[machine::Machine; 2]| a.state_hash() == b.state_hash();
    let (mut same, mut other) = (0, 10_000_000);
    if agree(&after(other)?) {
        return Ok(());
    }
    while other - same > 1 {
        let middle = same.midpoint(other);
        if agree(&after(middle)?) {
            same = middle;
        } else {
            other = middle;
        }
    }
    let [plain, threaded] = after(other)?;
    let before = after(same)?[0].harts()[0].pc;
    println!("the engines part at step {other}, at {before:#x}");
    let words = |machine: &machine::Machine| machine.harts()[0].words().collect::<Vec<_>>();
    let pairs = words(&plain).into_iter().zip(words(&threaded));
    for (n, (a, b)) in pairs.enumerate().filter(|(_, (a, b))| a != b).take(20) {
        println!("  word {n} of the hart: {a:#x} plain, {b:#x} threaded");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is the result")]
fn print_code(block: &Block) {
    let code = block.code();
    let isa = isa::IsaConfig::default();
    let mut offset = 0;
    while offset + 2 <= code.bytes.len() {
        let mut bytes = [0; 4];
        let end = (offset + 4).min(code.bytes.len());
        bytes[..end - offset].copy_from_slice(&code.bytes[offset..end]);
        let word = u32::from_le_bytes(bytes);
        let length = usize::from(isa::insn_len(word as u16)).min(4);
        let address = at::WINDOW + offset as u64;
        let text = isa::decode(word, &isa).map_or_else(
            || format!(".insn {word:#x}"),
            |insn| isa::disassemble(&insn, address).to_string(),
        );
        println!("  {address:#x}: {text}");
        offset += length;
    }
}

#[expect(clippy::print_stdout, reason = "the report is the result")]
fn compare_steps(sides: &Sides, block: &Block, path: &Path) -> Result<()> {
    let Some(qemu) = &sides.qemu else {
        return Ok(());
    };
    let log = in_folder(&sides.folder, "difference.log");
    qemu.log(path, &log, LIMIT)?;
    let text = std::fs::read_to_string(&log).context("QEMU's log")?;
    // Nothing is observed here of words that are no instruction.
    let code = block.code().bytes;
    let is_instruction = |step: &Step| {
        let at = (step.pc & (at::WINDOW_BYTES - 1)) as usize;
        let mut bytes = [0; 4];
        bytes
            .iter_mut()
            .zip(code.iter().skip(at))
            .for_each(|(to, from)| *to = *from);
        isa::decode(u32::from_le_bytes(bytes), &sides.isa).is_some()
    };
    let mut theirs = parse_log(&text);
    theirs.retain(is_instruction);
    let mut recorder = Recorder::default();
    let elf = elf::program(std::slice::from_ref(block));
    let mut machine = peers::machine(&elf, sides.isa, true)?;
    machine.run_observed(10_000_000, &mut recorder);
    let ours = recorder.steps;
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| same(a, b));
    let at = same.count();
    println!(
        "steps in the window: {} here, {} there; the first {at} agree",
        ours.len(),
        theirs.len()
    );
    if let Some(step) = ours[..at].last() {
        println!("last common step: {:#x}", step.pc);
        let registers: Vec<_> = step.x.iter().map(|value| format!("{value:x}")).collect();
        println!("registers before it: {}", registers.join(" "));
        println!("CSRs before it: {:x?}", step.csrs);
    }
    if let (Some(ours), Some(theirs)) = (ours.get(at), theirs.get(at)) {
        print_difference(ours, theirs);
    }
    for (side, steps) in [("here", &ours), ("there", &theirs)] {
        if let Some(step) = steps.get(at) {
            println!("next {side}: {:#x}, {:x?}", step.pc, step.csrs);
        }
    }
    Ok(())
}

/// Bits of `mstatus` that only QEMU's log shows, or shows otherwise: SD.
const NOT_COMPARED: u64 = 1 << 63;

fn same(a: &Step, b: &Step) -> bool {
    differences(a, b).is_empty()
}

fn differences(ours: &Step, theirs: &Step) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |name: String, a: u64, b: u64| {
        if a != b {
            found.push(format!("{name}: {a:#x} here, {b:#x} there"));
        }
    };
    compare("pc".to_owned(), ours.pc, theirs.pc);
    for (n, (a, b)) in ours.x.iter().zip(&theirs.x).enumerate() {
        compare(format!("x{n}"), *a, *b);
    }
    for (n, (a, b)) in ours.f.iter().zip(&theirs.f).enumerate() {
        compare(format!("f{n}"), *a, *b);
    }
    for (name, a) in &ours.csrs {
        let theirs = theirs.csrs.iter().find(|(other, _)| other == name);
        if let Some((_, b)) = theirs {
            compare(name.clone(), a & !NOT_COMPARED, b & !NOT_COMPARED);
        }
    }
    found
}

#[expect(clippy::print_stdout, reason = "the report is the result")]
fn print_difference(ours: &Step, theirs: &Step) {
    for line in differences(ours, theirs) {
        println!("  {line}");
    }
}
