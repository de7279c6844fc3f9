//! The one directory of the host that a guest sees.
//!
//! A guest's path is taken inside it, with or without a leading `/`; `..` is refused, and so is
//! every symbolic link that leads outside. No call makes links, so a guest cannot build a way out
//! between the check and the use; somebody else who changes the directory meanwhile could.

use std::fs::{File, OpenOptions};
use std::path::{Component, Path, PathBuf};

use super::errno::Errno;

/// Mode bits and kinds of `fopen` modes by their numbers: r, rb, r+, r+b, w, …, a+b.
const PLUS: u64 = 2;
const READ: u64 = 0;
const WRITE: u64 = 1;

/// The directory, and whether it may be changed.
#[derive(Debug)]
pub(super) struct Sandbox {
    root: Option<PathBuf>,
    writable: bool,
}

impl Sandbox {
    /// Without a `root` that exists, there are no files.
    pub fn new(root: Option<&Path>, writable: bool) -> Self {
        Self {
            root: root.and_then(|root| root.canonicalize().ok()),
            writable,
        }
    }

    /// Opens a regular file with an `fopen` mode by its number.
    pub fn open(&self, path: &str, mode: u64) -> Result<File, Errno> {
        let (kind, plus) = (mode / 4, mode & PLUS != 0);
        if kind != READ || plus {
            self.require_writable()?;
        }
        let real = self.follow(path)?;
        // Directories are no files, and a pipe or a terminal could hold the host for ever.
        if let Ok(metadata) = real.metadata()
            && !metadata.is_file()
        {
            return Err(if metadata.is_dir() {
                Errno::EISDIR
            } else {
                Errno::EACCES
            });
        }
        let mut options = OpenOptions::new();
        match kind {
            READ => options.read(true).write(plus),
            WRITE => options.write(true).create(true).truncate(true).read(plus),
            _ => options.append(true).create(true).read(plus),
        };
        Ok(options.open(real)?)
    }

    pub fn remove(&self, path: &str) -> Result<(), Errno> {
        self.require_writable()?;
        Ok(std::fs::remove_file(self.entry(path)?)?)
    }

    pub fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        self.require_writable()?;
        Ok(std::fs::rename(self.entry(from)?, self.entry(to)?)?)
    }

    fn require_writable(&self) -> Result<(), Errno> {
        if self.writable {
            Ok(())
        } else {
            Err(Errno::EROFS)
        }
    }

    /// The directory entry of a guest's path, which need not exist and may be a link.
    fn entry(&self, path: &str) -> Result<PathBuf, Errno> {
        let root = self.root.as_ref().ok_or(Errno::EACCES)?;
        let mut inside = PathBuf::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) => inside.push(name),
                Component::CurDir | Component::RootDir => {}
                Component::ParentDir | Component::Prefix(_) => return Err(Errno::EACCES),
            }
        }
        let name = inside.file_name().ok_or(Errno::EISDIR)?;
        let parent = inside.parent().unwrap_or(Path::new(""));
        let parent = root.join(parent).canonicalize()?;
        if parent.starts_with(root) {
            Ok(parent.join(name))
        } else {
            Err(Errno::EACCES)
        }
    }

    /// The file of a guest's path, which need not exist, behind all links.
    fn follow(&self, path: &str) -> Result<PathBuf, Errno> {
        let entry = self.entry(path)?;
        if entry.symlink_metadata().is_err() {
            return Ok(entry);
        }
        // A link to something that does not exist would be a way to create it anywhere.
        let real = entry.canonicalize().map_err(|_| Errno::EACCES)?;
        let inside = self
            .root
            .as_ref()
            .is_some_and(|root| real.starts_with(root));
        if inside { Ok(real) } else { Err(Errno::EACCES) }
    }
}
