//! The files that a guest may see: those below one directory, and the console.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

/// Name of the console.
const CONSOLE: &str = ":tt";
/// What a guest asks semihosting itself about.
const FEATURES: &str = ":semihosting-features";
/// Magic, then: SYS_EXIT_EXTENDED is there, and stdout and stderr are apart.
const FEATURE_BYTES: [u8; 5] = [0x53, 0x48, 0x46, 0x42, 0x03];
/// Most files that a guest may have open.
const MOST_FILES: usize = 256;

/// A call about files failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileError {
    /// Outside the directory, or read-only.
    Denied,
    /// No such file or handle.
    Missing,
    /// Parameters that make no sense.
    Invalid,
    /// Parameters that cannot be read.
    Fault,
    /// No such call.
    Unsupported,
    /// The host's own failure, by its number.
    Host(i32),
}

impl FileError {
    /// Linux's error number.
    pub fn errno(self) -> u64 {
        match self {
            Self::Denied => 13,
            Self::Missing => 2,
            Self::Invalid => 22,
            Self::Fault => 14,
            Self::Unsupported => 38,
            Self::Host(number) => number as u64,
        }
    }
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        Self::Host(error.raw_os_error().unwrap_or(5))
    }
}

#[derive(Debug)]
enum Open {
    Console,
    Features(u64),
    File(File),
}

/// The guest's open files.
#[derive(Debug)]
pub(super) struct Files {
    root: Option<PathBuf>,
    writable: bool,
    open: BTreeMap<u64, Open>,
}

impl Files {
    pub fn new(root: Option<PathBuf>, writable: bool) -> Self {
        Self {
            root: root.and_then(|root| root.canonicalize().ok()),
            writable,
            open: BTreeMap::new(),
        }
    }

    /// The host's path of a guest's path: below the root, whatever `..`, links or a leading `/` say. The last part need
    /// not exist.
    fn resolve(&self, path: &str) -> Result<PathBuf, FileError> {
        let root = self.root.as_ref().ok_or(FileError::Denied)?;
        let mut inside = root.clone();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) => inside.push(name),
                Component::CurDir | Component::RootDir => {}
                Component::ParentDir | Component::Prefix(_) => return Err(FileError::Denied),
            }
        }
        let real = match inside.canonicalize() {
            Ok(real) => real,
            Err(_) if inside.is_symlink() => return Err(FileError::Denied),
            Err(_) => {
                let parent = inside.parent().ok_or(FileError::Denied)?;
                let name = inside.file_name().ok_or(FileError::Denied)?;
                parent.canonicalize().map_err(|_| FileError::Missing)?.join(name)
            }
        };
        if real.starts_with(root) {
            Ok(real)
        } else {
            Err(FileError::Denied)
        }
    }

    /// Opens with an `fopen` mode by its number: r, rb, r+, r+b, w, …, a+b.
    pub fn open(&mut self, path: &str, mode: u64) -> Result<u64, FileError> {
        if mode > 11 || self.open.len() >= MOST_FILES {
            return Err(FileError::Invalid);
        }
        let file = match path {
            CONSOLE => Open::Console,
            FEATURES => Open::Features(0),
            _ => Open::File(self.open_file(path, mode)?),
        };
        let free = (1..).find(|handle| !self.open.contains_key(handle)).unwrap_or(1);
        self.open.insert(free, file);
        Ok(free)
    }

    fn open_file(&self, path: &str, mode: u64) -> Result<File, FileError> {
        let (kind, plus) = (mode / 4, mode & 2 != 0);
        if (kind > 0 || plus) && !self.writable {
            return Err(FileError::Denied);
        }
        let real = self.resolve(path)?;
        if real.exists() && !real.is_file() {
            return Err(FileError::Denied); // no directories, no devices, no pipes
        }
        let mut options = OpenOptions::new();
        match kind {
            0 => options.read(true).write(plus),
            1 => options.write(true).create(true).truncate(true).read(plus),
            _ => options.append(true).create(true).read(plus),
        };
        Ok(options.open(real)?)
    }

    fn get(&mut self, handle: u64) -> Result<&mut Open, FileError> {
        self.open.get_mut(&handle).ok_or(FileError::Missing)
    }

    fn file(&mut self, handle: u64) -> Result<&mut File, FileError> {
        match self.get(handle)? {
            Open::File(file) => Ok(file),
            _ => Err(FileError::Invalid),
        }
    }

    pub fn close(&mut self, handle: u64) -> Result<u64, FileError> {
        self.open.remove(&handle).map(|_| 0).ok_or(FileError::Missing)
    }

    pub fn is_console(&mut self, handle: u64) -> Result<bool, FileError> {
        self.get(handle).map(|open| matches!(open, Open::Console))
    }

    pub fn write(&mut self, handle: u64, bytes: &[u8]) -> Result<u64, FileError> {
        self.file(handle)?.write_all(bytes)?;
        Ok(bytes.len() as u64)
    }

    pub fn read(&mut self, handle: u64, most: u64) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        match self.get(handle)? {
            Open::Console => {}
            Open::Features(at) => {
                let from = (*at as usize).min(FEATURE_BYTES.len());
                let rest = &FEATURE_BYTES[from..];
                bytes.extend(rest.iter().take(most as usize));
                *at += bytes.len() as u64;
            }
            Open::File(file) => {
                file.take(most).read_to_end(&mut bytes)?;
            }
        }
        Ok(bytes)
    }

    pub fn seek(&mut self, handle: u64, to: u64) -> Result<u64, FileError> {
        match self.get(handle)? {
            Open::Console => return Err(FileError::Invalid),
            Open::Features(at) => *at = to,
            Open::File(file) => {
                file.seek(SeekFrom::Start(to))?;
            }
        }
        Ok(0)
    }

    pub fn len(&mut self, handle: u64) -> Result<u64, FileError> {
        match self.get(handle)? {
            Open::Console => Ok(0),
            Open::Features(_) => Ok(FEATURE_BYTES.len() as u64),
            Open::File(file) => Ok(file.metadata()?.len()),
        }
    }

    fn require_writable(&self) -> Result<(), FileError> {
        if self.writable { Ok(()) } else { Err(FileError::Denied) }
    }

    pub fn remove(&mut self, path: &str) -> Result<u64, FileError> {
        self.require_writable()?;
        std::fs::remove_file(self.resolve(path)?)?;
        Ok(0)
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<u64, FileError> {
        self.require_writable()?;
        std::fs::rename(self.resolve(from)?, self.resolve(to)?)?;
        Ok(0)
    }
}
