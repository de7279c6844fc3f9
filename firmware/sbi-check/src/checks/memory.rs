//! The firmware's memory and devices are out of reach, and fences work.

use sbi_spec::rfnc::{EID_RFNC, REMOTE_FENCE_I, REMOTE_SFENCE_VMA, REMOTE_SFENCE_VMA_ASID};

use super::{INVALID_PARAM, is_fine};
use crate::calls::call;
use crate::machine::{load_cause, store_cause};
use crate::report::Report;

const LOAD_ACCESS_FAULT: usize = 5;
const STORE_ACCESS_FAULT: usize = 7;
const FIRMWARE: usize = 0x8000_0000;
const CLINT: usize = 0x200_0000;

pub fn run(report: &mut Report) {
    report.same(
        "memory: the firmware can not be read",
        load_cause(FIRMWARE),
        LOAD_ACCESS_FAULT,
    );
    // SAFETY: the firmware is not this program's, and protected.
    let cause = unsafe { store_cause(FIRMWARE) };
    report.same("memory: nor written", cause, STORE_ACCESS_FAULT);
    // SAFETY: no interrupt is awaited.
    let cause = unsafe { store_cause(CLINT) };
    report.same(
        "memory: its timer can not be written",
        cause,
        STORE_ACCESS_FAULT,
    );
    if !report.has("RFENCE", EID_RFNC) {
        return;
    }
    for (name, function) in [
        ("RFENCE: instructions, this hart", REMOTE_FENCE_I),
        ("RFENCE: translations, this hart", REMOTE_SFENCE_VMA),
        (
            "RFENCE: translations of one space, this hart",
            REMOTE_SFENCE_VMA_ASID,
        ),
    ] {
        let me = [1, report.hart, 0x1000, 0x3000, 1];
        report.check(name, is_fine(call(EID_RFNC, function, me)));
    }
    let nobody = [1, 4095, 0, 0, 0];
    report.same(
        "RFENCE: a hart that is not there is invalid",
        call(EID_RFNC, REMOTE_FENCE_I, nobody).error,
        INVALID_PARAM,
    );
}
