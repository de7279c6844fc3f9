//! What has a name in a program's DWARF: types, global variables, and functions with their code.

use std::collections::HashMap;

use gimli::{AttributeValue, DebuggingInformationEntry, Unit, UnitOffset};

use super::types::TypeId;
use super::{DebugInfo, Reader};

/// Namespaces are not deeper than this.
const DEEPEST: usize = 64;

/// A variable with one place for the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    pub(super) entry: TypeId,
}

/// Code of a function that is not inlined.
#[derive(Clone, Copy, Debug)]
pub(super) struct FunctionCode {
    pub start: u64,
    pub end: u64,
    pub entry: TypeId,
}

/// Types, variables and functions by name or address.
#[derive(Debug, Default)]
pub struct Names {
    types: HashMap<String, TypeId>,
    globals: HashMap<String, Global>,
    /// The entries of functions by name.
    by_name: HashMap<String, Vec<TypeId>>,
    /// Where functions were inlined: by the function's entry.
    inlined: HashMap<TypeId, Vec<u64>>,
    pub(super) functions: Vec<FunctionCode>,
}

impl Names {
    /// A type by its name, with or without its namespaces.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<TypeId> {
        self.types.get(name).copied()
    }

    /// A global variable by its name, with or without its namespaces.
    #[must_use]
    pub fn global(&self, name: &str) -> Option<Global> {
        self.globals.get(name).copied()
    }

    /// All names of global variables.
    pub fn globals(&self) -> impl Iterator<Item = &str> {
        self.globals.keys().map(String::as_str)
    }

    /// Where the code of a function of a name begins: its own, and wherever it was inlined.
    #[must_use]
    pub fn function(&self, name: &str) -> Vec<u64> {
        let mut found = Vec::new();
        for entry in self.by_name.get(name).into_iter().flatten() {
            let own = self.functions.iter().filter(|code| code.entry == *entry);
            found.extend(own.map(|code| code.start));
            found.extend(self.inlined.get(entry).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn collect(info: &DebugInfo) -> Self {
        let mut names = Self::default();
        for (index, unit) in info.units.iter().enumerate() {
            // A broken unit has names up to where it breaks.
            let _ = names.visit(info, index, unit);
        }
        names.functions.sort_by_key(|function| function.start);
        names
    }

    fn visit(&mut self, info: &DebugInfo, index: usize, unit: &Unit<Reader>) -> gimli::Result<()> {
        // The path of the entries that we are inside of: depth, and the name that it adds.
        let mut path: Vec<(isize, String)> = Vec::new();
        let mut function_depth = isize::MAX;
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            let depth = entry.depth();
            path.retain(|(of, _)| *of < depth);
            if depth <= function_depth {
                function_depth = isize::MAX;
            }
            let id = TypeId {
                unit: index,
                offset: entry.offset().0,
            };
            match entry.tag() {
                gimli::DW_TAG_subprogram => {
                    function_depth = function_depth.min(depth);
                    self.add_function(info, unit, entry, id);
                    if let Some(name) = info.name_of(unit, entry) {
                        let full = joined(&path, &name);
                        self.by_name.entry(full).or_default().push(id);
                        self.by_name.entry(name).or_default().push(id);
                    }
                    let origin = entry.attr_value(gimli::DW_AT_abstract_origin);
                    if let Some(origin) = origin.and_then(|value| info.reference(index, value)) {
                        // Code of its own of a function that is also inlined: one name is enough.
                        self.own_code(origin);
                    }
                }
                gimli::DW_TAG_inlined_subroutine => {
                    self.add_inlined(info, unit, entry, index);
                    continue;
                }
                gimli::DW_TAG_variable if function_depth == isize::MAX => {
                    self.add_global(info, unit, entry, id, &path);
                    continue;
                }
                gimli::DW_TAG_namespace
                | gimli::DW_TAG_structure_type
                | gimli::DW_TAG_class_type
                | gimli::DW_TAG_union_type
                | gimli::DW_TAG_enumeration_type
                | gimli::DW_TAG_base_type
                | gimli::DW_TAG_typedef => {}
                _ => continue,
            }
            let Some(name) = entry
                .attr_value(gimli::DW_AT_name)
                .and_then(|value| info.text(unit, value))
            else {
                continue;
            };
            if !matches!(
                entry.tag(),
                gimli::DW_TAG_namespace | gimli::DW_TAG_subprogram
            ) {
                // What is only declared has no members.
                if entry.attr_value(gimli::DW_AT_declaration).is_none() {
                    let full = joined(&path, &name);
                    self.types.entry(name.clone()).or_insert(id);
                    self.types.entry(full).or_insert(id);
                }
            }
            if path.len() < DEEPEST {
                path.push((depth, name));
            }
        }
        Ok(())
    }

    /// The code that was added last is of a function whose name is at another entry.
    fn own_code(&mut self, origin: TypeId) {
        if let Some(code) = self.functions.last() {
            let start = code.start;
            self.inlined.entry(origin).or_default().push(start);
        }
    }

    fn add_inlined(
        &mut self,
        info: &DebugInfo,
        unit: &Unit<Reader>,
        entry: &DebuggingInformationEntry<Reader>,
        index: usize,
    ) {
        let origin = entry.attr_value(gimli::DW_AT_abstract_origin);
        let Some(origin) = origin.and_then(|value| info.reference(index, value)) else {
            return;
        };
        let first = || {
            let mut ranges = info.dwarf.die_ranges(unit, entry).ok()?;
            let mut lowest: Option<u64> = None;
            while let Ok(Some(range)) = ranges.next() {
                if range.begin < range.end {
                    lowest = Some(lowest.map_or(range.begin, |low| low.min(range.begin)));
                }
            }
            lowest
        };
        if let Some(start) = first() {
            self.inlined.entry(origin).or_default().push(start);
        }
    }

    fn add_function(
        &mut self,
        info: &DebugInfo,
        unit: &Unit<Reader>,
        entry: &DebuggingInformationEntry<Reader>,
        id: TypeId,
    ) {
        let Ok(mut ranges) = info.dwarf.die_ranges(unit, entry) else {
            return;
        };
        while let Ok(Some(range)) = ranges.next() {
            if range.begin < range.end {
                self.functions.push(FunctionCode {
                    start: range.begin,
                    end: range.end,
                    entry: id,
                });
            }
        }
    }

    fn add_global(
        &mut self,
        info: &DebugInfo,
        unit: &Unit<Reader>,
        entry: &DebuggingInformationEntry<Reader>,
        id: TypeId,
        path: &[(isize, String)],
    ) {
        if !matches!(
            entry.attr_value(gimli::DW_AT_location),
            Some(AttributeValue::Exprloc(_))
        ) {
            return;
        }
        // In C++ and C, what is declared elsewhere has its name there.
        let named = match entry.attr_value(gimli::DW_AT_specification) {
            Some(AttributeValue::UnitRef(at)) => unit.entry(at).ok(),
            _ => None,
        };
        let name = |entry: &DebuggingInformationEntry<Reader>| {
            let value = entry.attr_value(gimli::DW_AT_name)?;
            info.text(unit, value)
        };
        let Some(name) = name(entry).or_else(|| name(named.as_ref()?)) else {
            return;
        };
        let full = joined(path, &name);
        let global = Global { entry: id };
        self.globals.entry(name).or_insert(global);
        self.globals.entry(full).or_insert(global);
    }
}

fn joined(path: &[(isize, String)], name: &str) -> String {
    let mut text = String::new();
    for (_, part) in path {
        text += part;
        text += "::";
    }
    text + name
}

/// The entry that an id names.
pub(super) fn entry_of(
    info: &DebugInfo,
    id: TypeId,
) -> Option<(&Unit<Reader>, DebuggingInformationEntry<Reader>)> {
    let unit = info.units.get(id.unit)?;
    let entry = unit.entry(UnitOffset(id.offset)).ok()?;
    Some((unit, entry))
}
