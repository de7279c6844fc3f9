//! ELF executables, by way of goblin.

use goblin::elf::header::{EM_RISCV, ET_CORE, ET_DYN, ET_EXEC, ET_REL};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD};
use goblin::elf::section_header::SHT_PROGBITS;
use goblin::elf::{Elf, ProgramHeader, SectionHeader, sym};

use super::{Image, ImageKind, LoadProblem, RamRange, Segment, Symbols};

/// Offsets in the ELF header.
const CLASS: usize = 4;
const DATA: usize = 5;
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
const R_RISCV_NONE: u32 = 0;
const R_RISCV_RELATIVE: u32 = 3;
/// Symbols beyond this many are not read: no program has them, a broken file may claim them.
const MOST_SYMBOLS: usize = 1 << 20;

pub(super) fn parse(name: &str, bytes: &[u8], ram: RamRange) -> Result<Image, LoadProblem> {
    check_identity(bytes)?;
    let elf = Elf::parse(bytes).map_err(|error| LoadProblem::Damaged(error.to_string()))?;
    check_type(&elf)?;
    let mut segments = Vec::new();
    for (index, header) in elf.program_headers.iter().enumerate() {
        if header.p_type == PT_LOAD && header.p_memsz > 0 {
            segments.push(segment(index, header, bytes)?);
        }
    }
    if segments.is_empty() {
        return Err(LoadProblem::NoSegments);
    }
    let movable = elf.header.e_type == ET_DYN;
    let lowest = segments.iter().map(|s| s.address).min().unwrap_or(0);
    let bias = if movable { ram.base.wrapping_sub(lowest & !0xfff) } else { 0 };
    for segment in &mut segments {
        segment.address = segment.address.wrapping_add(bias);
    }
    if movable {
        relocate(&elf, bias, &mut segments)?;
    }
    let symbols = symbols(&elf, bias);
    let entry = physical_entry(&elf).wrapping_add(bias);
    Ok(Image {
        name: name.to_owned(),
        kind: classify(&segments, ram),
        entry,
        segments,
        symbols,
        format: if movable { "static PIE ELF" } else { "ELF" },
    })
}

fn check_identity(bytes: &[u8]) -> Result<(), LoadProblem> {
    let byte = |at: usize| bytes.get(at).copied();
    if bytes.len() < 64 {
        return Err(LoadProblem::Damaged("it is shorter than an ELF header".to_owned()));
    }
    let machine = u16::from_le_bytes([bytes[18], bytes[19]]);
    match (byte(CLASS), byte(DATA)) {
        (Some(CLASS_64), Some(LITTLE_ENDIAN)) if machine == EM_RISCV => Ok(()),
        (Some(CLASS_64), Some(LITTLE_ENDIAN)) => Err(LoadProblem::Machine {
            machine: machine_name(machine),
        }),
        (Some(1), _) => Err(LoadProblem::Class),
        (Some(CLASS_64), Some(2)) => Err(LoadProblem::Endian),
        _ => Err(LoadProblem::Damaged("its identification bytes make no sense".to_owned())),
    }
}

fn machine_name(machine: u16) -> String {
    match machine {
        3 => "x86 (32-bit)".to_owned(),
        8 => "MIPS".to_owned(),
        21 => "PowerPC".to_owned(),
        22 => "S/390".to_owned(),
        40 => "Arm (32-bit)".to_owned(),
        62 => "x86-64".to_owned(),
        183 => "AArch64".to_owned(),
        258 => "LoongArch".to_owned(),
        other => format!("machine number {other}"),
    }
}

fn check_type(elf: &Elf<'_>) -> Result<(), LoadProblem> {
    if elf.program_headers.iter().any(|h| h.p_type == PT_INTERP) {
        let asks_for = elf.interpreter.unwrap_or("a dynamic linker");
        let printable = asks_for.chars().filter(|c| !c.is_control()).take(80);
        return Err(LoadProblem::Dynamic(printable.collect()));
    }
    match elf.header.e_type {
        ET_EXEC | ET_DYN => Ok(()),
        ET_REL => Err(LoadProblem::NotExecutable("a relocatable object")),
        ET_CORE => Err(LoadProblem::NotExecutable("a core dump")),
        _ => Err(LoadProblem::NotExecutable("an ELF file of unknown type")),
    }
}

fn segment(index: usize, header: &ProgramHeader, bytes: &[u8]) -> Result<Segment, LoadProblem> {
    if header.p_filesz > header.p_memsz {
        return Err(LoadProblem::Sizes {
            index,
            file: header.p_filesz,
            memory: header.p_memsz,
        });
    }
    let end = header.p_offset.saturating_add(header.p_filesz);
    let len = bytes.len() as u64;
    let range = usize::try_from(header.p_offset).ok().zip(usize::try_from(end).ok());
    let content = range.and_then(|(from, to)| bytes.get(from..to));
    Ok(Segment {
        address: header.p_paddr,
        bytes: content.ok_or(LoadProblem::Truncated { index, end, len })?.to_vec(),
        zero_bytes: header.p_memsz - header.p_filesz,
    })
}

/// The entry as a physical address: kernels are linked high and loaded low.
fn physical_entry(elf: &Elf<'_>) -> u64 {
    let holding = elf.program_headers.iter().find(|h| {
        h.p_type == PT_LOAD && elf.entry >= h.p_vaddr && elf.entry - h.p_vaddr < h.p_memsz
    });
    let shift = holding.map_or(0, |h| h.p_paddr.wrapping_sub(h.p_vaddr));
    elf.entry.wrapping_add(shift)
}

fn relocate(elf: &Elf<'_>, bias: u64, segments: &mut [Segment]) -> Result<(), LoadProblem> {
    for (index, relocation) in elf.dynrelas.iter().enumerate() {
        let fail = LoadProblem::Relocation {
            index,
            kind: relocation.r_type,
            address: relocation.r_offset,
        };
        match relocation.r_type {
            R_RISCV_NONE => continue,
            R_RISCV_RELATIVE => {}
            _ => return Err(fail),
        }
        let at = relocation.r_offset.wrapping_add(bias);
        let addend = relocation.r_addend.unwrap_or(0) as u64;
        let value = addend.wrapping_add(bias).to_le_bytes();
        let place = segments.iter_mut().find_map(|s| {
            let offset = usize::try_from(at.checked_sub(s.address)?).ok()?;
            s.bytes.get_mut(offset..offset.checked_add(8)?)
        });
        place.ok_or(fail)?.copy_from_slice(&value);
    }
    Ok(())
}

fn classify(segments: &[Segment], ram: RamRange) -> ImageKind {
    let lowest = segments.iter().map(|s| s.address).min().unwrap_or(0);
    let kernel_offset = abi::memory_map::KERNEL_BASE - abi::memory_map::RAM_BASE;
    if lowest < ram.base {
        ImageKind::User
    } else if lowest < ram.base + kernel_offset {
        ImageKind::BareMetal
    } else {
        ImageKind::Kernel
    }
}

fn symbols(elf: &Elf<'_>, bias: u64) -> Symbols {
    let named = |s: sym::Sym| {
        let kind = s.st_type();
        let wanted = s.st_shndx != 0
            && matches!(kind, sym::STT_NOTYPE | sym::STT_FUNC | sym::STT_OBJECT);
        let name = elf.strtab.get_at(s.st_name).filter(|n| !n.is_empty())?;
        let mark = name.starts_with('$') || name.starts_with(".L");
        (wanted && !mark).then(|| (name.to_owned(), s.st_value.wrapping_add(bias), s.st_size))
    };
    Symbols::new(elf.syms.iter().take(MOST_SYMBOLS).filter_map(named))
}

/// Code of a file, for tools that only look at it.
#[derive(Clone, Debug)]
pub struct Code {
    /// Executable sections in file order.
    pub sections: Vec<CodeSection>,
    /// Names of addresses.
    pub symbols: Symbols,
}

/// A section that holds instructions.
#[derive(Clone, Debug)]
pub struct CodeSection {
    /// Its name.
    pub name: String,
    /// Virtual address of its first byte.
    pub address: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The executable sections of any RISC-V ELF64 file, relocatable objects included.
pub(super) fn code_sections(bytes: &[u8]) -> Result<Code, LoadProblem> {
    check_identity(bytes)?;
    let elf = Elf::parse(bytes).map_err(|error| LoadProblem::Damaged(error.to_string()))?;
    let section = |(index, header): (usize, &SectionHeader)| {
        if !header.is_executable() || header.sh_type != SHT_PROGBITS {
            return None;
        }
        let content = header.file_range().and_then(|range| bytes.get(range));
        let end = header.sh_offset.saturating_add(header.sh_size);
        let len = bytes.len() as u64;
        Some(match content {
            Some(content) => Ok(CodeSection {
                name: elf.shdr_strtab.get_at(header.sh_name).unwrap_or("").to_owned(),
                address: header.sh_addr,
                bytes: content.to_vec(),
            }),
            None => Err(LoadProblem::Truncated { index, end, len }),
        })
    };
    let sections: Result<_, _> = elf.section_headers.iter().enumerate().filter_map(section).collect();
    Ok(Code {
        sections: sections?,
        symbols: symbols(&elf, 0),
    })
}
