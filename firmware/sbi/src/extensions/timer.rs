//! Timer extension (SBI 2.0, chapter 6).

use core::sync::atomic::Ordering;

use sbi_spec::binary::SbiRet;
use sbi_spec::time::SET_TIMER;

use super::Call;
use crate::csr::{self, interrupt};
use crate::hart::Hart;
use crate::{clint, csr::menvcfg};

/// Never.
const NEVER: u64 = u64::MAX;

pub fn call(call: Call) -> SbiRet {
    match call.function {
        SET_TIMER => {
            set(call.hart, call.arguments[0] as u64);
            SbiRet::success(0)
        }
        _ => SbiRet::not_supported(),
    }
}

/// Sets this hart's next timer interrupt, and takes a pending one back.
pub fn set(hart: &Hart, time: u64) {
    if hart.has_sstc.load(Ordering::Relaxed) {
        // By number: not every assembler knows the register.
        csr::write!("0x14d", time as usize);
        return;
    }
    clint::set_timer(hart.id, time);
    csr::clear!("mip", interrupt::STI);
    csr::set!("mie", interrupt::MTI);
}

/// Puts this hart's timer to rest, and finds out whether S-mode has one of its own (Sstc).
pub fn initialise(hart: &Hart) {
    clint::set_timer(hart.id, NEVER);
    let enabled = csr::try_read!("0x30a")
        .and_then(|before| csr::try_write!("0x30a", before | menvcfg::STCE))
        .is_some_and(|now| now & menvcfg::STCE != 0);
    let has_sstc = enabled && csr::try_write!("0x14d", NEVER as usize).is_some();
    hart.has_sstc.store(has_sstc, Ordering::Relaxed);
}
