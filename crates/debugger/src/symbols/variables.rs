//! Variables: which there are at an address, and where their values are.

use gimli::{
    AttributeValue, EntriesTreeNode, EvaluationResult, Expression, Location, Unit, UnitOffset,
    Value as DwarfValue,
};

use super::names::{Global, entry_of};
use super::types::TypeId;
use super::{DebugInfo, Reader};

/// Scopes are not nested more deeply than this.
const DEEPEST: usize = 128;
/// Variables of one function, at most.
const MOST_VARIABLES: usize = 4096;
/// Steps of one location expression, at most.
const MOST_OPERATIONS: u32 = 10_000;

/// What locations are computed from: the registers and the memory of a frame.
pub trait VariableContext {
    /// A register by its DWARF number: 0 to 31 are the integer ones, 32 to 63 the floating-point ones.
    fn register(&self, number: u16) -> Option<u64>;
    /// `size` bytes (1 to 8) at an address.
    fn memory(&self, address: u64, size: u8) -> Option<u64>;
    /// The canonical frame address: the stack pointer before the call.
    fn frame_address(&self) -> Option<u64>;
}

/// A variable or parameter in scope.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Option<TypeId>,
    /// How many inlined functions around its own; 0 for those of the function that has the frame.
    pub level: usize,
    /// It is a parameter.
    pub is_parameter: bool,
    entry: TypeId,
    function: TypeId,
}

/// Where a part of a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In memory at an address.
    Memory(u64),
    /// In a register, by its DWARF number.
    Register(u16),
    /// Nowhere, but it is known.
    Bytes(Vec<u8>),
    /// Nowhere.
    Gone,
}

/// Where a value is: its parts in order, with their lengths where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located(pub Vec<(Option<u64>, Place)>);

impl Located {
    /// Its address, if the whole value lies in memory.
    #[must_use]
    pub fn address(&self) -> Option<u64> {
        match self.0.as_slice() {
            [(None, Place::Memory(address))] => Some(*address),
            _ => None,
        }
    }

    /// Its register, if the whole value is in one.
    #[must_use]
    pub fn register(&self) -> Option<u16> {
        match self.0.as_slice() {
            [(None, Place::Register(number))] => Some(*number),
            _ => None,
        }
    }
}

impl DebugInfo {
    /// The variables in scope at an address, the innermost last.
    #[must_use]
    pub fn variables_at(&self, pc: u64) -> Vec<Variable> {
        let mut found = Vec::new();
        if let Some(function) = self.function_at(pc)
            && let Some(unit) = self.units.get(function.unit)
            && let Ok(mut tree) = unit.entries_tree(Some(UnitOffset(function.offset)))
            && let Ok(root) = tree.root()
        {
            let mut visit = Visit {
                info: self,
                unit,
                unit_index: function.unit,
                function,
                pc,
                found: &mut found,
            };
            visit.scope(root, 0, 0);
        }
        found
    }

    /// The function whose own code is at an address.
    fn function_at(&self, pc: u64) -> Option<TypeId> {
        let functions = &self.names().functions;
        let after = functions.partition_point(|function| function.start <= pc);
        let found = functions[..after].iter().rev().take(16);
        let mut found = found.filter(|function| pc < function.end);
        found.next().map(|function| function.entry)
    }

    /// Where the code of the function at an address begins and ends.
    #[must_use]
    pub fn function_range(&self, pc: u64) -> Option<(u64, u64)> {
        let functions = &self.names().functions;
        let after = functions.partition_point(|function| function.start <= pc);
        let mut found = functions[..after].iter().rev().take(16);
        let function = found.find(|function| pc < function.end)?;
        Some((function.start, function.end))
    }

    /// Where a variable is at an address of its function's code.
    #[must_use]
    pub fn locate(
        &self,
        variable: &Variable,
        pc: u64,
        context: &dyn VariableContext,
    ) -> Option<Located> {
        let (unit, entry) = entry_of(self, variable.entry)?;
        if let Some(value) = entry.attr_value(gimli::DW_AT_const_value) {
            let bytes = match value {
                AttributeValue::Sdata(value) => value.to_le_bytes().to_vec(),
                other => other.udata_value()?.to_le_bytes().to_vec(),
            };
            return Some(Located(vec![(None, Place::Bytes(bytes))]));
        }
        let expression = match entry.attr_value(gimli::DW_AT_location)? {
            AttributeValue::Exprloc(expression) => expression,
            value => {
                let mut list = self.dwarf.attr_locations(unit, value).ok()??;
                loop {
                    let item = list.next().ok()??;
                    if item.range.begin <= pc && pc < item.range.end {
                        break item.data;
                    }
                }
            }
        };
        let base = || {
            let (unit, function) = entry_of(self, variable.function)?;
            let AttributeValue::Exprloc(base) = function.attr_value(gimli::DW_AT_frame_base)?
            else {
                return None;
            };
            let located = self.evaluate(unit, base, context, &|| None)?;
            match located.0.first()?.1 {
                Place::Register(number) => context.register(number),
                Place::Memory(address) => Some(address),
                _ => None,
            }
        };
        self.evaluate(unit, expression, context, &base)
    }

    /// Where a global variable is.
    #[must_use]
    pub fn locate_global(
        &self,
        global: Global,
        context: &dyn VariableContext,
    ) -> Option<(Located, Option<TypeId>)> {
        let (unit, entry) = entry_of(self, global.entry)?;
        let AttributeValue::Exprloc(expression) = entry.attr_value(gimli::DW_AT_location)? else {
            return None;
        };
        let located = self.evaluate(unit, expression, context, &|| None)?;
        let declared = || {
            let value = entry.attr_value(gimli::DW_AT_specification)?;
            let id = self.reference(global.entry.unit, value)?;
            let (_, entry) = entry_of(self, id)?;
            self.type_of(id.unit, &entry)
        };
        let ty = self.type_of(global.entry.unit, &entry).or_else(declared);
        Some((located, ty))
    }

    /// Evaluates a location description.
    pub(super) fn evaluate(
        &self,
        unit: &Unit<Reader>,
        expression: Expression<Reader>,
        context: &dyn VariableContext,
        frame_base: &dyn Fn() -> Option<u64>,
    ) -> Option<Located> {
        let mut evaluation = expression.evaluation(unit.encoding());
        evaluation.set_max_iterations(MOST_OPERATIONS);
        let mut state = evaluation.evaluate().ok()?;
        loop {
            state = match state {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let value = context.memory(address, size)?;
                    evaluation.resume_with_memory(DwarfValue::Generic(value))
                }
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = context.register(register.0)?;
                    evaluation.resume_with_register(DwarfValue::Generic(value))
                }
                EvaluationResult::RequiresFrameBase => {
                    evaluation.resume_with_frame_base(frame_base()?)
                }
                EvaluationResult::RequiresCallFrameCfa => {
                    evaluation.resume_with_call_frame_cfa(context.frame_address()?)
                }
                EvaluationResult::RequiresRelocatedAddress(address) => {
                    evaluation.resume_with_relocated_address(address)
                }
                EvaluationResult::RequiresIndexedAddress { index, .. } => {
                    let address = self.dwarf.address(unit, index).ok()?;
                    evaluation.resume_with_indexed_address(address)
                }
                EvaluationResult::RequiresBaseType(_) => {
                    evaluation.resume_with_base_type(gimli::ValueType::Generic)
                }
                _ => return None,
            }
            .ok()?;
        }
        let pieces = evaluation.result();
        let place = |location: Location<Reader>| match location {
            Location::Empty => Place::Gone,
            Location::Register { register } => Place::Register(register.0),
            Location::Address { address } => Place::Memory(address),
            Location::Value { value } => {
                let value = value.to_u64(u64::MAX).unwrap_or(0);
                Place::Bytes(value.to_le_bytes().to_vec())
            }
            Location::Bytes { value } => {
                let bytes = gimli::Reader::to_slice(&value);
                Place::Bytes(bytes.map(|b| b.into_owned()).unwrap_or_default())
            }
            Location::ImplicitPointer { .. } => Place::Gone,
        };
        let parts = pieces.into_iter().map(|piece| {
            let bytes = piece.size_in_bits.map(|bits| bits / 8);
            (bytes, place(piece.location))
        });
        Some(Located(parts.collect()))
    }
}

struct Visit<'a> {
    info: &'a DebugInfo,
    unit: &'a Unit<Reader>,
    unit_index: usize,
    function: TypeId,
    pc: u64,
    found: &'a mut Vec<Variable>,
}

impl Visit<'_> {
    fn scope(&mut self, node: EntriesTreeNode<'_, '_, Reader>, level: usize, depth: usize) {
        if depth > DEEPEST || self.found.len() > MOST_VARIABLES {
            return;
        }
        let mut children = node.children();
        while let Ok(Some(child)) = children.next() {
            let entry = child.entry();
            match entry.tag() {
                gimli::DW_TAG_variable | gimli::DW_TAG_formal_parameter => {
                    let id = TypeId {
                        unit: self.unit_index,
                        offset: entry.offset().0,
                    };
                    self.add(id, level);
                }
                gimli::DW_TAG_lexical_block if self.is_here(&child) => {
                    self.scope(child, level, depth + 1);
                }
                gimli::DW_TAG_inlined_subroutine if self.is_here(&child) => {
                    self.scope(child, level + 1, depth + 1);
                }
                _ => {}
            }
        }
    }

    fn is_here(&self, node: &EntriesTreeNode<'_, '_, Reader>) -> bool {
        let Ok(mut ranges) = self.info.dwarf.die_ranges(self.unit, node.entry()) else {
            return false;
        };
        while let Ok(Some(range)) = ranges.next() {
            if range.begin <= self.pc && self.pc < range.end {
                return true;
            }
        }
        false
    }

    /// Name and type of a variable of an inlined function are at its abstract origin.
    fn add(&mut self, id: TypeId, level: usize) {
        let Some((unit, entry)) = entry_of(self.info, id) else {
            return;
        };
        let origin = entry
            .attr_value(gimli::DW_AT_abstract_origin)
            .and_then(|value| self.info.reference(id.unit, value));
        let origin = origin.and_then(|at| Some((at, entry_of(self.info, at)?)));
        let name = self.info.name_of(unit, &entry);
        let name = name.or_else(|| {
            let (_, (unit, entry)) = origin.as_ref()?;
            self.info.name_of(unit, entry)
        });
        let ty = self.info.type_of(id.unit, &entry);
        let ty = ty.or_else(|| {
            let (at, (_, entry)) = origin.as_ref()?;
            self.info.type_of(at.unit, entry)
        });
        if let Some(name) = name {
            self.found.push(Variable {
                name,
                ty,
                level,
                is_parameter: entry.tag() == gimli::DW_TAG_formal_parameter,
                entry: id,
                function: self.function,
            });
        }
    }
}
