//! Broken program files neither stop the host nor fill its memory.

#[path = "loader/elf_file.rs"]
#[allow(dead_code)] // the other tests use the rest
mod elf_file;

use std::alloc::System;

use elf_file::{ElfFile, GLOBAL_FUNCTION, IN_TEXT, load};
use hartland_machine::loader::{self, ImageKind, RamRange};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RAM: RamRange = RamRange {
    base: 0x8000_0000,
    size: 1 << 30,
};

/// All that reading one file may allocate, counted without what is given back.
const MOST_ALLOCATED: usize = 2 << 20;

/// A sequence of numbers that look random, the same on every host (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize % bound
    }
}

/// Reads the file in every way; returns whether it is a program, and what was allocated.
fn read(bytes: &[u8]) -> (bool, usize) {
    let region = Region::new(ALLOCATOR);
    let kinds = [
        None,
        Some(ImageKind::BareMetal),
        Some(ImageKind::Kernel),
        Some(ImageKind::User),
    ];
    let mut usable = false;
    let mut most = 0;
    for kind in kinds {
        let before = region.change().bytes_allocated;
        match loader::parse("file", bytes, RAM, kind) {
            Ok(image) => {
                usable = true;
                assert!(image.segments.iter().all(|s| !s.is_empty()));
                assert!(kind == Some(ImageKind::User) || image.entry >= RAM.base || kind.is_none());
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.len() < 300 && !text.contains('\n'), "{text:?}");
            }
        }
        most = most.max(region.change().bytes_allocated - before);
    }
    // Whether this succeeds does not matter, only that it ends.
    let before = region.change().bytes_allocated;
    let _ = loader::code_sections("file", bytes);
    (usable, most.max(region.change().bytes_allocated - before))
}

fn pie() -> Vec<u8> {
    let mut dynamic = Vec::new();
    for word in [6u64, 0x40, 7, 0x80, 8, 48, 9, 24, 0, 0] {
        dynamic.extend(word.to_le_bytes());
    }
    let mut bytes = vec![0; 0x80];
    for word in [0u64, 3, 8, 8, 1 << 32 | 2, 0] {
        bytes.extend(word.to_le_bytes());
    }
    let mut file = ElfFile::new(0, vec![load(0, &bytes, 0x100), load(0x1000, &dynamic, 0)]);
    file.kind = elf_file::ET_DYN;
    let mut dynamic = file.parts[1].clone();
    dynamic.kind = elf_file::PT_DYNAMIC;
    file.parts.push(dynamic);
    file.symbols = vec![("_start", 0, 4, GLOBAL_FUNCTION, IN_TEXT)];
    file.build()
}

#[test]
fn broken_files_are_refused_or_read_without_harm() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut refused, mut usable) = (0, 0);
    let mut most = 0;
    for whole in [ElfFile::sample().build(), pie()] {
        assert!(
            read(&whole).0,
            "the whole file is a program, as taken for something or other"
        );
        let truncated = (0..60).map(|i| whole[..whole.len() * i / 60].to_vec());
        let flipped: Vec<_> = (0..200)
            .map(|i| flip(&whole, 1 + i / 25, &mut random))
            .collect();
        for file in truncated.chain(flipped) {
            let (read, allocated) = read(&file);
            most = most.max(allocated);
            *(if read { &mut usable } else { &mut refused }) += 1;
        }
    }
    assert_eq!(refused + usable, 520);
    assert!(
        refused > 100 && usable > 20,
        "{refused} refused, {usable} usable"
    );
    assert!(most < MOST_ALLOCATED, "{most} bytes allocated for one file");
    many_symbols_with_one_long_name();
}

/// Flips bits, most of them in the headers at the start and at the end.
fn flip(whole: &[u8], count: usize, random: &mut Random) -> Vec<u8> {
    let mut file = whole.to_vec();
    for _ in 0..count {
        let at = match random.below(3) {
            0 => random.below(64 + 3 * 56),
            1 => file.len() - 1 - random.below(700),
            _ => random.below(file.len()),
        };
        file[at] ^= 1 << random.below(8);
    }
    file
}

/// A small file whose symbols share one name must not become gigabytes of names.
fn many_symbols_with_one_long_name() {
    let name: &'static str =
        "_ZN300aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaE";
    let mut file = ElfFile::sample();
    file.symbols = vec![(name, 0x8000_0000, 4, GLOBAL_FUNCTION, IN_TEXT); 4000];
    let mut bytes = file.build();
    let symbols = bytes.len() - 4 * 64 - 7 - 4000 * (name.len() + 1) - 24 * 4000;
    for symbol in 0..4000 {
        let at = symbols + 24 * symbol;
        bytes[at..at + 4].copy_from_slice(&7u32.to_le_bytes());
    }
    let names = symbols + 24 * 4000 + 7;
    let end = bytes.len() - 4 * 64 - 1;
    for byte in bytes[names..end].iter_mut().filter(|byte| **byte == 0) {
        *byte = b'a'; // one name of 280 KB, which every symbol has
    }
    let (_, allocated) = read(&bytes);
    assert!(
        allocated < 8 * bytes.len(),
        "{allocated} bytes for {}",
        bytes.len()
    );
}
