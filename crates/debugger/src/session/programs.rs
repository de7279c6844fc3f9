//! The programs whose names are known, and which of them an address belongs to.

use std::rc::Rc;

use machine::hart::Privilege;

use crate::symbols::{Program, Space};

/// All programs.
#[derive(Default)]
pub struct Programs {
    all: Vec<Rc<Program>>,
}

/// A symbol, and the program that has it.
#[derive(Clone)]
pub struct Symbol {
    /// The program.
    pub program: Rc<Program>,
    /// Its address.
    pub address: u64,
}

impl Programs {
    /// Adds one.
    pub fn add(&mut self, program: Program) {
        self.all.push(Rc::new(program));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<Program>> {
        self.all.iter()
    }

    /// The user program that a process of this name runs.
    #[must_use]
    pub fn user_program(&self, name: &str) -> Option<&Rc<Program>> {
        let mut users = self.all.iter().filter(|p| p.space == Space::User);
        // The kernel keeps 15 characters of the last part of the path.
        users.find(|program| {
            let own = program.name.rsplit('/').next().unwrap_or(&program.name);
            own.as_bytes().get(..own.len().min(15)) == Some(name.as_bytes())
        })
    }

    /// The program that an address belongs to, seen from a privilege. `process` is the name of the process whose
    /// address space it is, if there is one.
    #[must_use]
    pub fn at(
        &self,
        address: u64,
        privilege: Privilege,
        process: Option<&str>,
    ) -> Option<&Rc<Program>> {
        // The upper half belongs to the kernel, whoever looks.
        let is_high = address >> 63 != 0;
        let order: &[Space] = match privilege {
            Privilege::Machine => &[Space::Machine, Space::Kernel],
            Privilege::Supervisor | Privilege::User if is_high => &[Space::Kernel],
            Privilege::Supervisor => &[Space::Kernel, Space::User, Space::Machine],
            Privilege::User => &[Space::User, Space::Machine],
        };
        order.iter().find_map(|&space| {
            if let (Space::User, Some(name)) = (space, process) {
                return self.user_program(name).filter(|p| p.covers(address));
            }
            let mut of_space = self.all.iter().filter(|program| program.space == space);
            of_space.find(|program| program.covers(address))
        })
    }

    /// The symbols of a name, those of the preferred program first.
    #[must_use]
    pub fn symbols(&self, name: &str, preferred: Option<&Rc<Program>>) -> Vec<Symbol> {
        let first = preferred.into_iter();
        let others = self
            .all
            .iter()
            .filter(|program| preferred.is_none_or(|preferred| !Rc::ptr_eq(preferred, program)));
        let found = first.chain(others).filter_map(|program| {
            let address = address_of(program, name)?;
            Some(Symbol {
                program: program.clone(),
                address,
            })
        });
        found.collect()
    }
}

/// The address of a symbol by its whole name, or by the end of its path when that is the name of one only.
fn address_of(program: &Program, name: &str) -> Option<u64> {
    if let Some(address) = program.symbols.by_name(name) {
        return Some(address);
    }
    let mut found: Option<(&str, u64)> = None;
    for (full, address, _) in program.symbols.iter() {
        let rest = full.strip_suffix(name);
        if !rest.is_some_and(|rest| rest.ends_with("::")) {
            continue;
        }
        match found {
            // The shorter path is more likely meant: `main::main` rather than `main::inner::main`.
            Some((other, _)) if other.len() <= full.len() => {}
            _ => found = Some((full, address)),
        }
    }
    found.map(|(_, address)| address)
}
