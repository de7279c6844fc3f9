//! The line discipline against a model of two vectors, and its echo against a screen.

use kernel_core::line::{FINISHED_BYTES, LINE_BYTES, Line, Settings, Signal};
use proptest::prelude::*;

const BELL: &[u8] = &[7];

#[derive(Clone, Debug)]
enum Operation {
    Type(Vec<u8>),
    /// The same byte many times, to get to where there is no room.
    Repeat(u8, usize),
    Read(usize),
    Set(Settings),
    Flush,
}

fn settings() -> impl Strategy<Value = Settings> {
    any::<[bool; 4]>().prop_map(|[canonical, echo, signals, map_cr]| Settings {
        canonical,
        echo,
        signals,
        map_cr,
    })
}

fn key() -> impl Strategy<Value = u8> {
    prop_oneof![
        6 => prop::sample::select(b"ab1_ .-".to_vec()),
        4 => prop::sample::select(vec![b'\r', b'\n', 8, 127, 21, 23, 4, 3, 26, 28]),
        1 => any::<u8>(),
    ]
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let one = prop_oneof![
        8 => prop::collection::vec(key(), 0..24).prop_map(Operation::Type),
        1 => "[aä€𝄞 ]{0,5}".prop_map(|text| Operation::Type(text.into_bytes())),
        2 => (key(), 0..400usize).prop_map(|(key, times)| Operation::Repeat(key, times)),
        4 => (0..40usize).prop_map(Operation::Read),
        1 => (0..1500usize).prop_map(Operation::Read),
        1 => settings().prop_map(Operation::Set),
        1 => Just(Operation::Flush),
    ];
    prop::collection::vec(one, 0..60)
}

/// What can be read: bytes, and `None` for each Ctrl-D.
#[derive(Default)]
struct Model {
    settings: Settings,
    finished: Vec<Option<u8>>,
    line: Vec<u8>,
}

impl Model {
    /// What `byte` echoes, and the signal.
    fn take(&mut self, byte: u8) -> (Vec<u8>, Option<Signal>) {
        let Settings {
            canonical,
            echo,
            signals,
            map_cr,
        } = self.settings;
        let byte = if map_cr && byte == b'\r' { b'\n' } else { byte };
        let signal = match byte {
            3 => Some(Signal::Interrupt),
            26 => Some(Signal::Stop),
            28 => Some(Signal::Quit),
            _ => None,
        };
        let bytes =
            match (byte, canonical) {
                _ if signals && signal.is_some() => {
                    self.line.clear();
                    let echoed = [shown(byte), b"\r\n".to_vec()].concat();
                    return (if echo { echoed } else { Vec::new() }, signal);
                }
                (b'\n' | 4, true) | (_, false) => return (self.finish(byte), None),
                (8 | 127, _) => self.rub_out(|line| {
                    while line.pop().is_some_and(|byte| (0x80..0xc0).contains(&byte)) {}
                }),
                (23, _) => self.rub_out(|line| {
                    while line.pop_if(|byte| !is_word(*byte)).is_some() {}
                    while line.pop_if(|byte| is_word(*byte)).is_some() {}
                }),
                (21, _) => self.rub_out(Vec::clear),
                _ if self.line.len() == LINE_BYTES => return (BELL.to_vec(), None),
                // Only after a line under edit was handed on by a change of mode, with the rest full.
                _ if self.finished.len() + self.line.len() == FINISHED_BYTES + LINE_BYTES => {
                    return (BELL.to_vec(), None);
                }
                _ => {
                    self.line.push(byte);
                    shown(byte)
                }
            };
        (if echo { bytes } else { Vec::new() }, None)
    }

    fn finish(&mut self, byte: u8) -> Vec<u8> {
        let Settings {
            canonical, echo, ..
        } = self.settings;
        if self.finished.len() + self.line.len() + 1 > FINISHED_BYTES {
            return BELL.to_vec();
        }
        self.finished.extend(self.line.drain(..).map(Some));
        let is_mark = canonical && byte == 4;
        self.finished.push((!is_mark).then_some(byte));
        if echo && !is_mark {
            shown(byte)
        } else {
            Vec::new()
        }
    }

    /// What the change of the line erases, a column at a time.
    fn rub_out(&mut self, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let before = columns(&self.line);
        change(&mut self.line);
        b"\x08 \x08".repeat(before - columns(&self.line))
    }

    fn read(&mut self, room: usize) -> Option<Vec<u8>> {
        if room == 0 {
            return Some(Vec::new());
        }
        if self.finished.is_empty() {
            return None;
        }
        let mut read = Vec::new();
        while read.len() < room && matches!(self.finished.first(), Some(Some(_))) {
            read.extend(self.finished.remove(0));
            if self.settings.canonical && read.ends_with(b"\n") {
                break;
            }
        }
        if self.finished.first() == Some(&None) && !read.ends_with(b"\n") {
            self.finished.remove(0);
        }
        Some(read)
    }

    fn set(&mut self, settings: Settings) {
        self.settings = settings;
        if !settings.canonical {
            self.finished.extend(self.line.drain(..).map(Some));
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn shown(byte: u8) -> Vec<u8> {
    match byte {
        b'\n' => b"\r\n".to_vec(),
        0..32 => vec![b'^', byte + 64],
        127 => b"^?".to_vec(),
        _ => vec![byte],
    }
}

fn columns(line: &[u8]) -> usize {
    let shown = line.iter().flat_map(|byte| shown(*byte));
    shown.filter(|byte| !(0x80..0xc0).contains(byte)).count()
}

fn read(line: &mut Line, room: usize) -> Option<Vec<u8>> {
    let mut into = vec![0xee; room];
    let count = line.read(&mut into)?;
    into.truncate(count);
    Some(into)
}

fn take(line: &mut Line, byte: u8) -> (Vec<u8>, Option<Signal>) {
    let effect = line.take(byte);
    (effect.echo().collect(), effect.signal)
}

/// Types a text; what was echoed.
fn types(line: &mut Line, text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| take(line, *byte).0).collect()
}

/// What a terminal shows in the row of the cursor after these bytes.
fn row(bytes: &[u8]) -> Vec<u8> {
    let (mut row, mut cursor) = (Vec::new(), 0);
    for byte in bytes {
        match byte {
            7 => {}
            8 => cursor -= 1,
            b'\r' => cursor = 0,
            b'\n' => row.clear(),
            _ => {
                row.resize(row.len().max(cursor + 1), b' ');
                row[cursor] = *byte;
                cursor += 1;
            }
        }
    }
    assert!(row[cursor..].iter().all(|cell| *cell == b' '));
    row.truncate(cursor);
    row
}

proptest! {
    #[test]
    fn does_what_two_vectors_do(operations in operations()) {
        let mut line = Line::new();
        let mut model = Model::default();
        for operation in operations {
            match operation {
                Operation::Type(bytes) => for byte in bytes {
                    prop_assert_eq!(take(&mut line, byte), model.take(byte), "byte {}", byte);
                    prop_assert_eq!(line.check(), Ok(()));
                },
                Operation::Repeat(byte, times) => for _ in 0..times {
                    prop_assert_eq!(take(&mut line, byte), model.take(byte), "byte {}", byte);
                },
                Operation::Read(room) => prop_assert_eq!(read(&mut line, room), model.read(room)),
                Operation::Set(settings) => {
                    line.set_settings(settings);
                    model.set(settings);
                }
                Operation::Flush => {
                    line.flush_input();
                    model.line.clear();
                    model.finished.clear();
                }
            }
            prop_assert_eq!(line.check(), Ok(()));
            prop_assert_eq!(line.settings(), model.settings);
            prop_assert_eq!(line.can_read(), !model.finished.is_empty());
        }
    }

    /// However a line is typed, what stands on the screen is what is read.
    #[test]
    fn the_screen_shows_the_line(keys in prop::collection::vec(key(), 0..300)) {
        let mut line = Line::new();
        let mut sent = Vec::new();
        let keys = keys.iter().filter(|key| key.is_ascii() && !matches!(**key, 4 | b'\r' | b'\n'));
        for key in keys {
            sent.extend(types(&mut line, &[*key]));
        }
        let seen = row(&sent);
        let _ = types(&mut line, b"\r");
        let mut got = read(&mut line, LINE_BYTES + 1).unwrap();
        prop_assert_eq!(got.pop(), Some(b'\n'));
        let expected: Vec<u8> = got.iter().flat_map(|byte| shown(*byte)).collect();
        prop_assert_eq!(seen, expected);
    }

    /// A reader with little room gets the same bytes, and ends of file where they were.
    #[test]
    fn small_reads_are_parts_of_large_ones(
        lines in prop::collection::vec(("[a-c]{0,6}", any::<bool>()), 0..12),
        room in 1..8usize,
    ) {
        let mut line = Line::new();
        let mut expected = Vec::new();
        for (text, ends_by_enter) in &lines {
            let _ = types(&mut line, text.as_bytes());
            let _ = types(&mut line, if *ends_by_enter { b"\r" } else { b"\x04" });
            let whole = format!("{text}{}", if *ends_by_enter { "\n" } else { "" });
            match whole.as_bytes() {
                [] => expected.push(Vec::new()),
                bytes => expected.extend(bytes.chunks(room).map(<[u8]>::to_vec)),
            }
        }
        let mut got = Vec::new();
        while line.can_read() {
            got.extend(read(&mut line, room));
        }
        prop_assert_eq!(got, expected);
        prop_assert_eq!(read(&mut line, room), None);
    }
}

#[test]
fn keys_do_what_they_do_on_linux() {
    let mut line = Line::new();
    assert_eq!(types(&mut line, b"cat fiel"), b"cat fiel");
    assert_eq!(types(&mut line, b"\x7f\x08"), b"\x08 \x08\x08 \x08");
    assert_eq!(types(&mut line, b"le\r"), b"le\r\n");
    assert_eq!(
        types(&mut line, b"a-b  \x17"),
        b"a-b  \x08 \x08\x08 \x08\x08 \x08"
    );
    assert_eq!(
        types(&mut line, b"\x01\x15"),
        b"^A\x08 \x08\x08 \x08\x08 \x08\x08 \x08"
    );
    assert_eq!(
        types(&mut line, "ä\x7f".as_bytes()),
        "ä\x08 \x08".as_bytes()
    );
    assert_eq!(types(&mut line, b"\x7f\x15\x17"), b"", "nothing to erase");
    assert_eq!(types(&mut line, b"x\x04\x04"), b"x");
    for expected in [
        Some(b"cat file\n".to_vec()),
        Some(b"x".to_vec()),
        Some(vec![]),
        None,
    ] {
        assert_eq!(read(&mut line, 100), expected);
    }
}

#[test]
fn signals_clear_the_line() {
    let mut line = Line::new();
    let keys = [
        (3, Signal::Interrupt, b"^C\r\n"),
        (26, Signal::Stop, b"^Z\r\n"),
        (28, Signal::Quit, b"^\\\r\n"),
    ];
    for (key, signal, echo) in keys {
        let _ = types(&mut line, b"done\rhalf");
        assert_eq!(take(&mut line, key), (echo.to_vec(), Some(signal)));
        assert_eq!(types(&mut line, b"\r"), b"\r\n");
        assert_eq!(
            read(&mut line, 9),
            Some(b"done\n".to_vec()),
            "finished before"
        );
        assert_eq!(read(&mut line, 9), Some(b"\n".to_vec()));
    }
    line.set_settings(Settings {
        signals: false,
        ..line.settings()
    });
    assert_eq!(take(&mut line, 3), (b"^C".to_vec(), None));
}

#[test]
fn a_full_line_still_takes_enter() {
    let mut line = Line::new();
    assert_eq!(types(&mut line, &[b'x'; LINE_BYTES]).len(), LINE_BYTES);
    assert_eq!(types(&mut line, b"yz"), [7, 7]);
    assert_eq!(types(&mut line, b"\r"), b"\r\n");
    assert_eq!(
        read(&mut line, 1000).map(|line| line.len()),
        Some(LINE_BYTES + 1)
    );
}

#[test]
fn a_full_ring_keeps_the_line_until_there_is_room() {
    let mut line = Line::new();
    let row = [&[b'x'; 127][..], b"\r"].concat();
    for _ in 0..FINISHED_BYTES / row.len() {
        assert_eq!(types(&mut line, &row).last(), Some(&b'\n'));
    }
    assert_eq!(types(&mut line, b"ls\r\x04"), b"ls\x07\x07");
    assert_eq!(read(&mut line, 128).map(|line| line.len()), Some(128));
    assert_eq!(types(&mut line, b"\r"), b"\r\n");
    assert_eq!(line.check(), Ok(()));
}

#[test]
fn without_lines_every_byte_is_handed_on() {
    let mut line = Line::new();
    let _ = types(&mut line, b"typed ahead");
    assert!(!line.can_read());
    line.set_settings(Settings {
        canonical: false,
        ..Settings::DEFAULT
    });
    assert_eq!(types(&mut line, b"\x04\x7f\r"), b"^D^?\r\n");
    assert_eq!(
        read(&mut line, 100),
        Some(b"typed ahead\x04\x7f\n".to_vec())
    );
    assert_eq!(
        types(&mut line, &[b'x'; FINISHED_BYTES + 1]).last(),
        Some(&7)
    );
    line.flush_input();
    assert!(!line.can_read());
}

#[test]
fn nothing_is_lost_when_a_line_is_handed_on_into_a_full_ring() {
    let mut line = Line::new();
    let raw = Settings {
        canonical: false,
        ..Settings::DEFAULT
    };
    line.set_settings(raw);
    let _ = types(&mut line, &[b'x'; FINISHED_BYTES]);
    line.set_settings(Settings::DEFAULT);
    let _ = types(&mut line, &[b'y'; LINE_BYTES]);
    line.set_settings(raw);
    line.set_settings(Settings::DEFAULT);
    assert_eq!(types(&mut line, b"z\r"), [7, 7], "every slot is taken");
    assert_eq!(line.check(), Ok(()));
    assert_eq!(read(&mut line, 1), Some(b"x".to_vec()));
    assert_eq!(types(&mut line, b"zz"), b"z\x07");
    let rest = [&[b'x'; FINISHED_BYTES - 1][..], &[b'y'; LINE_BYTES]].concat();
    assert_eq!(read(&mut line, 2000), Some(rest));
    assert_eq!(types(&mut line, b"\r"), b"\r\n");
    assert_eq!(read(&mut line, 2000), Some(b"z\n".to_vec()));
}
