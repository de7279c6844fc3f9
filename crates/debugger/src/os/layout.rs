//! The layout note: what is where in the kernel's records (`abi::layout`).

use std::collections::HashMap;

use abi::layout::{Kind, NAME, NAME_BYTES, Record, TYPE, VERSION};
use machine::loader;

/// Bytes before the records.
const HEADER_BYTES: usize = 24;
/// Records are read up to so many.
const MOST_RECORDS: usize = 4096;

/// The name of a record in one of the kernel's tables: its index, and which of the records that have been there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The slot's number.
    pub index: u32,
    /// Which occupant; 0 names nothing.
    pub generation: u32,
}

impl Name {
    /// From the word that the kernel keeps.
    #[must_use]
    pub fn from_word(word: u64) -> Option<Self> {
        let generation = (word >> 32) as u32;
        (generation != 0).then_some(Self {
            index: word as u32,
            generation,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: u32,
    size: u32,
    value: u64,
}

/// What is where.
#[derive(Debug)]
pub struct Layout {
    /// Virtual address of the addresses of the tables.
    pub(super) tables: u64,
    entries: HashMap<String, Entry>,
}

impl Layout {
    /// From a kernel's ELF file; none when it has no note that is understood.
    #[must_use]
    pub fn read(file: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(&NAME[..NAME.len() - 1]).ok()?;
        let note = loader::note(file, name, TYPE)?;
        let word = |at: usize| {
            let bytes = note.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes))
        };
        let long = |at: usize| {
            let bytes = note.get(at..at + 8)?.try_into().ok()?;
            Some(u64::from_le_bytes(bytes))
        };
        if word(0)? != VERSION {
            return None;
        }
        let count = (word(4)? as usize).min(MOST_RECORDS);
        let mut entries = HashMap::new();
        for index in 0..count {
            let at = HEADER_BYTES + index * size_of::<Record>();
            let name = note.get(at..at + NAME_BYTES)?;
            let end = name.iter().position(|&byte| byte == 0);
            let name = std::str::from_utf8(&name[..end.unwrap_or(NAME_BYTES)]).ok()?;
            let entry = Entry {
                kind: word(at + NAME_BYTES)?,
                size: word(at + NAME_BYTES + 4)?,
                value: long(at + NAME_BYTES + 8)?,
            };
            entries.insert(name.to_owned(), entry);
        }
        Some(Self {
            tables: long(8)?,
            entries,
        })
    }

    /// Virtual address of the addresses of the tables: two words each, address and number of elements.
    #[must_use]
    pub fn tables(&self) -> u64 {
        self.tables
    }

    fn entry(&self, name: &str, kind: Kind) -> Option<Entry> {
        let entry = self.entries.get(name)?;
        (entry.kind == kind as u32).then_some(*entry)
    }

    /// Offset and length of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(u64, u32)> {
        let entry = self.entry(name, Kind::Field)?;
        Some((entry.value, entry.size))
    }

    /// A number.
    #[must_use]
    pub fn constant(&self, name: &str) -> Option<u64> {
        Some(self.entry(name, Kind::Constant)?.value)
    }

    /// A table: its number, and the bytes from one element to the next.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<(u64, u64)> {
        let entry = self.entry(name, Kind::Table)?;
        Some((entry.value, u64::from(entry.size)))
    }
}
