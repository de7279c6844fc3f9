//! From a frame to its caller's, by the unwinding rules that the compiler left.

use gimli::{
    CfaRule, Evaluation, EvaluationResult, Location, RegisterRule, UnwindContext, UnwindExpression,
    UnwindSection, Value,
};

use super::debug_info::Unwinding;
use super::{DebugInfo, Reader, VariableContext};

const RA: u16 = 1;
const SP: u16 = 2;
const ENCODING: gimli::Encoding = gimli::Encoding {
    format: gimli::Format::Dwarf32,
    version: 4,
    address_size: 8,
};

/// The registers of a frame: what is not known is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterSet {
    /// Where the frame's function is, or goes on when what it called returns.
    pub pc: u64,
    /// Integer registers.
    pub x: [Option<u64>; 32],
    /// Floating-point registers, of the innermost frame only.
    pub f: Option<[u64; 32]>,
}

/// A caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its registers.
    pub registers: RegisterSet,
    /// The callee's canonical frame address.
    pub frame_address: u64,
}

impl DebugInfo {
    /// The caller of the frame with these registers. `is_exact` says that the frame's program counter is that of the
    /// next instruction; in a caller's frame it is behind a call, which may be the function's last instruction.
    #[must_use]
    pub fn caller(
        &self,
        registers: &RegisterSet,
        is_exact: bool,
        context: &dyn VariableContext,
    ) -> Option<Caller> {
        self.unwinding
            .as_ref()?
            .caller(registers, is_exact, context)
    }
}

impl Unwinding {
    /// The caller of a frame, as [`DebugInfo::caller`] has it.
    #[must_use]
    pub fn caller(
        &self,
        registers: &RegisterSet,
        is_exact: bool,
        context: &dyn VariableContext,
    ) -> Option<Caller> {
        let probe = if is_exact {
            registers.pc
        } else {
            registers.pc.checked_sub(1)?
        };
        caller(self, registers, probe, context)
    }
}

fn caller(
    unwinding: &Unwinding,
    registers: &RegisterSet,
    probe: u64,
    context: &dyn VariableContext,
) -> Option<Caller> {
    let section = &unwinding.section;
    let mut rows = UnwindContext::new();
    let row = section
        .unwind_info_for_address(
            &unwinding.bases,
            &mut rows,
            probe,
            gimli::EhFrame::cie_from_offset,
        )
        .ok()?;
    let rules = Rules {
        unwinding,
        context,
        registers,
    };
    let frame_address = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            let base = registers.x.get(usize::from(register.0))?.as_ref()?;
            base.wrapping_add(*offset as u64)
        }
        CfaRule::Expression(expression) => rules.expression(expression, None)?,
    };
    let mut x = registers.x;
    for number in 1..32u16 {
        let rule = row.register(gimli::Register(number));
        x[usize::from(number)] = rules.value(number, rule, frame_address);
    }
    let pc = x[usize::from(RA)]?;
    x[usize::from(SP)] = Some(frame_address);
    // The caller's own return address is wherever its rules say, but no longer in the register.
    x[usize::from(RA)] = None;
    Some(Caller {
        registers: RegisterSet { pc, x, f: None },
        frame_address,
    })
}

struct Rules<'a> {
    unwinding: &'a Unwinding,
    context: &'a dyn VariableContext,
    registers: &'a RegisterSet,
}

impl Rules<'_> {
    fn value(&self, number: u16, rule: Option<RegisterRule<usize>>, cfa: u64) -> Option<u64> {
        let own = self.registers.x[usize::from(number)];
        match rule {
            // No rule: what callees must preserve was not changed, all else is lost; the return address is still in
            // its register.
            None => (is_preserved(number) || number == RA).then_some(own)?,
            Some(RegisterRule::Undefined) => None,
            Some(RegisterRule::SameValue) => own,
            Some(RegisterRule::Offset(offset)) => {
                self.context.memory(cfa.wrapping_add(offset as u64), 8)
            }
            Some(RegisterRule::ValOffset(offset)) => Some(cfa.wrapping_add(offset as u64)),
            Some(RegisterRule::Register(other)) => *self.registers.x.get(usize::from(other.0))?,
            Some(RegisterRule::Expression(expression)) => {
                let at = self.expression(&expression, Some(cfa))?;
                self.context.memory(at, 8)
            }
            Some(RegisterRule::ValExpression(expression)) => {
                self.expression(&expression, Some(cfa))
            }
            Some(RegisterRule::Constant(value)) => Some(value),
            Some(_) => None,
        }
    }

    fn expression(&self, expression: &UnwindExpression<usize>, cfa: Option<u64>) -> Option<u64> {
        let code = expression.get(&self.unwinding.section).ok()?;
        let mut evaluation: Evaluation<Reader> = code.evaluation(ENCODING);
        evaluation.set_max_iterations(10_000);
        if let Some(cfa) = cfa {
            evaluation.set_initial_value(cfa);
        }
        let mut state = evaluation.evaluate().ok()?;
        loop {
            state = match state {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let value = self.context.memory(address, size)?;
                    evaluation.resume_with_memory(Value::Generic(value))
                }
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = (*self.registers.x.get(usize::from(register.0))?)?;
                    evaluation.resume_with_register(Value::Generic(value))
                }
                _ => return None,
            }
            .ok()?;
        }
        match evaluation.result().first()?.location {
            Location::Address { address } => Some(address),
            Location::Value { value } => value.to_u64(u64::MAX).ok(),
            _ => None,
        }
    }
}

/// Registers that a function gives back as it found them: sp, gp, tp, s0 to s11.
fn is_preserved(number: u16) -> bool {
    matches!(number, 2..=4 | 8 | 9 | 18..=27)
}
