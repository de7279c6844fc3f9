//! The programs whose names the debugger knows: all that the machine starts with, and those in its initial RAM disk.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use debugger::session::Session;
use debugger::symbols::{FindDebug, Program, Space};
use machine::loader::{self, ImageKind, RamRange};

use crate::files::BUILT_IN;

const ELF: &[u8] = b"\x7fELF";
/// What an archive in the "newc" format begins with.
const CPIO: &[u8] = b"070701";
/// Debugging information of more bytes is not unpacked.
const MOST_DEBUG_BYTES: u64 = 1 << 30;
/// Files in an archive, at most.
const MOST_FILES: usize = 4096;
/// Owner and type of the note that holds the build id.
const BUILD_ID: (&str, u32) = ("GNU", 3);

/// Adds every program among the files that a machine starts with; `own` is the one that is debugged, `memory` the
/// bytes of RAM.
pub fn add_to(
    session: &mut Session,
    own: Option<&Path>,
    memory: u64,
    files: BTreeMap<String, Vec<u8>>,
) {
    let own = own.map(|path| path.display().to_string());
    for (name, program) in programs(files, memory) {
        session.add_program(program);
        if name.is_some() && own == name {
            session.main_program = session.programs.iter().last().cloned();
        }
    }
}

/// Every program among the files that were read for a machine with so many bytes of RAM, with the name of its file if it
/// has one to itself.
pub fn programs(
    files: BTreeMap<String, Vec<u8>>,
    memory: u64,
) -> impl Iterator<Item = (Option<String>, Program)> {
    let find = find_debug();
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: memory,
    };
    let (archives, files): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(_, bytes)| bytes.starts_with(CPIO));
    let elf = files
        .into_iter()
        .filter(|(_, bytes)| bytes.starts_with(ELF));
    let find_for_archived = find.clone();
    let single = elf.map(move |(name, bytes)| {
        let shown = name.strip_prefix(BUILT_IN).unwrap_or(&name).to_owned();
        let kind = loader::parse(&shown, &bytes, ram, None).map(|image| image.kind);
        let space = match kind {
            Ok(ImageKind::Kernel) => Space::Kernel,
            Ok(ImageKind::User) => Space::User,
            _ => Space::Machine,
        };
        let program = Program::new(&shown, bytes.into(), space, Some(find.clone()));
        (Some(name), program)
    });
    // The program that was named comes before one of the same name in an archive.
    let archived = archives
        .into_iter()
        .flat_map(|(_, bytes)| programs_of(&bytes));
    let archived = archived.map(move |(path, bytes)| {
        let find = Some(find_for_archived.clone());
        (None, Program::new(&path, bytes.into(), Space::User, find))
    });
    single.chain(archived)
}

/// The ELF files in an archive, by path.
fn programs_of(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = archive;
    for _ in 0..MOST_FILES {
        let Ok(mut reader) = cpio::newc::Reader::new(rest) else {
            break;
        };
        if reader.entry().is_trailer() {
            break;
        }
        let path = reader.entry().name().to_owned();
        let mut bytes = Vec::new();
        if reader.read_to_end(&mut bytes).is_err() {
            break;
        }
        let Ok(next) = reader.finish() else {
            break;
        };
        rest = next;
        if bytes.starts_with(ELF) {
            found.push((path, bytes));
        }
    }
    found
}

/// Finds debugging information by build id: that of the programs that travel with the emulator, and what is installed
/// where distributions put it.
fn find_debug() -> FindDebug {
    let known: std::cell::OnceCell<HashMap<Vec<u8>, &'static [u8]>> = std::cell::OnceCell::new();
    Rc::new(move |build_id| {
        let known = known.get_or_init(built_in);
        match known.get(build_id) {
            Some(packed) => unpack(packed),
            None => installed(build_id),
        }
    })
}

/// The companions of the built-in programs, by build id.
fn built_in() -> HashMap<Vec<u8>, &'static [u8]> {
    let mut known = HashMap::new();
    let mut add = |bytes: &[u8], debug: &'static [u8]| {
        if let Some(id) = loader::note(bytes, BUILD_ID.0, BUILD_ID.1) {
            known.insert(id.to_vec(), debug);
        }
    };
    for image in guest_images::all() {
        add(image.bytes, image.debug);
    }
    for name in ["sbi", "sbi-check", "fawn"] {
        if let Some(image) = guest_images::system(name) {
            add(image.bytes, image.debug);
        }
    }
    let archive = guest_images::programs();
    for (path, bytes) in programs_of(archive.bytes) {
        let companion = archive.programs.iter().find(|program| program.path == path);
        if let Some(companion) = companion {
            add(&bytes, companion.debug);
        }
    }
    known
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let decoder = ruzstd::decoding::StreamingDecoder::new(packed).ok()?;
    let mut bytes = Vec::new();
    decoder
        .take(MOST_DEBUG_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

/// `/usr/lib/debug/.build-id/ab/cdef….debug`
fn installed(build_id: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = build_id.split_first()?;
    let hex: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    let path: PathBuf = ["/usr/lib/debug/.build-id", &format!("{first:02x}"), &hex]
        .iter()
        .collect();
    std::fs::read(path.with_extension("debug")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_program_has_debugging_information() {
        let known = built_in();
        let fawn = guest_images::system("fawn").unwrap();
        let id = loader::note(fawn.bytes, BUILD_ID.0, BUILD_ID.1).unwrap();
        let unpacked = unpack(known[id]).unwrap();
        assert_eq!(loader::note(&unpacked, BUILD_ID.0, BUILD_ID.1), Some(id));
        let programs = programs_of(guest_images::programs().bytes);
        assert!(programs.iter().any(|(path, _)| path == "bin/init"));
        for (path, bytes) in programs {
            let id = loader::note(&bytes, BUILD_ID.0, BUILD_ID.1);
            assert!(known.contains_key(id.unwrap_or_default()), "{path}");
        }
    }
}
