//! The relocations of a static PIE: it was linked at 0 and is moved to its place.

use goblin::elf::dynamic::{DT_NEEDED, DT_NULL, DT_RELA, DT_RELAENT, DT_RELASZ, DT_SYMTAB};
use goblin::elf::program_header::PT_DYNAMIC;
use goblin::elf::{ProgramHeader, RelocSection};

use super::elf::{CTX, file_range};
use super::{LoadProblem, Segment};

/// Tag of the packed relocations, which goblin has no name for.
const DT_RELR: u64 = 36;
/// Relocation types of the RISC-V psABI that a static PIE has.
const R_RISCV_NONE: u32 = 0;
const R_RISCV_64: u32 = 2;
const R_RISCV_RELATIVE: u32 = 3;
/// Lengths of one entry of the tables.
const DYNAMIC_BYTES: usize = 16;
const RELA_BYTES: u64 = 24;
const SYMBOL_BYTES: u64 = 24;

/// What the dynamic section says about relocations; addresses are as linked.
#[derive(Default)]
struct Tables {
    rela: u64,
    rela_bytes: u64,
    symbols: Option<u64>,
}

/// Does the relocations of a file whose segments stand `bias` above the addresses it was linked at.
pub(super) fn relocate(
    table: &[ProgramHeader],
    bytes: &[u8],
    bias: u64,
    segments: &mut [Segment],
) -> Result<(), LoadProblem> {
    let Some(dynamic) = table.iter().find(|header| header.p_type == PT_DYNAMIC) else {
        return Ok(());
    };
    let damaged = || LoadProblem::Damaged("its dynamic section is not in the file".to_owned());
    let section = file_range(bytes, dynamic.p_offset, dynamic.p_filesz).ok_or_else(damaged)?;
    let tables = tables(&bytes[section])?;
    if tables.rela_bytes == 0 {
        return Ok(());
    }
    // A copy, since relocations may stand in the segment that they change.
    let damaged = || LoadProblem::Damaged("its relocation table is not in a segment".to_owned());
    let rela = place(segments, tables.rela.wrapping_add(bias), tables.rela_bytes);
    let rela = rela.ok_or_else(damaged)?.to_vec();
    let relocations = RelocSection::parse(&rela, 0, rela.len(), true, CTX);
    let relocations = relocations.map_err(|error| LoadProblem::Damaged(error.to_string()))?;
    for (index, relocation) in relocations.iter().enumerate() {
        let problem = LoadProblem::Relocation {
            index,
            kind: relocation.r_type,
            address: relocation.r_offset,
        };
        let addend = relocation.r_addend.unwrap_or(0) as u64;
        let value = match relocation.r_type {
            R_RISCV_NONE => continue,
            R_RISCV_RELATIVE => Some(addend.wrapping_add(bias)),
            R_RISCV_64 => symbol_value(segments, tables.symbols, relocation.r_sym as u64, bias)
                .map(|value| value.wrapping_add(addend)),
            _ => None,
        };
        let target = place(segments, relocation.r_offset.wrapping_add(bias), 8);
        let (Some(value), Some(target)) = (value, target) else {
            return Err(problem);
        };
        target.copy_from_slice(&value.to_le_bytes());
    }
    Ok(())
}

fn tables(section: &[u8]) -> Result<Tables, LoadProblem> {
    let mut tables = Tables::default();
    for entry in section.chunks_exact(DYNAMIC_BYTES) {
        let word = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&entry[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let value = word(8);
        match word(0) {
            DT_NULL => break,
            DT_NEEDED => return Err(LoadProblem::Dynamic("shared libraries".to_owned())),
            DT_RELA => tables.rela = value,
            DT_RELASZ => tables.rela_bytes = value,
            DT_SYMTAB => tables.symbols = Some(value),
            DT_RELAENT if value != RELA_BYTES => {
                return Err(LoadProblem::Damaged(format!(
                    "its relocations are {value} bytes long"
                )));
            }
            DT_RELR => return Err(LoadProblem::PackedRelocations),
            _ => {}
        }
    }
    Ok(tables)
}

/// The bytes of a segment, as far as they come from the file, at an address of RAM.
fn place(segments: &mut [Segment], address: u64, len: u64) -> Option<&mut [u8]> {
    let after = segments.partition_point(|segment| segment.address <= address);
    let segment = segments.get_mut(after.checked_sub(1)?)?;
    let range = file_range(&segment.bytes, address - segment.address, len)?;
    segment.bytes.get_mut(range)
}

/// The value of a defined symbol of the dynamic symbol table.
fn symbol_value(
    segments: &mut [Segment],
    table: Option<u64>,
    index: u64,
    bias: u64,
) -> Option<u64> {
    const SECTION_INDEX: usize = 6;
    const VALUE: usize = 8;
    let address = index.checked_mul(SYMBOL_BYTES)?.checked_add(table?)?;
    let symbol = place(segments, address.wrapping_add(bias), SYMBOL_BYTES)?;
    let defined = symbol[SECTION_INDEX] != 0 || symbol[SECTION_INDEX + 1] != 0;
    let value = symbol
        .get(VALUE..VALUE + 8)?
        .try_into()
        .ok()
        .map(u64::from_le_bytes)?;
    defined.then_some(value.wrapping_add(bias))
}
