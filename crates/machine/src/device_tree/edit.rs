//! Somebody else's device tree with another `/chosen`: the structure block is read token by token (Devicetree
//! Specification 0.4, chapter 5) and written anew. Nothing in the file is trusted.

use vm_fdt::{Error, FdtReserveEntry, FdtWriter, FdtWriterNode};

use super::{Chosen, write_boot_properties};

const MAGIC: u32 = 0xd00d_feed;
/// The last version this layout is compatible with.
const COMPATIBLE_VERSION: u32 = 16;
const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROP: u32 = 3;
const NOP: u32 = 4;
const END: u32 = 9;
/// Deeper trees are no boards.
const MOST_DEPTH: usize = 64;
/// Properties of `/chosen` that the machine's options decide.
const REPLACED: [&[u8]; 3] = [b"bootargs", b"linux,initrd-start", b"linux,initrd-end"];

/// A file is no device tree that can be used.
#[derive(Debug, thiserror::Error)]
pub enum DtbError {
    /// Not a DTB at all.
    #[error("the file does not begin as a device tree blob (dtc -O dtb makes one)")]
    Magic,
    /// Another version.
    #[error("version {0} of the format is not known; this one is 16 or 17")]
    Version(u32),
    /// Sizes or offsets that point outside of the file, or tokens that make no tree.
    #[error("the file is damaged or truncated: {0}")]
    Damaged(&'static str),
    /// A name or nesting that cannot be written again.
    #[error("it cannot be written: {0}")]
    Write(#[from] Error),
}

/// The tree in `blob` with the command line and RAM disk of `chosen`.
///
/// # Errors
/// When `blob` is no device tree.
pub fn with_chosen(blob: &[u8], chosen: Chosen<'_>) -> Result<Vec<u8>, DtbError> {
    let blob = Blob::open(blob)?;
    let mut copy = Copy {
        fdt: FdtWriter::new_with_mem_reserv(&blob.reservations()?)?,
        open: Vec::new(),
        chosen,
        in_chosen: false,
        done: false,
    };
    let mut at = 0;
    loop {
        let token = blob.token(&mut at)?;
        match token {
            Token::Begin(name) => copy.begin(name)?,
            Token::End => copy.end()?,
            Token::Property(name, value) => copy.property(name, value)?,
            Token::Finish if copy.open.is_empty() => return Ok(copy.fdt.finish()?),
            Token::Finish => return Err(DtbError::Damaged("it ends within a node")),
        }
    }
}

struct Copy<'a> {
    fdt: FdtWriter,
    open: Vec<FdtWriterNode>,
    chosen: Chosen<'a>,
    in_chosen: bool,
    done: bool,
}

impl Copy<'_> {
    fn begin(&mut self, name: &str) -> Result<(), DtbError> {
        if self.open.len() >= MOST_DEPTH {
            return Err(DtbError::Damaged("its nodes are nested too deeply"));
        }
        let node = self.fdt.begin_node(name)?;
        self.open.push(node);
        if self.open.len() == 2 && name == "chosen" {
            write_boot_properties(&mut self.fdt, self.chosen)?;
            (self.in_chosen, self.done) = (true, true);
        }
        Ok(())
    }

    fn property(&mut self, name: &str, value: &[u8]) -> Result<(), DtbError> {
        let replaced = self.in_chosen && self.open.len() == 2;
        if replaced && REPLACED.contains(&name.as_bytes()) {
            return Ok(());
        }
        Ok(self.fdt.property(name, value)?)
    }

    fn end(&mut self) -> Result<(), DtbError> {
        if self.open.len() == 1 && !self.done {
            let node = self.fdt.begin_node("chosen")?;
            write_boot_properties(&mut self.fdt, self.chosen)?;
            self.fdt.end_node(node)?;
        }
        self.in_chosen &= self.open.len() != 2;
        let node = self.open.pop();
        let node = node.ok_or(DtbError::Damaged("a node ends that did not begin"))?;
        Ok(self.fdt.end_node(node)?)
    }
}

enum Token<'a> {
    Begin(&'a str),
    End,
    Property(&'a str, &'a [u8]),
    Finish,
}

/// The parts of a blob, inside its bounds.
struct Blob<'a> {
    structure: &'a [u8],
    strings: &'a [u8],
    reservations: &'a [u8],
}

impl<'a> Blob<'a> {
    fn open(blob: &'a [u8]) -> Result<Self, DtbError> {
        let field = |index: usize| {
            word(blob, index * 4).ok_or(DtbError::Damaged("it is shorter than its header"))
        };
        if field(0).ok() != Some(MAGIC) {
            return Err(DtbError::Magic);
        }
        let [total, structure, strings, reservations] =
            [field(1)?, field(2)?, field(3)?, field(4)?];
        if field(6)? > COMPATIBLE_VERSION + 1 || field(5)? < COMPATIBLE_VERSION {
            return Err(DtbError::Version(field(5)?));
        }
        let blob = blob
            .get(..total as usize)
            .ok_or(DtbError::Damaged("it is shorter than its header says"))?;
        let from = |offset: u32| {
            blob.get(offset as usize..)
                .ok_or(DtbError::Damaged("a part of it begins behind its end"))
        };
        Ok(Self {
            structure: from(structure)?,
            strings: from(strings)?,
            reservations: from(reservations)?,
        })
    }

    fn reservations(&self) -> Result<Vec<FdtReserveEntry>, DtbError> {
        let mut entries = Vec::new();
        for pair in self.reservations.chunks_exact(16) {
            let (address, size) = pair.split_at(8);
            let value = |bytes: &[u8]| bytes.iter().fold(0, |v, &b| v << 8 | u64::from(b));
            match (value(address), value(size)) {
                (0, 0) => return Ok(entries),
                (address, size) => entries.push(FdtReserveEntry::new(address, size)?),
            }
        }
        Err(DtbError::Damaged(
            "its list of reserved memory does not end",
        ))
    }

    fn token(&self, at: &mut usize) -> Result<Token<'a>, DtbError> {
        const ENDS: DtbError = DtbError::Damaged("its nodes do not end");
        loop {
            let token = word(self.structure, *at).ok_or(ENDS)?;
            *at += 4;
            match token {
                NOP => {}
                BEGIN_NODE => {
                    let name = text(self.structure, *at)?;
                    *at = (*at + name.len() + 1).next_multiple_of(4);
                    return Ok(Token::Begin(name));
                }
                END_NODE => return Ok(Token::End),
                PROP => {
                    let len = word(self.structure, *at).ok_or(ENDS)? as usize;
                    let name = word(self.structure, *at + 4).ok_or(ENDS)? as usize;
                    let from = *at + 8;
                    let value = self.structure.get(from..from + len).ok_or(ENDS)?;
                    *at = (from + len).next_multiple_of(4);
                    return Ok(Token::Property(text(self.strings, name)?, value));
                }
                END => return Ok(Token::Finish),
                _ => return Err(DtbError::Damaged("it has a token that is none")),
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}

/// The NUL-terminated text at an offset.
fn text(bytes: &[u8], at: usize) -> Result<&str, DtbError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == 0);
    end.and_then(|end| std::str::from_utf8(&rest[..end]).ok())
        .ok_or(DtbError::Damaged("a name of it does not end or is no text"))
}
