//! Calls as a guest makes them, against a memory of one page-aligned region.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

const BASE: u64 = 0x8000_0000;
/// Where the tests put a parameter block, strings, and buffers.
const BLOCK: u64 = BASE;
const TEXT: u64 = BASE + 0x100;
const SECOND_TEXT: u64 = BASE + 0x800;
const BUFFER: u64 = BASE + 0x1000;
const MEMORY: usize = 0x4000;
const NOW: Now = Now {
    guest: 2_510_000_000,
    rtc_base: 1_000_000_000_000,
};
const RB: u64 = 1;
const R_PLUS: u64 = 2;
const W: u64 = 4;
const A_PLUS: u64 = 10;

struct Memory(Vec<u8>);

impl GuestMemory for Memory {
    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        let from = address.checked_sub(BASE).map(|from| from as usize);
        let source = from.and_then(|from| self.0.get(from..from.checked_add(into.len())?));
        source.map(|source| into.copy_from_slice(source)).is_some()
    }
}

struct Guest {
    memory: Memory,
    semihosting: Semihosting,
}

impl Guest {
    fn new(config: SemihostingConfig) -> Self {
        Self {
            memory: Memory(vec![0; MEMORY]),
            semihosting: Semihosting::new(config),
        }
    }

    fn with_root(root: &Path, writable: bool) -> Self {
        Self::new(SemihostingConfig {
            root: Some(root.to_owned()),
            writable,
            ..SemihostingConfig::default()
        })
    }

    fn put(&mut self, address: u64, bytes: &[u8]) {
        let at = (address - BASE) as usize;
        self.memory.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn raw(&mut self, op: u64, parameter: u64) -> HostAnswer {
        let answer = self.semihosting.call(op, parameter, &self.memory, NOW);
        for (address, bytes) in &answer.writes {
            self.put(*address, bytes);
        }
        answer
    }

    fn call(&mut self, op: u64, words: &[u64]) -> HostAnswer {
        for (index, word) in (0..).zip(words) {
            self.put(BLOCK + 8 * index, &word.to_le_bytes());
        }
        self.raw(op, BLOCK)
    }

    fn open(&mut self, path: &str, mode: u64) -> u64 {
        self.put(TEXT, path.as_bytes());
        self.call(call::OPEN, &[TEXT, mode, path.len() as u64])
            .result
    }

    fn errno(&mut self) -> u64 {
        self.raw(call::ERRNO, 0).result
    }

    /// The error with which a path is refused.
    fn refusal(&mut self, path: &str, mode: u64) -> Errno {
        assert_eq!(self.open(path, mode), FAILED, "{path}");
        Errno(self.errno())
    }

    fn read(&mut self, handle: u64, len: u64) -> (u64, Vec<u8>) {
        let answer = self.call(call::READ, &[handle, BUFFER, len]);
        let bytes = answer
            .writes
            .into_iter()
            .flat_map(|(_, bytes)| bytes)
            .collect();
        (answer.result, bytes)
    }

    fn write(&mut self, handle: u64, bytes: &[u8]) -> HostAnswer {
        self.put(BUFFER, bytes);
        self.call(call::WRITE, &[handle, BUFFER, bytes.len() as u64])
    }

    fn remove(&mut self, path: &str) -> u64 {
        self.put(TEXT, path.as_bytes());
        self.call(call::REMOVE, &[TEXT, path.len() as u64]).result
    }

    fn rename(&mut self, from: &str, to: &str) -> u64 {
        self.put(TEXT, from.as_bytes());
        self.put(SECOND_TEXT, to.as_bytes());
        let words = [TEXT, from.len() as u64, SECOND_TEXT, to.len() as u64];
        self.call(call::RENAME, &words).result
    }
}

/// A directory with a file, a subdirectory, and a file beside it that must not be reached.
fn directory() -> (TempDir, std::path::PathBuf) {
    let outer = tempfile::tempdir().expect("a temporary directory");
    let root = outer.path().join("root");
    fs::create_dir_all(root.join("sub")).expect("directories");
    fs::write(root.join("file"), b"hello, guest").expect("a file");
    fs::write(root.join("sub/inner"), b"inner").expect("a file");
    fs::write(outer.path().join("secret"), b"secret").expect("a file");
    (outer, root)
}

#[test]
fn the_console_prints() {
    let mut guest = Guest::new(SemihostingConfig::default());
    let console = guest.open(":tt", W);
    assert_eq!(guest.write(console, b"hi").console, b"hi");
    assert_eq!(guest.write(console, b"hi").result, 0);
    assert_eq!(
        guest.write(1, b"out").console,
        b"out",
        "open from the start"
    );
    guest.put(TEXT, b"text\0more");
    assert_eq!(guest.raw(call::WRITE0, TEXT).console, b"text");
    assert_eq!(guest.raw(call::WRITEC, TEXT).console, b"t");
    assert_eq!(guest.call(call::ISTTY, &[console]).result, 1);
    assert_eq!(guest.call(call::FLEN, &[console]).result, FAILED);
    assert_eq!(guest.call(call::SEEK, &[console, 0]).result, FAILED);
    assert_eq!(guest.call(call::CLOSE, &[console]).result, 0);
    assert_eq!(guest.write(console, b"hi").result, 2, "nothing is written");
}

#[test]
fn the_console_reads_its_input_to_the_end() {
    let mut guest = Guest::new(SemihostingConfig {
        input: b"abc".to_vec(),
        ..SemihostingConfig::default()
    });
    assert_eq!(guest.raw(call::READC, 0).result, u64::from(b'a'));
    assert_eq!(guest.read(0, 10), (8, b"bc".to_vec()));
    assert_eq!(guest.read(0, 10), (10, vec![]), "the end of the file");
    assert_eq!(guest.raw(call::READC, 0).result, FAILED);
    guest.put(BLOCK, &[0; 16]);
    guest.put(BLOCK + 16, &8u64.to_le_bytes());
    let waits = |guest: &Guest, op| guest.semihosting.awaits_input(op, BLOCK, &guest.memory);
    assert!(waits(&guest, call::READC) && waits(&guest, call::READ));
    assert!(!waits(&guest, call::WRITE));
    guest.semihosting.feed(b"d");
    assert!(!waits(&guest, call::READC) && !waits(&guest, call::READ));
    assert_eq!(guest.raw(call::READC, 0).result, u64::from(b'd'));
}

#[test]
fn a_file_is_read_in_pieces_and_from_any_place() {
    let (_outer, root) = directory();
    let mut guest = Guest::with_root(&root, false);
    let file = guest.open("file", RB);
    assert_eq!(file, 3);
    assert_eq!(guest.call(call::ISTTY, &[file]).result, 0);
    assert_eq!(guest.call(call::FLEN, &[file]).result, 12);
    assert_eq!(guest.read(file, 5), (0, b"hello".to_vec()));
    assert_eq!(guest.read(file, 100), (93, b", guest".to_vec()));
    assert_eq!(guest.read(file, 100), (100, vec![]));
    assert_eq!(guest.call(call::SEEK, &[file, 7]).result, 0);
    assert_eq!(guest.read(file, 5), (0, b"guest".to_vec()));
    let absolute = guest.open("/sub/./inner", RB);
    assert_eq!(guest.read(absolute, 9), (4, b"inner".to_vec()));
    assert_eq!(guest.call(call::CLOSE, &[file]).result, 0);
    assert_eq!(guest.call(call::CLOSE, &[file]).result, FAILED);
    assert_eq!(guest.errno(), Errno::EBADF.0);
    assert_eq!(guest.open("file", RB), 3, "the lowest free handle");
}

#[test]
fn a_directory_is_read_only_unless_allowed() {
    let (_outer, root) = directory();
    let mut guest = Guest::with_root(&root, false);
    for mode in [R_PLUS, W, A_PLUS] {
        assert_eq!(guest.refusal("file", mode), Errno::EROFS);
    }
    assert_eq!(guest.remove("file"), FAILED);
    assert_eq!(guest.rename("file", "other"), FAILED);
    assert_eq!(
        fs::read(root.join("file")).expect("unchanged"),
        b"hello, guest"
    );
}

#[test]
fn files_are_written_renamed_and_removed_where_it_is_allowed() {
    let (_outer, root) = directory();
    let mut guest = Guest::with_root(&root, true);
    let new = guest.open("new", W);
    assert_eq!(guest.write(new, b"one").result, 0);
    assert_eq!(guest.call(call::CLOSE, &[new]).result, 0);
    let more = guest.open("new", A_PLUS);
    assert_eq!(guest.write(more, b"two").result, 0);
    assert_eq!(guest.call(call::SEEK, &[more, 0]).result, 0);
    assert_eq!(guest.read(more, 6), (0, b"onetwo".to_vec()));
    assert_eq!(guest.rename("new", "sub/moved"), 0);
    assert_eq!(fs::read(root.join("sub/moved")).expect("moved"), b"onetwo");
    assert_eq!(guest.remove("sub/moved"), 0);
    assert!(!root.join("sub/moved").exists());
    assert_eq!(guest.remove("sub/moved"), FAILED);
    assert_eq!(guest.errno(), Errno::ENOENT.0);
    assert_eq!(guest.remove("/"), FAILED);
    assert!(root.exists());
}

#[test]
fn nothing_outside_the_directory_is_reached() {
    let (outer, root) = directory();
    let mut guest = Guest::with_root(&root, true);
    for path in ["../secret", "sub/../../secret", "/../secret", "sub/../file"] {
        assert_eq!(guest.refusal(path, RB), Errno::EACCES, "{path}");
        assert_eq!(guest.remove(path), FAILED);
        assert_eq!(guest.rename("file", path), FAILED);
    }
    let absolute = outer.path().join("secret");
    let absolute = absolute.to_str().expect("text");
    assert_eq!(
        guest.refusal(absolute, RB),
        Errno::ENOENT,
        "taken inside the directory"
    );
    assert_eq!(guest.refusal("missing", RB), Errno::ENOENT);
    for path in ["sub", "/", "", "."] {
        assert_eq!(guest.refusal(path, RB), Errno::EISDIR, "{path}");
    }
    assert_eq!(guest.refusal("fi\0le", RB), Errno::EINVAL);
    assert_eq!(guest.refusal("file", 12), Errno::EINVAL);
    assert_eq!(fs::read(absolute).expect("still there"), b"secret");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_outside() {
    use std::os::unix::fs::symlink;
    let (outer, root) = directory();
    symlink("../secret", root.join("relative")).expect("a link");
    symlink(outer.path(), root.join("up")).expect("a link");
    symlink(outer.path().join("created"), root.join("dangling")).expect("a link");
    symlink("sub/inner", root.join("fine")).expect("a link");
    symlink("loop", root.join("loop")).expect("a link");
    symlink("/dev/zero", root.join("device")).expect("a link");
    let mut guest = Guest::with_root(&root, true);
    for path in ["relative", "up/secret", "dangling", "loop", "device"] {
        assert_eq!(guest.refusal(path, RB), Errno::EACCES, "{path}");
        assert_eq!(guest.refusal(path, W), Errno::EACCES, "{path}");
    }
    assert!(!outer.path().join("created").exists());
    let fine = guest.open("fine", RB);
    assert_eq!(guest.read(fine, 5), (0, b"inner".to_vec()));
    assert_eq!(guest.remove("fine"), 0, "the link");
    assert!(root.join("sub/inner").exists(), "not what it leads to");
    assert_eq!(guest.remove("up/secret"), FAILED);
    assert!(outer.path().join("secret").exists());
}

#[cfg(unix)]
#[test]
fn a_pipe_does_not_hold_the_host() {
    let (_outer, root) = directory();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).expect("a socket");
    let mut guest = Guest::with_root(&root, true);
    assert_eq!(guest.refusal("socket", RB), Errno::EACCES);
}

#[test]
fn without_a_directory_there_are_no_files() {
    let mut guest = Guest::new(SemihostingConfig::default());
    assert_eq!(guest.refusal("/etc/passwd", RB), Errno::EACCES);
    let mut guest = Guest::with_root(Path::new("/does/not/exist"), true);
    assert_eq!(guest.refusal("file", W), Errno::EACCES);
}

#[test]
fn absurd_sizes_and_addresses_are_errors() {
    let (_outer, root) = directory();
    let mut guest = Guest::with_root(&root, true);
    let file = guest.open("file", R_PLUS);
    let huge = 1 << 60;
    assert_eq!(guest.read(file, huge), (huge, vec![]));
    assert_eq!(guest.errno(), Errno::EINVAL.0);
    assert_eq!(guest.call(call::WRITE, &[file, BUFFER, huge]).result, huge);
    assert_eq!(guest.call(call::READ, &[file, 16, 8]).result, 8);
    assert_eq!(guest.errno(), Errno::EFAULT.0);
    assert_eq!(guest.call(call::READ, &[file, u64::MAX, 8]).result, 8);
    assert_eq!(guest.call(call::OPEN, &[TEXT, 0, huge]).result, FAILED);
    assert_eq!(guest.errno(), Errno::ENAMETOOLONG.0);
    assert_eq!(guest.call(call::OPEN, &[16, 0, 4]).result, FAILED);
    for op in 0..0x40 {
        for parameter in [0, 16, u64::MAX, BASE - 4, BASE + MEMORY as u64 - 8] {
            let answer = guest.raw_unapplied(op, parameter);
            assert!(answer.console.len() <= MEMORY);
        }
    }
    let end = BASE + MEMORY as u64 - 4;
    guest.put(end, b"open");
    assert_eq!(
        guest.raw(call::WRITE0, end).result,
        FAILED,
        "no NUL before the end of memory"
    );
    assert_eq!(
        guest.read(file, 5),
        (0, b"hello".to_vec()),
        "no failure moved the file"
    );
}

impl Guest {
    fn raw_unapplied(&mut self, op: u64, parameter: u64) -> HostAnswer {
        self.semihosting.call(op, parameter, &self.memory, NOW)
    }
}

#[test]
fn a_read_goes_no_further_than_memory() {
    let (_outer, root) = directory();
    fs::write(root.join("large"), vec![b'x'; 0x10000]).expect("a file");
    let mut guest = Guest::with_root(&root, false);
    let file = guest.open("large", RB);
    let room = (MEMORY as u64) - 0x1000;
    assert_eq!(guest.read(file, 0x10000).0, 0x10000 - room);
}

#[test]
fn at_most_so_many_files_are_open() {
    let (_outer, root) = directory();
    let mut guest = Guest::with_root(&root, false);
    let opened = (0..1000)
        .take_while(|_| guest.open(":tt", 0) != FAILED)
        .count();
    assert_eq!(opened, 253);
    assert_eq!(guest.refusal("file", RB), Errno::EMFILE);
}

#[test]
fn a_guest_ends_with_its_own_code() {
    let mut guest = Guest::new(SemihostingConfig::default());
    for op in [call::EXIT, call::EXIT_EXTENDED] {
        assert_eq!(guest.call(op, &[APPLICATION_EXIT, 42]).exit, Some(42));
        assert_eq!(guest.call(op, &[APPLICATION_EXIT, 0]).exit, Some(0));
        assert_eq!(
            guest.call(op, &[0x2_0023, 0]).exit,
            Some(1),
            "a run-time error"
        );
        assert_eq!(
            guest.raw(op, APPLICATION_EXIT).exit,
            Some(0),
            "the reason itself"
        );
        assert_eq!(guest.raw(op, 0x2_0023).exit, Some(1));
    }
}

#[test]
fn times_are_those_of_the_guest() {
    let mut guest = Guest::new(SemihostingConfig::default());
    assert_eq!(guest.raw(call::CLOCK, 0).result, 251);
    assert_eq!(guest.raw(call::TIME, 0).result, 1002);
    assert_eq!(guest.raw(call::TICKFREQ, 0).result, 1_000_000_000);
    let answer = guest.raw(call::ELAPSED, BUFFER);
    assert_eq!(answer.writes, [(BUFFER, NOW.guest.to_le_bytes().to_vec())]);
}

#[test]
fn arguments_come_as_one_line() {
    let mut guest = Guest::new(SemihostingConfig {
        arguments: vec!["one".to_owned(), "two".to_owned()],
        ..SemihostingConfig::default()
    });
    let answer = guest.call(call::GET_CMDLINE, &[BUFFER, 8]);
    let length = 7u64.to_le_bytes().to_vec();
    assert_eq!(
        answer.writes,
        [(BUFFER, b"one two\0".to_vec()), (BLOCK + 8, length)]
    );
    assert_eq!(
        guest.call(call::GET_CMDLINE, &[BUFFER, 7]).result,
        FAILED,
        "no room"
    );
}

#[test]
fn the_features_are_those_that_picolibc_looks_for() {
    let mut guest = Guest::new(SemihostingConfig::default());
    let file = guest.open(":semihosting-features", 0);
    assert_eq!(guest.call(call::FLEN, &[file]).result, 5);
    assert_eq!(guest.read(file, 4), (0, b"SHFB".to_vec()));
    assert_eq!(guest.read(file, 1), (0, vec![3]));
    assert_eq!(guest.call(call::SEEK, &[file, 6]).result, FAILED);
    assert_eq!(guest.open(":semihosting-features", W), FAILED);
}

#[test]
fn the_other_calls() {
    let mut guest = Guest::new(SemihostingConfig::default());
    assert_eq!(guest.call(call::ISERROR, &[0]).result, 0);
    assert_eq!(guest.call(call::ISERROR, &[FAILED]).result, 1);
    assert_eq!(guest.call(call::SYSTEM, &[TEXT, 4]).result, FAILED);
    assert_eq!(guest.errno(), Errno::EPERM.0);
    assert_eq!(guest.raw(0x99, 0).result, FAILED);
    assert_eq!(guest.errno(), Errno::ENOSYS.0);
    guest.put(BUFFER, &[1; 32]);
    assert_eq!(
        guest.call(call::HEAPINFO, &[BUFFER]).writes,
        [(BUFFER, vec![0; 32])]
    );
    let name = guest.call(call::TMPNAM, &[BUFFER, 7, 32]).writes;
    assert_eq!(name, [(BUFFER, b"semihosting-007.tmp\0".to_vec())]);
    assert_eq!(guest.call(call::TMPNAM, &[BUFFER, 7, 8]).result, FAILED);
    assert_eq!(guest.call(call::TMPNAM, &[BUFFER, 256, 32]).result, FAILED);
}
