//! The section header table: where symbols and code are, for those who look at a file.

use goblin::elf::section_header::{SHT_NOBITS, SHT_NOTE, SHT_PROGBITS, SectionHeader};
use goblin::elf::{Elf, Header};

use super::elf::{CTX, check_identity, file_range};
use super::symbols::{self, Symbols};
use super::{LoadError, LoadProblem};

/// Length of one entry of the table.
const SECTION_HEADER_BYTES: u16 = 64;
/// Longest name of a section that is read.
const LONGEST_NAME: usize = 256;

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

/// The executable sections of a RISC-V ELF64 file, relocatable objects included.
///
/// # Errors
/// When the file is no RISC-V ELF64 file, or sections are not in it.
pub fn code_sections(name: &str, bytes: &[u8]) -> Result<Code, LoadError> {
    read_code(bytes).map_err(|problem| LoadError {
        name: name.to_owned(),
        problem,
    })
}

fn read_code(bytes: &[u8]) -> Result<Code, LoadProblem> {
    check_identity(bytes)?;
    let header =
        Elf::parse_header(bytes).map_err(|error| LoadProblem::Damaged(error.to_string()))?;
    let table = table(&header, bytes);
    let names = table.get(usize::from(header.e_shstrndx));
    let names = names
        .and_then(|section| content(section, bytes))
        .unwrap_or(&[]);
    let mut sections = Vec::new();
    let mut left = bytes.len();
    for (index, section) in table.iter().enumerate() {
        if !section.is_executable() || section.sh_type != SHT_PROGBITS {
            continue;
        }
        let truncated = LoadProblem::Truncated {
            index,
            end: section.sh_offset.saturating_add(section.sh_size),
            len: bytes.len() as u64,
        };
        let code = content(section, bytes).ok_or(truncated)?;
        left = left.checked_sub(code.len()).ok_or_else(|| {
            LoadProblem::Damaged("its sections name more bytes than it has".to_owned())
        })?;
        sections.push(CodeSection {
            name: string(names, section.sh_name, LONGEST_NAME)
                .unwrap_or("")
                .to_owned(),
            address: section.sh_addr,
            bytes: code.to_vec(),
        });
    }
    Ok(Code {
        sections,
        symbols: Symbols::from_table(symbols::read(&header, bytes), 0),
    })
}

/// A section of an ELF64 file by its name: its virtual address (0 when it is not loaded) and its bytes. None when the
/// file has no such section, or its bytes are not in it (`.bss`, a damaged file).
#[must_use]
pub fn section<'a>(bytes: &'a [u8], name: &str) -> Option<(u64, &'a [u8])> {
    let header = Elf::parse_header(bytes).ok()?;
    let table = table(&header, bytes);
    let names = content(table.get(usize::from(header.e_shstrndx))?, bytes)?;
    let named = |s: &&SectionHeader| string(names, s.sh_name, LONGEST_NAME) == Some(name);
    let found = table.iter().find(named)?;
    if found.sh_type == SHT_NOBITS {
        return None;
    }
    Some((found.sh_addr, content(found, bytes)?))
}

/// The bytes of the first note of an owner and a type in an ELF64 file's sections, such as the build id
/// (`GNU`, 3).
#[must_use]
pub fn note<'a>(bytes: &'a [u8], owner: &str, kind: u32) -> Option<&'a [u8]> {
    let header = Elf::parse_header(bytes).ok()?;
    let notes = table(&header, bytes);
    let notes = notes.iter().filter(|s| s.sh_type == SHT_NOTE);
    notes
        .filter_map(|s| content(s, bytes))
        .find_map(|notes| note_in(notes, owner, kind))
}

fn note_in<'a>(mut notes: &'a [u8], owner: &str, kind: u32) -> Option<&'a [u8]> {
    let word = |at: usize| {
        let bytes: [u8; 4] = notes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let (name_len, len, found) = (word(0)? as usize, word(4)? as usize, word(8)?);
    notes = &notes[12..];
    let name = notes.get(..name_len)?;
    let start = name_len.checked_next_multiple_of(4)?;
    let content = notes.get(start..start.checked_add(len)?)?;
    let is_owner = name.strip_suffix(&[0]).unwrap_or(name) == owner.as_bytes();
    if is_owner && found == kind {
        return Some(content);
    }
    let next = start.checked_add(len.checked_next_multiple_of(4)?)?;
    note_in(notes.get(next..)?, owner, kind)
}

/// The section header table; a program runs without, so a broken one counts as none.
pub(super) fn table(header: &Header, bytes: &[u8]) -> Vec<SectionHeader> {
    let count = usize::from(header.e_shnum);
    if header.e_shentsize != SECTION_HEADER_BYTES || count == 0 {
        return Vec::new();
    }
    let len = u64::from(header.e_shnum) * u64::from(SECTION_HEADER_BYTES);
    let table = file_range(bytes, header.e_shoff, len);
    let parsed = table.map(|range| SectionHeader::parse_from(&bytes[range], 0, count, CTX));
    parsed.and_then(Result::ok).unwrap_or_default()
}

/// The bytes of a section that has some in the file.
pub(super) fn content<'a>(section: &SectionHeader, bytes: &'a [u8]) -> Option<&'a [u8]> {
    file_range(bytes, section.sh_offset, section.sh_size).map(|range| &bytes[range])
}

/// The string at an offset in a string table, when it is text, ends there and is not longer than
/// `longest`.
pub(super) fn string(strings: &[u8], at: usize, longest: usize) -> Option<&str> {
    let rest = strings.get(at..)?;
    let len = rest.iter().take(longest + 1).position(|&byte| byte == 0)?;
    std::str::from_utf8(&rest[..len]).ok()
}
