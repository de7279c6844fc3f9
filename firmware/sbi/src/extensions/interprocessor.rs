//! Interprocessor interrupts (SBI 2.0, chapter 7).

use core::sync::atomic::Ordering;

use sbi_spec::binary::SbiRet;
use sbi_spec::spi::SEND_IPI;

use super::Call;
use crate::clint;
use crate::hart::{HartSet, MAIL_IPI};

pub fn call(call: Call) -> SbiRet {
    if call.function != SEND_IPI {
        return SbiRet::not_supported();
    }
    match HartSet::from_mask(call.arguments[0], call.arguments[1]) {
        Some(harts) => {
            send(harts);
            SbiRet::success(0)
        }
        None => SbiRet::invalid_param(),
    }
}

/// Makes the supervisor software interrupt pending on some harts. Harts that are stopped see nothing of it.
pub fn send(harts: HartSet) {
    for hart in harts.iter() {
        hart.mailbox.fetch_or(MAIL_IPI, Ordering::AcqRel);
        clint::set_software_interrupt(hart.id, true);
    }
}
