//! What names mean in a frame.

use std::cell::RefCell;

use super::{Frame, FrameContext, Session};
use crate::expression::{ExpressionError, Home, Scope, Type, Value};
use crate::symbols::{Located, Place, Variable, VariableContext};
use crate::target::{Register, Space, Target};

/// A frame as a scope of names.
pub struct FrameScope<'a> {
    /// The session.
    pub session: &'a Session,
    /// The machine.
    pub target: &'a dyn Target,
    /// The frame; without one there is no hart.
    pub frame: Option<Frame>,
    variables: RefCell<Option<Vec<Variable>>>,
}

impl Session {
    /// The innermost frame of a hart as a scope.
    #[must_use]
    pub fn scope_on<'a>(&'a self, target: &'a dyn Target, hart: usize) -> FrameScope<'a> {
        FrameScope {
            session: self,
            target,
            frame: self.innermost_of(target, hart).map(|mut frame| {
                frame.frame_address = self.caller(target, &frame).map(|c| c.frame_address);
                frame
            }),
            variables: RefCell::default(),
        }
    }

    /// The selected frame as a scope.
    #[must_use]
    pub fn scope<'a>(&'a self, target: &'a dyn Target) -> FrameScope<'a> {
        let frame = match self.selected.frame {
            // Nothing has to be unwound for the innermost one but its own frame address.
            0 => self.innermost(target).map(|mut frame| {
                let caller = self.caller(target, &frame);
                frame.frame_address = caller.map(|caller| caller.frame_address);
                frame
            }),
            number => self.backtrace(target).into_iter().nth(number),
        };
        FrameScope {
            session: self,
            target,
            frame,
            variables: RefCell::default(),
        }
    }
}

impl<'a> FrameScope<'a> {
    /// A scope of a frame.
    #[must_use]
    pub fn new(session: &'a Session, target: &'a dyn Target, frame: Option<Frame>) -> Self {
        Self {
            session,
            target,
            frame,
            variables: RefCell::default(),
        }
    }
}

impl FrameScope<'_> {
    /// In which address space the frame reads.
    #[must_use]
    pub fn space(&self) -> Space {
        self.frame.as_ref().map_or(Space::Physical, |f| f.space)
    }

    /// The variables that can be seen: those of the frame's function, the innermost last.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        if let Some(known) = self.variables.borrow().as_ref() {
            return known.clone();
        }
        let found = self.frame.as_ref().map_or_else(Vec::new, |frame| {
            let debug = frame.program.as_ref().and_then(|p| p.debug());
            let all = debug.map_or_else(Vec::new, |d| d.variables_at(frame.probe()));
            let outer = frame.functions.len().saturating_sub(1);
            let level = outer.saturating_sub(frame.inlined);
            all.into_iter().filter(|v| v.level == level).collect()
        });
        *self.variables.borrow_mut() = Some(found.clone());
        found
    }

    /// The value of a variable.
    ///
    /// # Errors
    /// The compiler has left none.
    pub fn value_of(&self, variable: &Variable) -> Result<Value, ExpressionError> {
        let gone = || ExpressionError(format!("{} was optimized out here", variable.name));
        let frame = self.frame.as_ref().ok_or_else(gone)?;
        let debug = frame.program.as_ref().and_then(|p| p.debug());
        let debug = debug.ok_or_else(gone)?;
        let ty = variable.ty.and_then(|ty| Type::of_debug(debug, ty));
        let ty = ty.ok_or_else(gone)?;
        let context = self.context(frame);
        let located = debug.locate(variable, frame.probe(), &context);
        self.fetch(&located.ok_or_else(gone)?, ty, &context)
            .ok_or_else(gone)
    }

    fn context<'b>(&'b self, frame: &'b Frame) -> FrameContext<'b> {
        FrameContext {
            target: self.target,
            registers: &frame.registers,
            space: frame.space,
            frame_address: frame.frame_address,
        }
    }

    /// A value from wherever its parts are.
    fn fetch(&self, located: &Located, ty: Type, context: &FrameContext<'_>) -> Option<Value> {
        const MOST_BYTES: u64 = 1 << 20;
        let size = ty.size();
        if size > MOST_BYTES {
            return None;
        }
        let mut bytes = Vec::new();
        for (len, place) in &located.0 {
            let left = size.saturating_sub(bytes.len() as u64);
            let len = len.unwrap_or(left).min(left) as usize;
            match place {
                Place::Memory(address) => {
                    let at = bytes.len();
                    bytes.resize(at + len, 0);
                    self.target
                        .read(context.space, *address, &mut bytes[at..])
                        .ok()?;
                }
                Place::Register(number) => {
                    let value = context.register(*number)?.to_le_bytes();
                    bytes.extend(value.iter().copied().chain(std::iter::repeat(0)).take(len));
                }
                Place::Bytes(value) => {
                    bytes.extend(value.iter().copied().chain(std::iter::repeat(0)).take(len));
                }
                // A part that is gone is shown as zero only when something else is left.
                Place::Gone if located.0.len() > 1 => bytes.extend(std::iter::repeat_n(0, len)),
                Place::Gone => return None,
            }
        }
        if located.0.is_empty() || located.0.iter().all(|(_, place)| *place == Place::Gone) {
            return (size == 0).then_some(Value {
                ty,
                bytes,
                home: None,
            });
        }
        bytes.resize(size as usize, 0);
        let innermost = self.session.selected.frame == 0 && self.session.selected.thread.is_none();
        let register = located.register().filter(|_| innermost);
        let home = located.address().map(Home::Memory).or_else(|| {
            let number = register?;
            let name = match number {
                0..=31 => isa::reg::X_NAMES[usize::from(number)],
                _ => isa::reg::F_NAMES.get(usize::from(number) - 32)?,
            };
            Some(Home::Register(name.to_owned()))
        });
        Some(Value { ty, bytes, home })
    }

    fn global(&self, name: &str) -> Option<Result<Value, ExpressionError>> {
        let frame = self.frame.as_ref();
        let own = frame.and_then(|frame| frame.program.as_ref());
        // What is not in the frame's own program is looked for in those whose memory the frame can see.
        let others = self.session.programs.iter().filter(|program| {
            own.is_none_or(|own| !std::rc::Rc::ptr_eq(own, program))
                && program.space != crate::symbols::Space::User
        });
        // The process that runs is in sight of its kernel.
        let fawn = self.session.fawn(self.target);
        let process = fawn.and_then(|fawn| fawn.process_on(self.session.selected.hart));
        let process = process.and_then(|process| self.session.programs.user_program(&process.name));
        let process =
            process.filter(|program| own.is_none_or(|o| !std::rc::Rc::ptr_eq(o, program)));
        for program in own.into_iter().chain(process).chain(others) {
            // Debugging information is read only where a symbol says that the name is there.
            let is_own = own.is_some_and(|own| std::rc::Rc::ptr_eq(own, program));
            let mut symbols = program.symbols.iter();
            if !is_own && !symbols.any(|(symbol, ..)| symbol.ends_with(name)) {
                continue;
            }
            let Some(debug) = program.debug() else {
                continue;
            };
            let Some(global) = debug.names().global(name) else {
                continue;
            };
            let registers = crate::symbols::RegisterSet {
                pc: 0,
                x: [None; 32],
                f: None,
            };
            let context = FrameContext {
                target: self.target,
                registers: &registers,
                space: self.space(),
                frame_address: None,
            };
            let (located, ty) = debug.locate_global(global, &context)?;
            let ty = Type::of_debug(debug, ty?)?;
            let value = self.fetch(&located, ty, &context);
            let unreadable = || {
                let address = located.address().unwrap_or(0);
                ExpressionError(format!("`{name}` at {address:#x} cannot be read from here"))
            };
            return Some(value.ok_or_else(unreadable));
        }
        None
    }
}

impl Scope for FrameScope<'_> {
    fn register(&self, name: &str) -> Option<Value> {
        let register = Register::by_name(name)?;
        let frame = self.frame.as_ref()?;
        let value = match register {
            Register::Pc => frame.registers.pc,
            Register::X(number) => frame.registers.x[usize::from(number)]?,
            Register::F(number) => frame.registers.f?[usize::from(number)],
            other => self.target.register(self.session.selected.hart, other)?,
        };
        let mut value = match register {
            Register::F(_) if value >> 32 == 0xffff_ffff => {
                Value::of(Type::Float(4), value & 0xffff_ffff)
            }
            Register::F(_) => Value::of(Type::Float(8), value),
            _ => Value::word(value),
        };
        value.home = Some(Home::Register(name.to_owned()));
        Some(value)
    }

    fn variable(&self, name: &str) -> Option<Result<Value, ExpressionError>> {
        let variables = self.variables();
        match variables
            .iter()
            .rev()
            .find(|variable| variable.name == name)
        {
            Some(variable) => Some(self.value_of(variable)),
            // A register's name is more likely meant than a variable somewhere.
            None if Register::by_name(name).is_some() => None,
            None => self.global(name),
        }
    }

    fn symbol(&self, name: &str) -> Option<u64> {
        let own = self.frame.as_ref().and_then(|frame| frame.program.as_ref());
        let found = self.session.programs.symbols(name, own);
        found.first().map(|symbol| symbol.address)
    }

    fn type_named(&self, name: &str) -> Option<Type> {
        let own = self.frame.as_ref().and_then(|frame| frame.program.as_ref());
        let others = self.session.programs.iter();
        own.into_iter().chain(others).find_map(|program| {
            let debug = program.debug()?;
            Type::of_debug(debug, debug.names().type_named(name)?)
        })
    }

    fn earlier(&self, name: &str) -> Option<Value> {
        self.session.earlier(name)
    }

    fn read(&self, address: u64, len: u64) -> Result<Vec<u8>, ExpressionError> {
        let mut bytes = vec![0; len as usize];
        self.target
            .read(self.space(), address, &mut bytes)
            .map_err(|error| ExpressionError(error.to_string()))?;
        Ok(bytes)
    }
}
