//! Semihosting calls on their way from the hart to the host and back, through the log.

use interpreter::hart::{Access, Hart};
use memory::{Bus, HostAnswer, HostEvent};

use crate::semihosting::{GuestMemory, Now};
use crate::{ExitVia, Machine};

const A0: u8 = 10;
const A1: u8 = 11;

/// Guest virtual memory as the calling hart's data accesses see it; nothing faults, fills a
/// TLB or sets an accessed bit.
struct HartMemory<'a> {
    hart: &'a Hart,
    bus: &'a Bus,
}

impl HartMemory<'_> {
    fn physical(&self, address: u64, access: Access) -> Option<u64> {
        let privilege = self.hart.contexts.data_privilege;
        let leaf = self.hart.peek_translation(self.bus, address, access, privilege);
        leaf.ok().map(|leaf| leaf.physical)
    }
}

impl GuestMemory for HartMemory<'_> {
    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        into.iter_mut().enumerate().all(|(i, byte)| {
            let at = self.physical(address.wrapping_add(i as u64), Access::Load);
            let value = at.and_then(|at| self.bus.ram.bytes(at, 1));
            value.is_some_and(|value| {
                *byte = value[0];
                true
            })
        })
    }
}

impl Machine {
    /// The hart whose turn it is makes a semihosting call: the host answers, or the log does.
    pub(crate) fn semihosting_call(&mut self) {
        if let Some(HostEvent::HostCall(answer)) = self.log.replayed_answer() {
            return self.apply_host_answer(&answer);
        }
        let hart = &self.harts[self.schedule.current];
        let (op, parameter) = (hart.reg(A0), hart.reg(A1));
        let Some(semihosting) = &mut self.semihosting else {
            return;
        };
        let memory = HartMemory {
            hart,
            bus: &self.bus,
        };
        let now = Now {
            guest: self.bus.clock.now(),
            rtc_base: self.config.rtc_base,
        };
        let answer = semihosting.call(op, parameter, &memory, now);
        self.log.record(&self.bus.clock, HostEvent::HostCall(answer.clone()));
        self.apply_host_answer(&answer);
    }

    pub(crate) fn apply_host_answer(&mut self, answer: &HostAnswer) {
        let hart = &mut self.harts[self.schedule.current];
        for (address, bytes) in &answer.writes {
            write_guest(hart, &mut self.bus, *address, bytes);
        }
        hart.set_reg(A0, answer.result);
        self.output.extend(&answer.console);
        if let Some(code) = answer.exit {
            self.end(code, ExitVia::Semihosting);
        }
    }
}

/// Writes where the guest's own stores may go; bytes that have no place are dropped.
fn write_guest(hart: &Hart, bus: &mut Bus, address: u64, bytes: &[u8]) {
    let privilege = hart.contexts.data_privilege;
    for (i, byte) in bytes.iter().enumerate() {
        let at = address.wrapping_add(i as u64);
        if let Ok(leaf) = hart.peek_translation(bus, at, Access::Store, privilege) {
            bus.ram.dma_write(leaf.physical, &[*byte]);
        }
    }
}
