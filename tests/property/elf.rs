//! The program loader's checks: what was built is found, what breaks a rule is refused by name, and no bytes make it panic.

use kernel_core::elf::symbols;
use kernel_core::elf::{ElfError, HEAD_BYTES, LOWEST_ADDRESS, MAX_SEGMENTS, Program, Segment};
use kernel_core::page_table::{Permissions, USER_END};
use proptest::prelude::*;

const LOAD: u32 = 1;
const INTERPRETER: u32 = 3;
const HEADERS: u32 = 6;
const THREAD_LOCAL: u32 = 7;
const GNU_STACK: u32 = 0x6474_e551;

#[derive(Clone, Copy, Debug, Default)]
struct Header {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
    alignment: u64,
}

/// A file with these headers; as long as its segments need.
fn file(kind: u16, entry: u64, headers: &[Header]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\x00\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(243u16.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(entry.to_le_bytes());
    bytes.extend(64u64.to_le_bytes());
    bytes.extend(0u64.to_le_bytes());
    bytes.extend(5u32.to_le_bytes());
    for half in [64, 56, headers.len() as u16, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    for header in headers {
        bytes.extend(header.kind.to_le_bytes());
        bytes.extend(header.flags.to_le_bytes());
        for word in [
            header.offset,
            header.address,
            0,
            header.file_size,
            header.memory_size,
            header.alignment,
        ] {
            bytes.extend(word.to_le_bytes());
        }
    }
    let end = headers
        .iter()
        .map(|it| it.offset.saturating_add(it.file_size))
        .max()
        .unwrap_or(0);
    if end < 1 << 20 {
        bytes.resize(bytes.len().max(end as usize), 0);
    }
    bytes
}

fn code() -> Header {
    Header {
        kind: LOAD,
        flags: 5,
        offset: 0,
        address: 0x1_0000,
        file_size: 0x800,
        memory_size: 0x800,
        alignment: 0x1000,
    }
}

fn data() -> Header {
    Header {
        kind: LOAD,
        flags: 6,
        offset: 0x800,
        address: 0x1_1800,
        file_size: 0x100,
        memory_size: 0x2000,
        alignment: 0x1000,
    }
}

fn parse(bytes: &[u8]) -> Result<Program, ElfError> {
    Program::parse(&bytes[..bytes.len().min(HEAD_BYTES)], bytes.len() as u64)
}

/// Programs as a linker makes them: segments one behind the other, with gaps.
fn headers() -> impl Strategy<Value = Vec<Header>> {
    let one = (
        0..4u64,
        0..0x1000u64,
        1..0x3000u64,
        0..=100u64,
        prop::sample::select(vec![0u32, 1, 4, 5, 6]),
    );
    prop::collection::vec(one, 1..MAX_SEGMENTS).prop_map(|parts| {
        let (mut address, mut offset) = (0x1_0000u64, 0);
        let mut headers = Vec::new();
        for (gap, start, size, percent, flags) in parts {
            address = address.next_multiple_of(0x1000) + gap * 0x1000 + start;
            offset = u64::next_multiple_of(offset, 0x1000) + start;
            let file_size = size * percent / 100;
            headers.push(Header {
                kind: LOAD,
                flags,
                offset,
                address,
                file_size,
                memory_size: size,
                alignment: 0x1000,
            });
            (address, offset) = (address + size, offset + file_size);
        }
        headers
    })
}

proptest! {
    #[test]
    fn finds_the_segments_that_were_built(mut headers in headers(), pie: bool, pick in any::<prop::sample::Index>()) {
        let home = pick.index(headers.len());
        headers[home].flags = 5;
        headers[home].memory_size = headers[home].memory_size.max(2);
        prop_assume!(home + 1 == headers.len() || headers[home].address + 2 <= headers[home + 1].address & !0xfff);
        let entry = headers[home].address.next_multiple_of(2).min(headers[home].address + headers[home].memory_size - 2) & !1;
        prop_assume!(entry >= headers[home].address);
        let bytes = file(if pie { 3 } else { 2 }, entry, &headers);
        let program = parse(&bytes).unwrap();
        prop_assert_eq!((program.entry, program.position_independent, program.header_count), (entry, pie, headers.len() as u16));
        prop_assert_eq!(program.segments().len(), headers.len());
        for (segment, header) in program.segments().iter().zip(&headers) {
            prop_assert_eq!((segment.address, segment.memory_size, segment.file_size), (header.address, header.memory_size, header.file_size));
            prop_assert!(segment.file_size == 0 || segment.file_offset == header.offset);
            prop_assert_eq!(segment.permissions.contains(Permissions::WRITE), header.flags & 2 != 0);
            prop_assert_eq!(segment.permissions.contains(Permissions::EXECUTE), header.flags & 1 != 0);
        }
    }

    #[test]
    fn whatever_is_accepted_is_sound(changes in prop::collection::vec((0..64 + 5 * 56usize, any::<u8>()), 1..5)) {
        let others = [INTERPRETER + 1, THREAD_LOCAL, HEADERS].map(|kind| Header { kind, alignment: 8, ..data() });
        let mut bytes = file(2, 0x1_0100, &[code(), data(), others[0], others[1], others[2]]);
        prop_assert!(parse(&bytes).is_ok());
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Ok(program) = parse(&bytes) {
            sound(&program, bytes.len() as u64)?;
        }
    }

    #[test]
    fn any_bytes_are_refused_or_sound(mut bytes in prop::collection::vec(any::<u8>(), 0..500), genuine: bool) {
        if genuine {
            let start = file(2, 0x1_0100, &[]);
            let length = start.len().min(bytes.len()).min(48);
            bytes[..length].copy_from_slice(&start[..length]);
        }
        if let Ok(program) = parse(&bytes) {
            sound(&program, bytes.len() as u64)?;
        }
    }
}

fn sound(program: &Program, length: u64) -> Result<(), TestCaseError> {
    let mut end = if program.position_independent {
        0
    } else {
        LOWEST_ADDRESS
    };
    for segment in program.segments() {
        let (first, last) = segment.pages();
        prop_assert!(first >= end || segment.address >= end && end == LOWEST_ADDRESS);
        prop_assert!(segment.memory_size > 0 && segment.file_size <= segment.memory_size);
        prop_assert!(segment.file_offset + segment.file_size <= length);
        prop_assert!(last <= USER_END && !segment.permissions.breaks_write_xor_execute());
        end = last;
    }
    let holds = |segment: &&Segment, at: u64| segment.address <= at && at < segment.end();
    let home = program
        .segments()
        .iter()
        .find(|segment| holds(segment, program.entry));
    prop_assert!(home.is_some_and(|it| it.permissions.contains(Permissions::EXECUTE)));
    prop_assert!(
        program
            .headers
            .is_none_or(|at| program.segments().iter().any(|segment| holds(&segment, at)))
    );
    prop_assert_eq!(program.end(), end);
    prop_assert!(program.alignment.is_power_of_two());
    Ok(())
}

#[test]
fn every_rule_is_refused_by_its_name() {
    let cases: [(&str, Vec<Header>, ElfError); 14] = [
        (
            "interpreter",
            vec![
                code(),
                Header {
                    kind: INTERPRETER,
                    ..data()
                },
            ],
            ElfError::Interpreter,
        ),
        (
            "no segment",
            vec![Header {
                kind: GNU_STACK,
                ..code()
            }],
            ElfError::SegmentCount,
        ),
        (
            "empty segments",
            vec![Header {
                memory_size: 0,
                file_size: 0,
                ..code()
            }],
            ElfError::SegmentCount,
        ),
        (
            "file larger",
            vec![Header {
                memory_size: 0x7ff,
                ..code()
            }],
            ElfError::FileSize,
        ),
        (
            "beyond the file",
            vec![
                code(),
                Header {
                    offset: 1 << 40 | 0x800,
                    ..data()
                },
            ],
            ElfError::Truncated,
        ),
        (
            "file wraps",
            vec![
                code(),
                Header {
                    offset: u64::MAX - 0x7ff,
                    ..data()
                },
            ],
            ElfError::Truncated,
        ),
        (
            "null page",
            vec![Header {
                address: 0,
                ..code()
            }],
            ElfError::Address,
        ),
        (
            "kernel half",
            vec![
                code(),
                Header {
                    address: USER_END - 0x1800,
                    ..data()
                },
            ],
            ElfError::Address,
        ),
        (
            "wraps",
            vec![
                code(),
                Header {
                    memory_size: u64::MAX - 0xfff,
                    ..data()
                },
            ],
            ElfError::Address,
        ),
        (
            "same page",
            vec![
                code(),
                Header {
                    address: 0x1_0800,
                    ..data()
                },
            ],
            ElfError::Overlap,
        ),
        ("out of order", vec![data(), code()], ElfError::Overlap),
        (
            "incongruent",
            vec![
                code(),
                Header {
                    address: 0x1_1801,
                    ..data()
                },
            ],
            ElfError::Alignment,
        ),
        (
            "alignment of 3",
            vec![
                code(),
                Header {
                    alignment: 3,
                    ..data()
                },
            ],
            ElfError::Alignment,
        ),
        (
            "writable code",
            vec![Header { flags: 7, ..code() }],
            ElfError::WriteAndExecute,
        ),
    ];
    for (name, headers, error) in cases {
        assert_eq!(parse(&file(2, 0x1_0100, &headers)), Err(error), "{name}");
        assert!(!error.message().is_empty());
    }
    for entry in [0, 0x1_0101, 0x1_07ff, 0x1_0800, 0x1_1800, u64::MAX - 1] {
        let result = parse(&file(2, entry, &[code(), data()]));
        assert_eq!(result, Err(ElfError::Entry), "{entry:#x}");
    }
}

#[test]
fn files_for_others_are_refused() {
    let good = file(2, 0x1_0100, &[code(), data()]);
    let cases = [
        (0, 0, ElfError::NotElf),
        (4, 1, ElfError::OtherMachine),
        (5, 2, ElfError::OtherMachine),
        (7, 9, ElfError::OtherMachine),
        (18, 62, ElfError::OtherMachine),
        (48, 8, ElfError::OtherMachine),
        (16, 1, ElfError::NotAProgram),
        (54, 32, ElfError::Headers),
        (56, 0, ElfError::Headers),
        (56, 65, ElfError::Headers),
        (39, 1, ElfError::Truncated),
    ];
    for (at, byte, error) in cases {
        let mut bytes = good.clone();
        bytes[at] = byte;
        assert_eq!(parse(&bytes), Err(error), "byte {at}");
    }
    assert_eq!(parse(&good[..63]), Err(ElfError::Truncated));
    assert_eq!(parse(&good[..64 + 57]), Err(ElfError::Truncated));
}

#[test]
fn what_the_auxiliary_vector_says() {
    let headers = Header {
        kind: HEADERS,
        address: 0x1_0040,
        ..code()
    };
    let found = parse(&file(2, 0x1_0100, &[headers, code(), data()])).unwrap();
    assert_eq!(
        (found.headers, found.header_count, found.end()),
        (Some(0x1_0040), 3, 0x1_4000)
    );
    let without = parse(&file(2, 0x1_0100, &[code(), data()])).unwrap();
    assert_eq!(
        without.headers,
        Some(0x1_0040),
        "found through the segment that has the file's head"
    );
    let elsewhere = Header {
        offset: 0x1000,
        address: 0x1_0000,
        ..code()
    };
    let unseen = parse(&file(2, 0x1_0100, &[elsewhere])).unwrap();
    assert_eq!(unseen.headers, None);
}

#[test]
fn thread_local_storage_and_stack() {
    let template = Header {
        kind: THREAD_LOCAL,
        alignment: 16,
        file_size: 0x20,
        memory_size: 0x60,
        ..data()
    };
    let stack = |flags| Header {
        kind: GNU_STACK,
        flags,
        ..Header::default()
    };
    let program = parse(&file(3, 0x1_0100, &[code(), data(), template, stack(7)])).unwrap();
    let found = program.thread_local.unwrap();
    assert_eq!(
        (
            found.address,
            found.file_size,
            found.memory_size,
            found.alignment
        ),
        (0x1_1800, 0x20, 0x60, 16)
    );
    assert!(program.wants_executable_stack);
    assert!(
        !parse(&file(3, 0x1_0100, &[code(), stack(6)]))
            .unwrap()
            .wants_executable_stack
    );
    let broken = [
        Header {
            alignment: 3,
            ..template
        },
        Header {
            file_size: 0x61,
            ..template
        },
        Header {
            memory_size: u64::MAX,
            ..template
        },
        Header {
            address: 0x40_0000,
            ..template
        },
    ];
    for template in broken {
        let result = parse(&file(3, 0x1_0100, &[code(), data(), template]));
        assert_eq!(result, Err(ElfError::ThreadLocal), "{template:?}");
    }
    let twice = parse(&file(3, 0x1_0100, &[code(), data(), template, template]));
    assert_eq!(twice, Err(ElfError::ThreadLocal));
}

/// A file with one symbol table: `_ZN4fawn4mainE` at 0x1000, of 16 bytes.
fn with_symbol() -> Vec<u8> {
    let mut file = vec![0; 64];
    file[16] = 2;
    let names = file.len() as u64;
    file.extend(b"\0fawn_main\0");
    let symbols = file.len() as u64;
    let mut symbol = [0; 24];
    symbol[0] = 1;
    symbol[4] = 2;
    symbol[6] = 1;
    symbol[8..16].copy_from_slice(&0x1000u64.to_le_bytes());
    symbol[16..24].copy_from_slice(&16u64.to_le_bytes());
    file.extend(symbol);
    let sections = file.len() as u64;
    for (kind, at, size, link) in [(3u32, names, 11u64, 0u32), (2, symbols, 24, 0)] {
        let mut section = [0; 64];
        section[4..8].copy_from_slice(&kind.to_le_bytes());
        section[24..32].copy_from_slice(&at.to_le_bytes());
        section[32..40].copy_from_slice(&size.to_le_bytes());
        section[40..44].copy_from_slice(&link.to_le_bytes());
        file.extend(section);
    }
    file[40..48].copy_from_slice(&sections.to_le_bytes());
    file[60] = 2;
    file
}

fn symbol_in(file: &[u8], address: u64) -> Option<symbols::Symbol> {
    let read = |at: u64, into: &mut [u8]| {
        let at = usize::try_from(at).ok()?;
        let part = file.get(at..at.checked_add(into.len())?)?;
        into.copy_from_slice(part);
        Some(())
    };
    symbols::find(read, address, 0x10_0000)
}

#[test]
fn an_address_has_its_function() {
    let file = with_symbol();
    let found = symbol_in(&file, 0x1004).expect("the function");
    assert_eq!(found.offset, 4);
    assert!(file[found.name_at as usize..].starts_with(b"fawn_main\0"));
    assert_eq!(symbol_in(&file, 0x1010), None, "behind its end");
    assert_eq!(symbol_in(&file, 0xfff), None, "before its start");
}

#[test]
fn a_program_that_was_moved_has_its_functions_elsewhere() {
    let mut file = with_symbol();
    file[16] = 3;
    assert_eq!(
        symbol_in(&file, 0x10_1000).map(|symbol| symbol.offset),
        Some(0)
    );
    assert_eq!(symbol_in(&file, 0x1000), None);
}

proptest! {
    #[test]
    fn no_file_is_too_strange_for_symbols(
        changes in prop::collection::vec((0usize..250, any::<u8>()), 0..12),
        address in prop_oneof![any::<u64>(), 0u64..0x2000],
    ) {
        let mut file = with_symbol();
        for (at, byte) in changes {
            if let Some(into) = file.get_mut(at) {
                *into = byte;
            }
        }
        if let Some(symbol) = symbol_in(&file, address) {
            prop_assert!(symbol.offset <= address);
        }
    }
}
