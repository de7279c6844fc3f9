//! Archives of the format "newc" (cpio's `-H newc`), in which the initrd comes.
//!
//! An entry is a header of 110 bytes (a magic number and thirteen fields of eight hexadecimal digits), a name, and data;
//! name and data are each padded to a multiple of four bytes from the archive's start. An entry named `TRAILER!!!` ends the archive.
//! The bytes come from outside, so every one of them may be wrong: what does not fit is an error with its place, never a panic.

const HEADER_BYTES: usize = 110;
const FIELD_BYTES: usize = 8;
const TRAILER: &[u8] = b"TRAILER!!!";

/// One file, directory or other thing of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The path as it was given to cpio, without a zero byte.
    pub name: &'a [u8],
    /// Type and permissions, as in `st_mode`.
    pub mode: u32,
    /// The inode's number: hard links have the same, and cpio gives the data only with the last of them.
    pub inode: u32,
    /// How many names the inode has.
    pub links: u32,
    /// Last modification, in seconds since 1970.
    pub modified: u32,
    /// What the file contains, or where a symbolic link points.
    pub data: &'a [u8],
}

impl Entry<'_> {
    /// True for a directory.
    pub const fn is_directory(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }

    /// True for an ordinary file.
    pub const fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    /// True for a symbolic link.
    pub const fn is_link(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }
}

/// What is wrong with an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The header does not begin with `070701` or `070702`.
    Magic,
    /// A field is not eight hexadecimal digits.
    Digits,
    /// The name is empty, does not end with a zero byte, or has one inside.
    Name,
    /// The archive ends before the header, the name or the data does, or before the trailer.
    Truncated,
}

/// What is wrong with an archive, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpioError {
    /// The entry's first byte, counted from the archive's start.
    pub offset: usize,
    /// What is wrong with the entry.
    pub kind: ErrorKind,
}

impl core::fmt::Display for CpioError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let what = match self.kind {
            ErrorKind::Magic => "no cpio newc header",
            ErrorKind::Digits => "a field of the header is not hexadecimal",
            ErrorKind::Name => "the name is not a string",
            ErrorKind::Truncated => "the archive is cut off",
        };
        write!(f, "{what} (entry at byte {})", self.offset)
    }
}

impl core::error::Error for CpioError {}

/// The entries of an archive, in order. Ends at the trailer, or behind the first error.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    archive: &'a [u8],
    offset: usize,
    ended: bool,
}

impl<'a> Entries<'a> {
    /// The entries of the archive that begins with the first byte. What follows its trailer is not looked at.
    pub const fn new(archive: &'a [u8]) -> Self {
        Self {
            archive,
            offset: 0,
            ended: false,
        }
    }

    /// Where the next entry begins; behind the trailer once it was seen.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Reads the entry at the offset; `None` for the trailer.
    fn read(&mut self) -> Result<Option<Entry<'a>>, ErrorKind> {
        let header = self
            .archive
            .get(self.offset..)
            .and_then(|rest| rest.first_chunk::<HEADER_BYTES>())
            .ok_or(ErrorKind::Truncated)?;
        let fields = Fields::parse(header)?;
        let name_start = self.offset + HEADER_BYTES;
        let name = self.slice(name_start, fields.name_size)?;
        let Some((0, name)) = name.split_last() else {
            return Err(ErrorKind::Name);
        };
        if name.is_empty() || name.contains(&0) {
            return Err(ErrorKind::Name);
        }
        let data_start = padded(name_start + fields.name_size);
        let data = self.slice(data_start, fields.file_size)?;
        // The padding behind the last data may be missing.
        self.offset = padded(data_start + fields.file_size).min(self.archive.len());
        if name == TRAILER {
            return Ok(None);
        }
        Ok(Some(Entry {
            name,
            mode: fields.mode,
            inode: fields.inode,
            links: fields.links,
            modified: fields.modified,
            data,
        }))
    }

    fn slice(&self, start: usize, length: usize) -> Result<&'a [u8], ErrorKind> {
        self.archive
            .get(start..)
            .and_then(|rest| rest.get(..length))
            .ok_or(ErrorKind::Truncated)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, CpioError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let offset = self.offset;
        let entry = self
            .read()
            .map_err(|kind| CpioError { offset, kind })
            .transpose();
        self.ended = !matches!(entry, Some(Ok(_)));
        entry
    }
}

impl core::iter::FusedIterator for Entries<'_> {}

/// The fields of a header that are of use here.
struct Fields {
    inode: u32,
    mode: u32,
    links: u32,
    modified: u32,
    file_size: usize,
    name_size: usize,
}

impl Fields {
    fn parse(header: &[u8; HEADER_BYTES]) -> Result<Self, ErrorKind> {
        let (magic, digits) = header.split_at(6);
        if magic != b"070701" && magic != b"070702" {
            return Err(ErrorKind::Magic);
        }
        let mut fields = [0; 13];
        for (field, digits) in fields.iter_mut().zip(digits.chunks_exact(FIELD_BYTES)) {
            *field = hexadecimal(digits).ok_or(ErrorKind::Digits)?;
        }
        let [
            inode,
            mode,
            _,
            _,
            links,
            modified,
            file_size,
            _,
            _,
            _,
            _,
            name_size,
            _,
        ] = fields;
        Ok(Self {
            inode,
            mode,
            links,
            modified,
            file_size: file_size as usize,
            name_size: name_size as usize,
        })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// The next multiple of four. No overflow: the sums are of a place in memory and 32-bit numbers that were found to fit.
const fn padded(offset: usize) -> usize {
    offset.next_multiple_of(4)
}
