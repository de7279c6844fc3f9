//! Where the files that a machine starts with come from: the disk, or a recording that carries them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::failure::{Failure, status};

/// Larger files are no programs.
const MOST_FILE_BYTES: u64 = 1 << 32;
/// The name of standard input among the files.
const STANDARD_INPUT: &str = "-";
/// What names of built-in images begin with.
pub const BUILT_IN: &str = "built in: ";

/// Reads files, and remembers what it read.
#[derive(Debug, Default)]
pub struct Files {
    /// Where from, if not from the disk.
    carried: Option<BTreeMap<String, Vec<u8>>>,
    read: RefCell<BTreeMap<String, Vec<u8>>>,
    remember: bool,
}

impl Files {
    /// From the disk.
    pub fn on_disk() -> Self {
        Self::default()
    }

    /// From the disk, and kept, so that a recording can carry them.
    pub fn remembered() -> Self {
        Self {
            remember: true,
            ..Self::default()
        }
    }

    /// Those that a recording carries.
    pub fn carried(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            carried: Some(files),
            ..Self::default()
        }
    }

    /// Whether nothing comes from the disk.
    pub fn are_carried(&self) -> bool {
        self.carried.is_some()
    }

    /// Everything read so far, by name.
    pub fn read_so_far(&self) -> std::cell::Ref<'_, BTreeMap<String, Vec<u8>>> {
        self.read.borrow()
    }

    /// Everything read so far, by name.
    pub fn into_read(self) -> BTreeMap<String, Vec<u8>> {
        self.read.into_inner()
    }

    /// A file's content.
    ///
    /// # Errors
    /// It cannot be read, or cannot be a program.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        self.get(&path.display().to_string(), || read_file(path))
    }

    /// Standard input, to its end.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read_standard_input(&self) -> Result<Vec<u8>, Failure> {
        self.get(STANDARD_INPUT, || {
            let mut bytes = Vec::new();
            std::io::stdin()
                .read_to_end(&mut bytes)
                .map_err(|e| Failure::new(status::EMULATOR, format!("standard input: {e}")))?;
            Ok(bytes)
        })
    }

    /// What travels with the emulator, under a name that no file has.
    ///
    /// # Errors
    /// A recording lacks it.
    pub fn built_in(&self, name: &str, bytes: &'static [u8]) -> Result<Vec<u8>, Failure> {
        self.get(&format!("{BUILT_IN}{name}"), || Ok(bytes.to_vec()))
    }

    fn get(
        &self,
        name: &str,
        from_outside: impl FnOnce() -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<u8>, Failure> {
        if let Some(carried) = &self.carried {
            return carried.get(name).cloned().ok_or_else(|| {
                Failure::new(
                    status::UNUSABLE,
                    format!("the recording lacks the file {name}"),
                )
            });
        }
        let bytes = from_outside()?;
        if self.remember {
            self.read
                .borrow_mut()
                .insert(name.to_owned(), bytes.clone());
        }
        Ok(bytes)
    }
}

/// Reads a program file, or says why it cannot be one.
///
/// # Errors
/// There is none, it is no file, it is too large, or it cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| {
        let status = match error.kind() {
            ErrorKind::NotFound => status::NOT_FOUND,
            _ => status::UNUSABLE,
        };
        let message = format!("{}: cannot be read: {error}", path.display());
        Failure::new(status, message)
    };
    let unusable =
        |what: &str| Failure::new(status::UNUSABLE, format!("{}: {what}", path.display()));
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        return Err(unusable("it is a directory, not a program"));
    }
    if metadata.len() > MOST_FILE_BYTES {
        return Err(unusable(&format!(
            "{} bytes are too many for a program",
            metadata.len()
        )));
    }
    std::fs::read(path).map_err(fail)
}
