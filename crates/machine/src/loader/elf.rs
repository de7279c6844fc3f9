//! ELF executables, by way of goblin.
//!
//! Only the tables that are needed are read, each after its place and length were checked against
//! the file, so that neither goblin nor we allocate more than a few times the file's size.

use std::ops::Range;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{EM_RISCV, ET_CORE, ET_DYN, ET_EXEC, ET_REL};
use goblin::elf::program_header::{PT_INTERP, PT_LOAD};
use goblin::elf::{Elf, Header, ProgramHeader};

use super::layout::{self, Span};
use super::relocate::relocate;
use super::symbols::{self, Symbols};
use super::{Image, ImageKind, LoadProblem, RamRange, Segment};

/// Offsets in the ELF header.
const CLASS: usize = 4;
const DATA: usize = 5;
const MACHINE: Range<usize> = 18..20;
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
/// Length of the header of a 64-bit file, and of one entry of its program header table.
const HEADER_BYTES: usize = 64;
const PROGRAM_HEADER_BYTES: u16 = 56;
/// Addresses of the upper half of a virtual address space: only kernels are linked there.
const UPPER_HALF: u64 = 1 << 63;

/// How goblin shall read: 64-bit, little-endian.
pub(super) const CTX: Ctx = Ctx {
    container: Container::Big,
    le: Endian::Little,
};

pub(super) fn parse(
    name: &str,
    bytes: &[u8],
    ram: RamRange,
    taken_as: Option<ImageKind>,
) -> Result<Image, LoadProblem> {
    check_identity(bytes)?;
    let header =
        Elf::parse_header(bytes).map_err(|error| LoadProblem::Damaged(error.to_string()))?;
    let table = program_headers(&header, bytes)?;
    check_type(&header, &table, bytes)?;
    let movable = header.e_type == ET_DYN;
    let entry = entry(&header, &table, movable);
    let kind = taken_as.unwrap_or_else(|| classify(&table, entry, movable, ram));
    let bias = if movable { bias(&table, kind, ram) } else { 0 };
    let mut spans = spans(&table, movable, bias, bytes)?;
    let entry = entry.wrapping_add(bias);
    let within = (kind != ImageKind::User).then_some(ram);
    if within.is_some() {
        layout::leave_out_headers(&mut spans, ram);
    }
    let spans = layout::check(spans, entry, within, bytes.len())?;
    let mut segments: Vec<Segment> = spans.iter().map(|span| segment(span, bytes)).collect();
    if movable && kind != ImageKind::User {
        relocate(&table, bytes, bias, &mut segments)?;
    }
    Ok(Image {
        name: name.to_owned(),
        kind,
        entry,
        segments,
        symbols: Symbols::from_table(symbols::read(&header, bytes), bias),
        format: if movable { "static PIE ELF" } else { "ELF" },
    })
}

pub(super) fn check_identity(bytes: &[u8]) -> Result<(), LoadProblem> {
    let Some(machine) = bytes.get(MACHINE).filter(|_| bytes.len() >= HEADER_BYTES) else {
        return Err(LoadProblem::Damaged(
            "it is shorter than an ELF header".to_owned(),
        ));
    };
    let machine = |from: fn([u8; 2]) -> u16| from([machine[0], machine[1]]);
    match (bytes[CLASS], bytes[DATA]) {
        (CLASS_64, LITTLE_ENDIAN) => check_machine(machine(u16::from_le_bytes)),
        (1, LITTLE_ENDIAN) => {
            check_machine(machine(u16::from_le_bytes))?;
            Err(LoadProblem::Class)
        }
        (1 | CLASS_64, 2) => {
            check_machine(machine(u16::from_be_bytes))?;
            Err(LoadProblem::Endian)
        }
        _ => Err(LoadProblem::Damaged(
            "its identification bytes make no sense".to_owned(),
        )),
    }
}

fn check_machine(machine: u16) -> Result<(), LoadProblem> {
    if machine == EM_RISCV {
        return Ok(());
    }
    let known = match machine {
        2 | 18 | 43 => "SPARC",
        3 => "x86 (32-bit)",
        4 => "Motorola 68000",
        8 => "MIPS",
        20 => "PowerPC (32-bit)",
        21 => "PowerPC (64-bit)",
        22 => "S/390",
        40 => "Arm (32-bit)",
        62 => "x86-64",
        94 => "Xtensa",
        183 => "AArch64",
        247 => "BPF",
        258 => "LoongArch",
        other => return Err(LoadProblem::Machine(format!("machine number {other}"))),
    };
    Err(LoadProblem::Machine(known.to_owned()))
}

/// The program header table, which must be in the file and have entries of the right length.
fn program_headers(header: &Header, bytes: &[u8]) -> Result<Vec<ProgramHeader>, LoadProblem> {
    if header.e_phnum == 0 {
        return Ok(Vec::new());
    }
    if header.e_phentsize != PROGRAM_HEADER_BYTES {
        let length = header.e_phentsize;
        return Err(LoadProblem::Damaged(format!(
            "its program headers are {length} bytes long"
        )));
    }
    let len = u64::from(header.e_phnum) * u64::from(PROGRAM_HEADER_BYTES);
    let table = file_range(bytes, header.e_phoff, len).and_then(|range| {
        ProgramHeader::parse(&bytes[range], 0, usize::from(header.e_phnum), CTX).ok()
    });
    table.ok_or_else(|| {
        let end = header.e_phoff.saturating_add(len);
        let file = bytes.len();
        LoadProblem::Damaged(format!(
            "its program headers reach to byte {end:#x} of a file of {file:#x} bytes"
        ))
    })
}

/// The part of the file of `len` bytes at `offset`, if it is there.
pub(super) fn file_range(bytes: &[u8], offset: u64, len: u64) -> Option<Range<usize>> {
    let end = usize::try_from(offset.checked_add(len)?).ok()?;
    (end <= bytes.len()).then_some(offset as usize..end)
}

fn check_type(header: &Header, table: &[ProgramHeader], bytes: &[u8]) -> Result<(), LoadProblem> {
    match header.e_type {
        ET_EXEC | ET_DYN => {}
        ET_REL => return Err(LoadProblem::NotExecutable("a relocatable object")),
        ET_CORE => return Err(LoadProblem::NotExecutable("a core dump")),
        _ => return Err(LoadProblem::NotExecutable("an ELF file of unknown type")),
    }
    let Some(interpreter) = table.iter().find(|h| h.p_type == PT_INTERP) else {
        return Ok(());
    };
    let path = file_range(bytes, interpreter.p_offset, interpreter.p_filesz.min(80));
    let path = String::from_utf8_lossy(path.map_or(&[], |range| &bytes[range])).into_owned();
    let printable: String = path.chars().filter(|c| !c.is_control()).collect();
    Err(LoadProblem::Dynamic(printable))
}

fn loaded(table: &[ProgramHeader]) -> impl Iterator<Item = (usize, &ProgramHeader)> {
    let entries = table.iter().enumerate();
    entries.filter(|(_, header)| header.p_type == PT_LOAD && header.p_memsz > 0)
}

/// What a file that nobody named otherwise is taken for: one that starts below RAM is a user
/// program, one that lies above the firmware's place a kernel. A file that can be moved is for the
/// start of RAM.
fn classify(table: &[ProgramHeader], entry: u64, movable: bool, ram: RamRange) -> ImageKind {
    let lowest = loaded(table).map(|(_, h)| h.p_paddr).min().unwrap_or(0);
    let upper = loaded(table).any(|(_, h)| h.p_vaddr >= UPPER_HALF);
    let kernel = ram.base.saturating_add(layout::KERNEL_OFFSET);
    if movable {
        ImageKind::BareMetal
    } else if upper || lowest >= kernel {
        ImageKind::Kernel
    } else if entry < ram.base {
        ImageKind::User
    } else {
        ImageKind::BareMetal
    }
}

/// How far a static PIE is moved; where a user program goes is its kernel's to say.
fn bias(table: &[ProgramHeader], kind: ImageKind, ram: RamRange) -> u64 {
    let lowest = loaded(table)
        .map(|(_, header)| header.p_vaddr)
        .min()
        .unwrap_or(0)
        & !0xfff;
    match kind {
        ImageKind::User => 0,
        ImageKind::BareMetal | ImageKind::Data => ram.base.wrapping_sub(lowest),
        ImageKind::Kernel | ImageKind::LinuxImage => ram
            .base
            .wrapping_add(layout::KERNEL_OFFSET)
            .wrapping_sub(lowest),
    }
}

fn spans(
    table: &[ProgramHeader],
    movable: bool,
    bias: u64,
    bytes: &[u8],
) -> Result<Vec<Span>, LoadProblem> {
    let span = |(index, header): (usize, &ProgramHeader)| {
        let (file, memory) = (header.p_filesz, header.p_memsz);
        if file > memory {
            return Err(LoadProblem::Sizes {
                index,
                file,
                memory,
            });
        }
        let truncated = LoadProblem::Truncated {
            index,
            end: header.p_offset.saturating_add(file),
            len: bytes.len() as u64,
        };
        let address = if movable {
            header.p_vaddr
        } else {
            header.p_paddr
        };
        Ok(Span {
            address: address.wrapping_add(bias),
            // A segment of zeroes only has no bytes in the file, wherever it says they are:
            // stripping may leave its offset behind the file's end.
            file: match file {
                0 => 0..0,
                _ => file_range(bytes, header.p_offset, file).ok_or(truncated)?,
            },
            zero_bytes: memory - file,
        })
    };
    loaded(table).map(span).collect()
}

fn segment(span: &Span, bytes: &[u8]) -> Segment {
    Segment {
        address: span.address,
        bytes: bytes[span.file.clone()].to_vec(),
        zero_bytes: span.zero_bytes,
    }
}

/// The entry as a physical address: kernels are linked high and loaded low.
fn entry(header: &Header, table: &[ProgramHeader], movable: bool) -> u64 {
    let entry = header.e_entry;
    let holds = |h: &ProgramHeader| entry >= h.p_vaddr && entry - h.p_vaddr < h.p_memsz;
    match loaded(table).find(|(_, h)| holds(h)) {
        Some((_, h)) if !movable => entry.wrapping_add(h.p_paddr.wrapping_sub(h.p_vaddr)),
        _ => entry,
    }
}
