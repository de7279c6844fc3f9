//! From a file's bytes to an image that can be placed in RAM.
//!
//! Nothing in a file is trusted: sizes are checked against the file and against RAM before anything
//! is allocated or copied, and each kind of broken file has its own sentence.

mod elf;
mod layout;
mod raw;
mod relocate;
mod sections;
mod symbols;

use memory::Ram;

pub use sections::{Code, CodeSection, code_sections, note, section};
pub use symbols::{Symbols, demangle};

/// What a file was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// Linked at the start of RAM: started in M-mode at its entry, all else is up to it.
    BareMetal,
    /// Linked above the firmware: an S-mode kernel.
    Kernel,
    /// A Linux `Image`.
    LinuxImage,
    /// Linked at low addresses: a user program.
    User,
    /// Bytes that go to an address.
    Data,
}

impl ImageKind {
    /// In words, with its article.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::BareMetal => "a bare-metal program",
            Self::Kernel => "an S-mode kernel",
            Self::LinuxImage => "a Linux kernel image",
            Self::User => "a user program",
            Self::Data => "data",
        }
    }
}

/// A range of bytes that goes to one place.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Physical address of its first byte.
    pub address: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Zeroes that follow them.
    pub zero_bytes: u64,
}

impl Segment {
    /// Length in memory.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.bytes.len() as u64).saturating_add(self.zero_bytes)
    }

    /// Whether it takes no memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A program, ready to be placed.
#[derive(Clone, Debug)]
pub struct Image {
    /// The file it came from, for messages.
    pub name: String,
    /// What the file was taken for.
    pub kind: ImageKind,
    /// Physical address of its first instruction.
    pub entry: u64,
    /// What goes where, by ascending address, without overlaps.
    pub segments: Vec<Segment>,
    /// Names of addresses.
    pub symbols: Symbols,
    /// "ELF" or "raw image".
    pub format: &'static str,
}

/// Where RAM is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RamRange {
    /// First byte.
    pub base: u64,
    /// Length in bytes.
    pub size: u64,
}

impl RamRange {
    fn contains(self, address: u64, len: u64) -> bool {
        address >= self.base && len <= self.size && address - self.base <= self.size - len
    }
}

/// A file cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct LoadError {
    /// The file.
    pub name: String,
    /// What is wrong with it and what to do.
    pub problem: LoadProblem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum LoadProblem {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// A raw image whose first bytes are those of a compressed file.
    #[error("it is compressed; unpack it first, with {0}")]
    Compressed(&'static str),
    /// A raw image is to be a user program.
    #[error("it is a raw image, but a user program must be an ELF file")]
    RawUser,
    /// A header or table of it makes no sense.
    #[error("the ELF file is damaged or truncated: {0}")]
    Damaged(String),
    /// For another machine.
    #[error("it is built for {0}, not for RISC-V; build it for riscv64")]
    Machine(String),
    /// 32-bit.
    #[error("it is a 32-bit ELF file; Hartland runs RV64: build it with -march=rv64gc")]
    Class,
    /// Big-endian.
    #[error("it is big-endian; Hartland runs little-endian code")]
    Endian,
    /// Not an executable.
    #[error("it is {0}, not an executable; link it first")]
    NotExecutable(&'static str),
    /// Needs a dynamic linker.
    #[error("it is dynamically linked (it asks for {0}); link it with -static")]
    Dynamic(String),
    /// Nothing to load.
    #[error("it has no segment to load")]
    NoSegments,
    /// A segment reaches behind the file's end.
    #[error(
        "segment {index} reaches to byte {end:#x} of a file of {len:#x} bytes: the file is truncated"
    )]
    Truncated {
        /// Which program header.
        index: usize,
        /// Where it would end.
        end: u64,
        /// The file's length.
        len: u64,
    },
    /// More bytes in the file than in memory.
    #[error("segment {index} has {file} bytes in the file but only {memory} in memory")]
    Sizes {
        /// Which program header.
        index: usize,
        /// Bytes in the file.
        file: u64,
        /// Bytes in memory.
        memory: u64,
    },
    /// Outside RAM.
    #[error("{len} bytes at {address:#x} are outside RAM ({base:#x} to {end:#x}): {}", advice(*.address, *.base, *.end))]
    OutsideRam {
        /// Where it would begin.
        address: u64,
        /// Its length.
        len: u64,
        /// First byte of RAM.
        base: u64,
        /// First byte behind RAM.
        end: u64,
    },
    /// Beyond the end of the address space.
    #[error(
        "a segment of {len:#x} bytes at {address:#x} does not fit 64-bit addresses: the file is damaged"
    )]
    Wraps {
        /// Where it would begin.
        address: u64,
        /// Its length.
        len: u64,
    },
    /// Two segments at one place.
    #[error("its segments at {first:#x} and {second:#x} overlap")]
    Overlap {
        /// The lower one.
        first: u64,
        /// The other.
        second: u64,
    },
    /// The entry point is not loaded.
    #[error("its entry point {0:#x} lies in none of its segments")]
    Entry(u64),
    /// The entry point is no address of an instruction.
    #[error("its entry point {0:#x} is odd, but instructions stand at even addresses")]
    OddEntry(u64),
    /// Relocations in the packed format.
    #[error("it has packed relocations (DT_RELR); link it with -z nopack-relative-relocs")]
    PackedRelocations,
    /// Relocations that a static PIE does not have, or outside of it.
    #[error(
        "relocation {index} (type {kind} at {address:#x}) cannot be done; link it with -static"
    )]
    Relocation {
        /// Which one.
        index: usize,
        /// Its type.
        kind: u32,
        /// Where.
        address: u64,
    },
}

impl LoadProblem {
    pub(crate) fn outside(address: u64, len: u64, ram: RamRange) -> Self {
        Self::OutsideRam {
            address,
            len,
            base: ram.base,
            end: ram.base.saturating_add(ram.size),
        }
    }
}

/// What to do about a segment outside RAM.
fn advice(address: u64, base: u64, end: u64) -> String {
    if (base..end).contains(&address) {
        "give more --memory".to_owned()
    } else {
        format!("link it at {base:#x}, or give its segments physical addresses there")
    }
}

/// How a file shall be taken, instead of what it looks like.
pub type Override = Option<ImageKind>;

/// Reads a file: an ELF executable (static, or static PIE), or else a raw image.
///
/// A user program is checked only for itself, since its kernel places it; all else must fit `ram`.
///
/// # Errors
/// When the file is no program that fits RAM.
pub fn parse(
    name: &str,
    bytes: &[u8],
    ram: RamRange,
    taken_as: Override,
) -> Result<Image, LoadError> {
    let parsed = if bytes.is_empty() {
        Err(LoadProblem::Empty)
    } else if bytes.starts_with(b"\x7fELF") {
        elf::parse(name, bytes, ram, taken_as)
    } else {
        raw::parse(name, bytes, ram, taken_as)
    };
    parsed.map_err(|problem| LoadError {
        name: name.to_owned(),
        problem,
    })
}

/// Takes a file's bytes, whatever they are, for an image at a physical address.
///
/// # Errors
/// When they do not fit `ram` there.
pub fn raw_at(name: &str, bytes: &[u8], ram: RamRange, address: u64) -> Result<Image, LoadError> {
    raw::at(name, bytes, ram, address).map_err(|problem| LoadError {
        name: name.to_owned(),
        problem,
    })
}

impl Image {
    /// Writes the segments to RAM.
    ///
    /// # Errors
    /// When one lies outside; nothing is written then.
    pub fn place(&self, ram: &mut Ram) -> Result<(), LoadError> {
        let range = RamRange {
            base: ram.base(),
            size: ram.size(),
        };
        let stray = self
            .segments
            .iter()
            .find(|s| !range.contains(s.address, s.len()));
        if let Some(stray) = stray {
            return Err(LoadError {
                name: self.name.clone(),
                problem: LoadProblem::outside(stray.address, stray.len(), range),
            });
        }
        for segment in &self.segments {
            ram.write(segment.address, &segment.bytes);
            ram.zero(
                segment.address + segment.bytes.len() as u64,
                segment.zero_bytes,
            );
        }
        Ok(())
    }

    /// One sentence on what it is.
    #[must_use]
    pub fn describe(&self) -> String {
        let bytes = self
            .segments
            .iter()
            .fold(0, |sum: u64, s| sum.saturating_add(s.len()));
        let count = self.segments.len();
        let plural = if count == 1 { "" } else { "s" };
        format!(
            "{} ({}, entry {:#x}, {count} segment{plural}, {} KiB)",
            self.kind.describe(),
            self.format,
            self.entry,
            bytes.div_ceil(1024)
        )
    }
}
