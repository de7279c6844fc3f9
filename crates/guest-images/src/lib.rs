//! The built guest images, so that a fresh clone runs without a RISC-V toolchain.
//!
//! `cargo xtask guest` builds them from `firmware/`, `sample-programs/` and `benches/workloads/`, and writes
//! the tables; `cargo xtask guest --check` says which are stale.
//!
//! ```
//! use hartland_guest_images as guest_images;
//!
//! let hello = guest_images::get("hello").expect("a sample of that name");
//! assert_eq!(hello.bytes[..4], *b"\x7fELF");
//! ```

mod system;
#[rustfmt::skip]
mod system_table;
#[rustfmt::skip]
mod table;

pub use system::{Archive, ArchivedProgram, SystemImage, programs, system};

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sample program: shows one thing, and says what it must print.
    Sample,
    /// A benchmark's workload: some hundred million instructions that check their own result.
    Workload,
}

/// A built guest program.
#[derive(Clone, Copy, Debug)]
pub struct GuestImage {
    /// Its name, unique among all images.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// The ELF file, with symbols and without debugging information.
    pub bytes: &'static [u8],
    /// The same program with line tables and types, compressed by zstd. Both files have one build id.
    pub debug: &'static [u8],
    /// SHA-256 of `bytes`, in hexadecimal.
    pub digest: &'static str,
    /// SHA-256 of the sources and flags it was built from, in hexadecimal.
    pub source_digest: &'static str,
    /// The compiler that built it.
    pub builder: &'static str,
    /// How it is run, and what it must do.
    pub expected: Expected,
}

/// How a program is run, and what it must do.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// What it prints.
    pub output: &'static str,
    /// The status it ends with; none for a program that can never end.
    pub status: Option<u16>,
    /// Its signature, a word of four bytes a line; empty if it leaves none.
    pub signature: &'static str,
    /// What is typed at its console.
    pub input: &'static str,
    /// How many harts it is run with.
    pub harts: u8,
    /// It makes semihosting calls.
    pub semihosting: bool,
    /// It talks to the host by `tohost` instead of the board's devices.
    pub htif: bool,
}

/// All images, samples first, each kind sorted by name.
#[must_use]
pub fn all() -> &'static [GuestImage] {
    table::IMAGES
}

/// The image of that name.
#[must_use]
pub fn get(name: &str) -> Option<&'static GuestImage> {
    all().iter().find(|image| image.name == name)
}

/// All images of a kind.
pub fn of_kind(kind: Kind) -> impl Iterator<Item = &'static GuestImage> {
    all().iter().filter(move |image| image.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_found_by_its_name_alone() {
        for image in all() {
            assert!(
                core::ptr::eq(get(image.name).unwrap(), image),
                "{}",
                image.name
            );
        }
        assert!(get("no such image").is_none());
    }

    #[test]
    fn every_image_is_a_riscv_elf_file() {
        for image in all() {
            assert_eq!(image.bytes[..5], *b"\x7fELF\x02", "{}", image.name);
            assert_eq!(image.bytes[18..20], 243u16.to_le_bytes(), "{}", image.name);
        }
    }

    #[test]
    fn the_images_of_a_kind_stay_below_a_megabyte() {
        for kind in [Kind::Sample, Kind::Workload] {
            let bytes: usize = of_kind(kind).map(|image| image.bytes.len()).sum();
            assert!((1..1 << 20).contains(&bytes), "{kind:?}: {bytes} bytes");
        }
    }
}
