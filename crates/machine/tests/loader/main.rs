//! Files are taken for what they are, placed where they belong, and refused with a clear sentence.

mod elf_file;

use elf_file::{ET_CORE, ET_DYN, ET_REL, ElfFile, PT_DYNAMIC, PT_INTERP, Part, load};
use hartland_machine::loader::{self, Image, ImageKind, RamRange, Symbols};
use memory::{Ram, Width};

const RAM: RamRange = RamRange {
    base: 0x8000_0000,
    size: 16 << 20,
};

fn parse(file: &ElfFile) -> Image {
    loader::parse("prog", &file.build(), RAM, None).expect("a program")
}

fn refusal_of_bytes(bytes: &[u8], taken_as: Option<ImageKind>) -> String {
    let error = loader::parse("prog", bytes, RAM, taken_as).expect_err("not a program");
    let text = error.to_string();
    assert!(text.starts_with("prog: ") && !text.contains('\n'), "{text}");
    text
}

fn refusal(file: &ElfFile) -> String {
    refusal_of_bytes(&file.build(), None)
}

#[test]
fn a_bare_metal_program_is_placed_with_its_zeroes() {
    let image = parse(&ElfFile::sample());
    assert_eq!(image.kind, ImageKind::BareMetal);
    assert_eq!(
        image.describe(),
        "a bare-metal program (ELF, entry 0x80000000, 2 segments, 21 KiB)"
    );
    let mut ram = Ram::new(RAM.base, RAM.size).expect("RAM");
    ram.write(0x8000_1064, &[0xff; 0x5000]);
    image.place(&mut ram).expect("it fits");
    assert_eq!(ram.load(0x8000_0000, Width::Word), Some(0x13));
    assert_eq!(ram.load(0x8000_1060, Width::Word), Some(0x0707_0707));
    let zeroes = ram.bytes(0x8000_1064, 0x5000).expect("in RAM");
    assert!(zeroes.iter().all(|&byte| byte == 0));
}

#[test]
fn an_image_is_not_placed_in_a_ram_too_small_for_it() {
    let image = parse(&ElfFile::sample());
    let mut ram = Ram::new(RAM.base, 0x2000).expect("RAM");
    let error = image.place(&mut ram).expect_err("too small").to_string();
    assert!(
        error.contains("outside RAM (0x80000000 to 0x80002000): give more --memory"),
        "{error}"
    );
    assert_eq!(ram.touched_pages(), 0);
}

#[test]
fn symbols_are_found_by_name_and_by_address() {
    let symbols = parse(&ElfFile::sample()).symbols;
    assert_eq!(symbols.by_name("tohost"), Some(0x8000_1000));
    assert_eq!(symbols.by_name("fromhost"), Some(0x8000_1040));
    assert_eq!(
        symbols.by_name("core::fmt::Write::write_fmt"),
        Some(0x8000_0010)
    );
    let mangled = "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE";
    assert_eq!(symbols.by_name(mangled), Some(0x8000_0010));
    assert_eq!(
        symbols.by_name("$x"),
        None,
        "a mapping symbol names nothing"
    );
    assert_eq!(symbols.by_name("begin_signature"), None);
    assert_eq!(symbols.nearest(0x8000_0004), Some(("_start", 4)));
    assert_eq!(
        symbols.nearest(0x8000_0014),
        Some(("core::fmt::Write::write_fmt", 4))
    );
    assert_eq!(symbols.nearest(0x8000_0030), None, "behind its end");
    assert_eq!(symbols.nearest(0x7fff_ffff), None);
    assert_eq!(symbols.at(0x8000_0000).collect::<Vec<_>>(), ["_start"]);
    assert_eq!(
        symbols.by_name("__stack_size"),
        Some(0x8000_0004),
        "a number is found by name only"
    );
}

#[test]
fn the_nearest_symbol_is_the_one_that_reaches_the_address() {
    let symbols = Symbols::new([
        ("outer", 0x100, 0x100),
        ("inner", 0x110, 8),
        ("end", 0x200, 0),
    ]);
    assert_eq!(symbols.nearest(0x114), Some(("inner", 4)));
    assert_eq!(symbols.nearest(0x120), Some(("outer", 0x20)));
    assert_eq!(symbols.nearest(0x210), Some(("end", 0x10)));
    assert_eq!(symbols.nearest(u64::MAX), None);
}

#[test]
fn kernels_and_user_programs_are_known_by_their_addresses() {
    let at = |address| ElfFile::new(address, vec![load(address, &[0x13, 0, 0, 0], 0)]);
    assert_eq!(parse(&at(0x8020_0000)).kind, ImageKind::Kernel);
    assert_eq!(parse(&at(0x1_0000)).kind, ImageKind::User);
    let mut stray = at(0x8000_0000);
    stray.parts.push(load(0x1_1000, &[0; 8], 0));
    let text = refusal(&stray);
    assert!(
        text.contains("0x11000 are outside RAM"),
        "it starts in RAM, so it is no user program: {text}"
    );
    let mut high = at(0xffff_ffff_8000_0000);
    high.parts[0].physical_address = 0x8020_0000;
    let image = parse(&high);
    assert_eq!(image.kind, ImageKind::Kernel);
    assert_eq!(image.entry, 0x8020_0000, "linked high, started low");
    assert_eq!(image.segments[0].address, 0x8020_0000);
}

#[test]
fn what_a_file_is_taken_for_can_be_said() {
    let file = ElfFile::sample().build();
    for kind in [ImageKind::Kernel, ImageKind::User, ImageKind::BareMetal] {
        let image = loader::parse("prog", &file, RAM, Some(kind)).expect("a program");
        assert_eq!(image.kind, kind);
    }
    let user = ElfFile::new(0x1_0000, vec![load(0x1_0000, &[1; 4], 0)]).build();
    let text = refusal_of_bytes(&user, Some(ImageKind::BareMetal));
    assert!(
        text.contains("0x10000 are outside RAM (0x80000000 to 0x81000000): link it at"),
        "{text}"
    );
}

#[test]
fn the_page_with_the_headers_may_lie_below_ram() {
    let mut bytes = ElfFile::new(0x8000_0000, vec![load(0x7fff_f000, &[1; 0x2000], 0)]).build();
    bytes[64 + 8..64 + 16].fill(0); // the segment begins with the file's own headers
    let image = loader::parse("prog", &bytes, RAM, None).expect("a program");
    assert_eq!(image.kind, ImageKind::BareMetal);
    assert_eq!(image.segments[0].address, 0x8000_0000);
    assert_eq!(image.segments[0].bytes, bytes[0x1000..0x2000]);
    bytes[64 + 8] = 1;
    assert!(
        refusal_of_bytes(&bytes, None).contains("outside RAM"),
        "not the headers' segment"
    );
}

/// A static PIE linked at 0, with a table of relocations and a symbol.
fn pie(relocations: &[(u64, u64, u64)]) -> ElfFile {
    let mut bytes = vec![0; 0x100];
    let mut dynamic = Vec::new();
    let tables = [
        (6, 0x40),
        (7, 0x100),
        (8, 24 * relocations.len() as u64),
        (9, 24),
        (0, 0),
    ];
    for (tag, value) in tables {
        dynamic.extend(u64::to_le_bytes(tag));
        dynamic.extend(u64::to_le_bytes(value));
    }
    bytes[0x40 + 24 + 6] = 1; // symbol 1 is defined in section 1, at 0x80
    bytes[0x40 + 24 + 8] = 0x80;
    for (offset, info, addend) in relocations {
        for word in [offset, info, addend] {
            bytes.extend(word.to_le_bytes());
        }
    }
    let mut file = ElfFile::new(0, vec![load(0, &bytes, 0x1000)]);
    file.kind = ET_DYN;
    file.parts.push(Part {
        kind: PT_DYNAMIC,
        ..load(0x2000, &dynamic, 0)
    });
    file
}

#[test]
fn a_static_pie_is_moved_to_ram_and_relocated() {
    let file = pie(&[(0, 3, 0x44), (8, 1 << 32 | 2, 5), (16, 0, 9)]);
    let image = parse(&file);
    assert_eq!(
        (image.kind, image.entry),
        (ImageKind::BareMetal, 0x8000_0000)
    );
    let mut ram = Ram::new(RAM.base, RAM.size).expect("RAM");
    image.place(&mut ram).expect("it fits");
    assert_eq!(
        ram.load_u64(0x8000_0000),
        Some(0x8000_0044),
        "R_RISCV_RELATIVE"
    );
    assert_eq!(ram.load_u64(0x8000_0008), Some(0x8000_0085), "R_RISCV_64");
    assert_eq!(ram.load_u64(0x8000_0010), Some(0), "R_RISCV_NONE");
    let kernel = loader::parse("prog", &file.build(), RAM, Some(ImageKind::Kernel));
    assert_eq!(kernel.expect("a kernel").entry, 0x8020_0000);
}

#[test]
fn relocations_that_cannot_be_done_are_refused() {
    for bad in [
        (0, 58, 0),
        (0xff8 + 0x100, 3, 0),
        (u64::MAX, 3, 0),
        (0, 2, 0),
        (0, 9 << 60 | 2, 0),
    ] {
        let text = refusal(&pie(&[bad]));
        assert!(text.contains("relocation 0 (type"), "{text}");
    }
}

#[test]
fn every_wrong_kind_of_file_has_its_sentence() {
    let with = |change: fn(&mut ElfFile)| {
        let mut file = ElfFile::sample();
        change(&mut file);
        refusal(&file)
    };
    let edited = |change: fn(&mut Vec<u8>)| {
        let mut bytes = ElfFile::sample().build();
        change(&mut bytes);
        refusal_of_bytes(&bytes, None)
    };
    let interpreter = |file: &mut ElfFile| {
        let path = b"/lib/ld-linux-riscv64-lp64d.so.1\0";
        let kind = PT_INTERP;
        file.parts.push(Part {
            kind,
            ..load(0, path, 0)
        });
    };
    let cases = [
        (refusal_of_bytes(b"", None), "the file is empty"),
        (
            refusal_of_bytes(b"\x7fELF\x02", None),
            "shorter than an ELF header",
        ),
        (
            refusal_of_bytes(b"\x1f\x8b\x08 packed", None),
            "it is compressed; unpack it first, with gunzip",
        ),
        (
            refusal_of_bytes(b"raw", Some(ImageKind::User)),
            "a user program must be an ELF file",
        ),
        (
            with(|f| f.machine = 62),
            "it is built for x86-64, not for RISC-V",
        ),
        (
            with(|f| f.machine = 183),
            "it is built for AArch64, not for RISC-V",
        ),
        (
            with(|f| f.machine = 4711),
            "it is built for machine number 4711",
        ),
        (
            with(|f| f.kind = ET_REL),
            "a relocatable object, not an executable; link it first",
        ),
        (with(|f| f.kind = ET_CORE), "a core dump, not an executable"),
        (
            with(interpreter),
            "(it asks for /lib/ld-linux-riscv64-lp64d.so.1); link it with -static",
        ),
        (with(|f| f.parts.clear()), "no segment to load"),
        (
            with(|f| f.parts[0].memory = 3),
            "256 bytes in the file but only 3 in memory",
        ),
        (
            with(|f| f.parts[1].physical_address = 0x8000_0080),
            "0x80000000 and 0x80000080 overlap",
        ),
        (
            with(|f| f.parts[1].memory = 1 << 60),
            "outside RAM (0x80000000 to 0x81000000): give more",
        ),
        (
            with(|f| f.parts[1].physical_address = u64::MAX - 8),
            "outside RAM",
        ),
        (
            with(|f| f.entry = 0x8000_0800),
            "entry point 0x80000800 lies in none of its segments",
        ),
        (with(|f| f.entry += 1), "entry point 0x80000001 is odd"),
        (edited(|b| b[4] = 1), "32-bit"),
        (edited(|b| b[4] = 9), "identification bytes make no sense"),
        (
            edited(|b| {
                b[5] = 2;
                b[18..20].reverse();
            }),
            "big-endian",
        ),
        (
            edited(|b| b[54] = 57),
            "its program headers are 57 bytes long",
        ),
        (
            edited(|b| b[39] = 0x7f),
            "its program headers reach to byte 0x7f",
        ),
        (edited(|b| b.truncate(0x100)), "the file is truncated"),
    ];
    for (text, expected) in cases {
        assert!(text.contains(expected), "{text:?} should say {expected:?}");
    }
}

#[test]
fn a_user_program_must_fit_the_address_space_only() {
    let mut file = ElfFile::new(0x1_0000, vec![load(0x1_0000, &[1; 4], 1 << 40)]);
    assert_eq!(parse(&file).segments[0].zero_bytes, 1 << 40);
    file.parts[0].memory = u64::MAX;
    assert!(refusal(&file).contains("does not fit 64-bit addresses"));
}

#[test]
fn segments_cannot_share_the_bytes_of_a_file() {
    let mut bytes = ElfFile::new(
        0x8000_0000,
        vec![
            load(0x8000_0000, &[1; 4096], 0),
            load(0x8000_1000, &[2; 4096], 0),
        ],
    )
    .build();
    let first_offset = bytes[64 + 8..64 + 16].to_vec();
    bytes[120 + 8..120 + 16].copy_from_slice(&first_offset);
    bytes.truncate(64 + 2 * 56 + 4096);
    assert!(refusal_of_bytes(&bytes, None).contains("name more bytes than it has"));
}

#[test]
fn a_raw_image_goes_to_the_start_of_ram() {
    let image = loader::parse("raw", &[1, 2, 3, 4], RAM, None).expect("a raw image");
    assert_eq!((image.kind, image.entry), (ImageKind::BareMetal, RAM.base));
    let kernel = loader::parse("raw", &[1, 2, 3, 4], RAM, Some(ImageKind::Kernel));
    assert_eq!(kernel.expect("a kernel").entry, 0x8020_0000);
    let small = RamRange {
        base: RAM.base,
        size: 4096,
    };
    let error = loader::parse("raw", &[0; 5000], small, None).expect_err("too large");
    assert!(error.to_string().contains("give more --memory"), "{error}");
}

#[test]
fn a_linux_image_goes_where_its_header_says() {
    let mut bytes = vec![0; 0x1000];
    bytes[0x0a] = 0x20; // text offset 0x200000
    bytes[0x12] = 0x30; // size in memory 0x300000
    bytes[0x38..0x3c].copy_from_slice(b"RSC\x05");
    let image = loader::parse("Image", &bytes, RAM, None).expect("a kernel");
    assert_eq!(
        (image.kind, image.entry),
        (ImageKind::LinuxImage, 0x8020_0000)
    );
    assert_eq!(image.segments[0].len(), 0x30_0000);
    bytes[0x17] = 0xff;
    let error = loader::parse("Image", &bytes, RAM, None).expect_err("too large");
    assert!(error.to_string().contains("outside RAM"), "{error}");
}

#[test]
fn the_code_of_a_file_can_be_looked_at() {
    let code = loader::code_sections("prog", &ElfFile::sample().build()).expect("code");
    assert_eq!(code.sections.len(), 1);
    assert_eq!(code.sections[0].address, 0x8000_0000);
    assert_eq!(code.sections[0].bytes.len(), 256);
    assert_eq!(code.symbols.by_name("_start"), Some(0x8000_0000));
}
