//! Names of addresses.

use std::fmt::{self, Write};

use goblin::elf::header::Header;
use goblin::elf::section_header::{SHN_ABS, SHN_UNDEF, SHT_DYNSYM, SHT_STRTAB, SHT_SYMTAB};
use goblin::elf::sym::{STB_LOCAL, STT_FUNC, STT_NOTYPE, STT_OBJECT, Sym};

use super::elf::CTX;
use super::sections;

/// Length of one entry of a symbol table.
const SYMBOL_BYTES: usize = 24;
/// Longer names are left out: no program has them, a broken file may claim them.
const LONGEST_NAME: usize = 4096;
/// A symbol without a size, the last before an address, is taken for the name of an address at
/// most so far behind it.
const REACH: u64 = 64 << 10;
/// How many symbols before an address are tried until one is found that reaches it.
const TRIES: usize = 32;

/// A symbol as it stands in the file.
#[derive(Debug)]
pub(super) struct RawSymbol<'a> {
    name: &'a str,
    value: u64,
    size: u64,
    absolute: bool,
    local: bool,
    function: bool,
}

/// A name with its address.
#[derive(Clone, Debug)]
struct Entry {
    address: u64,
    size: u64,
    /// Demangled.
    name: Box<str>,
    /// As in the file, when that is different.
    mangled: Option<Box<str>>,
    /// A number without a place (`SHN_ABS`): found by name only.
    absolute: bool,
    /// Among several names of one address or several addresses of one name, the lowest is taken.
    rank: u8,
}

/// The symbols of an image, demangled.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// By address, the best name of an address last; absolute ones first of all.
    entries: Vec<Entry>,
    /// How many of them are absolute.
    absolute: usize,
    /// Indices of `entries` by name, then by rank.
    by_name: Vec<u32>,
    /// Indices of `entries` that have a mangled name, by it.
    by_mangled: Vec<u32>,
}

impl Symbols {
    /// From (name, address, size).
    #[must_use]
    pub fn new<'a>(symbols: impl IntoIterator<Item = (&'a str, u64, u64)>) -> Self {
        let raw = |(name, value, size)| RawSymbol {
            name,
            value,
            size,
            absolute: false,
            local: false,
            function: true,
        };
        Self::from_table(symbols.into_iter().map(raw).collect(), 0)
    }

    /// From a file's table; `bias` is how far the file was moved.
    pub(super) fn from_table(table: Vec<RawSymbol<'_>>, bias: u64) -> Self {
        let mut entries: Vec<Entry> = table.iter().map(|raw| entry(raw, bias)).collect();
        entries.sort_by(|a, b| {
            let key = |e: &Entry| (!e.absolute, e.address, u8::MAX - e.rank);
            key(a).cmp(&key(b)).then_with(|| b.name.cmp(&a.name))
        });
        let absolute = entries.partition_point(|entry| entry.absolute);
        let all = 0..u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let at = |index: u32| &entries[index as usize];
        let mut by_name: Vec<u32> = all.clone().collect();
        by_name.sort_by_key(|&index| (&at(index).name, at(index).rank, at(index).address));
        let mut by_mangled: Vec<u32> = all.filter(|&i| at(i).mangled.is_some()).collect();
        by_mangled.sort_by_key(|&index| (&at(index).mangled, at(index).rank));
        Self {
            absolute,
            by_name,
            by_mangled,
            entries,
        }
    }

    /// The address of a name, mangled or not; a global one rather than a local one.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<u64> {
        let of = |index: &u32| &self.entries[*index as usize];
        let first = self
            .by_name
            .partition_point(|index| *of(index).name < *name);
        let found = self
            .by_name
            .get(first)
            .map(of)
            .filter(|entry| *entry.name == *name);
        let mangled = || {
            let text = |index: &u32| of(index).mangled.as_deref().unwrap_or_default();
            let first = self.by_mangled.partition_point(|index| text(index) < name);
            let index = self
                .by_mangled
                .get(first)
                .filter(|index| text(index) == name)?;
            Some(of(index))
        };
        found.or_else(mangled).map(|entry| entry.address)
    }

    /// The symbol at or before `address`, with the distance from it. A symbol of known size does
    /// not reach beyond its end, one without not beyond 64 KiB.
    #[must_use]
    pub fn nearest(&self, address: u64) -> Option<(&str, u64)> {
        let placed = &self.entries[self.absolute..];
        let after = placed.partition_point(|entry| entry.address <= address);
        let reaches = |entry: &&Entry| {
            let reach = if entry.size == 0 { REACH } else { entry.size };
            address - entry.address < reach
        };
        let entry = placed[..after].iter().rev().take(TRIES).find(reaches)?;
        Some((&entry.name, address - entry.address))
    }

    /// The names of exactly this address.
    pub fn at(&self, address: u64) -> impl Iterator<Item = &str> {
        let placed = &self.entries[self.absolute..];
        let first = placed.partition_point(|entry| entry.address < address);
        let here = placed[first..]
            .iter()
            .take_while(move |entry| entry.address == address);
        here.map(|entry| &*entry.name)
    }

    /// All that have a place, by address: name, address, size (0 when it is not known).
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        let placed = self.entries[self.absolute..].iter();
        placed.map(|entry| (&*entry.name, entry.address, entry.size))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn entry(raw: &RawSymbol<'_>, bias: u64) -> Entry {
    let name = demangle(raw.name);
    let mangled = (name != raw.name).then(|| raw.name.into());
    let moved = if raw.absolute { 0 } else { bias };
    Entry {
        address: raw.value.wrapping_add(moved),
        size: raw.size,
        name: name.into(),
        mangled,
        absolute: raw.absolute,
        rank: u8::from(raw.local) * 2 + u8::from(!raw.function),
    }
}

/// A readable form of a symbol's name; the mangled one when its readable form would be longer than any name, as that
/// of a hostile one can be made.
#[must_use]
pub fn demangle(name: &str) -> String {
    let mut text = Bounded(String::new());
    match write!(text, "{:#}", rustc_demangle::demangle(name)) {
        Ok(()) => text.0,
        Err(_) => name.to_owned(),
    }
}

struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST_NAME {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// The named places of a file's symbol table, or else of its dynamic one. A program runs without
/// them, so a broken table counts as none.
pub(super) fn read<'a>(header: &Header, bytes: &'a [u8]) -> Vec<RawSymbol<'a>> {
    let sections = sections::table(header, bytes);
    let of_type = |wanted| sections.iter().find(|section| section.sh_type == wanted);
    let Some(table) = of_type(SHT_SYMTAB).or_else(|| of_type(SHT_DYNSYM)) else {
        return Vec::new();
    };
    let strings = sections
        .get(table.sh_link as usize)
        .filter(|s| s.sh_type == SHT_STRTAB);
    let strings = strings.and_then(|section| sections::content(section, bytes));
    let (Some(strings), Some(content)) = (strings, sections::content(table, bytes)) else {
        return Vec::new();
    };
    let count = content.len() / SYMBOL_BYTES;
    let symbols = Sym::parse(content, 0, count, CTX).unwrap_or_default();
    // Names may share bytes, one being the end of another. Hostile ones share all of them: as many
    // bytes of names as the file has are enough for all others.
    let mut budget = bytes.len();
    let symbol = |symbol: &Sym| {
        let raw = raw_symbol(symbol, strings)?;
        budget = budget.checked_sub(raw.name.len())?;
        Some(raw)
    };
    symbols.iter().filter_map(symbol).collect()
}

fn raw_symbol<'a>(symbol: &Sym, strings: &'a [u8]) -> Option<RawSymbol<'a>> {
    let kind = symbol.st_type();
    if symbol.st_shndx as u32 == SHN_UNDEF || !matches!(kind, STT_NOTYPE | STT_FUNC | STT_OBJECT) {
        return None;
    }
    let name = sections::string(strings, symbol.st_name, LONGEST_NAME)?;
    // Mapping symbols (`$x`, `$d`) and the assembler's own labels name nothing.
    if name.is_empty() || name.starts_with('$') || name.starts_with(".L") {
        return None;
    }
    Some(RawSymbol {
        name,
        value: symbol.st_value,
        size: symbol.st_size,
        absolute: symbol.st_shndx as u32 == SHN_ABS,
        local: symbol.st_bind() == STB_LOCAL,
        function: kind == STT_FUNC,
    })
}
