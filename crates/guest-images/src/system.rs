//! What the default machine boots.

/// A firmware image: our SBI, the kernel, or what checks an SBI.
#[derive(Clone, Copy, Debug)]
pub struct SystemImage {
    /// `sbi`, `sbi-check` or `fawn`.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
    /// The ELF file, with symbols and without debugging information.
    pub bytes: &'static [u8],
    /// The same with line tables and types, compressed by zstd. Both files have one build id.
    pub debug: &'static [u8],
    /// SHA-256 of `bytes`, in hexadecimal.
    pub digest: &'static str,
    /// SHA-256 of the sources and flags it was built from, in hexadecimal.
    pub source_digest: &'static str,
    /// The compiler that built it.
    pub builder: &'static str,
}

/// The programs that run on Fawn, in one archive (cpio, "newc"), which is the initial RAM disk.
#[derive(Clone, Copy, Debug)]
pub struct Archive {
    /// The archive.
    pub bytes: &'static [u8],
    /// SHA-256 of `bytes`, in hexadecimal.
    pub digest: &'static str,
    /// SHA-256 of the sources and flags that it was built from, in hexadecimal.
    pub source_digest: &'static str,
    /// The compiler that built the programs.
    pub builder: &'static str,
    /// Its programs, sorted by path.
    pub programs: &'static [ArchivedProgram],
}

/// A program of the archive.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedProgram {
    /// Its path in the archive.
    pub path: &'static str,
    /// The program with line tables and types, compressed by zstd; it has the build id of the archived file.
    pub debug: &'static [u8],
}

/// The firmware image of that name.
#[must_use]
pub fn system(name: &str) -> Option<&'static SystemImage> {
    let mut images = crate::system_table::IMAGES.iter();
    images.find(|image| image.name == name)
}

/// The archive of programs.
#[must_use]
pub fn programs() -> &'static Archive {
    &crate::system_table::PROGRAMS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_complete() {
        for name in ["sbi", "sbi-check", "fawn"] {
            let image = system(name).unwrap();
            assert_eq!(image.bytes[..5], *b"\x7fELF\x02", "{name}");
        }
        assert!(programs().bytes.starts_with(b"070701"));
        let has_init = |program: &ArchivedProgram| program.path == "bin/init";
        assert!(programs().programs.iter().any(has_init));
    }
}
