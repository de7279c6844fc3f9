//! Types, as DWARF describes them.

use gimli::{AttributeValue, DebuggingInformationEntry, DwAt, EntriesTreeNode, Unit, UnitOffset};

use super::names::entry_of;
use super::{DebugInfo, Reader};

/// Members that are looked at, at most.
const MOST_MEMBERS: usize = 4096;
/// Types of types are followed so far.
const DEEPEST: usize = 32;

/// Names an entry of a program's DWARF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId {
    pub(super) unit: usize,
    pub(super) offset: usize,
}

/// A type.
#[derive(Clone, Debug)]
pub struct TypeInfo {
    /// Its name; empty when it has none.
    pub name: String,
    /// Bytes that a value takes.
    pub size: u64,
    /// What it is made of.
    pub shape: Shape,
}

/// What a type is made of.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A number: how it is encoded (`DW_ATE_…`).
    Base(gimli::DwAte),
    /// The address of a value; of nothing known for `void *`.
    Pointer(Option<TypeId>),
    /// Members, and variants of which one is there at a time.
    Structure {
        /// Those that are always there.
        members: Vec<Member>,
        /// Rust's enums.
        variants: Option<Variants>,
    },
    /// Values side by side.
    Array {
        /// Their type.
        of: TypeId,
        /// How many.
        count: u64,
    },
    /// A number with names.
    Enumeration {
        /// Name and value.
        values: Vec<(String, i128)>,
        /// It has a sign.
        signed: bool,
    },
    /// Another name, or another quality such as `const`.
    Alias(Option<TypeId>),
    /// Code.
    Function,
}

/// A part of a structure.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name; `__0` for the first of a tuple.
    pub name: String,
    /// Bytes from the structure's start.
    pub offset: u64,
    /// Its type.
    pub ty: TypeId,
}

/// Variants, of which one is there at a time.
#[derive(Clone, Debug)]
pub struct Variants {
    /// What says which; without it there is one only.
    pub discriminant: Option<Member>,
    /// All of them.
    pub all: Vec<Variant>,
}

/// One variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The discriminant's value; none for the one that is meant by all other values.
    pub value: Option<u128>,
    /// What it holds.
    pub member: Member,
}

impl DebugInfo {
    /// Describes a type.
    #[must_use]
    pub fn type_info(&self, id: TypeId) -> Option<TypeInfo> {
        self.described(id, DEEPEST)
    }

    /// `depth` bounds how far arrays of arrays are followed, which a broken file could nest without end.
    fn described(&self, id: TypeId, depth: usize) -> Option<TypeInfo> {
        let depth = depth.checked_sub(1)?;
        let (unit, entry) = entry_of(self, id)?;
        let name = self.name_of(unit, &entry).unwrap_or_default();
        let size = number(&entry, gimli::DW_AT_byte_size);
        let of = self.type_of(id.unit, &entry);
        let shape = match entry.tag() {
            gimli::DW_TAG_base_type => match entry.attr_value(gimli::DW_AT_encoding)? {
                AttributeValue::Encoding(encoding) => Shape::Base(encoding),
                _ => return None,
            },
            gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_reference_type
            | gimli::DW_TAG_rvalue_reference_type => Shape::Pointer(of),
            gimli::DW_TAG_structure_type | gimli::DW_TAG_class_type | gimli::DW_TAG_union_type => {
                self.structure(id)?
            }
            gimli::DW_TAG_array_type => Shape::Array {
                of: of?,
                count: self.array_length(id)?,
            },
            gimli::DW_TAG_enumeration_type => self.enumeration(id)?,
            gimli::DW_TAG_typedef
            | gimli::DW_TAG_const_type
            | gimli::DW_TAG_volatile_type
            | gimli::DW_TAG_restrict_type
            | gimli::DW_TAG_atomic_type => Shape::Alias(of),
            gimli::DW_TAG_subroutine_type => Shape::Function,
            _ => return None,
        };
        let size = match (&shape, size) {
            (_, Some(size)) => size,
            (Shape::Pointer(_), None) => 8,
            (&Shape::Array { of, count }, None) => {
                self.behind_aliases(of, depth)?.1.size.saturating_mul(count)
            }
            _ => 0,
        };
        Some(TypeInfo { name, size, shape })
    }

    /// The type that is meant, behind all its aliases.
    #[must_use]
    pub fn resolved(&self, id: TypeId) -> Option<(TypeId, TypeInfo)> {
        self.behind_aliases(id, DEEPEST)
    }

    fn behind_aliases(&self, mut id: TypeId, depth: usize) -> Option<(TypeId, TypeInfo)> {
        for _ in 0..DEEPEST {
            let info = self.described(id, depth)?;
            match info.shape {
                Shape::Alias(of) => id = of?,
                _ => return Some((id, info)),
            }
        }
        None
    }

    pub(super) fn name_of(
        &self,
        unit: &Unit<Reader>,
        entry: &DebuggingInformationEntry<Reader>,
    ) -> Option<String> {
        self.text(unit, entry.attr_value(gimli::DW_AT_name)?)
    }

    /// The type that an entry names.
    pub(super) fn type_of(
        &self,
        unit: usize,
        entry: &DebuggingInformationEntry<Reader>,
    ) -> Option<TypeId> {
        self.reference(unit, entry.attr_value(gimli::DW_AT_type)?)
    }

    /// The entry that an attribute leads to, in its own unit or in another.
    pub(super) fn reference(&self, unit: usize, value: AttributeValue<Reader>) -> Option<TypeId> {
        match value {
            AttributeValue::UnitRef(UnitOffset(offset)) => Some(TypeId { unit, offset }),
            AttributeValue::DebugInfoRef(at) => {
                let mut units = self.units.iter().enumerate();
                units.find_map(|(unit, candidate)| {
                    let UnitOffset(offset) = at.to_unit_offset(&candidate.header)?;
                    Some(TypeId { unit, offset })
                })
            }
            _ => None,
        }
    }

    fn children(
        &self,
        id: TypeId,
        mut each: impl FnMut(EntriesTreeNode<'_, '_, Reader>) -> Option<()>,
    ) -> Option<()> {
        let unit = self.units.get(id.unit)?;
        let mut tree = unit.entries_tree(Some(UnitOffset(id.offset))).ok()?;
        let mut children = tree.root().ok()?.children();
        let mut count = 0;
        while let Ok(Some(child)) = children.next() {
            count += 1;
            if count > MOST_MEMBERS {
                break;
            }
            each(child);
        }
        Some(())
    }

    fn member(&self, id: TypeId, entry: &DebuggingInformationEntry<Reader>) -> Option<Member> {
        let unit = self.units.get(id.unit)?;
        Some(Member {
            name: self.name_of(unit, entry).unwrap_or_default(),
            offset: number(entry, gimli::DW_AT_data_member_location).unwrap_or(0),
            ty: self.type_of(id.unit, entry)?,
        })
    }

    fn structure(&self, id: TypeId) -> Option<Shape> {
        let mut members = Vec::new();
        let mut variants = None;
        self.children(id, |child| {
            match child.entry().tag() {
                gimli::DW_TAG_member => members.push(self.member(id, child.entry())?),
                gimli::DW_TAG_variant_part => variants = self.variant_part(id, child),
                _ => {}
            }
            Some(())
        })?;
        Some(Shape::Structure { members, variants })
    }

    fn variant_part(&self, id: TypeId, part: EntriesTreeNode<'_, '_, Reader>) -> Option<Variants> {
        let by = part
            .entry()
            .attr_value(gimli::DW_AT_discr)
            .and_then(|value| self.reference(id.unit, value));
        let mut all = Vec::new();
        let mut children = part.children();
        while let Ok(Some(child)) = children.next() {
            if child.entry().tag() != gimli::DW_TAG_variant || all.len() == MOST_MEMBERS {
                continue;
            }
            let value = child.entry().attr_value(gimli::DW_AT_discr_value);
            let value = value.and_then(|value| constant(&value)).map(|v| v as u128);
            let mut inner = child.children();
            while let Ok(Some(held)) = inner.next() {
                if held.entry().tag() == gimli::DW_TAG_member
                    && let Some(member) = self.member(id, held.entry())
                {
                    all.push(Variant { value, member });
                    break;
                }
            }
        }
        let discriminant = by.and_then(|by| {
            let (_, entry) = entry_of(self, by)?;
            self.member(by, &entry)
        });
        Some(Variants { discriminant, all })
    }

    fn array_length(&self, id: TypeId) -> Option<u64> {
        let mut length = None;
        self.children(id, |child| {
            let entry = child.entry();
            if entry.tag() == gimli::DW_TAG_subrange_type && length.is_none() {
                let last = || number(entry, gimli::DW_AT_upper_bound).map(|last| last + 1);
                length = number(entry, gimli::DW_AT_count).or_else(last);
            }
            Some(())
        })?;
        Some(length.unwrap_or(0))
    }

    fn enumeration(&self, id: TypeId) -> Option<Shape> {
        let (unit, entry) = entry_of(self, id)?;
        let signed = self
            .type_of(id.unit, &entry)
            .and_then(|of| entry_of(self, of))
            .and_then(|(_, of)| of.attr_value(gimli::DW_AT_encoding))
            .is_some_and(|v| v == AttributeValue::Encoding(gimli::DW_ATE_signed));
        let mut values = Vec::new();
        self.children(id, |child| {
            let entry = child.entry();
            if entry.tag() == gimli::DW_TAG_enumerator {
                let value = constant(&entry.attr_value(gimli::DW_AT_const_value)?)?;
                values.push((self.name_of(unit, entry)?, value));
            }
            Some(())
        })?;
        Some(Shape::Enumeration { values, signed })
    }
}

/// A constant of whatever form.
fn constant(value: &AttributeValue<Reader>) -> Option<i128> {
    match value {
        AttributeValue::Sdata(value) => Some(i128::from(*value)),
        other => other.udata_value().map(i128::from),
    }
}

fn number(entry: &DebuggingInformationEntry<Reader>, name: DwAt) -> Option<u64> {
    entry.attr_value(name)?.udata_value()
}
