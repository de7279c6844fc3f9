//! What reaches M-mode besides SBI calls: interrupts that are the firmware's, and exceptions that are S-mode's after
//! all.

use core::fmt::Write;
use core::sync::atomic::Ordering;

use crate::csr::{self, interrupt, mstatus};
use crate::extensions::rfence;
use crate::hart::{Hart, MAIL_IPI};
use crate::{clint, console, finisher};

/// Values of `mcause` (privileged specification, table 14).
pub mod cause {
    /// Environment call from S-mode.
    pub const ECALL_FROM_SUPERVISOR: usize = 9;
    /// The cause is an interrupt.
    pub const INTERRUPT: usize = 1 << (usize::BITS - 1);
    /// Machine software interrupt.
    pub const SOFTWARE: usize = INTERRUPT | 3;
    /// Machine timer interrupt.
    pub const TIMER: usize = INTERRUPT | 7;
}

/// An interrupt while S- or U-mode ran on this hart.
pub extern "C" fn interrupt(cause: usize, hart: &'static Hart) {
    match cause {
        cause::SOFTWARE => read_mail(hart),
        cause::TIMER => {
            // Only a hart without `stimecmp` asks for this one. It is S-mode's until it sets the next.
            csr::clear!("mie", interrupt::MTI);
            csr::set!("mip", interrupt::STI);
        }
        // Nothing else is enabled; what came anyway stays away from now on.
        other => csr::clear!("mie", 1 << (other & 0x3f)),
    }
}

/// Does what other harts want of this one.
pub fn read_mail(hart: &'static Hart) {
    // In this order: mail that arrives after it was read raises the interrupt again.
    clint::set_software_interrupt(hart.id, false);
    let mail = hart.mailbox.swap(0, Ordering::AcqRel);
    if mail & MAIL_IPI != 0 {
        csr::set!("mip", interrupt::SSI);
    }
    rfence::answer(hart, mail & !MAIL_IPI);
}

/// An exception of S- or U-mode that is not delegated. This firmware emulates nothing, so S-mode has it.
pub extern "C" fn exception(cause: usize) {
    redirect(cause, csr::read!("mtval"), csr::read!("mepc"));
}

/// Makes the trap that is being handled one into S-mode (privileged specification 4.1): `mret` then enters the
/// supervisor's handler.
pub fn redirect(cause: usize, tval: usize, pc: usize) {
    csr::write!("scause", cause);
    csr::write!("stval", tval);
    csr::write!("sepc", pc);
    let before = csr::read!("mstatus");
    let mut status =
        before & !(mstatus::SPP | mstatus::SPIE | mstatus::SIE | mstatus::MPP | mstatus::MPV);
    status |= mstatus::MPP_SUPERVISOR;
    if before & mstatus::MPP != 0 {
        status |= mstatus::SPP;
    }
    if before & mstatus::SIE != 0 {
        status |= mstatus::SPIE;
    }
    csr::write!("mstatus", status);
    csr::write!("mepc", csr::read!("stvec") & !3);
}

/// The firmware itself failed: its last words.
pub extern "C" fn fatal(cause: usize, pc: usize, tval: usize) -> ! {
    let _ = writeln!(
        console::seize(),
        "\nHartland SBI: the firmware failed on hart {}: mcause {cause:#x} mepc {pc:#x} mtval {tval:#x}",
        csr::read!("mhartid"),
    );
    finisher::end(finisher::End::Failure(finisher::FIRMWARE_FAILED))
}
