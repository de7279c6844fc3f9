//! Single cases: what random operations seldom meet.

use super::errno::*;
use super::listing;
use super::ram::{PAGE, Ram};
use kernel_core::arena::Slot;
use kernel_core::files::{Files, Inode, Kind, NAME_MAX, Node, PATH_MAX, SIZE_MAX};
use proptest::prelude::*;

fn new(slots: &mut Vec<Slot<Inode>>, capacity: usize) -> Files<'_> {
    slots.extend((0..capacity).map(|_| Slot::default()));
    Files::new(slots).unwrap()
}

#[test]
fn bad_names_and_nodes_are_refused() {
    assert!(Files::new(&mut []).is_none());
    let (mut slots, mut ram) = (Vec::new(), Ram::new(4));
    let mut files = new(&mut slots, 4);
    let root = files.root();
    for name in ["", ".", "..", "a/b", "/", "a\0"] {
        let name = name.as_bytes();
        assert_eq!(files.create(root, name, Kind::File, 0), Err(EINVAL));
        assert_eq!(files.unlink(&mut ram, root, name, true), Err(EINVAL));
        assert_eq!(files.rename(&mut ram, root, name, root, b"x"), Err(EINVAL));
        assert_eq!(files.rename(&mut ram, root, b"x", root, name), Err(EINVAL));
    }
    let long = [b'x'; NAME_MAX + 1];
    assert_eq!(files.create(root, &long, Kind::File, 0), Err(ENAMETOOLONG));
    assert_eq!(files.resolve(root, &long, true), Err(ENAMETOOLONG));
    assert_eq!(files.resolve_parent(root, &long), Err(ENAMETOOLONG));
    assert_eq!(files.make_link(root, b"l", &long), Err(ENAMETOOLONG));
    assert_eq!(
        files.resolve(root, &[b'/'; PATH_MAX], true),
        Err(ENAMETOOLONG)
    );
    assert_eq!(files.resolve(root, &[b'/'; PATH_MAX - 1], true), Ok(root));
    let file = files
        .create(root, &long[1..], Kind::File, 0o7_7777)
        .unwrap();
    assert_eq!(files.stat(file).map(|stat| stat.mode), Some(0o107_777));
    assert_eq!(files.write(&mut ram, file, u64::MAX, b"x"), Err(EFBIG));
    assert_eq!(files.read(&ram, file, u64::MAX, &mut [0]), Ok(0));
    for node in [Node::NONE, Node::from_bits(u64::MAX)] {
        files.open(node);
        files.close(&mut ram, node);
        assert_eq!(files.create(node, b"a", Kind::File, 0), Err(ENOENT));
        assert_eq!(files.path(node, &mut [0; 9]), Err(ENOENT));
        assert_eq!(files.entries(node, 0), None);
    }
    assert_eq!(files.check(), Ok(()));
}

#[test]
fn a_removed_directory_is_empty_for_ever() {
    let (mut slots, mut ram) = (Vec::new(), Ram::new(0));
    let mut files = new(&mut slots, 4);
    let root = files.root();
    let gone = files.create(root, b"d", Kind::Directory, 0o755).unwrap();
    let file = files.create(root, b"f", Kind::File, 0o644).unwrap();
    files.open(gone);
    assert_eq!(files.unlink(&mut ram, root, b"d", true), Ok(()));
    assert_eq!(files.create(gone, b"a", Kind::File, 0), Err(ENOENT));
    assert_eq!(files.rename(&mut ram, root, b"f", gone, b"f"), Err(ENOENT));
    assert_eq!(files.resolve(gone, b".", true), Ok(gone));
    assert_eq!(files.resolve(gone, b"..", true), Err(ENOENT));
    assert_eq!(files.resolve(gone, b"/f", true), Ok(file));
    assert_eq!(files.path(gone, &mut [0; 9]), Err(ENOENT));
    assert_eq!(listing(&files, gone), []);
    assert_eq!(files.check(), Ok(()));
    files.close(&mut ram, gone);
    assert_eq!(files.stat(gone), None);
    assert_eq!(files.check(), Ok(()));
}

#[test]
fn eight_links_are_followed() {
    let mut slots = Vec::new();
    let mut files = new(&mut slots, 12);
    let root = files.root();
    let end = files.create(root, b"0", Kind::Directory, 0o755).unwrap();
    for at in 1..=9 {
        let (name, target) = (
            format!("{at}"),
            format!("{}{}", ["", "/", "./"][at % 3], at - 1),
        );
        files
            .make_link(root, name.as_bytes(), target.as_bytes())
            .unwrap();
    }
    files.make_link(root, b"loop", b"loop/x").unwrap();
    assert_eq!(files.resolve(root, b"8", true), Ok(end));
    assert_eq!(files.resolve(root, b"9", true), Err(ELOOP));
    assert_eq!(files.resolve(root, b"loop", true), Err(ELOOP));
    assert_ne!(files.resolve(root, b"9", false), Ok(end));
    assert_eq!(
        files.resolve_parent(root, b"8/new//"),
        Ok((end, &b"new"[..]))
    );
    assert_eq!(files.resolve_parent(root, b""), Err(ENOENT));
}

#[test]
fn a_large_file_goes_piece_by_piece() {
    let (mut slots, mut ram) = (Vec::new(), Ram::new(2000));
    let mut files = new(&mut slots, 3);
    let file = files.create(files.root(), b"f", Kind::File, 0o644).unwrap();
    for page in 0..1500 {
        assert_eq!(
            files.write(&mut ram, file, page * PAGE, &[7; PAGE as usize]),
            Ok(PAGE as usize)
        );
    }
    assert_eq!(ram.used, 1500 + 3 + 1);
    assert_eq!(files.truncate_piece(&mut ram, file, 10, 100), Ok(false));
    assert_eq!(files.stat(file).unwrap().size, 10, "the first piece counts");
    assert_eq!(files.page_of(&ram, file, 1), None);
    assert!((1400..1405).contains(&ram.used));
    assert_eq!(files.write(&mut ram, file, 5, b"inside"), Err(EAGAIN));
    assert_eq!(files.write(&mut ram, file, 4, b"inside"), Ok(6));
    while files.write(&mut ram, file, 600 * PAGE, b"end") == Err(EAGAIN) {}
    let mut bytes = [1; 3 * PAGE as usize];
    assert_eq!(files.read(&ram, file, 0, &mut bytes), Ok(bytes.len()));
    assert_eq!(&bytes[..10], b"\x07\x07\x07\x07inside");
    assert!(
        bytes[10..].iter().all(|byte| *byte == 0),
        "what was cut off is back"
    );
    for page in 0..1500 {
        files.write(&mut ram, file, page * PAGE, b"x").unwrap();
    }
    assert_eq!(files.unlink(&mut ram, files.root(), b"f", false), Ok(()));
    assert!(ram.used > 900, "not all at once");
    let other = files.create(files.root(), b"f", Kind::File, 0o644).unwrap();
    ram.limit = ram.used;
    assert_eq!(
        files.write(&mut ram, other, 0, b"x"),
        Ok(1),
        "what is dying makes room"
    );
    assert!(files.reclaim(&mut ram, u32::MAX));
    assert_eq!(
        (ram.used, files.frames(&ram), files.check()),
        (2, Ok(2), Ok(()))
    );
}

#[test]
fn a_write_without_memory_changes_nothing() {
    for limit in 0..7 {
        let (mut slots, mut ram) = (Vec::new(), Ram::new(limit));
        let mut files = new(&mut slots, 2);
        let file = files.create(files.root(), b"f", Kind::File, 0o644).unwrap();
        // A page and its table; another with a table and, once, the one above.
        for (offset, tables) in [(0, 1), (SIZE_MAX - 1, 2), (700 * PAGE, 2)] {
            let (used, size) = (ram.used, files.stat(file).unwrap().size);
            let frames = 1 + tables - usize::from(size == SIZE_MAX);
            let fits = used + frames <= limit;
            let written = files.write(&mut ram, file, offset, b"xy");
            let expected = 2.min(SIZE_MAX - offset) as usize;
            assert_eq!(written, if fits { Ok(expected) } else { Err(ENOSPC) });
            let after = (
                used + if fits { frames } else { 0 },
                size.max(if fits { offset + expected as u64 } else { 0 }),
            );
            assert_eq!((ram.used, files.stat(file).unwrap().size), after);
            assert_eq!(
                (files.check(), files.frames(&ram)),
                (Ok(()), Ok(ram.used as u64))
            );
        }
    }
}

/// Entries of name, mode, inode, links and data as cpio writes them.
fn archive(entries: &[(&str, u32, u32, u32, &[u8])]) -> &'static [u8] {
    let mut bytes = Vec::new();
    for (name, mode, inode, links, data) in
        entries.iter().chain([&("TRAILER!!!", 0, 0, 1, &b""[..])])
    {
        bytes.extend_from_slice(b"070701");
        let (size, name_size) = (data.len() as u32, name.len() as u32 + 1);
        for field in [
            *inode, *mode, 0, 0, *links, 0, size, 0, 0, 0, 0, name_size, 0,
        ] {
            bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        for part in [&[name.as_bytes(), &[0]].concat(), *data] {
            bytes.extend_from_slice(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    bytes.leak()
}

#[test]
fn an_archive_becomes_files() {
    let program: Vec<u8> = (0..10_000).map(|at| (at % 255) as u8 + 1).collect();
    let archive = archive(&[
        (".", 0o040_700, 1, 2, b""),
        ("./bin/tool", 0o100_755, 2, 1, &program),
        ("bin", 0o040_711, 3, 2, b""),
        ("/sbin", 0o120_777, 4, 1, b"bin"),
        ("sbin/first", 0o100_644, 5, 2, b""),
        ("second", 0o100_644, 5, 2, b"linked"),
        ("dev/console", 0o020_644, 6, 1, b""),
    ]);
    let (mut slots, mut ram) = (Vec::new(), Ram::new(10));
    let mut files = new(&mut slots, 8);
    let root = files.root();
    assert_eq!(files.unpack(archive), Ok(6));
    let find = |files: &Files, path: &str| files.resolve(root, path.as_bytes(), true).unwrap();
    let mode = |files: &Files, path: &str| files.stat(find(files, path)).unwrap().mode;
    assert_eq!(
        (mode(&files, "/"), mode(&files, "bin")),
        (0o040_700, 0o040_711)
    );
    let tool = find(&files, "/sbin/tool");
    let mut bytes = vec![0; 20_000];
    for path in ["bin/first", "second"] {
        assert_eq!(files.read(&ram, find(&files, path), 0, &mut bytes), Ok(6));
        assert_eq!(&bytes[..6], b"linked");
    }
    assert_eq!(files.page_of(&ram, tool, 0), None);
    assert_eq!(files.write(&mut ram, tool, 5000, b"!"), Ok(1));
    assert_eq!(
        (ram.used, files.page_of(&ram, tool, 0)),
        (2, None),
        "one page and its table"
    );
    assert_eq!(files.read(&ram, tool, 0, &mut bytes), Ok(10_000));
    let changed = [&program[..5000], b"!", &program[5001..]].concat();
    assert!(bytes[..10_000] == changed);
    assert_eq!(files.truncate(&mut ram, tool, 3), Ok(()));
    assert_eq!(files.truncate(&mut ram, tool, 9000), Ok(()));
    assert_eq!(files.read(&ram, tool, 0, &mut bytes), Ok(9000));
    assert!(bytes[..3] == program[..3] && bytes[3..9000].iter().all(|byte| *byte == 0));
    assert_eq!(
        (ram.used, files.check()),
        (1, Ok(())),
        "the table stays for page 0"
    );
}

#[test]
fn what_cannot_be_unpacked_says_where() {
    let link = ("l", 0o120_777, 1, 1, &b"nowhere"[..]);
    let file = |name| (name, 0o100_644, 1, 1, &b""[..]);
    let long = "x".repeat(NAME_MAX + 1);
    for (name, error) in [
        ("../a", EINVAL),
        ("a/b/..", EINVAL),
        ("l/a", EEXIST),
        ("l", EEXIST),
        ("f/a", ENOTDIR),
        (&long, ENAMETOOLONG),
        ("1/2/3/4/5", ENOSPC),
    ] {
        let mut slots = Vec::new();
        let mut files = new(&mut slots, 6);
        let archive = archive(&[link, file("f"), file(name)]);
        // Headers of 110 bytes, a name of 1 and a zero: 112 each, and 8 of the link's data.
        assert_eq!(files.unpack(archive), Err((232, error)), "{name}");
        assert_eq!(files.check(), Ok(()));
        assert_eq!(files.unpack(&archive[..115]), Err((0, EINVAL)));
    }
}

proptest! {
    /// Whatever is there from beginning to end is listed once, in between others come, go and move.
    #[test]
    fn a_listing_is_stable(count in 1..30usize, changes in prop::collection::vec((any::<usize>(), 0..4u8), 0..40)) {
        let (mut slots, mut ram) = (Vec::new(), Ram::new(0));
        let mut files = new(&mut slots, 100);
        let root = files.root();
        let other = files.create(root, b"other", Kind::Directory, 0o755).unwrap();
        let mut names: Vec<String> = (0..count).map(|at| format!("{at}")).collect();
        for name in &names {
            files.create(root, name.as_bytes(), Kind::File, 0).unwrap();
        }
        let (mut touched, mut seen, mut after) = (Vec::new(), Vec::new(), 0);
        for (step, (pick, change)) in changes.into_iter().enumerate() {
            if let Some((cookie, name, ..)) = files.entries(root, after) {
                seen.push(String::from_utf8(name.to_vec()).unwrap());
                after = cookie;
            }
            let (new, at) = (format!("new {step}"), pick % names.len().max(1));
            if change == 0 || names.is_empty() {
                prop_assert!(files.create(root, new.as_bytes(), Kind::File, 0).is_ok());
                names.push(new);
                continue;
            }
            let name = names.swap_remove(at);
            match change {
                1 => prop_assert_eq!(files.unlink(&mut ram, root, name.as_bytes(), false), Ok(())),
                2 => prop_assert_eq!(files.rename(&mut ram, root, name.as_bytes(), other, new.as_bytes()), Ok(())),
                _ => {
                    prop_assert_eq!(files.rename(&mut ram, root, name.as_bytes(), root, new.as_bytes()), Ok(()));
                    names.push(new);
                }
            }
            touched.push(name);
            prop_assert_eq!(files.check(), Ok(()));
        }
        while let Some((cookie, name, ..)) = files.entries(root, after) {
            seen.push(String::from_utf8(name.to_vec()).unwrap());
            after = cookie;
        }
        for name in (0..count).map(|at| format!("{at}")).filter(|name| !touched.contains(name)) {
            prop_assert_eq!(seen.iter().filter(|other| **other == name).count(), 1, "{}", name);
        }
        let cookies = seen.len();
        seen.sort();
        seen.dedup();
        prop_assert_eq!(seen.len(), cookies, "a name is listed twice");
    }
}
