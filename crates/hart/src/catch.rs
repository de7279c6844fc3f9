//! What a debugger wants to be told of. Watching changes nothing: none of this is state.

use isa::trap::Interrupt;

use crate::{Hart, Privilege, Trap};

/// Something that a debugger asked to be told of, and that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caught {
    /// An exception was delivered.
    Exception {
        /// What it was.
        trap: Trap,
        /// Where: the instruction's address.
        pc: u64,
        /// Privilege that the hart came from.
        from: Privilege,
    },
    /// An interrupt was taken.
    Interrupt {
        /// Which.
        interrupt: Interrupt,
        /// The instruction that was next.
        pc: u64,
        /// Privilege that the hart came from.
        from: Privilege,
    },
    /// The privilege changed, by a trap or a return.
    Privilege {
        /// Before.
        from: Privilege,
        /// After.
        to: Privilege,
    },
    /// An instruction wrote a CSR.
    CsrWrite {
        /// Its number.
        number: u16,
        /// What was written, before it was made legal.
        value: u64,
    },
}

/// What to tell a debugger of, and what has happened since it last asked.
#[derive(Clone, Debug, Default)]
pub struct Catch {
    /// Exceptions, by bit of their code.
    pub exceptions: u64,
    /// Interrupts, by bit of their code.
    pub interrupts: u64,
    /// Changes of privilege.
    pub privilege: bool,
    /// CSRs that are written.
    pub csrs: Vec<u16>,
    caught: Vec<Caught>,
}

impl Catch {
    /// Whether something has happened since [`Catch::take`].
    #[inline(always)]
    #[must_use]
    pub fn has_caught(&self) -> bool {
        !self.caught.is_empty()
    }

    /// What has happened since the last call.
    pub fn take(&mut self) -> Vec<Caught> {
        std::mem::take(&mut self.caught)
    }
}

impl Hart {
    pub(crate) fn catch_exception(&mut self, trap: Trap) {
        if self.catch.exceptions >> trap.cause as u64 & 1 != 0 {
            let (pc, from) = (self.pc, self.privilege);
            self.catch.caught.push(Caught::Exception { trap, pc, from });
        }
    }

    pub(crate) fn catch_interrupt(&mut self, interrupt: Interrupt) {
        if self.catch.interrupts >> interrupt as u64 & 1 != 0 {
            let (pc, from) = (self.pc, self.privilege);
            let caught = Caught::Interrupt {
                interrupt,
                pc,
                from,
            };
            self.catch.caught.push(caught);
        }
    }

    pub(crate) fn catch_privilege(&mut self, to: Privilege) {
        if self.catch.privilege && self.privilege != to {
            let from = self.privilege;
            self.catch.caught.push(Caught::Privilege { from, to });
        }
    }

    pub(crate) fn catch_csr_write(&mut self, number: u16, value: u64) {
        if self.catch.csrs.contains(&number) {
            self.catch.caught.push(Caught::CsrWrite { number, value });
        }
    }
}
