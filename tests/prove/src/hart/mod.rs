//! Random programs on Hartland and QEMU: the same digests, or a report of the first difference.

mod assembler;
mod block;
mod elf;
mod generate;
mod groups;
mod harness;
mod layout;
mod peers;
mod random;
mod record;
mod report;
mod tables;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use isa::IsaConfig;

use block::Block;
use generate::Generator;
use peers::{Counter, Outcome, Qemu};

#[derive(clap::Args)]
pub struct Arguments {
    /// Stop after so many random instructions
    #[arg(long, default_value_t = 200_000)]
    instructions: u64,

    /// The seed of the first block
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The QEMU to compare with; a wrapper script serves where it lives in a chroot
    #[arg(long, default_value = "qemu-system-riscv64")]
    qemu: PathBuf,

    /// Compare our two engines only
    #[arg(long)]
    no_qemu: bool,

    /// Where the programs are written
    #[arg(long, default_value = "target/prove")]
    folder: PathBuf,

    /// Report the difference of this block alone
    #[arg(long)]
    block: Option<u64>,

    /// Go on after a difference, and list the blocks that differ
    #[arg(long)]
    keep_going: bool,
}

/// Blocks in one program.
const BLOCKS: u64 = 100;

/// Time that a program may take there.
const LIMIT: Duration = Duration::from_secs(60);

/// The sides of the comparison.
struct Sides {
    qemu: Option<Qemu>,
    isa: IsaConfig,
    folder: PathBuf,
}

impl Sides {
    /// Both engines here, and QEMU: `None` for the sides that agree with the first.
    fn run(&self, blocks: &[Block], name: &str) -> Result<Vec<(&'static str, Outcome)>> {
        let elf = elf::program(blocks);
        let path = self.folder.join(name);
        std::fs::write(&path, &elf)?;
        let mut outcomes = vec![
            ("plain", peers::hartland(&elf, self.isa, true)?),
            ("threaded", peers::hartland(&elf, self.isa, false)?),
        ];
        if let Some(qemu) = &self.qemu {
            outcomes.push(("QEMU", qemu.run(&path, LIMIT)?));
        }
        Ok(outcomes)
    }

    /// Whether a single block gives different results.
    fn differs(&self, block: &Block) -> Result<bool> {
        let outcomes = self.run(std::slice::from_ref(block), "shrink.elf")?;
        Ok(outcomes
            .iter()
            .any(|(_, outcome)| *outcome != outcomes[0].1))
    }
}

/// Runs the comparison.
#[expect(clippy::print_stdout, reason = "the result of a command")]
pub fn run(arguments: &Arguments) -> Result<()> {
    std::fs::create_dir_all(&arguments.folder)?;
    let qemu = if arguments.no_qemu {
        None
    } else {
        Some(Qemu::find(&arguments.qemu)?)
    };
    let isa = qemu.as_ref().map_or_else(IsaConfig::default, |q| q.isa);
    match &qemu {
        Some(qemu) => println!("against {}, {isa}", qemu.version),
        None => println!("engine against engine, {isa}"),
    }
    let sides = Sides {
        qemu,
        isa,
        folder: arguments.folder.clone(),
    };
    if let Some(seed) = arguments.block {
        return report::first_difference(&sides, Generator::block(seed, isa));
    }
    campaign(arguments, &sides)
}

#[expect(clippy::print_stdout, reason = "the result of a command")]
fn campaign(arguments: &Arguments, sides: &Sides) -> Result<()> {
    let (mut counter, mut seed, mut different) = (Counter::default(), arguments.seed, Vec::new());
    let start = Instant::now();
    let total = |counter: &Counter| counter.retired.iter().sum::<u64>();
    while total(&counter) < arguments.instructions {
        let blocks: Vec<_> = (seed..seed + BLOCKS)
            .map(|seed| Generator::block(seed, sides.isa))
            .collect();
        let outcomes = sides.run(&blocks, "random.elf")?;
        peers::counted(&elf::program(&blocks), sides.isa, &mut counter)?;
        for block in different_blocks(&outcomes, seed) {
            different.push(block);
            println!("block {block} differs");
            for (side, outcome) in &outcomes {
                println!("  {side}: {}", outcome.describe((block - seed) as usize));
            }
            if !arguments.keep_going {
                report::first_difference(sides, Generator::block(block, sides.isa))?;
                bail!("block {block} differs");
            }
        }
        seed += BLOCKS;
    }
    let [user, supervisor, _, machine] = counter.retired;
    println!(
        "{} blocks, {} random instructions: {user} in U-mode, {supervisor} in S-mode, {machine} in M-mode; {} traps ({} page faults), {} interrupts; {:.0} s",
        seed - arguments.seed,
        total(&counter),
        counter.trapped.iter().sum::<u64>(),
        counter.trapped[1],
        counter.interrupted,
        start.elapsed().as_secs_f64(),
    );
    if !different.is_empty() {
        bail!("{} blocks differ: {different:?}", different.len());
    }
    println!("no difference");
    Ok(())
}

/// The blocks whose digests are not the same everywhere.
fn different_blocks(outcomes: &[(&str, Outcome)], seed: u64) -> Vec<u64> {
    let stages = harness::STAGES.len();
    let digests = |outcome: &Outcome, block: u64| {
        let from = block as usize * stages;
        outcome.digests.get(from..from + stages).map(<[_]>::to_vec)
    };
    let reference = &outcomes[0].1;
    let differs = |block: &u64| {
        let expected = digests(reference, *block);
        let mut others = outcomes[1..].iter();
        others.any(|(_, other)| expected.is_none() || digests(other, *block) != expected)
    };
    (0..BLOCKS)
        .filter(differs)
        .map(|block| seed + block)
        .collect()
}

/// A path in the folder of the programs.
fn in_folder(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}
