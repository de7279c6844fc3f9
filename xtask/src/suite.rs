//! `cargo xtask suite DIR`: runs prebuilt ELF files of the public test suites against a committed
//! table of what each must do.
//!
//! None of the suites' files may stand in this repository; their names, digests and results do:
//! `tests/suites/*.tsv`. A file with another digest (another compiler built it) is run all the same, but its step count is not compared.

#![expect(clippy::print_stdout, reason = "what a task prints is its result")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use machine::loader::{self, RamRange};
use machine::{Config, Machine, Stop};
use sha2::{Digest, Sha256};

/// Steps that no test of a suite takes.
const MOST_STEPS: u64 = 200_000_000;
const MEMORY: u64 = 128 << 20;

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with the ELF files, under the names of the table
    folder: PathBuf,

    /// The table: tests/suites/NAME.tsv
    #[arg(long)]
    table: PathBuf,

    /// Write the table anew from what the files do now; look at the difference before committing
    #[arg(long)]
    write: bool,

    /// One instruction at a time
    #[arg(long)]
    plain: bool,
}

/// A line of the table.
struct Row {
    name: String,
    digest: String,
    harts: usize,
    /// `status:N`, or `signature:SHA-256` of the signature with four bytes a line.
    expected: String,
    steps: u64,
}

struct Table {
    /// Lines that begin with `#`, kept as they are.
    comments: Vec<String>,
    isa: isa::IsaConfig,
    rows: Vec<Row>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let mut table = read(&arguments.table)?;
    let (mut failed, mut other_builds) = (0, 0);
    for row in &mut table.rows {
        let path = arguments.folder.join(&row.name);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let digest = hex(&Sha256::digest(&bytes));
        let signed = row.expected.starts_with("signature:");
        let (result, steps) = run_one(
            &row.name,
            &bytes,
            row.harts,
            &table.isa,
            signed,
            arguments.plain,
        )?;
        if arguments.write {
            (row.digest, row.expected, row.steps) = (digest, result, steps);
            continue;
        }
        let same_build = digest == row.digest;
        other_builds += usize::from(!same_build);
        if result != row.expected {
            failed += 1;
            println!("{}: {result}, expected {}", row.name, row.expected);
        } else if same_build && steps != row.steps {
            failed += 1;
            println!("{}: {steps} steps, expected {}", row.name, row.steps);
        }
    }
    if arguments.write {
        return write(&arguments.table, &table);
    }
    let passed = table.rows.len() - failed;
    println!("{passed} passed, {failed} failed");
    if other_builds > 0 {
        println!(
            "{other_builds} files are another build than the table's: their steps were not compared"
        );
    }
    if failed > 0 {
        bail!("{failed} of {} tests failed", table.rows.len());
    }
    Ok(())
}

fn read(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let comments: Vec<_> = text
        .lines()
        .filter(|l| l.starts_with('#'))
        .map(str::to_owned)
        .collect();
    let isa = comments
        .iter()
        .find_map(|line| line.strip_prefix("# isa: "));
    let isa = isa.map_or_else(|| Ok(isa::IsaConfig::default()), isa::IsaConfig::parse)?;
    let rows = text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let [name, digest, harts, expected, steps] = fields[..] else {
                bail!("{}: not five fields: {line}", path.display());
            };
            Ok(Row {
                name: name.to_owned(),
                digest: digest.to_owned(),
                harts: harts.parse()?,
                expected: expected.to_owned(),
                steps: steps.parse()?,
            })
        });
    Ok(Table {
        rows: rows.collect::<Result<_>>()?,
        comments,
        isa,
    })
}

fn write(path: &Path, table: &Table) -> Result<()> {
    let mut text = String::new();
    for comment in &table.comments {
        writeln!(text, "{comment}")?;
    }
    for row in &table.rows {
        let Row {
            name,
            digest,
            harts,
            expected,
            steps,
        } = row;
        writeln!(text, "{name}\t{digest}\t{harts}\t{expected}\t{steps}")?;
    }
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

fn run_one(
    name: &str,
    bytes: &[u8],
    harts: usize,
    isa: &isa::IsaConfig,
    signed: bool,
    plain: bool,
) -> Result<(String, u64)> {
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: MEMORY,
    };
    let image = loader::parse(name, bytes, ram, None)?;
    let config = Config {
        memory: MEMORY,
        harts,
        isa: *isa,
        plain_engine: plain,
        ..Config::default()
    };
    let mut machine = Machine::new(config)?;
    let symbols = ["begin_signature", "end_signature"].map(|s| image.symbols.by_name(s));
    machine.load(image)?;
    let stop = machine.run(MOST_STEPS);
    let result = match (stop, symbols) {
        (Stop::Exit(_), [Some(begin), Some(end)]) if signed => {
            let text = machine::signature(machine.bus(), begin, end, 4)?;
            format!("signature:{}", hex(&Sha256::digest(text.as_bytes())))
        }
        (Stop::Exit(exit), _) => format!("status:{}", exit.code),
        (Stop::Budget, _) => format!("no end within {MOST_STEPS} steps"),
        (stop, _) => format!("{stop:?}"),
    };
    Ok((result, machine.steps()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
