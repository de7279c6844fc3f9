//! The DWARF of a program, opened.

use std::cell::OnceCell;
use std::sync::Arc;

use gimli::{Dwarf, EhFrame, EndianArcSlice, LittleEndian, Unit};
use machine::loader;

use super::lines::LineTable;
use super::names::Names;

/// How DWARF sections are read.
pub type Reader = EndianArcSlice<LittleEndian>;

/// Units of more files than any program has are left out.
const MOST_UNITS: usize = 100_000;

/// Lines, functions, variables, types and unwinding rules.
pub struct DebugInfo {
    pub(super) dwarf: Arc<Dwarf<Reader>>,
    pub(super) units: Vec<Unit<Reader>>,
    pub(super) addresses: addr2line::Context<Reader>,
    pub(super) unwinding: Option<Unwinding>,
    pub(super) lines: OnceCell<LineTable>,
    names: OnceCell<Names>,
}

/// The section with unwinding rules: a program keeps it when its debugging information is stripped.
pub struct Unwinding {
    pub(super) section: EhFrame<Reader>,
    pub(super) bases: gimli::BaseAddresses,
}

impl Unwinding {
    /// Of an ELF file, if it has such a section.
    #[must_use]
    pub fn read(file: &[u8]) -> Option<Self> {
        let (address, bytes) = loader::section(file, ".eh_frame")?;
        let reader = Reader::new(Arc::from(bytes), LittleEndian);
        let text = loader::section(file, ".text").map_or(0, |(address, _)| address);
        Some(Self {
            section: EhFrame::from(reader),
            bases: gimli::BaseAddresses::default()
                .set_eh_frame(address)
                .set_text(text),
        })
    }
}

impl DebugInfo {
    /// From an ELF file with DWARF sections; none when it has none that can be read.
    #[must_use]
    pub fn read(file: &[u8]) -> Option<Self> {
        let bytes = |name: &str| loader::section(file, name).map_or(&[][..], |(_, bytes)| bytes);
        let section = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            Ok(Reader::new(Arc::from(bytes(id.name())), LittleEndian))
        };
        let dwarf = Arc::new(Dwarf::load(section).ok()?);
        let mut units = Vec::new();
        let mut headers = dwarf.units();
        while let Ok(Some(header)) = headers.next() {
            if units.len() == MOST_UNITS {
                break;
            }
            if let Ok(unit) = dwarf.unit(header) {
                units.push(unit);
            }
        }
        if units.is_empty() {
            return None;
        }
        let unwinding = Unwinding::read(file);
        Some(Self {
            addresses: addr2line::Context::from_arc_dwarf(dwarf.clone()).ok()?,
            dwarf,
            units,
            unwinding,
            lines: OnceCell::new(),
            names: OnceCell::new(),
        })
    }

    /// Everything that has a name.
    #[must_use]
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::collect(self))
    }

    /// The text of an attribute.
    pub(super) fn text(
        &self,
        unit: &Unit<Reader>,
        value: gimli::AttributeValue<Reader>,
    ) -> Option<String> {
        let text = self.dwarf.attr_string(unit, value).ok()?;
        let text = gimli::Reader::to_string_lossy(&text).ok()?;
        Some(text.into_owned())
    }
}
