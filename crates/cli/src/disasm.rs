//! `hartland disasm`.

use std::fmt::Write as _;
use std::process::ExitCode;

use isa::{IsaConfig, insn_len};
use machine::loader::{CodeSection, code_sections};

use crate::args::DisasmOptions;
use crate::failure::{Failure, say};
use crate::files::read_file;
use crate::terminal::output;

/// Prints the code of an ELF file, a line an instruction, in LLVM's style.
pub fn run(options: &DisasmOptions) -> ExitCode {
    match try_run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.status)
        }
    }
}

fn try_run(options: &DisasmOptions) -> Result<(), Failure> {
    let name = options.file.display().to_string();
    let bytes = read_file(&options.file)?;
    let code = code_sections(&name, &bytes).map_err(|e| Failure::new(126, e))?;
    let isa = options.isa.unwrap_or_default();
    for section in &code.sections {
        output::print(format!("\nDisassembly of section {}:\n", section.name).as_bytes());
        output::print(text(section, &code.symbols, &isa, options.no_aliases).as_bytes());
    }
    Ok(())
}

fn text(
    section: &CodeSection,
    symbols: &machine::loader::Symbols,
    isa: &IsaConfig,
    no_aliases: bool,
) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < section.bytes.len() {
        let pc = section.address + at as u64;
        // Writing to a string cannot fail.
        for name in symbols.at(pc) {
            let _ = write!(text, "\n{pc:016x} <{name}>:\n");
        }
        let rest = &section.bytes[at..];
        let half = u16::from_le_bytes([rest[0], rest.get(1).copied().unwrap_or(0)]);
        let len = usize::from(insn_len(half)).min(rest.len());
        let word = rest[..len.min(4)]
            .iter()
            .rev()
            .fold(0, |w, &b| w << 8 | u32::from(b));
        let decoded = (len == 2 || len == 4)
            .then(|| isa::decode(word, isa))
            .flatten();
        let _ = match decoded {
            Some(insn) => {
                let mut line = isa::disassemble(&insn, pc);
                if no_aliases {
                    line = line.without_aliases();
                }
                let place = line.target().and_then(|target| symbols.nearest(target));
                let place = match place {
                    Some((name, 0)) => format!(" <{name}>"),
                    Some((name, offset)) => format!(" <{name}+{offset:#x}>"),
                    None => String::new(),
                };
                writeln!(
                    text,
                    "{pc:8x}: {word:0width$x}\t{line}{place}",
                    width = 2 * len
                )
            }
            None if half == 0 => writeln!(text, "{pc:8x}: 0000\tunimp"),
            None => writeln!(text, "{pc:8x}: {word:0width$x}\t<unknown>", width = 2 * len),
        };
        at += len.max(1);
    }
    text
}
