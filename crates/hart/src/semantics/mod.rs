//! What instructions compute: pure functions of operand values, without any machine state.
//!
//! Every function matches on an [`isa::Opcode`] and is meant to be inlined where that is a
//! constant, so that an engine which handles one opcode in one place is left with the expression
//! of that opcode only.

pub mod atomic;
mod bitmanip;
pub mod crypto;
pub mod float;
pub mod integer;
