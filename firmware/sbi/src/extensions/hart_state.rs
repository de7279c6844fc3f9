//! Hart state management (SBI 2.0, chapter 9).

use core::sync::atomic::Ordering;

use sbi_spec::binary::SbiRet;
use sbi_spec::hsm::hart_state::{
    RESUME_PENDING, START_PENDING, STARTED, STOP_PENDING, STOPPED, SUSPENDED,
};
use sbi_spec::hsm::{HART_GET_STATUS, HART_START, HART_STOP, HART_SUSPEND, suspend_type};

use super::Call;
use crate::csr::{self, interrupt, mstatus};
use crate::finisher::wait_for_interrupt;
use crate::hart::{self, Hart};
use crate::platform::PLATFORM;
use crate::{boot, clint, entry, trap};

pub fn call(call: Call) -> SbiRet {
    let [a0, a1, a2, ..] = call.arguments;
    match call.function {
        HART_START => request_start(a0, a1, a2),
        HART_STOP => {
            call.hart.state.store(STOPPED, Ordering::Release);
            wait_for_start(call.hart)
        }
        HART_GET_STATUS => match hart::by_id(a0) {
            Some(hart) => SbiRet::success(hart.state.load(Ordering::Acquire)),
            None => SbiRet::invalid_param(),
        },
        // The type is 32 bits wide (SBI 2.0, 9.4).
        HART_SUSPEND => suspend(call.hart, a0 as u32, a1, a2),
        _ => SbiRet::not_supported(),
    }
}

fn request_start(id: usize, address: usize, argument: usize) -> SbiRet {
    let Some(hart) = hart::by_id(id) else {
        return SbiRet::invalid_param();
    };
    if !PLATFORM.is_supervisor_code(address) {
        return SbiRet::invalid_address();
    }
    // STOP_PENDING keeps others from starting it while its address is written.
    let moved =
        hart.state
            .compare_exchange(STOPPED, STOP_PENDING, Ordering::AcqRel, Ordering::Acquire);
    match moved {
        Ok(_) => {
            hart.start_address.store(address, Ordering::Relaxed);
            hart.start_argument.store(argument, Ordering::Relaxed);
            hart.state.store(START_PENDING, Ordering::Release);
            clint::set_software_interrupt(id, true);
            SbiRet::success(0)
        }
        Err(STARTED | START_PENDING | SUSPENDED | RESUME_PENDING) => SbiRet::already_available(),
        Err(_) => SbiRet::failed(),
    }
}

/// Waits in M-mode until another hart starts this one, which is [`STOPPED`] or about to be started.
pub fn wait_for_start(hart: &'static Hart) -> ! {
    // Nothing of the supervisor's may wake it, and only the software interrupt does.
    csr::write!("mie", interrupt::MSI);
    loop {
        // Fences that were asked for before the others saw it stopped are still answered.
        trap::read_mail(hart);
        if hart.state.load(Ordering::Acquire) == START_PENDING {
            break;
        }
        wait_for_interrupt();
    }
    let address = hart.start_address.load(Ordering::Relaxed);
    let argument = hart.start_argument.load(Ordering::Relaxed);
    boot::prepare_supervisor(hart);
    hart.state.store(STARTED, Ordering::Release);
    entry::enter_supervisor(hart, argument, address)
}

fn suspend(hart: &'static Hart, kind: u32, address: usize, argument: usize) -> SbiRet {
    const PLATFORM_SPECIFIC: u32 = 0x1000_0000;
    let non_retentive = match kind {
        suspend_type::RETENTIVE => false,
        suspend_type::NON_RETENTIVE => true,
        // Platforms may define types from here on; this one has none.
        other if other & !suspend_type::NON_RETENTIVE >= PLATFORM_SPECIFIC => {
            return SbiRet::not_supported();
        }
        _ => return SbiRet::invalid_param(),
    };
    if non_retentive && !PLATFORM.is_supervisor_code(address) {
        return SbiRet::invalid_address();
    }
    hart.state.store(SUSPENDED, Ordering::Release);
    while csr::read!("mip") & csr::read!("mie") & interrupt::SUPERVISOR == 0 {
        wait_for_interrupt();
        if csr::read!("mip") & interrupt::MSI != 0 {
            trap::read_mail(hart);
        }
        if csr::read!("mip") & csr::read!("mie") & interrupt::MTI != 0 {
            trap::interrupt(trap::cause::TIMER, hart);
        }
    }
    if non_retentive {
        hart.state.store(RESUME_PENDING, Ordering::Release);
        csr::write!("satp", 0);
        csr::clear!("mstatus", mstatus::SIE | mstatus::MPP);
        csr::set!("mstatus", mstatus::MPP_SUPERVISOR);
        hart.state.store(STARTED, Ordering::Release);
        entry::enter_supervisor(hart, argument, address);
    }
    hart.state.store(STARTED, Ordering::Release);
    SbiRet::success(0)
}
