//! What Fawn is given to run: a program or a script, in its archive of programs.

use std::io::Write;
use std::path::Path;

use machine::Boot;

/// Where the words are that init starts its first program with.
const WORDS: &str = "run/words";
const SCRIPT: &str = "run/script";
/// A file that may be run.
const PROGRAM: u32 = 0o100_755;
const DIRECTORY: u32 = 0o040_755;

/// What runs instead of the shell.
#[derive(Debug)]
pub struct Program {
    /// Its path in the archive.
    path: String,
    bytes: Vec<u8>,
    /// What it is started with: its own path first.
    words: Vec<String>,
}

impl Program {
    /// A program with its arguments.
    pub fn new(file: &Path, bytes: Vec<u8>, arguments: &[String]) -> Self {
        let name = file.file_name().unwrap_or(file.as_os_str());
        let path = format!("run/{}", name.to_string_lossy());
        let words = [format!("/{path}")]
            .into_iter()
            .chain(arguments.iter().cloned());
        Self {
            words: words.collect(),
            path,
            bytes,
        }
    }

    /// The shell with a script.
    pub fn script(bytes: Vec<u8>) -> Self {
        Self {
            path: SCRIPT.to_owned(),
            bytes,
            words: vec!["/bin/sh".to_owned(), format!("/{SCRIPT}")],
        }
    }

    /// Puts it into the initial RAM disk, and tells init to run it without a word from firmware and kernel.
    pub fn add_to(self, boot: &mut Boot) {
        let words: Vec<u8> = self
            .words
            .iter()
            .flat_map(|word| word.bytes().chain([0]))
            .collect();
        let mut archive = Vec::new();
        let entries = [
            ("run", DIRECTORY, &[][..]),
            (self.path.as_str(), PROGRAM, &self.bytes),
            (WORDS, PROGRAM, &words),
        ];
        for (name, mode, bytes) in entries {
            let header = cpio::newc::Builder::new(name).mode(mode).nlink(1);
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            // Into memory, which takes everything.
            let mut writer = header.write(&mut archive, len);
            let _ = writer.write_all(bytes);
            let _ = writer.finish();
        }
        // What is behind ends with the archive's trailer.
        archive.extend(boot.initrd.take().unwrap_or_default());
        boot.initrd = Some(archive);
        let own = std::mem::take(&mut boot.arguments);
        boot.arguments = format!("{own} quiet noecho -- --from /{WORDS}");
    }
}
