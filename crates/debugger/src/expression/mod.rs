//! Expressions: numbers, registers, symbols, variables, memory, and what C and Rust do with them.
//!
//! `a0`, `$a0`, `mstatus`, `main+8`, `*(u32 *)sp`, `sp as *u64`, `queue->head.next`, `table[3]`, `&counter`,
//! `a0 == 3 && pc < main+64`. A bare name is a variable in scope, or else a register, or else a symbol; with `$` it is a
//! register. What a pointer points to is read in the address space of the selected frame.

mod evaluate;
mod parse;
mod print;
mod token;
mod value;

pub use evaluate::{Scope, evaluate};
pub use parse::{Binary, Expression, TypeName, Unary, parse};
pub use print::{Format, Printer};
pub use value::{Home, Type, Value};

/// Something is wrong with an expression, or with what it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub String);

impl ExpressionError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
