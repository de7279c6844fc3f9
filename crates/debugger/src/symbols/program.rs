//! One program: an ELF file, and what its debugging information says, once somebody asks.

use std::cell::OnceCell;
use std::rc::Rc;

use machine::loader::{self, Symbols};

use super::DebugInfo;

/// Owner and type of the note that holds the build id.
const BUILD_ID: (&str, u32) = ("GNU", 3);

/// Finds the file with debugging information that belongs to a build id.
pub type FindDebug = Rc<dyn Fn(&[u8]) -> Option<Vec<u8>>>;

/// In which address space a program's addresses have their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// M-mode: physical addresses.
    Machine,
    /// S-mode: the kernel's part of every address space.
    Kernel,
    /// A process's own part of its address space.
    User,
}

/// A program whose names are known.
pub struct Program {
    /// Its file's name, or its path in the guest.
    pub name: String,
    /// Where its addresses have their meaning.
    pub space: Space,
    /// Names of addresses.
    pub symbols: Symbols,
    /// Its build id, if it has one.
    pub build_id: Option<Vec<u8>>,
    /// The ELF file.
    pub file: Rc<[u8]>,
    find_debug: Option<FindDebug>,
    debug: OnceCell<Option<Rc<DebugInfo>>>,
}

impl Program {
    /// From an ELF file; debugging information comes from the file itself or else, by its build id, from elsewhere.
    /// A file that is none has no names.
    #[must_use]
    pub fn new(name: &str, file: Rc<[u8]>, space: Space, find_debug: Option<FindDebug>) -> Self {
        let code = loader::code_sections(name, &file);
        let build_id = loader::note(&file, BUILD_ID.0, BUILD_ID.1).map(<[u8]>::to_vec);
        Self {
            name: name.to_owned(),
            space,
            symbols: code.map(|code| code.symbols).unwrap_or_default(),
            build_id,
            file,
            find_debug,
            debug: OnceCell::new(),
        }
    }

    /// Its debugging information, read when it is first asked for.
    #[must_use]
    pub fn debug(&self) -> Option<&Rc<DebugInfo>> {
        let read = || {
            let own = loader::section(&self.file, ".debug_info").is_some();
            if own {
                return DebugInfo::read(&self.file).map(Rc::new);
            }
            let found = (self.find_debug.as_ref()?)(self.build_id.as_deref()?)?;
            DebugInfo::read(&found).map(Rc::new)
        };
        self.debug.get_or_init(read).as_ref()
    }

    /// Whether its code could be at an address: it lies near one of its symbols.
    #[must_use]
    pub fn covers(&self, address: u64) -> bool {
        self.symbols.nearest(address).is_some()
    }
}
