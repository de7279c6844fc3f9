//! SBI 3.0, chapter 18.

use sbi_spec::fwft::feature_type::{MISALIGNED_EXC_DELEG, PTE_AD_HW_UPDATING};
use sbi_spec::fwft::{EID_FWFT, GET, SET};

use super::{INVALID_PARAM, NOT_SUPPORTED, is_fine};
use crate::calls::call;
use crate::report::Report;

const DENIED: usize = -4isize as usize;
const DENIED_LOCKED: usize = -14isize as usize;
const LOCK: usize = 1;
/// Reserved, standard and local.
const RESERVED: usize = 0x1234;
/// A platform's, which this is not.
const PLATFORM: usize = 0x4000_0000;

pub fn run(report: &mut Report) {
    if !report.has("FWFT", EID_FWFT) {
        return;
    }
    let get = |feature| call(EID_FWFT, GET, [feature, 0, 0, 0, 0]);
    let set = |feature, value, flags| call(EID_FWFT, SET, [feature, value, flags, 0, 0]);
    report.same(
        "FWFT: a reserved feature is denied",
        get(RESERVED).error,
        DENIED,
    );
    report.same(
        "FWFT: another platform's is not supported",
        get(PLATFORM).error,
        NOT_SUPPORTED,
    );
    for (on, off, feature) in [
        (
            "FWFT: the hardware can be made to set A and D",
            "FWFT: and not to",
            PTE_AD_HW_UPDATING,
        ),
        (
            "FWFT: misaligned accesses can be made the supervisor's",
            "FWFT: and the firmware's",
            MISALIGNED_EXC_DELEG,
        ),
    ] {
        let before = get(feature);
        if before.error == NOT_SUPPORTED {
            crate::report::line(format_args!("     (feature {feature} is not there)"));
            continue;
        }
        let answer = set(feature, 1, 0);
        report.check(on, is_fine(answer) && get(feature).value == 1);
        let answer = set(feature, 0, 0);
        report.check(off, is_fine(answer) && get(feature).value == 0);
        set(feature, before.value, 0);
    }
    let feature = MISALIGNED_EXC_DELEG;
    report.same(
        "FWFT: a value it cannot have is invalid",
        set(feature, 2, 0).error,
        INVALID_PARAM,
    );
    report.same(
        "FWFT: an unknown flag is invalid",
        set(feature, 1, 2).error,
        INVALID_PARAM,
    );
    report.check(
        "FWFT: a feature can be locked",
        is_fine(set(feature, 1, LOCK)),
    );
    report.same(
        "FWFT: then it stays",
        set(feature, 0, 0).error,
        DENIED_LOCKED,
    );
    report.same("FWFT: as it is", get(feature).value, 1);
}
