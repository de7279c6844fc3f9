//! The decoder against LLVM and the public riscv-opcodes tables: which words are instructions, and what their text
//! assembles to.

mod llvm;
mod opcodes;
mod reassemble;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use clap::Parser;
use isa::format::Format;
use isa::{Insn, IsaConfig, Opcode, decode};

use llvm::Llvm;
use opcodes::Tables;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// All words whose low bits are those of a 32-bit instruction, instead of every so manieth
    #[arg(long)]
    long: bool,

    /// A checkout of the public riscv-opcodes to compare with
    #[arg(long)]
    opcodes: Option<PathBuf>,
}

/// The short form looks at one word in so many (a prime).
const STRIDE: u64 = 997;

/// Words that end in ones.
const WORDS: u64 = 1 << 30;

/// A way in which two decoders differ: who takes it for an instruction, and by what name.
type Difference = (&'static str, String);

/// How often, and the first word.
type Differences = BTreeMap<Difference, (u64, u32)>;

#[expect(
    clippy::print_stderr,
    reason = "the one place where a command's error is said"
)]
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the comparison.
#[expect(clippy::print_stdout, reason = "the result of a command")]
fn run(arguments: &Arguments) -> Result<()> {
    reassemble::run()?;
    let tables = match &arguments.opcodes {
        Some(folder) => Some(Tables::read(folder)?),
        None => None,
    };
    if let Some(tables) = &tables {
        println!("riscv-opcodes: {} instructions", tables.len());
    }
    let stride = if arguments.long { 1 } else { STRIDE };
    let (differences, words, legal) = compare_words(stride, tables.as_ref())?;
    println!("{words} words, {legal} of them instructions here");
    let mut unexplained = 0;
    for ((side, name), (count, word)) in &differences {
        let why = explanation(side, name);
        unexplained += u64::from(why.is_none());
        let why = why.unwrap_or("NOT EXPLAINED");
        println!("  {side}: {name}: {count} words, first {word:#010x}: {why}");
    }
    if unexplained > 0 {
        bail!("{unexplained} kinds of difference have no explanation");
    }
    compare_halves()
}

/// Compares every `stride`th word, in as many threads as there are processors.
fn compare_words(stride: u64, tables: Option<&Tables>) -> Result<(Differences, u64, u64)> {
    const CHUNK: u64 = 1 << 20;
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<(Differences, u64, u64)> {
        let llvm = Llvm::new()?;
        let (mut found, mut words, mut legal) = (Differences::new(), 0, 0);
        loop {
            let from = next.fetch_add(CHUNK, Ordering::Relaxed);
            if from * stride >= WORDS {
                return Ok((found, words, legal));
            }
            for n in (from..from + CHUNK).take_while(|n| n * stride < WORDS) {
                let word = ((n * stride) << 2) as u32 | 3;
                if word & 0x1f != 0x1f {
                    words += 1;
                    legal += u64::from(compare(word, &llvm, tables, &mut found));
                }
            }
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect()
    });
    let (mut all, mut words, mut legal) = (Differences::new(), 0, 0);
    for result in results {
        let Ok(result) = result else {
            bail!("a thread of the comparison panicked");
        };
        let (found, some_words, some_legal) = result?;
        words += some_words;
        legal += some_legal;
        for (difference, (count, word)) in found {
            let entry = all.entry(difference).or_insert((0, word));
            entry.0 += count;
            entry.1 = entry.1.min(word);
        }
    }
    Ok((all, words, legal))
}

/// Compares one word; returns whether it is an instruction here.
fn compare(word: u32, llvm: &Llvm, tables: Option<&Tables>, found: &mut Differences) -> bool {
    let ours = decode(word, &IsaConfig::default());
    let mut text = [0; 256];
    let theirs = llvm.length(word, &mut text) == 4;
    let mut note = |side, name: String| {
        let entry = found.entry((side, name)).or_insert((0, word));
        entry.0 += 1;
        entry.1 = entry.1.min(word);
    };
    match (&ours, theirs) {
        (Some(insn), false) => note("only here, not in LLVM", kind(insn, word)),
        (None, true) => {
            let text = llvm.text(word);
            let name = text.split_whitespace().next().unwrap_or("").to_owned();
            note("only in LLVM", name);
        }
        _ => {}
    }
    if let Some(tables) = tables {
        match (&ours, tables.find(word)) {
            (Some(insn), None) => note("only here, not in riscv-opcodes", kind(insn, word)),
            (None, Some(entry)) => note("only in riscv-opcodes", entry.name.clone()),
            _ => {}
        }
    }
    ours.is_some()
}

/// The mnemonic; where an instruction has a rounding mode, whether that is a reserved one.
fn kind(insn: &Insn, word: u32) -> String {
    use Format as F;
    let rounds = matches!(
        insn.op.format(),
        F::Float | F::FloatUnary | F::FloatFused | F::FloatToInt | F::IntToFloat
    );
    if rounds && matches!(insn.aux, 5 | 6) {
        return "a reserved rounding mode".to_owned();
    }
    if insn.op == Opcode::Fence && (word & 0x000f_8f80 != 0 || word >> 28 != 0) {
        return "fence with reserved fields".to_owned();
    }
    insn.op.mnemonic().to_owned()
}

/// Why others differ, for the differences that are right. What has no reason here fails.
fn explanation(side: &str, name: &str) -> Option<&'static str> {
    Some(match (side, name) {
        ("only here, not in LLVM", "a reserved rounding mode") => {
            "a legal encoding; executing it traps (F, \"Floating-Point Control and Status Register\")"
        }
        ("only here, not in LLVM", "fence with reserved fields") => {
            "base implementations ignore them (RV32I, \"Memory Ordering Instructions\")"
        }
        ("only here, not in LLVM", "fence.i") => {
            "its operand fields are reserved and ignored (Zifencei)"
        }
        ("only in LLVM" | "only in riscv-opcodes", "aes64ks1i") => {
            "round numbers above 10 are reserved (Zkne, Zknd)"
        }
        ("only in LLVM", "hinval.gvma" | "hinval.vvma") => {
            "of Svinval, but for harts with H, which this one has not"
        }
        ("only in riscv-opcodes", "amocas.q") => "odd register numbers are reserved (Zacas)",
        _ => return None,
    })
}

/// All halfwords: what is an instruction, and how long.
#[expect(clippy::print_stdout, reason = "the result of a command")]
fn compare_halves() -> Result<()> {
    let llvm = Llvm::new()?;
    let (mut legal, mut different) = (0, Vec::new());
    let mut text = [0; 256];
    for half in (0..=u16::MAX).filter(|half| half & 3 != 3) {
        let ours = decode(u32::from(half), &IsaConfig::default()).is_some();
        let theirs = llvm.length(u32::from(half), &mut text) == 2;
        legal += u32::from(ours);
        // LLVM has a name for the all-zero halfword, which the specification makes illegal.
        if ours != theirs && half != 0 {
            different.push(half);
        }
    }
    println!("49152 halfwords, {legal} of them instructions here");
    if !different.is_empty() {
        bail!("halfwords that only one side takes for an instruction: {different:#06x?}");
    }
    Ok(())
}
