//! One RV64 hart: registers, CSRs, MMU, PMP, traps, interrupts, and the meaning of every
//! instruction.
//!
//! * [`state`]: the registers, in a fixed layout.
//! * [`csr`]: every CSR in one table: storage, write mask, legal values, effects.
//! * [`mmu`]: page walk (pure), TLBs (state), PMP.
//! * [`trap`]: exceptions and interrupts, entry and return.
//! * [`semantics`]: what instructions compute, without any machine state.
//! * [`catch`]: what a debugger is told of.
//! * [`execute`]: what one decoded instruction does to a hart and its bus.
//!
//! Engines live in the `interpreter` crate. A hart sees memory and devices only as
//! [`memory::Bus`].

pub mod catch;
pub mod csr;
pub mod execute;
pub mod mmu;
mod privilege;
pub mod semantics;
mod state;
mod trap;

pub use catch::{Catch, Caught};
pub use csr::{Slot, envcfg, interrupt, status};
pub use execute::Flow;
pub use execute::cache::BLOCK as CACHE_BLOCK_BYTES;
pub use mmu::Access;
pub use mmu::walk::Pte;
pub use privilege::Privilege;
pub use state::{Hart, SINK};
pub use trap::Trap;
