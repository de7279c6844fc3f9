//! Traps: what a guest's instruction or an interrupt does to a hart.

use isa::trap::{Exception, Interrupt};
use memory::BusFault;

use crate::mmu::Access;
use crate::mmu::walk::WalkFault;
use crate::{Hart, Privilege, Slot, status};

/// An exception on its way to the guest's handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What happened.
    pub cause: Exception,
    /// What `mtval` or `stval` will hold.
    pub tval: u64,
}

impl Trap {
    /// An exception with its `tval`.
    #[must_use]
    pub const fn new(cause: Exception, tval: u64) -> Self {
        Self { cause, tval }
    }

    /// An illegal instruction; `tval` is its encoding.
    #[must_use]
    pub const fn illegal(word: u32) -> Self {
        Self::new(Exception::IllegalInstruction, word as u64)
    }

    /// The access fault of an access at virtual address `address`.
    #[must_use]
    pub const fn access_fault(access: Access, address: u64) -> Self {
        let cause = match access {
            Access::Load => Exception::LoadAccessFault,
            Access::Store => Exception::StoreAccessFault,
            Access::Fetch => Exception::InstructionAccessFault,
        };
        Self::new(cause, address)
    }

    /// The page fault of an access at virtual address `address`.
    #[must_use]
    pub const fn page_fault(access: Access, address: u64) -> Self {
        let cause = match access {
            Access::Load => Exception::LoadPageFault,
            Access::Store => Exception::StorePageFault,
            Access::Fetch => Exception::InstructionPageFault,
        };
        Self::new(cause, address)
    }

    /// The misaligned-address exception of an access at virtual address `address`.
    #[must_use]
    pub const fn misaligned(access: Access, address: u64) -> Self {
        let cause = match access {
            Access::Load => Exception::LoadAddressMisaligned,
            Access::Store => Exception::StoreAddressMisaligned,
            Access::Fetch => Exception::InstructionAddressMisaligned,
        };
        Self::new(cause, address)
    }

    pub(crate) const fn walk_fault(fault: WalkFault, access: Access, address: u64) -> Self {
        match fault {
            WalkFault::Page => Self::page_fault(access, address),
            WalkFault::Access => Self::access_fault(access, address),
        }
    }

    pub(crate) const fn bus_fault(_fault: BusFault, access: Access, address: u64) -> Self {
        Self::access_fault(access, address)
    }
}

/// Interrupts by falling priority (Privileged Architecture, "Machine Interrupt Registers").
const PRIORITY: [Interrupt; 6] = [
    Interrupt::MachineExternal,
    Interrupt::MachineSoftware,
    Interrupt::MachineTimer,
    Interrupt::SupervisorExternal,
    Interrupt::SupervisorSoftware,
    Interrupt::SupervisorTimer,
];

const INTERRUPT_FLAG: u64 = 1 << 63;

impl Hart {
    /// Delivers an exception: the hart continues at its handler.
    pub fn take_exception(&mut self, trap: Trap) {
        let code = trap.cause as u64;
        let delegated = self[Slot::Medeleg] >> code & 1 != 0;
        self.unretired += 1;
        self.catch_exception(trap);
        self.enter_handler(code, trap.tval, delegated);
    }

    /// The address and the exception that the hart has just trapped with, as the CSRs of its handler's mode tell: right
    /// only until the handler's first instruction.
    #[must_use]
    pub fn last_trap(&self) -> (u64, Option<Trap>) {
        let (pc, cause, tval) = match self.privilege {
            Privilege::Machine => (Slot::Mepc, Slot::Mcause, Slot::Mtval),
            _ => (Slot::Sepc, Slot::Scause, Slot::Stval),
        };
        let cause = Exception::from_code(self[cause]);
        (self[pc], cause.map(|cause| Trap::new(cause, self[tval])))
    }

    /// The privilege mode that the hart has just come from by a trap: right only until the handler changes it.
    #[must_use]
    pub fn privilege_before_trap(&self) -> Privilege {
        let mstatus = self[Slot::Mstatus];
        match self.privilege {
            Privilege::Machine => Privilege::from_bits(mstatus >> status::MPP_SHIFT),
            _ if mstatus & status::SPP != 0 => Privilege::Supervisor,
            _ => Privilege::User,
        }
    }

    /// The interrupt to take now, given the lines into this hart, if there is one.
    #[inline]
    #[must_use]
    pub fn pending_interrupt(&self, lines: u64, now_ticks: u64) -> Option<Interrupt> {
        let active = self.interrupts_pending(lines, now_ticks) & self[Slot::Mie];
        if active == 0 {
            return None;
        }
        let mstatus = self[Slot::Mstatus];
        let delegated = self[Slot::Mideleg];
        let machine_on = self.privilege < Privilege::Machine || mstatus & status::MIE != 0;
        let supervisor_on = match self.privilege {
            Privilege::User => true,
            Privilege::Supervisor => mstatus & status::SIE != 0,
            Privilege::Machine => false,
        };
        let to_machine = if machine_on { active & !delegated } else { 0 };
        let to_supervisor = if supervisor_on { active & delegated } else { 0 };
        let chosen = if to_machine != 0 {
            to_machine
        } else {
            to_supervisor
        };
        if chosen == 0 {
            return None;
        }
        PRIORITY
            .into_iter()
            .find(|&i| chosen >> (i as u64) & 1 != 0)
    }

    /// Whether WFI may end: something enabled in `mie` is pending, whatever the global enables and
    /// delegation say.
    #[must_use]
    pub fn has_wakeup(&self, lines: u64, now_ticks: u64) -> bool {
        self.interrupts_pending(lines, now_ticks) & self[Slot::Mie] != 0
    }

    /// Delivers an interrupt: the hart continues at its handler.
    pub fn take_interrupt(&mut self, interrupt: Interrupt) {
        let code = interrupt as u64;
        let delegated = self[Slot::Mideleg] >> code & 1 != 0;
        self.unretired += 1;
        self.waiting = false;
        self.catch_interrupt(interrupt);
        self.enter_handler(code | INTERRUPT_FLAG, 0, delegated);
    }

    fn enter_handler(&mut self, cause: u64, tval: u64, delegated: bool) {
        let to_supervisor = delegated && self.privilege != Privilege::Machine;
        let old = self[Slot::Mstatus];
        let previous = self.privilege as u64;
        let (vector, new) = if to_supervisor {
            self[Slot::Sepc] = self.pc;
            self[Slot::Scause] = cause;
            self[Slot::Stval] = tval;
            let enabled = old & status::SIE != 0;
            let cleared = old & !(status::SIE | status::SPIE | status::SPP);
            let kept = (u64::from(enabled) * status::SPIE) | previous << status::SPP_SHIFT;
            (self[Slot::Stvec], cleared | kept)
        } else {
            self[Slot::Mepc] = self.pc;
            self[Slot::Mcause] = cause;
            self[Slot::Mtval] = tval;
            let enabled = old & status::MIE != 0;
            let cleared = old & !(status::MIE | status::MPIE | status::MPP);
            let kept = (u64::from(enabled) * status::MPIE) | previous << status::MPP_SHIFT;
            (self[Slot::Mtvec], cleared | kept)
        };
        self[Slot::Mstatus] = new;
        let to = if to_supervisor {
            Privilege::Supervisor
        } else {
            Privilege::Machine
        };
        self.catch_privilege(to);
        self.privilege = to;
        self.refresh_contexts();
        let vectored = vector & 1 != 0 && cause & INTERRUPT_FLAG != 0;
        let offset = if vectored {
            (cause & !INTERRUPT_FLAG) * 4
        } else {
            0
        };
        self.pc = (vector & !3).wrapping_add(offset);
    }

    /// `mret`: back to what `mstatus` remembers.
    pub(crate) fn return_from_machine(&mut self) {
        let old = self[Slot::Mstatus];
        let to = Privilege::from_bits(old >> status::MPP_SHIFT);
        let mut new = old & !(status::MIE | status::MPP) | status::MPIE;
        new |= u64::from(old & status::MPIE != 0) * status::MIE;
        if to != Privilege::Machine {
            new &= !status::MPRV;
        }
        self.finish_return(new, to, self[Slot::Mepc]);
    }

    /// `sret`: back to what `sstatus` remembers.
    pub(crate) fn return_from_supervisor(&mut self) {
        let old = self[Slot::Mstatus];
        let to = if old & status::SPP != 0 {
            Privilege::Supervisor
        } else {
            Privilege::User
        };
        let mut new = old & !(status::SIE | status::SPP | status::MPRV) | status::SPIE;
        new |= u64::from(old & status::SPIE != 0) * status::SIE;
        self.finish_return(new, to, self[Slot::Sepc]);
    }

    fn finish_return(&mut self, mstatus: u64, to: Privilege, pc: u64) {
        self[Slot::Mstatus] = mstatus;
        self.catch_privilege(to);
        self.privilege = to;
        self.pc = pc;
        self.refresh_contexts();
    }
}
