//! Images without a header: all bytes go to the start of RAM, and the first is the first
//! instruction. A Linux `Image` goes to the kernel's place.

use super::{Image, ImageKind, LoadProblem, RamRange, Segment, Symbols};

/// Where a Linux `Image` says what it is: "RSC\x05".
const LINUX_MAGIC_AT: usize = 0x38;
const LINUX_MAGIC: &[u8] = b"RSC\x05";

pub(super) fn parse(name: &str, bytes: &[u8], ram: RamRange) -> Result<Image, LoadProblem> {
    let linux = bytes.get(LINUX_MAGIC_AT..LINUX_MAGIC_AT + 4) == Some(LINUX_MAGIC);
    let (kind, address) = if linux {
        let offset = abi::memory_map::KERNEL_BASE - abi::memory_map::RAM_BASE;
        (ImageKind::LinuxImage, ram.base + offset)
    } else {
        (ImageKind::BareMetal, ram.base)
    };
    if bytes.len() as u64 > ram.size {
        return Err(LoadProblem::OutsideRam {
            address,
            len: bytes.len() as u64,
            base: ram.base,
            end: ram.base + ram.size,
        });
    }
    Ok(Image {
        name: name.to_owned(),
        kind,
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
