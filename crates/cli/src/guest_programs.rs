//! The programs that a machine was given, for their names.

use std::collections::BTreeMap;
use std::rc::Rc;

use debugger::os::Layout;
use debugger::session::Programs;
use debugger::symbols::Space;

use crate::debug::programs;

/// Programs, and what is known of the kernel among them.
pub struct GuestPrograms {
    /// All of them.
    pub programs: Rc<Programs>,
    /// The kernel's layout note, if it has one.
    pub layout: Option<Layout>,
}

impl GuestPrograms {
    /// From files by name, read for a machine with so many bytes of RAM.
    pub fn read(files: BTreeMap<String, Vec<u8>>, memory: u64) -> Self {
        let mut programs_found = Programs::default();
        let mut layout = None;
        for (_, program) in programs::programs(files, memory) {
            if program.space == Space::Kernel && layout.is_none() {
                layout = Layout::read(&program.file);
            }
            programs_found.add(program);
        }
        Self {
            programs: Rc::new(programs_found),
            layout,
        }
    }
}
