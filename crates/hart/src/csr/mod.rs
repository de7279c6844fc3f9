//! Control and status registers.
//!
//! [`table`] says of every CSR where its value is, which bits can be written, which values are
//! legal and what a write brings about; here is how an instruction goes through the table:
//! first permission, then existence, then the value.

mod counters;
mod fields;
mod table;

use memory::Bus;

pub use fields::{Slot, envcfg, interrupt, status};
pub use table::{CsrSpec, specs};

use crate::{Hart, Privilege};
use table::{Effect, Requires, Value};

/// A CSR access that the hart must answer with an illegal-instruction exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalCsr;

impl Hart {
    /// Reads a CSR as an instruction in the current mode does.
    ///
    /// # Errors
    /// When the CSR does not exist or is not accessible now.
    pub fn read_csr(&self, bus: &Bus, number: u16) -> Result<u64, IllegalCsr> {
        let spec = self.permitted(number, false)?;
        Ok(self.csr_value(bus, spec, number))
    }

    /// Reads a CSR as a debugger does, whatever the mode; `None` when it does not exist.
    #[must_use]
    pub fn peek_csr(&self, bus: &Bus, number: u16) -> Option<u64> {
        let spec = table::find(number)?;
        Some(self.csr_value(bus, spec, number))
    }

    /// Writes a CSR as an instruction in the current mode does. Illegal values are made legal.
    ///
    /// # Errors
    /// When the CSR does not exist, is read-only or is not accessible now.
    pub fn write_csr(&mut self, bus: &mut Bus, number: u16, value: u64) -> Result<(), IllegalCsr> {
        let spec = self.permitted(number, true)?;
        self.set_csr_value(bus, spec, number, value);
        self.catch_csr_write(number, value);
        Ok(())
    }

    /// Writes a CSR as a debugger does, whatever the mode. Returns whether it exists.
    pub fn poke_csr(&mut self, bus: &mut Bus, number: u16, value: u64) -> bool {
        let Some(spec) = table::find(number) else {
            return false;
        };
        self.set_csr_value(bus, spec, number, value);
        true
    }

    /// The value that a read-modify-write instruction works on: for `mip` and `sip` the
    /// software-written bits only, so that a device's line is never written back as software's.
    #[must_use]
    pub(crate) fn csr_to_modify(&self, number: u16, read: u64) -> u64 {
        match number {
            isa::csr::MIP => self[Slot::Mip],
            isa::csr::SIP => self[Slot::Mip] & self[Slot::Mideleg],
            _ => read,
        }
    }

    fn permitted(&self, number: u16, write: bool) -> Result<&'static CsrSpec, IllegalCsr> {
        let needed = u64::from(number >> 8 & 3);
        let read_only = number >> 10 == 3;
        if (self.privilege as u64) < needed || write && read_only {
            return Err(IllegalCsr);
        }
        let spec = table::find(number).ok_or(IllegalCsr)?;
        if self.meets(spec.requires, number) {
            Ok(spec)
        } else {
            Err(IllegalCsr)
        }
    }

    fn meets(&self, requires: Requires, number: u16) -> bool {
        use isa::Extension;
        let supervisor = self.isa().has(Extension::S);
        match requires {
            Requires::Nothing => true,
            Requires::User => self.isa().has(Extension::U),
            Requires::Supervisor => supervisor,
            Requires::Satp => {
                let trapped = self[Slot::Mstatus] & status::TVM != 0;
                supervisor && !(trapped && self.privilege == Privilege::Supervisor)
            }
            Requires::Float => {
                self.isa().has(Extension::F) && self[Slot::Mstatus] & status::FS != 0
            }
            Requires::Even => number.is_multiple_of(2),
            Requires::Counter => self.counter_visible(number),
            Requires::Stimecmp => {
                let open =
                    self[Slot::Mcounteren] & 2 != 0 && self[Slot::Menvcfg] & envcfg::STCE != 0;
                let sstc = supervisor && self.isa().has(Extension::Sstc);
                sstc && (self.privilege == Privilege::Machine || open)
            }
        }
    }

    fn csr_value(&self, bus: &Bus, spec: &CsrSpec, number: u16) -> u64 {
        match spec.value {
            Value::Constant(value) => value,
            Value::Stored { slot, .. } => self[slot],
            Value::Computed { read, .. } => read(self, bus, number),
        }
    }

    fn set_csr_value(&mut self, bus: &mut Bus, spec: &CsrSpec, number: u16, value: u64) {
        match spec.value {
            Value::Constant(_) => {}
            Value::Stored {
                slot,
                writable,
                legal,
            } => {
                let old = self[slot];
                let new = old & !writable | value & writable;
                self[slot] = legal(self, old, new);
                self.csr_written(spec.effect, old, self[slot]);
            }
            Value::Computed { write, .. } => write(self, bus, number, value),
        }
    }

    fn csr_written(&mut self, effect: Effect, old: u64, new: u64) {
        match effect {
            Effect::None => {}
            Effect::Satp => {
                if old >> 60 != new >> 60 {
                    self.tlb.flush_spaces();
                }
                self.refresh_contexts();
            }
            Effect::Envcfg => {
                if (old ^ new) & (envcfg::ADUE | envcfg::PBMTE) != 0 {
                    self.tlb.flush_spaces();
                    self.refresh_contexts();
                }
            }
        }
    }

    /// Takes over a new `mstatus`, with all that follows from it.
    pub(crate) fn set_status(&mut self, new: u64) {
        let old = self[Slot::Mstatus];
        self[Slot::Mstatus] = new;
        if (old ^ new) & status::MXR != 0 {
            self.tlb.flush_spaces();
        }
        self.refresh_contexts();
        self.refresh_float();
    }

    /// Notes that floating-point state was changed.
    #[inline]
    pub fn mark_float_dirty(&mut self) {
        self[Slot::Mstatus] |= status::FS;
        self.refresh_float();
    }

    /// Derives how much floating-point instructions may take for granted.
    #[inline]
    pub(crate) fn refresh_float(&mut self) {
        let inexact = u64::from(softfloat::Flags::NX.bits());
        self.float_ready = self[Slot::Mstatus] & status::FS == status::FS;
        self.float_fast =
            self.float_ready && self[Slot::Frm] == 0 && self[Slot::Fflags] & inexact != 0;
    }

    /// All pending interrupts, in `mip` format.
    #[must_use]
    pub fn interrupts_pending(&self, lines: u64, now_ticks: u64) -> u64 {
        let mut pending = self[Slot::Mip] | lines;
        if self[Slot::Menvcfg] & envcfg::STCE != 0 {
            pending &= !interrupt::STIP;
            if now_ticks >= self[Slot::Stimecmp] {
                pending |= interrupt::STIP;
            }
        }
        pending
    }

    /// The tick of `time` at which this hart's own timer (Sstc) becomes due, if it is on.
    #[must_use]
    pub fn timer_deadline(&self) -> Option<u64> {
        let on = self[Slot::Menvcfg] & envcfg::STCE != 0;
        on.then(|| self[Slot::Stimecmp])
    }

    /// What [`Hart::timer_deadline`] depends on, cheap to compare.
    #[inline(always)]
    #[must_use]
    pub fn timer_setting(&self) -> (bool, u64) {
        let on = self[Slot::Menvcfg] & envcfg::STCE != 0;
        (on, self[Slot::Stimecmp])
    }

    pub(crate) fn reset_csrs(&mut self) {
        use isa::Extension;
        let has = |extension| self.isa().has(extension);
        let mut mstatus = 0;
        if has(Extension::U) {
            mstatus |= 2 << status::UXL_SHIFT;
        }
        if has(Extension::S) {
            mstatus |= 2 << status::SXL_SHIFT;
        }
        // With svade listed the machine starts with faults on clear A and D bits, as Spike does;
        // without it hardware updates are on from reset, as on QEMU (xv6 relies on it).
        let adue = has(Extension::Svadu) && !has(Extension::Svade);
        self[Slot::Mstatus] = mstatus;
        self[Slot::Menvcfg] = if adue { envcfg::ADUE } else { 0 };
        self[Slot::Stimecmp] = u64::MAX;
    }
}
