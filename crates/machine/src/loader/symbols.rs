//! Names of addresses.

use std::collections::HashMap;

/// The symbols of an image, demangled.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    by_address: Vec<(u64, u64, String)>,
    by_name: HashMap<String, u64>,
}

impl Symbols {
    /// From (name, address, size).
    #[must_use]
    pub fn new(symbols: impl IntoIterator<Item = (String, u64, u64)>) -> Self {
        let mut table = Self::default();
        for (name, address, size) in symbols {
            let readable = format!("{:#}", rustc_demangle::demangle(&name));
            table.by_name.entry(readable.clone()).or_insert(address);
            table.by_name.insert(name, address);
            table.by_address.push((address, size, readable));
        }
        table.by_address.sort();
        table
    }

    /// The address of a name, mangled or not.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<u64> {
        self.by_name.get(name).copied()
    }

    /// The symbol at or before `address`, with the distance from it. A symbol of known size does not
    /// reach beyond its end.
    #[must_use]
    pub fn nearest(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.by_address.partition_point(|entry| entry.0 <= address);
        let (start, size, name) = self.by_address[..after].last()?;
        let offset = address - start;
        (*size == 0 || offset < *size).then_some((name.as_str(), offset))
    }

    /// The names of exactly this address.
    pub fn at(&self, address: u64) -> impl Iterator<Item = &str> {
        let first = self.by_address.partition_point(|entry| entry.0 < address);
        let here = self.by_address[first..].iter();
        here.take_while(move |entry| entry.0 == address).map(|entry| entry.2.as_str())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }
}
