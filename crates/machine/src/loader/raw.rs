//! Images without an ELF header: all bytes go to one place, and the first is the first instruction.
//! That place is the start of RAM, or that of S-mode kernels for a Linux `Image`.

use super::layout::{self, KERNEL_OFFSET, Span};
use super::{Image, ImageKind, LoadProblem, RamRange, Segment, Symbols};

/// Where a Linux `Image` says what it is: "RSC\x05" (Documentation/riscv/boot-image-header).
const LINUX_MAGIC_AT: usize = 0x38;
const LINUX_MAGIC: &[u8] = b"RSC\x05";
/// Where it says how far from the start of RAM it wants to be and how much memory it takes.
const TEXT_OFFSET_AT: usize = 0x08;
const IMAGE_SIZE_AT: usize = 0x10;

/// First bytes of files that must be unpacked first.
const COMPRESSED: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "gunzip"),
    (b"\x28\xb5\x2f\xfd", "unzstd"),
    (b"\xfd7zXZ\0", "unxz"),
    (b"BZh", "bunzip2"),
];

pub(super) fn parse(
    name: &str,
    bytes: &[u8],
    ram: RamRange,
    taken_as: Option<ImageKind>,
) -> Result<Image, LoadProblem> {
    if let Some((_, tool)) = COMPRESSED
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
    {
        return Err(LoadProblem::Compressed(tool));
    }
    let is_linux = bytes.get(LINUX_MAGIC_AT..LINUX_MAGIC_AT + 4) == Some(LINUX_MAGIC);
    let looks = if is_linux {
        ImageKind::LinuxImage
    } else {
        ImageKind::BareMetal
    };
    let kind = taken_as.unwrap_or(looks);
    let (offset, len) = match kind {
        ImageKind::User => return Err(LoadProblem::RawUser),
        ImageKind::BareMetal | ImageKind::Data => (0, 0),
        ImageKind::Kernel | ImageKind::LinuxImage if is_linux => linux_place(bytes),
        ImageKind::Kernel | ImageKind::LinuxImage => (KERNEL_OFFSET, 0),
    };
    let address = ram.base.checked_add(offset).ok_or_else(|| {
        LoadProblem::Damaged(format!("its header asks for offset {offset:#x} in RAM"))
    })?;
    let span = Span {
        address,
        file: 0..bytes.len(),
        zero_bytes: len.saturating_sub(bytes.len() as u64),
    };
    let zero_bytes = span.zero_bytes;
    layout::check(vec![span], address, Some(ram), bytes.len())?;
    Ok(Image {
        name: name.to_owned(),
        kind,
        entry: address,
        segments: vec![Segment {
            address,
            bytes: bytes.to_vec(),
            zero_bytes,
        }],
        symbols: Symbols::default(),
        format: if is_linux { "Linux Image" } else { "raw image" },
    })
}

/// Bytes that go to an address, whatever they are.
pub(super) fn at(
    name: &str,
    bytes: &[u8],
    ram: RamRange,
    address: u64,
) -> Result<Image, LoadProblem> {
    let len = bytes.len() as u64;
    if !ram.contains(address, len) {
        return Err(LoadProblem::outside(address, len, ram));
    }
    Ok(Image {
        name: name.to_owned(),
        kind: ImageKind::Data,
        entry: address,
        segments: vec![Segment {
            address,
            bytes: bytes.to_vec(),
            zero_bytes: 0,
        }],
        symbols: Symbols::default(),
        format: "raw image",
    })
}

/// Offset in RAM and length in memory that the header of a Linux `Image` asks for.
fn linux_place(bytes: &[u8]) -> (u64, u64) {
    let word = |at: usize| {
        let field = bytes
            .get(at..at + 8)
            .and_then(|field| field.try_into().ok());
        field.map_or(0, u64::from_le_bytes)
    };
    (word(TEXT_OFFSET_AT), word(IMAGE_SIZE_AT))
}
