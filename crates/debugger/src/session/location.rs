//! Places in the code, as people name them.

use std::rc::Rc;

use super::Session;
use crate::expression::{self, Expression, ExpressionError};
use crate::symbols::{Program, Space};
use crate::target::Target;

/// Programs that are named when a name is in several.
const MOST_NAMED: usize = 6;

/// A place in the code.
#[derive(Clone)]
pub struct Location {
    /// Its addresses: a source line may have become code at several.
    pub addresses: Vec<u64>,
    /// The program that it is in, if it was named by a symbol or a line.
    pub program: Option<Rc<Program>>,
}

/// An address with all that is known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// `main+0x8`.
    pub symbol: Option<String>,
    /// `src/main.rs:12`.
    pub line: Option<(String, u32)>,
}

impl Session {
    /// A place by `function`, `function+8`, `file:line`, a line of the current file, or `*address`. `within` is the
    /// program that is meant, if that was said.
    ///
    /// # Errors
    /// There is no such place, or it is in several programs.
    pub fn location(
        &self,
        target: &dyn Target,
        text: &str,
        within: Option<&Rc<Program>>,
    ) -> Result<Location, ExpressionError> {
        let text = text.trim();
        if let Some(address) = text.strip_prefix('*') {
            let value = self.evaluate(target, address)?;
            return Ok(Location {
                addresses: vec![value.int()?],
                program: None,
            });
        }
        if let Some((file, line)) = text.rsplit_once(':')
            && !file.ends_with(':')
            && let Ok(line) = line.trim().parse()
        {
            return self.line_location(target, file.trim(), line, within);
        }
        if let Ok(line) = text.parse() {
            let current = self.current_line(target);
            let (file, _) = current.ok_or_else(|| {
                ExpressionError(format!(
                    "line {line} of which file? There is no source here"
                ))
            })?;
            return self.line_location(target, &file, line, within);
        }
        self.symbol_location(target, text, within)
    }

    fn line_location(
        &self,
        target: &dyn Target,
        file: &str,
        line: u32,
        within: Option<&Rc<Program>>,
    ) -> Result<Location, ExpressionError> {
        for program in self.preferred(target, within) {
            let Some(debug) = program.debug() else {
                continue;
            };
            let found = debug.addresses_of_line(file, line);
            if !found.is_empty() {
                return Ok(Location {
                    addresses: found.into_iter().map(|(address, _)| address).collect(),
                    program: Some(program),
                });
            }
        }
        Err(ExpressionError(format!(
            "no program has code for line {line} of `{file}`"
        )))
    }

    fn symbol_location(
        &self,
        target: &dyn Target,
        text: &str,
        within: Option<&Rc<Program>>,
    ) -> Result<Location, ExpressionError> {
        let tree = expression::parse(text)?;
        if let Some(name) = symbol_in(&tree) {
            let all = self
                .programs
                .symbols(name, within.or(self.own(target).as_ref()));
            let all: Vec<_> = all
                .into_iter()
                .filter(|symbol| within.is_none_or(|w| Rc::ptr_eq(w, &symbol.program)))
                .collect();
            if let Some(first) = all.first() {
                self.check_unambiguous(target, name, &all, within)?;
                let distance = self.distance(target, &tree, name, first.address)?;
                return Ok(Location {
                    addresses: vec![first.address.wrapping_add(distance)],
                    program: Some(first.program.clone()),
                });
            }
            if let Some(found) = self.inlined_location(target, &tree, within) {
                return Ok(found);
            }
            let is_register = crate::target::Register::by_name(name).is_some();
            if let (Some(program), false) = (within, is_register) {
                return Err(ExpressionError(format!(
                    "{} has no symbol `{name}`",
                    program.name
                )));
            }
        }
        let value = self.evaluate(target, text)?;
        Ok(Location {
            addresses: vec![value.int()?],
            program: None,
        })
    }

    /// A function that was inlined everywhere has no symbol, but its code is known.
    fn inlined_location(
        &self,
        target: &dyn Target,
        tree: &Expression,
        within: Option<&Rc<Program>>,
    ) -> Option<Location> {
        let (Expression::Name(name) | Expression::Symbol(name)) = tree else {
            return None;
        };
        let all = self.preferred(target, within).into_iter();
        // Of user programs only those that are meant: there are many, and reading them all takes a while.
        let meant = all.filter(|program| {
            let is_own = |own: &Rc<Program>| Rc::ptr_eq(own, program);
            program.space != Space::User
                || within.is_some()
                || self.own(target).as_ref().is_some_and(is_own)
        });
        meant.into_iter().find_map(|program| {
            let found = program.debug()?.names().function(name);
            (!found.is_empty()).then_some(Location {
                addresses: found,
                program: Some(program),
            })
        })
    }

    /// How far an expression is from the symbol in it.
    fn distance(
        &self,
        target: &dyn Target,
        tree: &Expression,
        name: &str,
        address: u64,
    ) -> Result<u64, ExpressionError> {
        match tree {
            Expression::Name(_) | Expression::Symbol(_) => Ok(0),
            _ => {
                let scope = self.scope(target);
                let known = expression::Scope::symbol(&scope, name).unwrap_or(address);
                let value = expression::evaluate(tree, &scope)?.int()?;
                Ok(value.wrapping_sub(known))
            }
        }
    }

    fn check_unambiguous(
        &self,
        target: &dyn Target,
        name: &str,
        all: &[super::Symbol],
        within: Option<&Rc<Program>>,
    ) -> Result<(), ExpressionError> {
        let own = self.own(target);
        let first = &all[0].program;
        let is_preferred = own.is_some_and(|own| Rc::ptr_eq(&own, first));
        if all.len() == 1 || within.is_some() || is_preferred || first.space != Space::User {
            return Ok(());
        }
        let names: Vec<_> = all
            .iter()
            .take(MOST_NAMED)
            .map(|symbol| symbol.program.name.as_str())
            .collect();
        let more = if all.len() > MOST_NAMED { ", …" } else { "" };
        let short = names[0].rsplit('/').next().unwrap_or_default();
        Err(ExpressionError(format!(
            "`{name}` is in {}{more}: say in which, as in `{name} in {short}`",
            names.join(", ")
        )))
    }

    /// The program that is meant when nothing else is said: that of the selected frame, or else the first one.
    pub(crate) fn own(&self, target: &dyn Target) -> Option<Rc<Program>> {
        if let Some(main) = &self.main_program {
            return Some(main.clone());
        }
        let frame = self.innermost(target);
        frame.and_then(|frame| frame.program)
    }

    /// Programs in the order in which names are looked for.
    fn preferred(&self, target: &dyn Target, within: Option<&Rc<Program>>) -> Vec<Rc<Program>> {
        if let Some(within) = within {
            return vec![within.clone()];
        }
        let frame = self.innermost(target).and_then(|frame| frame.program);
        let mut all: Vec<Rc<Program>> = frame.into_iter().chain(self.own(target)).collect();
        for program in self.programs.iter() {
            if !all.iter().any(|known| Rc::ptr_eq(known, program)) {
                all.push(program.clone());
            }
        }
        all
    }

    /// A program by its name or path.
    ///
    /// # Errors
    /// There is none.
    pub fn program(&self, name: &str) -> Result<Rc<Program>, ExpressionError> {
        let found = self
            .programs
            .iter()
            .find(|program| program.name == name || program.name.rsplit('/').next() == Some(name));
        found.cloned().ok_or_else(|| {
            ExpressionError(format!(
                "there is no program `{name}`: `info programs` lists them"
            ))
        })
    }

    /// File and line of the selected frame.
    pub(crate) fn current_line(&self, target: &dyn Target) -> Option<(String, u32)> {
        let scope = self.scope(target);
        let frame = scope.frame.as_ref()?;
        let function = frame.function()?;
        Some((function.file.clone()?, function.line?))
    }

    /// What is known about an address, seen from a frame.
    #[must_use]
    pub fn place(&self, address: u64, frame: Option<&super::Frame>) -> Place {
        use machine::hart::Privilege;
        let own = frame.and_then(|frame| frame.program.as_ref());
        let own = own.filter(|program| program.covers(address));
        let privilege = frame.map_or(Privilege::Machine, |frame| frame.privilege);
        // From the kernel, an address of the user's half says nothing by itself.
        let program = own.or_else(|| match privilege {
            Privilege::User => None,
            _ => self
                .programs
                .at(address, privilege, Some(""))
                .filter(|program| program.space != Space::User),
        });
        let Some(program) = program else {
            return Place::default();
        };
        let symbol = program.symbols.nearest(address).map(|(name, offset)| {
            let name = short(name);
            match offset {
                0 => name.to_owned(),
                _ => format!("{name}+{offset:#x}"),
            }
        });
        let debug = program.debug();
        let line = debug.and_then(|debug| debug.line_at(address));
        Place {
            symbol,
            line: line.map(|line| (line.file, line.line)),
        }
    }

    /// The symbol of an address, seen from a frame.
    #[must_use]
    pub fn symbol(&self, address: u64, frame: Option<&super::Frame>) -> Option<String> {
        let own = frame.and_then(|frame| frame.program.as_ref());
        let found = own.and_then(|program| program.symbols.nearest(address));
        match found {
            Some((name, 0)) => Some(short(name).to_owned()),
            Some((name, offset)) => Some(format!("{}+{offset:#x}", short(name))),
            None => self.place(address, frame).symbol,
        }
    }

    /// The value of an expression in the selected frame.
    ///
    /// # Errors
    /// See [`expression::evaluate`].
    pub fn evaluate(
        &self,
        target: &dyn Target,
        text: &str,
    ) -> Result<expression::Value, ExpressionError> {
        let tree = expression::parse(text)?;
        expression::evaluate(&tree, &self.scope(target))
    }
}

/// The first name in an expression that could be a symbol.
fn symbol_in(tree: &Expression) -> Option<&str> {
    match tree {
        Expression::Name(name) | Expression::Symbol(name) => Some(name),
        Expression::Binary(expression::Binary::Add, a, b) => symbol_in(a).or_else(|| symbol_in(b)),
        Expression::Binary(expression::Binary::Subtract, a, _) => symbol_in(a),
        Expression::Unary(expression::Unary::AddressOf, of) => symbol_in(of),
        _ => None,
    }
}

/// A function's name without what it is generic over, which can be longer than a line.
#[must_use]
pub(crate) fn short(name: &str) -> &str {
    const LONG: usize = 60;
    match name.char_indices().nth(LONG) {
        Some((end, _)) if name.len() > LONG => {
            let cut = name[..end].rfind(['<', ':', ' ']).unwrap_or(end);
            if cut > 8 { &name[..cut] } else { &name[..end] }
        }
        _ => name,
    }
}
