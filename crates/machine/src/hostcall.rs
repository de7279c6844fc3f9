//! Semihosting calls on their way from the hart to the host and back, through the log.

use std::ops::Range;

use interpreter::hart::{Access, Hart};
use memory::{Bus, HostAnswer, HostEvent, PAGE_SIZE};

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

impl GuestMemory for HartMemory<'_> {
    fn read(&self, address: u64, into: &mut [u8]) -> bool {
        for (at, part) in parts(address, into.len()) {
            let physical = physical(self.hart, self.bus, at, Access::Load);
            let len = part.len() as u64;
            match physical.and_then(|physical| self.bus.ram.bytes(physical, len)) {
                Some(bytes) => into[part].copy_from_slice(bytes),
                None => return false,
            }
        }
        true
    }
}

/// The parts of a range of guest addresses that lie in one page each: where they begin, and which
/// bytes of the range they are.
fn parts(address: u64, len: usize) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = address.wrapping_add(done as u64);
        let in_page = (PAGE_SIZE - at % PAGE_SIZE) as usize;
        let part = done..len.min(done + in_page);
        done = part.end;
        (!part.is_empty()).then_some((at, part))
    })
}

fn physical(hart: &Hart, bus: &Bus, address: u64, access: Access) -> Option<u64> {
    let privilege = hart.contexts.data_privilege;
    let leaf = hart.peek_translation(bus, address, access, privilege);
    leaf.ok().map(|leaf| leaf.physical)
}

impl Machine {
    /// The hart whose turn it is makes a semihosting call: the host answers, or the log does.
    ///
    /// Returns `false` when the call reads the console and nothing was typed yet, on a machine
    /// where somebody may type: then it must be made again.
    pub(crate) fn semihosting_call(&mut self) -> bool {
        if let Some(entering) = self.log.replayed_answer() {
            if let (false, HostEvent::HostCall(answer)) = (entering.again, &entering.event)
                && let Some(semihosting) = &mut self.semihosting
            {
                let op = self.harts[self.schedule.current].reg(A0);
                semihosting.was_answered(op, answer);
            }
            self.apply(entering.event, true);
            return true;
        }
        if self.log.has_pending() {
            return false; // another event enters first, as it did
        }
        let hart = &self.harts[self.schedule.current];
        let (op, parameter) = (hart.reg(A0), hart.reg(A1));
        let Some(semihosting) = &mut self.semihosting else {
            return true;
        };
        let memory = HartMemory {
            hart,
            bus: &self.bus,
        };
        if self.config.interactive && semihosting.awaits_input(op, parameter, &memory) {
            return false;
        }
        let now = Now {
            guest: self.bus.clock.now(),
            rtc_base: self.config.rtc_base,
        };
        let answer = semihosting.call(op, parameter, &memory, now);
        self.log
            .record(&self.bus.clock, HostEvent::HostCall(answer.clone()));
        self.apply_host_answer(&answer);
        true
    }

    pub(crate) fn apply_host_answer(&mut self, answer: &HostAnswer) {
        let hart = &mut self.harts[self.schedule.current];
        for (address, bytes) in &answer.writes {
            write_guest(hart, &mut self.bus, *address, bytes);
        }
        hart.set_reg(A0, answer.result);
        self.print(&answer.console);
        if let Some(code) = answer.exit {
            self.end(code, ExitVia::Semihosting);
        }
    }
}

/// Writes where the guest's own stores may go; bytes that have no place are dropped.
fn write_guest(hart: &Hart, bus: &mut Bus, address: u64, bytes: &[u8]) {
    for (at, part) in parts(address, bytes.len()) {
        if let Some(physical) = physical(hart, bus, at, Access::Store) {
            bus.ram.dma_write(physical, &bytes[part]);
        }
    }
}
