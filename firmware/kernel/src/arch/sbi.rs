//! Calls to the firmware (SBI 1.0 and later).

use core::arch::asm;
use sbi_spec::{binary::SbiRet, hsm, rfnc, spi, srst, time};

fn call(extension: usize, function: usize, arguments: [usize; 5]) -> SbiRet {
    let [a0, a1, a2, a3, a4] = arguments;
    let (error, value);
    // SAFETY: the SBI changes a0 and a1 only, and memory only as the call says; no call used here writes any.
    unsafe {
        asm!("ecall", inlateout("a0") a0 => error, inlateout("a1") a1 => value, in("a2") a2, in("a3") a3,
             in("a4") a4, in("a6") function, in("a7") extension, options(nostack));
    }
    SbiRet { error, value }
}

/// Why a call did not do what it was asked: the SBI's error number (negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SbiError(pub isize);

fn checked(ret: SbiRet) -> Result<usize, SbiError> {
    match ret.error {
        0 => Ok(ret.value),
        error => Err(SbiError(error as isize)),
    }
}

/// Interrupts this hart when the time reaches `ticks`, and takes back a timer interrupt that is pending.
pub fn set_timer(ticks: u64) {
    // It cannot fail where the extension exists, which every SBI since 0.2 has.
    let _ = call(
        time::EID_TIME,
        time::SET_TIMER,
        [ticks as usize, 0, 0, 0, 0],
    );
}

/// Raises the software interrupt of the harts in `mask`.
pub fn send_ipi(mask: u64) {
    let _ = call(spi::EID_SPI, spi::SEND_IPI, [mask as usize, 0, 0, 0, 0]);
}

/// Has the harts in `mask` forget all translations of one address space; they have when this returns.
pub fn fence_space(mask: u64, asid: u64) {
    let everything = usize::MAX;
    let _ = call(
        rfnc::EID_RFNC,
        rfnc::REMOTE_SFENCE_VMA_ASID,
        [mask as usize, 0, 0, everything, asid as usize],
    );
}

/// Starts a hart that is stopped: it enters S-mode at physical address `entry` with a0 = its id, a1 = `argument`.
///
/// # Errors
/// The firmware has no such hart, or it runs already.
pub fn start_hart(hart: u64, entry: u64, argument: u64) -> Result<(), SbiError> {
    let arguments = [hart as usize, entry as usize, argument as usize, 0, 0];
    checked(call(hsm::EID_HSM, hsm::HART_START, arguments)).map(|_| ())
}

/// Ends the machine's run.
pub fn shut_down(failed: bool) -> ! {
    let reason = if failed {
        srst::RESET_REASON_SYSTEM_FAILURE
    } else {
        srst::RESET_REASON_NO_REASON
    };
    let kind = srst::RESET_TYPE_SHUTDOWN;
    let _ = call(
        srst::EID_SRST,
        srst::SYSTEM_RESET,
        [kind as usize, reason as usize, 0, 0, 0],
    );
    // Firmware without that extension: nothing is left to do.
    loop {
        super::csr::wait_for_interrupt();
    }
}
