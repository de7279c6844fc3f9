//! Values and their types.

use std::rc::Rc;

use super::ExpressionError;
use crate::symbols::{DebugInfo, Shape, TypeId, TypeInfo};

/// A type.
#[derive(Clone)]
pub enum Type {
    /// A number without a point.
    Int {
        /// 1, 2, 4, 8 or 16.
        bytes: u8,
        /// It may be below zero.
        signed: bool,
    },
    /// True or false.
    Bool,
    /// A character: of 1 byte as in C, of 4 as in Rust.
    Char(u8),
    /// A number with a point: of 4 or 8 bytes.
    Float(u8),
    /// The address of a value; of nothing known for none.
    Pointer(Option<Box<Type>>),
    /// The address of code or of something that has a name only.
    Place,
    /// A type of a program's debugging information: no number, and no pointer.
    Debug(Rc<DebugInfo>, TypeId),
}

impl Type {
    /// What registers hold.
    pub const WORD: Self = Self::Int {
        bytes: 8,
        signed: false,
    };

    /// A type of debugging information.
    #[must_use]
    pub fn of_debug(info: &Rc<DebugInfo>, id: TypeId) -> Option<Self> {
        let (id, described) = info.resolved(id)?;
        Some(match described.shape {
            Shape::Base(encoding) => base(encoding, described.size as u8),
            Shape::Pointer(None) => Self::Pointer(None),
            Shape::Pointer(Some(to)) => {
                // What is pointed to is looked at only when it is needed: it may be the type itself.
                Self::Pointer(Some(Box::new(Self::Debug(info.clone(), to))))
            }
            Shape::Function => Self::Place,
            _ => Self::Debug(info.clone(), id),
        })
    }

    /// The type itself where it is known by reference only.
    #[must_use]
    pub fn known(self) -> Self {
        match &self {
            Self::Debug(info, id) => Self::of_debug(info, *id).unwrap_or(self),
            _ => self,
        }
    }

    /// By its name in an expression.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let int = |bytes, signed| Some(Self::Int { bytes, signed });
        match name {
            "u8" | "uint8_t" | "unsigned char" => int(1, false),
            "i8" | "int8_t" | "signed char" => int(1, true),
            "u16" | "uint16_t" | "unsigned short" | "unsigned short int" => int(2, false),
            "i16" | "int16_t" | "short" | "short int" => int(2, true),
            "u32" | "uint32_t" | "unsigned" | "unsigned int" => int(4, false),
            "i32" | "int32_t" | "int" | "signed" | "signed int" => int(4, true),
            "u64" | "usize" | "uint64_t" | "size_t" | "uintptr_t" | "unsigned long"
            | "unsigned long long" | "unsigned long int" | "long unsigned int" => int(8, false),
            "i64" | "isize" | "int64_t" | "long" | "long long" | "long int" => int(8, true),
            "bool" => Some(Self::Bool),
            "char" => Some(Self::Char(1)),
            "f32" | "float" => Some(Self::Float(4)),
            "f64" | "double" => Some(Self::Float(8)),
            _ => None,
        }
    }

    /// Bytes that a value takes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Int { bytes, .. } | Self::Float(bytes) | Self::Char(bytes) => u64::from(*bytes),
            Self::Bool => 1,
            Self::Pointer(_) | Self::Place => 8,
            Self::Debug(info, id) => info.resolved(*id).map_or(0, |(_, info)| info.size),
        }
    }

    /// Its description, if it is one of debugging information.
    #[must_use]
    pub fn described(&self) -> Option<(&Rc<DebugInfo>, TypeInfo)> {
        match self {
            Self::Debug(info, id) => Some((info, info.resolved(*id)?.1)),
            _ => None,
        }
    }

    /// Its name as a person would write it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Int { bytes, signed } => {
                format!("{}{}", if *signed { 'i' } else { 'u' }, 8 * bytes)
            }
            Self::Bool => "bool".to_owned(),
            Self::Char(_) => "char".to_owned(),
            Self::Float(bytes) => format!("f{}", 8 * bytes),
            Self::Pointer(None) | Self::Place => "*".to_owned(),
            Self::Pointer(Some(to)) => match &**to {
                Self::Debug(info, id) => {
                    let name = info.type_info(*id).map(|info| info.name);
                    format!("*{}", name.unwrap_or_default())
                }
                other => format!("*{}", other.name()),
            },
            Self::Debug(info, id) => info.type_info(*id).map_or(String::new(), |i| i.name),
        }
    }
}

fn base(encoding: gimli::DwAte, bytes: u8) -> Type {
    let int = |signed| Type::Int {
        bytes: bytes.clamp(1, 16),
        signed,
    };
    match encoding {
        gimli::DW_ATE_boolean => Type::Bool,
        gimli::DW_ATE_float if bytes == 4 => Type::Float(4),
        gimli::DW_ATE_float if bytes == 8 => Type::Float(8),
        gimli::DW_ATE_UTF => Type::Char(4),
        gimli::DW_ATE_signed_char | gimli::DW_ATE_unsigned_char if bytes == 1 => {
            // Rust says so of u8 too, whose values are numbers.
            int(encoding == gimli::DW_ATE_signed_char)
        }
        gimli::DW_ATE_signed | gimli::DW_ATE_signed_char => int(true),
        _ => int(false),
    }
}

/// Where a value came from, and can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// Memory, in the address space of the selected frame.
    Memory(u64),
    /// A register by its name.
    Register(String),
}

/// A value.
#[derive(Clone)]
pub struct Value {
    /// Its type.
    pub ty: Type,
    /// Its bytes, the lowest first.
    pub bytes: Vec<u8>,
    /// Where it came from.
    pub home: Option<Home>,
}

impl Value {
    /// A word.
    #[must_use]
    pub fn word(value: u64) -> Self {
        Self::of(Type::WORD, value)
    }

    /// A signed word.
    #[must_use]
    pub fn signed(value: i64) -> Self {
        let ty = Type::Int {
            bytes: 8,
            signed: true,
        };
        Self::of(ty, value as u64)
    }

    /// The address of something that has a name only.
    #[must_use]
    pub fn place(address: u64) -> Self {
        Self::of(Type::Place, address)
    }

    /// A double.
    #[must_use]
    pub fn double(value: f64) -> Self {
        Self::of(Type::Float(8), value.to_bits())
    }

    /// A value of a type of up to eight bytes.
    #[must_use]
    pub fn of(ty: Type, value: u64) -> Self {
        let mut bytes = value.to_le_bytes().to_vec();
        bytes.resize(ty.size() as usize, 0);
        Self {
            ty,
            bytes,
            home: None,
        }
    }

    /// The bytes as a number, whatever the type.
    #[must_use]
    pub fn raw(&self) -> u64 {
        let low = self.bytes.iter().take(8).rev();
        low.fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    /// As a number of 64 bits, its sign extended.
    ///
    /// # Errors
    /// It is no number.
    pub fn int(&self) -> Result<u64, ExpressionError> {
        let raw = self.raw();
        Ok(match &self.ty {
            Type::Int {
                bytes,
                signed: true,
            } if *bytes < 8 => {
                let unused = 64 - 8 * u32::from(*bytes);
                ((raw << unused) as i64 >> unused) as u64
            }
            Type::Float(_) => self.float().unwrap_or(0.0) as i64 as u64,
            Type::Debug(..) => {
                let (_, info) = self.ty.described().ok_or_else(|| self.no_number())?;
                match info.shape {
                    Shape::Enumeration { .. } => raw,
                    // A structure around one number, such as an index with a type of its own.
                    _ if info.size <= 8 && info.size > 0 => raw,
                    _ => return Err(self.no_number()),
                }
            }
            _ => raw,
        })
    }

    fn no_number(&self) -> ExpressionError {
        ExpressionError::new(format!("a value of type {} is no number", self.ty.name()))
    }

    /// As a number with a point, if it is one.
    #[must_use]
    pub fn float(&self) -> Option<f64> {
        match self.ty {
            Type::Float(4) => Some(f64::from(f32::from_bits(self.raw() as u32))),
            Type::Float(_) => Some(f64::from_bits(self.raw())),
            _ => None,
        }
    }

    /// Whether it may be below zero.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        matches!(self.ty, Type::Int { signed: true, .. })
    }
}
