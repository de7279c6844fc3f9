//! The public riscv-opcodes tables: which bits of an instruction are fixed, by extension.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Files of the checkout that describe what our default machine has.
const FILES: &[&str] = &[
    "rv_i",
    "rv64_i",
    "rv_m",
    "rv64_m",
    "rv_a",
    "rv64_a",
    "rv_f",
    "rv64_f",
    "rv_d",
    "rv64_d",
    "rv_zicsr",
    "rv_zifencei",
    "rv_zba",
    "rv64_zba",
    "rv_zbb",
    "rv64_zbb",
    "rv_zbc",
    "rv_zbs",
    "rv64_zbs",
    "rv_zbkb",
    "rv64_zbkb",
    "rv_zbkc",
    "rv_zbkx",
    "rv64_zknd",
    "rv64_zkne",
    "rv_zknh",
    "rv64_zknh",
    "rv_zksed",
    "rv_zksh",
    "rv_zfh",
    "rv64_zfh",
    "rv_zfhmin",
    "rv_d_zfhmin",
    "rv_f_zfa",
    "rv_d_zfa",
    "rv_zfh_zfa",
    "rv_zicond",
    "rv_zicbo",
    "rv_zawrs",
    "rv_zacas",
    "rv64_zacas",
    "rv_zabha",
    "rv_zabha_zacas",
    "rv_zimop",
    "rv_svinval",
    "rv_s",
    "rv_system",
    "rv_zihintntl",
    "rv64_zk",
    "rv_zk",
];

/// An instruction of the tables.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    mask: u32,
    value: u32,
}

/// All of them.
pub struct Tables {
    entries: Vec<Entry>,
    /// By bits 6:2 and 14:12: which entries may match.
    buckets: Vec<Vec<u16>>,
}

impl Tables {
    /// Reads a checkout.
    ///
    /// # Errors
    /// A file is missing or has a line that cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut entries = Vec::new();
        for file in FILES {
            let path = folder.join("extensions").join(file);
            // Some names of files came and went; what they said stands in others.
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            for line in text.lines() {
                if let Some(entry) = parse(line).with_context(|| format!("{file}: {line}"))? {
                    entries.push(entry);
                }
            }
        }
        if entries.len() < 300 {
            bail!("{}: this is no checkout of riscv-opcodes", folder.display());
        }
        let buckets = (0..256u32)
            .map(|key| {
                let word = (key & 31) << 2 | key >> 5 << 12 | 3;
                let fits = |e: &Entry| (word ^ e.value) & e.mask & 0x707f == 0;
                let numbered = entries.iter().enumerate();
                numbered
                    .filter(|(_, e)| fits(e))
                    .map(|(n, _)| n as u16)
                    .collect()
            })
            .collect();
        Ok(Self { entries, buckets })
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The instruction that a word is.
    pub fn find(&self, word: u32) -> Option<&Entry> {
        let key = (word >> 2 & 31 | word >> 7 & 0xe0) as usize;
        let candidates = self.buckets[key].iter();
        candidates
            .map(|&n| &self.entries[usize::from(n)])
            .find(|entry| word & entry.mask == entry.value)
    }
}

/// An instruction, or nothing: comments, pseudo-instructions other than those for other widths, compressed ones.
fn parse(line: &str) -> Result<Option<Entry>> {
    let line = line.split('#').next().unwrap_or("").trim();
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else {
        return Ok(None);
    };
    let name = match first {
        "$import" => return Ok(None),
        // Instructions that are a part of another's encodings, and no mere aliases.
        "$pseudo_op" => {
            words.next();
            let name = words.next().unwrap_or("");
            if !matches!(name, "zext.h" | "rev8" | "orc.b" | "brev8" | "zext.h.rv32") {
                return Ok(None);
            }
            name
        }
        name => name,
    };
    let (mut mask, mut value) = (0u32, 0u32);
    for field in words.filter(|w| w.contains('=')) {
        let (bits, number) = field.split_once('=').context("a field without value")?;
        if number == "ignore" {
            continue;
        }
        let number = match number.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16)?,
            None => match number.strip_prefix("0b") {
                Some(binary) => u32::from_str_radix(binary, 2)?,
                None => number.parse()?,
            },
        };
        let (high, low): (u32, u32) = match bits.split_once("..") {
            Some((high, low)) => (high.parse()?, low.parse()?),
            None => (bits.parse()?, bits.parse()?),
        };
        let ones = u32::MAX >> (31 - (high - low));
        mask |= ones << low;
        value |= number << low;
    }
    let entry = Entry {
        name: name.to_owned(),
        mask,
        value,
    };
    Ok((value & 3 == 3).then_some(entry))
}
