//! A flattened device tree (Devicetree Specification 0.4, chapter 5), read without trusting a byte of it, and grown in
//! its place.
//!
//! What a damaged tree says may be wrong, and reading it ends early; it is never read or written outside of its bounds.

const MAGIC: u32 = 0xd00d_feed;
/// The version whose layout this is.
const VERSION: u32 = 16;
const HEADER_BYTES: usize = 40;

/// Header fields, as numbers of words.
mod field {
    pub const TOTAL_SIZE: usize = 1;
    pub const STRUCTURE: usize = 2;
    pub const STRINGS: usize = 3;
    pub const RESERVATIONS: usize = 4;
    pub const COMPATIBLE_VERSION: usize = 6;
    pub const STRINGS_SIZE: usize = 8;
    pub const STRUCTURE_SIZE: usize = 9;
}

/// Tokens of the structure block.
pub mod tag {
    /// A node begins; its name follows.
    pub const BEGIN_NODE: u32 = 1;
    /// A node ends.
    pub const END_NODE: u32 = 2;
    /// A property: length, name, value.
    pub const PROPERTY: u32 = 3;
    /// Nothing.
    pub const NOP: u32 = 4;
}

/// The big-endian word at an offset.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}

/// The big-endian number in the first `cells` words, and what follows it.
pub fn number(value: &[u8], cells: usize) -> Option<(u64, &[u8])> {
    let (number, rest) = value.split_at_checked(cells.checked_mul(4)?)?;
    let number = number
        .iter()
        .fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    Some((number, rest))
}

/// The text up to the NUL at an offset.
fn text(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|&byte| byte == 0)?;
    rest.get(..end)
}

/// Whether a list of NUL-terminated texts has this one.
pub fn has_text(list: &[u8], wanted: &[u8]) -> bool {
    list.split(|&byte| byte == 0).any(|text| text == wanted)
}

/// How long a blob says it is, by its first [`PREFIX_BYTES`].
pub fn total_size(prefix: &[u8]) -> Option<usize> {
    let size = word(prefix, 4 * field::TOTAL_SIZE)? as usize;
    (word(prefix, 0)? == MAGIC && size >= HEADER_BYTES).then_some(size)
}

/// What [`total_size`] needs.
pub const PREFIX_BYTES: usize = 8;

/// A token and where it stands in the blob.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// Offset of its tag.
    pub offset: usize,
    /// What it is.
    pub kind: TokenKind<'a>,
}

/// What a token is.
#[derive(Clone, Copy, Debug)]
pub enum TokenKind<'a> {
    /// A node begins: its name with its unit address.
    Begin(&'a [u8]),
    /// A node ends.
    End,
    /// A property of the node that began last and has not ended.
    Property(&'a [u8], &'a [u8]),
}

/// A device tree.
#[derive(Clone, Copy, Debug)]
pub struct Fdt<'a> {
    blob: &'a [u8],
    structure: usize,
    strings: &'a [u8],
}

impl<'a> Fdt<'a> {
    /// The tree in a blob, or `None` when it is none of a version that is known.
    pub fn open(blob: &'a [u8]) -> Option<Self> {
        let blob = blob.get(..total_size(blob)?)?;
        let header = |field: usize| word(blob, 4 * field);
        if header(field::COMPATIBLE_VERSION)? > VERSION + 1 {
            return None;
        }
        let strings = blob.get(header(field::STRINGS)? as usize..)?;
        Some(Self {
            blob,
            structure: header(field::STRUCTURE)? as usize,
            strings,
        })
    }

    /// Its tokens, up to the end or the first damage.
    pub fn tokens(self) -> impl Iterator<Item = Token<'a>> {
        let mut at = self.structure;
        core::iter::from_fn(move || self.token(&mut at))
    }

    fn token(self, at: &mut usize) -> Option<Token<'a>> {
        loop {
            let offset = *at;
            let tag = word(self.blob, offset)?;
            let after = offset.checked_add(4)?;
            *at = after;
            let kind = match tag {
                tag::NOP => continue,
                tag::BEGIN_NODE => {
                    let name = text(self.blob, after)?;
                    *at = (after + name.len() + 1).next_multiple_of(4);
                    TokenKind::Begin(name)
                }
                tag::END_NODE => TokenKind::End,
                tag::PROPERTY => {
                    let len = word(self.blob, after)? as usize;
                    let name = text(self.strings, word(self.blob, after + 4)? as usize)?;
                    let value = self.blob.get(after + 8..)?.get(..len)?;
                    *at = (after + 8 + len).next_multiple_of(4);
                    TokenKind::Property(name, value)
                }
                _ => return None,
            };
            return Some(Token { offset, kind });
        }
    }

    /// A property of the node at a path such as `/soc/serial@10000000`; `/` is the root.
    pub fn property(self, path: &[u8], name: &[u8]) -> Option<&'a [u8]> {
        let mut follow = Follow::new(path);
        self.tokens().find_map(|token| match token.kind {
            TokenKind::Property(found, value) if follow.is_there() && found == name => Some(value),
            kind => {
                follow.step(kind);
                None
            }
        })
    }

    /// Where the first child of the node at a path stands, or would: after its properties.
    pub fn first_child_offset(self, path: &[u8]) -> Option<usize> {
        let mut follow = Follow::new(path);
        self.tokens().find_map(|token| {
            let properties_end = !matches!(token.kind, TokenKind::Property(..));
            if follow.is_there() && properties_end {
                return Some(token.offset);
            }
            follow.step(token.kind);
            None
        })
    }

    /// A property that is one word.
    pub fn word(self, path: &[u8], name: &[u8]) -> Option<u32> {
        word(self.property(path, name)?, 0)
    }
}

/// Follows the tokens of a tree along a path.
struct Follow<'p> {
    path: &'p [u8],
    depth: usize,
    matched: usize,
}

impl<'p> Follow<'p> {
    fn new(path: &'p [u8]) -> Self {
        let path = path.strip_prefix(b"/").unwrap_or(path);
        Self {
            path,
            depth: 0,
            matched: 0,
        }
    }

    fn components(&self) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        self.path.split(|&b| b == b'/').filter(|c| !c.is_empty())
    }

    fn step(&mut self, kind: TokenKind<'_>) {
        match kind {
            TokenKind::Begin(name) => {
                // The root has no name, and stands at depth 0 of the path.
                let on_path = self.depth == 0
                    || self.matched == self.depth
                        && self.components().nth(self.depth - 1) == Some(name);
                if on_path {
                    self.matched = self.depth + 1;
                }
                self.depth += 1;
            }
            TokenKind::End => {
                self.depth = self.depth.saturating_sub(1);
                self.matched = self.matched.min(self.depth);
            }
            TokenKind::Property(..) => {}
        }
    }

    fn is_there(&self) -> bool {
        self.matched == self.depth && self.depth == self.components().count() + 1
    }
}

/// A tree with room behind it.
#[derive(Debug)]
pub struct GrowingFdt<'a> {
    /// The blob, and behind it free bytes.
    room: &'a mut [u8],
}

impl<'a> GrowingFdt<'a> {
    /// The tree at the start of `room`.
    pub fn open(room: &'a mut [u8]) -> Option<Self> {
        Fdt::open(room)?;
        Some(Self { room })
    }

    /// The tree as it is now.
    pub fn view(&self) -> Option<Fdt<'_>> {
        Fdt::open(self.room)
    }

    fn field(&self, field: usize) -> Option<usize> {
        word(self.room, 4 * field).map(|value| value as usize)
    }

    fn set_field(&mut self, field: usize, value: usize) -> Option<()> {
        let value = u32::try_from(value).ok()?.to_be_bytes();
        self.room
            .get_mut(4 * field..4 * field + 4)?
            .copy_from_slice(&value);
        Some(())
    }

    /// The offset of a name among the strings, which it is added to.
    pub fn add_name(&mut self, name: &[u8]) -> Option<u32> {
        let (start, size) = (
            self.field(field::STRINGS)?,
            self.field(field::STRINGS_SIZE)?,
        );
        let end = start.checked_add(size)?;
        let gap = (name.len() + 1).next_multiple_of(8);
        self.insert(end, gap)?;
        self.room
            .get_mut(end..end + name.len())?
            .copy_from_slice(name);
        self.set_field(field::STRINGS_SIZE, size + gap)?;
        u32::try_from(size).ok()
    }

    /// Adds tokens, whole words, at an offset of the structure block.
    pub fn add_tokens(&mut self, offset: usize, tokens: &[u8]) -> Option<()> {
        let size = self.field(field::STRUCTURE_SIZE)?;
        // The reservations, which are 8-byte aligned, must not move by half of that. They come first (5.1).
        if !tokens.len().is_multiple_of(4) || self.field(field::RESERVATIONS)? > offset {
            return None;
        }
        self.insert(offset, tokens.len())?;
        let gap = self.room.get_mut(offset..offset + tokens.len())?;
        gap.copy_from_slice(tokens);
        self.set_field(field::STRUCTURE_SIZE, size + tokens.len())
    }

    /// Makes a gap of zeroes; or changes nothing.
    fn insert(&mut self, at: usize, gap: usize) -> Option<()> {
        let total = self.field(field::TOTAL_SIZE)?;
        let new_total = total.checked_add(gap)?;
        if at > total || at < HEADER_BYTES || new_total > self.room.len() {
            return None;
        }
        self.room.copy_within(at..total, at + gap);
        self.room.get_mut(at..at + gap)?.fill(0);
        self.set_field(field::TOTAL_SIZE, new_total)?;
        for block in [field::STRUCTURE, field::STRINGS, field::RESERVATIONS] {
            let offset = self.field(block)?;
            if offset >= at {
                self.set_field(block, offset + gap)?;
            }
        }
        Some(())
    }
}
