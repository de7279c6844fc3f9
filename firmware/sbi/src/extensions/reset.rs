//! System reset (SBI 2.0, chapter 10).

use sbi_spec::binary::SbiRet;
use sbi_spec::srst::{
    RESET_REASON_NO_REASON, RESET_REASON_SYSTEM_FAILURE, RESET_TYPE_COLD_REBOOT,
    RESET_TYPE_SHUTDOWN, RESET_TYPE_WARM_REBOOT, SYSTEM_RESET,
};

use super::Call;
use crate::finisher::{self, End, SYSTEM_FAILED};

pub fn call(call: Call) -> SbiRet {
    if call.function != SYSTEM_RESET || !finisher::exists() {
        return SbiRet::not_supported();
    }
    // Both are 32 bits wide.
    let (kind, reason) = (call.arguments[0] as u32, call.arguments[1] as u32);
    if !matches!(reason, RESET_REASON_NO_REASON | RESET_REASON_SYSTEM_FAILURE) {
        return unknown(reason);
    }
    match kind {
        RESET_TYPE_SHUTDOWN if reason == RESET_REASON_SYSTEM_FAILURE => {
            finisher::end(End::Failure(SYSTEM_FAILED))
        }
        RESET_TYPE_SHUTDOWN => finisher::end(End::PowerOff),
        RESET_TYPE_COLD_REBOOT | RESET_TYPE_WARM_REBOOT => finisher::end(End::Reset),
        other => unknown(other),
    }
}

/// Numbers that a vendor or an SBI implementation may define are not supported; all others are reserved.
fn unknown(number: u32) -> SbiRet {
    const DEFINABLE: u32 = 0xe000_0000;
    if number >= DEFINABLE {
        SbiRet::not_supported()
    } else {
        SbiRet::invalid_param()
    }
}
