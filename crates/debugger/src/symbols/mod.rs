//! From addresses to names, source lines, variables and types, and back.
//!
//! * [`Program`]: one ELF file: its symbols, and its DWARF once somebody asks.
//! * [`DebugInfo`]: lines, functions, variables, types and unwinding rules of a program.
//! * [`Source`]: the text of source files.

mod debug_info;
mod lines;
mod names;
mod program;
mod source;
mod types;
mod unwind;
mod variables;

pub use debug_info::{DebugInfo, Reader, Unwinding};
pub use lines::{CodeLine, InlineFrame};
pub use names::{Global, Names};
pub use program::{FindDebug, Program, Space};
pub use source::Source;
pub use types::{Member, Shape, TypeId, TypeInfo, Variant, Variants};
pub use unwind::{Caller, RegisterSet};
pub use variables::{Located, Place, Variable, VariableContext};
