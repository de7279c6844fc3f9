//! From a tree to a value.

use super::value::{Home, Type, Value};
use super::{Binary, Expression, ExpressionError, TypeName, Unary};
use crate::symbols::Shape;

/// Values of more bytes are not read as a whole.
const MOST_BYTES: u64 = 1 << 20;

/// Where names have their meaning: a frame of a hart or a thread.
pub trait Scope {
    /// A register by its name.
    fn register(&self, name: &str) -> Option<Value>;
    /// A variable in scope.
    fn variable(&self, name: &str) -> Option<Result<Value, ExpressionError>>;
    /// The address of a symbol.
    fn symbol(&self, name: &str) -> Option<u64>;
    /// A type by its name.
    fn type_named(&self, name: &str) -> Option<Type>;
    /// An earlier result: `$1`, or `$` for the last.
    fn earlier(&self, name: &str) -> Option<Value>;
    /// Bytes at an address.
    ///
    /// # Errors
    /// There is no memory that can be read.
    fn read(&self, address: u64, len: u64) -> Result<Vec<u8>, ExpressionError>;
}

/// Evaluates an expression.
///
/// # Errors
/// A name is unknown, memory cannot be read, or an operation has no meaning.
pub fn evaluate(tree: &Expression, scope: &dyn Scope) -> Result<Value, ExpressionError> {
    match tree {
        Expression::Number(value) if *value > i64::MAX as u64 => Ok(Value::word(*value)),
        Expression::Number(value) => Ok(Value::signed(*value as i64)),
        Expression::Float(value) => Ok(Value::double(*value)),
        Expression::Name(name) => by_name(name, scope),
        Expression::Symbol(name) => {
            let symbol = scope.symbol(name).map(Value::place);
            symbol.ok_or_else(|| ExpressionError::new(format!("there is no symbol `{name}`")))
        }
        Expression::Dollar(name) => {
            let found = scope.register(name).or_else(|| scope.earlier(name));
            found.ok_or_else(|| ExpressionError::new(format!("there is no register ${name}")))
        }
        Expression::Unary(operator, operand) => unary(*operator, operand, scope),
        Expression::Binary(operator, left, right) => binary(*operator, left, right, scope),
        Expression::Field(value, name) => field(evaluate(value, scope)?, name, scope),
        Expression::Index(value, index) => {
            let value = evaluate(value, scope)?;
            element(&value, evaluate(index, scope)?.int()?, scope)
        }
        Expression::Cast(ty, value) => cast(ty, evaluate(value, scope)?, scope),
    }
}

fn by_name(name: &str, scope: &dyn Scope) -> Result<Value, ExpressionError> {
    match name {
        "true" => return Ok(Value::of(Type::Bool, 1)),
        "false" => return Ok(Value::of(Type::Bool, 0)),
        _ => {}
    }
    if let Some(variable) = scope.variable(name) {
        return variable;
    }
    let found = scope
        .register(name)
        .or_else(|| scope.symbol(name).map(Value::place));
    found
        .ok_or_else(|| ExpressionError::new(format!("`{name}` is no variable, register or symbol")))
}

/// The value of a type at an address.
pub(super) fn load(ty: Type, address: u64, scope: &dyn Scope) -> Result<Value, ExpressionError> {
    let ty = ty.known();
    let size = ty.size();
    if size > MOST_BYTES {
        return Err(ExpressionError::new(format!(
            "a value of {size} bytes is too large to be read at once"
        )));
    }
    Ok(Value {
        bytes: scope.read(address, size)?,
        ty,
        home: Some(Home::Memory(address)),
    })
}

fn unary(
    operator: Unary,
    operand: &Expression,
    scope: &dyn Scope,
) -> Result<Value, ExpressionError> {
    let value = evaluate(operand, scope)?;
    if let (Unary::Negate, Some(float)) = (operator, value.float()) {
        return Ok(Value::double(-float));
    }
    Ok(match operator {
        Unary::Negate => Value::signed((value.int()? as i64).wrapping_neg()),
        Unary::Invert if value.is_signed() => Value::signed(!value.int()? as i64),
        Unary::Invert => Value::word(!value.int()?),
        Unary::Not => Value::of(Type::Bool, u64::from(value.int()? == 0)),
        Unary::Dereference => match &value.ty {
            Type::Pointer(Some(to)) => load((**to).clone(), value.raw(), scope)?,
            _ => load(Type::WORD, value.int()?, scope)?,
        },
        Unary::AddressOf => match value.home {
            Some(Home::Memory(address)) => {
                Value::of(Type::Pointer(Some(Box::new(value.ty))), address)
            }
            Some(Home::Register(name)) => {
                return Err(ExpressionError::new(format!(
                    "it is in register {name} and has no address"
                )));
            }
            None if matches!(value.ty, Type::Place) => value,
            None => {
                return Err(ExpressionError::new(
                    "only what is in memory has an address",
                ));
            }
        },
    })
}

fn binary(
    operator: Binary,
    left: &Expression,
    right: &Expression,
    scope: &dyn Scope,
) -> Result<Value, ExpressionError> {
    let left = evaluate(left, scope)?;
    let truth = |truth: bool| Value::of(Type::Bool, u64::from(truth));
    // The second operand of && and || is not looked at when the first decides.
    match operator {
        Binary::Both if left.int()? == 0 => return Ok(truth(false)),
        Binary::Either if left.int()? != 0 => return Ok(truth(true)),
        Binary::Both | Binary::Either => {
            return Ok(truth(evaluate(right, scope)?.int()? != 0));
        }
        _ => {}
    }
    let right = evaluate(right, scope)?;
    if left.float().is_some() || right.float().is_some() {
        return floats(operator, &left, &right);
    }
    if let Some(value) = pointers(operator, &left, &right)? {
        return Ok(value);
    }
    let signed = left.is_signed() && right.is_signed();
    let (a, b) = (left.int()?, right.int()?);
    let number = |value: u64| match signed {
        true => Value::signed(value as i64),
        false => Value::word(value),
    };
    let by_zero = || ExpressionError::new("division by zero");
    let order = || match signed {
        true => (a as i64).cmp(&(b as i64)),
        false => a.cmp(&b),
    };
    Ok(match operator {
        Binary::Multiply => number(a.wrapping_mul(b)),
        Binary::Divide if b == 0 => return Err(by_zero()),
        Binary::Remainder if b == 0 => return Err(by_zero()),
        Binary::Divide if signed => number((a as i64).wrapping_div(b as i64) as u64),
        Binary::Remainder if signed => number((a as i64).wrapping_rem(b as i64) as u64),
        Binary::Divide => number(a / b),
        Binary::Remainder => number(a % b),
        Binary::Add => number(a.wrapping_add(b)),
        Binary::Subtract => number(a.wrapping_sub(b)),
        Binary::ShiftLeft => number(if b < 64 { a << b } else { 0 }),
        Binary::ShiftRight if left.is_signed() => number((a as i64 >> b.min(63)) as u64),
        Binary::ShiftRight => number(if b < 64 { a >> b } else { 0 }),
        Binary::And => number(a & b),
        Binary::Xor => number(a ^ b),
        Binary::Or => number(a | b),
        Binary::Equal => truth(a == b),
        Binary::NotEqual => truth(a != b),
        Binary::Less => truth(order().is_lt()),
        Binary::LessOrEqual => truth(order().is_le()),
        Binary::Greater => truth(order().is_gt()),
        Binary::GreaterOrEqual => truth(order().is_ge()),
        Binary::Both | Binary::Either => truth(false), // answered above
    })
}

/// Pointers move by what they point to; places by bytes.
fn pointers(
    operator: Binary,
    left: &Value,
    right: &Value,
) -> Result<Option<Value>, ExpressionError> {
    if !matches!(operator, Binary::Add | Binary::Subtract) {
        return Ok(None);
    }
    let step = |value: &Value| match &value.ty {
        Type::Pointer(Some(to)) => Some((**to).clone().known().size().max(1)),
        Type::Pointer(None) | Type::Place => Some(1),
        _ => None,
    };
    Ok(match (step(left), step(right)) {
        (Some(size), None) => {
            let by = right.int()?.wrapping_mul(size);
            let to = match operator {
                Binary::Add => left.raw().wrapping_add(by),
                _ => left.raw().wrapping_sub(by),
            };
            Some(Value::of(left.ty.clone(), to))
        }
        (None, Some(size)) if operator == Binary::Add => {
            let to = right.raw().wrapping_add(left.int()?.wrapping_mul(size));
            Some(Value::of(right.ty.clone(), to))
        }
        (Some(size), Some(_)) if operator == Binary::Subtract => {
            let distance = left.raw().wrapping_sub(right.raw()) as i64;
            Some(Value::signed(distance / size.max(1) as i64))
        }
        _ => None,
    })
}

fn floats(operator: Binary, left: &Value, right: &Value) -> Result<Value, ExpressionError> {
    let number = |value: &Value| -> Result<f64, ExpressionError> {
        match value.float() {
            Some(float) => Ok(float),
            None if value.is_signed() => Ok(value.int()? as i64 as f64),
            None => Ok(value.int()? as f64),
        }
    };
    let (a, b) = (number(left)?, number(right)?);
    let truth = |truth: bool| Value::of(Type::Bool, u64::from(truth));
    Ok(match operator {
        Binary::Multiply => Value::double(a * b),
        Binary::Divide => Value::double(a / b),
        Binary::Remainder => Value::double(a % b),
        Binary::Add => Value::double(a + b),
        Binary::Subtract => Value::double(a - b),
        Binary::Equal => truth(a == b),
        Binary::NotEqual => truth(a != b),
        Binary::Less => truth(a < b),
        Binary::LessOrEqual => truth(a <= b),
        Binary::Greater => truth(a > b),
        Binary::GreaterOrEqual => truth(a >= b),
        _ => return Err(ExpressionError::new("bits are an affair of whole numbers")),
    })
}

/// A member of a structure, or of the one that a pointer points to.
fn field(value: Value, name: &str, scope: &dyn Scope) -> Result<Value, ExpressionError> {
    let value = match &value.ty {
        Type::Pointer(Some(to)) => load((**to).clone(), value.raw(), scope)?,
        _ => value,
    };
    let nothing = || {
        let ty = value.ty.name();
        ExpressionError::new(format!("a value of type {ty} has no field `{name}`"))
    };
    let (info, described) = value.ty.described().ok_or_else(nothing)?;
    let Shape::Structure { members, variants } = described.shape else {
        return Err(nothing());
    };
    let named = members.iter().find(|member| member.name == name);
    let variant = || {
        let all = &variants.as_ref()?.all;
        all.iter().map(|v| &v.member).find(|m| m.name == name)
    };
    let Some(member) = named.or_else(variant) else {
        let known: Vec<_> = members.iter().map(|m| m.name.as_str()).collect();
        return Err(ExpressionError::new(format!(
            "{} has no field `{name}`; it has {}",
            value.ty.name(),
            known.join(", ")
        )));
    };
    let ty = Type::of_debug(info, member.ty).ok_or_else(nothing)?;
    part(&value, ty, member.offset)
}

/// A part of a value.
pub(super) fn part(value: &Value, ty: Type, offset: u64) -> Result<Value, ExpressionError> {
    let end = offset.saturating_add(ty.size());
    let bytes = value.bytes.get(offset as usize..end as usize);
    let bytes = bytes.ok_or_else(|| ExpressionError::new("it is not inside of the value"))?;
    let home = match &value.home {
        Some(Home::Memory(address)) => Some(Home::Memory(address.wrapping_add(offset))),
        _ => None,
    };
    Ok(Value {
        ty,
        bytes: bytes.to_vec(),
        home,
    })
}

/// An element of an array, of a slice, or of what a pointer points to.
fn element(value: &Value, index: u64, scope: &dyn Scope) -> Result<Value, ExpressionError> {
    let pointed = |to: &Type, base: u64| {
        let to = to.clone().known();
        let by = index.wrapping_mul(to.size());
        load(to, base.wrapping_add(by), scope)
    };
    match &value.ty {
        Type::Pointer(Some(to)) => return pointed(to, value.raw()),
        Type::Int { .. } | Type::Place | Type::Pointer(None) => {
            return pointed(&Type::WORD, value.int()?);
        }
        _ => {}
    }
    let none = || {
        ExpressionError::new(format!(
            "a value of type {} has no elements",
            value.ty.name()
        ))
    };
    let (info, described) = value.ty.described().ok_or_else(none)?;
    let outside = |count: u64| {
        ExpressionError::new(format!(
            "there are {count} elements, and none is number {index}"
        ))
    };
    match described.shape {
        Shape::Array { of, count } => {
            let ty = Type::of_debug(info, of).ok_or_else(none)?;
            if index >= count && count > 0 {
                return Err(outside(count));
            }
            match value.home {
                Some(Home::Memory(address)) => pointed(&ty, address),
                _ => {
                    let offset = index.saturating_mul(ty.size());
                    part(value, ty, offset)
                }
            }
        }
        Shape::Structure { .. } => {
            let pointer = field(value.clone(), "data_ptr", scope).map_err(|_| none())?;
            let count = field(value.clone(), "length", scope)?.int()?;
            if index >= count {
                return Err(outside(count));
            }
            element(&pointer, index, scope)
        }
        _ => Err(none()),
    }
}

fn cast(name: &TypeName, value: Value, scope: &dyn Scope) -> Result<Value, ExpressionError> {
    let mut ty = if name.name == "void" && name.pointers > 0 {
        None
    } else {
        let found = Type::named(&name.name).or_else(|| scope.type_named(&name.name));
        let missing = || ExpressionError::new(format!("there is no type `{}`", name.name));
        Some(found.ok_or_else(missing)?)
    };
    for _ in 0..name.pointers {
        ty = Some(Type::Pointer(ty.map(Box::new)));
    }
    let ty = ty.unwrap_or(Type::WORD).known();
    match &ty {
        Type::Float(bytes) if value.float().is_none() => {
            let number = match value.is_signed() {
                true => value.int()? as i64 as f64,
                false => value.int()? as f64,
            };
            Ok(float_of(*bytes, number))
        }
        Type::Float(bytes) => Ok(float_of(*bytes, value.float().unwrap_or(0.0))),
        Type::Bool => Ok(Value::of(ty, u64::from(value.int()? != 0))),
        Type::Debug(..) => match value.home {
            // The same memory, seen as something else.
            Some(Home::Memory(address)) => load(ty, address, scope),
            _ => Err(ExpressionError::new(format!(
                "a {} lies in memory: cast its address to a pointer",
                name.name
            ))),
        },
        _ => {
            let number = value.int()?;
            Ok(Value::of(ty, number))
        }
    }
}

fn float_of(bytes: u8, number: f64) -> Value {
    match bytes {
        4 => Value::of(Type::Float(4), u64::from((number as f32).to_bits())),
        _ => Value::double(number),
    }
}
