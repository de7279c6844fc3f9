//! The symbol that an address belongs to, looked up in a program's file as it lies there. Any bytes may come: what makes no sense has no symbols.

use super::bytes::{FILE_HEADER_BYTES, u16_at, u32_at, u64_at};

/// Bytes of a section header (`Elf64_Shdr`).
const SECTION_HEADER_BYTES: usize = 64;
/// Bytes of a symbol (`Elf64_Sym`).
const SYMBOL_BYTES: usize = 24;
/// `SHT_SYMTAB`.
const SYMBOL_TABLE: u32 = 2;
/// Symbols that are read at once.
const AT_ONCE: usize = 20;
/// The most section headers, and the most symbols, that are looked at: the kernel does this with interrupts off.
const MOST_SECTIONS: u64 = 64;
const MOST_SYMBOLS: u64 = 1500;

const TYPE_DYNAMIC: u16 = 3;
const KIND_FUNCTION: u8 = 2;

/// A symbol that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Where its name is in the file: bytes up to a zero.
    pub name_at: u64,
    /// How far behind its start the address is.
    pub offset: u64,
}

/// Finds the function that an address is in. `read` fills a buffer from a place in the file, or says
/// that the file has too little. `base` is where a position-independent program was placed.
pub fn find(
    read: impl Fn(u64, &mut [u8]) -> Option<()>,
    address: u64,
    base: u64,
) -> Option<Symbol> {
    let mut header = [0; FILE_HEADER_BYTES];
    read(0, &mut header)?;
    let address = match u16_at(&header, 16) {
        TYPE_DYNAMIC => address.checked_sub(base)?,
        _ => address,
    };
    let (sections, count) = (u64_at(&header, 40), u64::from(u16_at(&header, 60)));
    let section = |index: u64| {
        let mut bytes = [0; SECTION_HEADER_BYTES];
        let at = sections.checked_add(index.checked_mul(SECTION_HEADER_BYTES as u64)?)?;
        read(at, &mut bytes).map(|()| bytes)
    };
    let mut sections = (0..count.min(MOST_SECTIONS)).filter_map(section);
    let table = sections.find(|section| u32_at(section, 4) == SYMBOL_TABLE)?;
    let names = section(u64::from(u32_at(&table, 40)))?;
    let (start, bytes) = (u64_at(&table, 24), u64_at(&table, 32));
    let count = (bytes / SYMBOL_BYTES as u64).min(MOST_SYMBOLS);
    let (name, offset) = nearest(read, start, count, address)?;
    Some(Symbol {
        name_at: u64_at(&names, 24).checked_add(name)?,
        offset,
    })
}

/// The name's place among the names, and the offset, of the symbol that fits an address best.
fn nearest(
    read: impl Fn(u64, &mut [u8]) -> Option<()>,
    start: u64,
    count: u64,
    address: u64,
) -> Option<(u64, u64)> {
    let mut best: Option<(u64, u64)> = None;
    let mut bytes = [0; AT_ONCE * SYMBOL_BYTES];
    let mut index = 0;
    while index < count {
        let part = (count - index).min(AT_ONCE as u64) as usize;
        let part = bytes.get_mut(..part * SYMBOL_BYTES)?;
        read(start.checked_add(index * SYMBOL_BYTES as u64)?, part)?;
        for symbol in part.chunks_exact(SYMBOL_BYTES) {
            let kind = symbol[4] & 15;
            let (value, size) = (u64_at(symbol, 8), u64_at(symbol, 16));
            let is_function = kind == KIND_FUNCTION;
            let is_defined = u16_at(symbol, 6) != 0 && u32_at(symbol, 0) != 0;
            let Some(offset) = address.checked_sub(value) else {
                continue;
            };
            if is_function
                && is_defined
                && offset < size
                && best.is_none_or(|(_, least)| offset < least)
            {
                best = Some((u64::from(u32_at(symbol, 0)), offset));
            }
        }
        index += AT_ONCE as u64;
    }
    best
}
