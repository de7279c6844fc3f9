//! Disassembles encodings of every instruction, assembles the text by `llvm-mc-22`, and expects the same bytes.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context, Result, bail};
use isa::opcode::TABLE;
use isa::{IsaConfig, Opcode, decode, disassemble};

use super::llvm::FEATURES;

/// Random encodings of each instruction.
const EACH: u32 = 60;

/// Runs the check.
///
/// # Errors
/// A tool is missing, or some text means other bytes.
#[expect(clippy::print_stdout, reason = "the result of a command")]
pub fn run() -> Result<()> {
    let words = words();
    let mut source = String::from(".option norvc\n.option norelax\n.text\n");
    for &(word, ref text) in &words {
        let _ = word;
        writeln!(source, "{text}")?;
    }
    let folder = std::path::Path::new("target/prove");
    std::fs::create_dir_all(folder)?;
    let path = |name: &str| folder.join(name).display().to_string();
    std::fs::write(path("reassemble.s"), source)?;
    let features = format!("-mattr={FEATURES}");
    tool(&[
        "llvm-mc-22",
        "-triple=riscv64",
        &features,
        "-filetype=obj",
        &path("reassemble.s"),
        "-o",
        &path("reassemble.o"),
    ])?;
    tool(&[
        "llvm-objcopy-22",
        "-O",
        "binary",
        "--only-section=.text",
        &path("reassemble.o"),
        &path("reassemble.bin"),
    ])?;
    let bytes = std::fs::read(path("reassemble.bin"))?;
    let assembled: Vec<u32> = bytes
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes(b.try_into().unwrap_or_default()))
        .collect();
    if assembled.len() != words.len() {
        bail!("{} lines became {} words", words.len(), assembled.len());
    }
    let mut different = 0;
    for ((word, text), assembled) in words.iter().zip(assembled) {
        if *word != assembled {
            different += 1;
            println!("  {word:#010x} is `{text}`, which assembles to {assembled:#010x}");
        }
    }
    println!("{} encodings disassembled and assembled again", words.len());
    if different > 0 {
        bail!("{different} of them became others");
    }
    Ok(())
}

fn tool(line: &[&str]) -> Result<()> {
    let output = Command::new(line[0])
        .args(&line[1..])
        .output()
        .with_context(|| format!("{}: install llvm-22", line[0]))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<_> = message.lines().take(30).collect();
        bail!("{}:\n{}", line[0], lines.join("\n"));
    }
    Ok(())
}

/// Random encodings with their text. What no assembler would write is left out: reserved rounding modes, and fields
/// that `fence` and `fence.i` ignore.
fn words() -> Vec<(u32, String)> {
    let isa = IsaConfig::default();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut words = Vec::new();
    for row in TABLE.iter().filter(|row| row.value & 3 == 3) {
        let mut count = 0;
        for _ in 0..EACH * 30 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let word = row.value | (random >> 32) as u32 & !row.mask;
            let Some(insn) = decode(word, &isa).filter(|insn| insn.op == row.op) else {
                continue;
            };
            let rounds = super::kind(&insn, word) == "a reserved rounding mode";
            let ignored = isa::encode(&insn) != Ok(word);
            let reserved = row.op == Opcode::Fence && word >> 28 != 0;
            if count < EACH && !rounds && !ignored && !reserved {
                words.push((word, disassemble(&insn, 0).to_string()));
                count += 1;
            }
        }
    }
    words
}
