//! The text of source files.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Larger files are no source.
const MOST_BYTES: u64 = 16 << 20;
/// What stands for the repository in the images that travel with the emulator.
const REPOSITORY: &str = "/hartland/";

type Lines = Option<Rc<Vec<String>>>;

/// Finds source files, and remembers them.
#[derive(Default)]
pub struct Source {
    directories: Vec<PathBuf>,
    found: RefCell<HashMap<String, Lines>>,
}

impl Source {
    /// With directories in which to look.
    #[must_use]
    pub fn new(directories: Vec<PathBuf>) -> Self {
        Self {
            directories,
            found: RefCell::default(),
        }
    }

    /// Looks in one more directory, before all others.
    pub fn add_directory(&mut self, directory: PathBuf) {
        self.directories.insert(0, directory);
        self.found.borrow_mut().clear();
    }

    /// A line of a file, from 1.
    #[must_use]
    pub fn line(&self, file: &str, line: u32) -> Option<String> {
        let lines = self.lines(file)?;
        lines.get((line as usize).checked_sub(1)?).cloned()
    }

    /// All lines of a file as the compiler named it.
    #[must_use]
    pub fn lines(&self, file: &str) -> Lines {
        if let Some(known) = self.found.borrow().get(file) {
            return known.clone();
        }
        let found = self.read(file).map(Rc::new);
        let mut all = self.found.borrow_mut();
        all.insert(file.to_owned(), found.clone());
        found
    }

    /// The file itself, or one with the end of its path in a directory or one of those around it.
    fn read(&self, file: &str) -> Option<Vec<String>> {
        let direct = Path::new(file);
        if direct.is_absolute()
            && !file.starts_with(REPOSITORY)
            && let Some(lines) = read(direct)
        {
            return Some(lines);
        }
        let below = file.strip_prefix(REPOSITORY).unwrap_or(file);
        let below = Path::new(below.trim_start_matches('/'));
        for directory in &self.directories {
            for around in directory.ancestors() {
                if let Some(lines) = read(&around.join(below)) {
                    return Some(lines);
                }
            }
            // Only the file's name, directly in the directory.
            if let Some(lines) = below
                .file_name()
                .and_then(|name| read(&directory.join(name)))
            {
                return Some(lines);
            }
        }
        None
    }
}

fn read(path: &Path) -> Option<Vec<String>> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return None;
    }
    let text = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    Some(text.lines().map(str::to_owned).collect())
}
