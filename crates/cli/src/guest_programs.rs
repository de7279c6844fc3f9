//! The programs that a machine was given, for their names: what was read from files, and what is in archives among them.

use std::collections::BTreeMap;
use std::io::Read;
use std::rc::Rc;

use cpio::newc;
use debugger::os::Layout;
use debugger::session::Programs;
use debugger::symbols::{Program, Space};
use machine::loader::{self, ImageKind, RamRange};

use crate::files::BUILT_IN;

/// How an ELF file begins.
const ELF: &[u8] = b"\x7fELF";
/// How an archive of files (cpio, newc) begins.
const ARCHIVE: &[u8] = b"070701";

/// Programs, and what is known of the kernel among them.
pub struct GuestPrograms {
    /// All of them.
    pub programs: Rc<Programs>,
    /// The kernel's layout note, if it has one.
    pub layout: Option<Layout>,
}

impl GuestPrograms {
    /// From files by name.
    pub fn read(files: &BTreeMap<String, Vec<u8>>, memory: u64) -> Self {
        let ram = RamRange {
            base: abi::memory_map::RAM_BASE,
            size: memory,
        };
        let mut found = Found {
            ram,
            programs: Programs::default(),
            layout: None,
        };
        for (name, bytes) in files {
            found.file(name.strip_prefix(BUILT_IN).unwrap_or(name), bytes);
        }
        Self {
            programs: Rc::new(found.programs),
            layout: found.layout,
        }
    }
}

struct Found {
    ram: RamRange,
    programs: Programs,
    layout: Option<Layout>,
}

impl Found {
    fn file(&mut self, name: &str, bytes: &[u8]) {
        if bytes.starts_with(ARCHIVE) {
            self.archive(bytes);
        } else if bytes.starts_with(ELF) {
            let kind = loader::parse(name, bytes, self.ram, None).map(|image| image.kind);
            let space = match kind {
                Ok(ImageKind::BareMetal) => Space::Machine,
                Ok(ImageKind::Kernel) => Space::Kernel,
                _ => Space::User,
            };
            if space == Space::Kernel && self.layout.is_none() {
                self.layout = Layout::read(bytes);
            }
            self.programs
                .add(Program::new(name, bytes.into(), space, None));
        }
    }

    /// The programs in an archive; of a damaged one, those before the damage.
    fn archive(&mut self, mut bytes: &[u8]) {
        while let Ok(mut reader) = newc::Reader::new(bytes) {
            if reader.entry().is_trailer() {
                return;
            }
            let name = reader.entry().name().to_owned();
            let mut content = Vec::new();
            if reader.read_to_end(&mut content).is_err() {
                return;
            }
            if content.starts_with(ELF) {
                let program = Program::new(&name, content.into(), Space::User, None);
                self.programs.add(program);
            }
            let Ok(rest) = reader.finish() else {
                return;
            };
            bytes = rest;
        }
    }
}
