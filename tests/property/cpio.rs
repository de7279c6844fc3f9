//! The archive reader: what was written is read, and no bytes whatever make it panic.

use kernel_core::cpio::{CpioError, Entries, ErrorKind};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct File {
    name: Vec<u8>,
    mode: u32,
    inode: u32,
    data: Vec<u8>,
}

fn file() -> impl Strategy<Value = File> {
    (
        prop::collection::vec(1..=255u8, 1..20),
        any::<u32>(),
        any::<u32>(),
        prop::collection::vec(any::<u8>(), 0..30),
    )
        .prop_map(|(name, mode, inode, data)| File {
            name,
            mode,
            inode,
            data,
        })
        .prop_filter("the trailer's name", |file| file.name != b"TRAILER!!!")
}

/// Writes an archive, independently of the reader; also gives where each entry begins.
fn archive(files: &[File], capitals: bool) -> (Vec<u8>, Vec<usize>) {
    let trailer = File {
        name: b"TRAILER!!!".to_vec(),
        mode: 0,
        inode: 0,
        data: Vec::new(),
    };
    let (mut bytes, mut starts) = (Vec::new(), Vec::new());
    for file in files.iter().chain([&trailer]) {
        starts.push(bytes.len());
        bytes.extend_from_slice(b"070701");
        let sizes = [
            file.data.len() as u32,
            0,
            0,
            0,
            0,
            file.name.len() as u32 + 1,
            0,
        ];
        for field in [file.inode, file.mode, 1, 2, 3, 4].into_iter().chain(sizes) {
            let digits = if capitals {
                format!("{field:08X}")
            } else {
                format!("{field:08x}")
            };
            bytes.extend_from_slice(digits.as_bytes());
        }
        for part in [&[&file.name[..], &[0]].concat(), &file.data] {
            bytes.extend_from_slice(part);
            while bytes.len() % 4 != 0 {
                bytes.push(0);
            }
        }
    }
    (bytes, starts)
}

proptest! {
    #[test]
    fn reads_what_was_written(files in prop::collection::vec(file(), 0..6), capitals: bool, behind in prop::collection::vec(any::<u8>(), 0..20)) {
        let (mut bytes, _) = archive(&files, capitals);
        let length = bytes.len();
        bytes.extend(behind);
        let mut entries = Entries::new(&bytes);
        for file in &files {
            let entry = entries.next().unwrap().unwrap();
            prop_assert_eq!(entry.name, &file.name[..]);
            prop_assert_eq!(entry.data, &file.data[..]);
            prop_assert_eq!((entry.mode, entry.inode, entry.links, entry.modified), (file.mode, file.inode, 3, 4));
            prop_assert_eq!(entry.is_directory(), file.mode >> 12 & 15 == 4);
            prop_assert_eq!(entry.is_file(), file.mode >> 12 & 15 == 8);
            prop_assert_eq!(entry.is_link(), file.mode >> 12 & 15 == 10);
        }
        prop_assert_eq!(entries.next(), None);
        prop_assert_eq!(entries.offset(), length);
        prop_assert_eq!(entries.next(), None);
    }

    #[test]
    fn what_is_cut_off_is_an_error_at_its_entry(files in prop::collection::vec(file(), 0..4), cut in any::<prop::sample::Index>()) {
        let (bytes, starts) = archive(&files, false);
        let cut = cut.index(bytes.len());
        let offset = *starts.iter().rev().find(|start| **start <= cut).unwrap();
        let Some(Err(error)) = Entries::new(&bytes[..cut]).last() else {
            return Err(TestCaseError::fail("no error"));
        };
        prop_assert_eq!(error.kind, ErrorKind::Truncated);
        prop_assert!(error.offset == offset || error.offset == cut, "neither in the entry nor behind its padding");
    }

    #[test]
    fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Entries::new(&bytes).count() <= 4);
    }

    #[test]
    fn a_damaged_archive_ends(files in prop::collection::vec(file(), 1..5), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let (mut bytes, _) = archive(&files, false);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut last = 0;
        let mut entries = Entries::new(&bytes);
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => {
                    prop_assert!(entries.offset() > last && entries.offset() <= bytes.len());
                    prop_assert!(!entry.name.is_empty() && !entry.name.contains(&0));
                    last = entries.offset();
                }
                Err(error) => {
                    prop_assert_eq!(error.offset, last);
                    prop_assert_eq!(entries.next(), None);
                }
            }
        }
    }
}

#[test]
fn errors_say_what_and_where() {
    let (good, _) = archive(&[], false);
    let first = |bytes: &[u8]| {
        Entries::new(bytes)
            .next()
            .map(|entry| entry.map(|entry| entry.inode))
    };
    let error = |kind| Some(Err(CpioError { offset: 0, kind }));
    assert_eq!(first(&good), None);
    assert_eq!(first(b""), error(ErrorKind::Truncated));
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    assert_eq!(first(&changed(5, b'7')), error(ErrorKind::Magic));
    assert_eq!(first(&changed(20, b'+')), error(ErrorKind::Digits));
    assert_eq!(
        first(&changed(110 + 10, b'x')),
        error(ErrorKind::Name),
        "no zero byte at its end"
    );
    assert_eq!(
        first(&changed(110 + 3, 0)),
        error(ErrorKind::Name),
        "one inside"
    );
    assert_eq!(
        first(&changed(6 + 7 * 8 - 8, b'f')),
        error(ErrorKind::Truncated),
        "a file of 4 GiB"
    );
    let message = CpioError {
        offset: 112,
        kind: ErrorKind::Magic,
    }
    .to_string();
    assert_eq!(message, "no cpio newc header (entry at byte 112)");
}
