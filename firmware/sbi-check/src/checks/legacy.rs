//! SBI 2.0, chapter 5: the calls of SBI 0.1. The last one, shutdown, ends the run.

use sbi_spec::legacy::{
    LEGACY_CLEAR_IPI, LEGACY_CONSOLE_GETCHAR, LEGACY_REMOTE_FENCE_I, LEGACY_REMOTE_SFENCE_VMA,
    LEGACY_REMOTE_SFENCE_VMA_ASID, LEGACY_SEND_IPI, LEGACY_SET_TIMER,
};

use crate::calls::legacy;
use crate::machine::{self, SOFTWARE, TIMER, time, within_patience};
use crate::report::Report;

const NOTHING_TYPED: usize = usize::MAX;
/// What `a1` is before a call, and stays.
const KEPT: usize = 0x5eed;

pub fn run(report: &mut Report) {
    if !report.has("legacy calls", LEGACY_SEND_IPI) {
        return;
    }
    let mask = 1usize << report.hart;
    let at = &raw const mask as usize;
    let is_pending = |bit| machine::read!("sip") & bit != 0;
    let answer = legacy(LEGACY_SET_TIMER, [time() + 10_000, KEPT, 0, 0, 0]);
    report.same(
        "legacy: the timer is set, and a1 kept",
        (answer.error, answer.value),
        (0, KEPT),
    );
    report.check(
        "legacy: its interrupt comes",
        within_patience(|| is_pending(TIMER)),
    );
    legacy(LEGACY_SET_TIMER, [usize::MAX, 0, 0, 0, 0]);
    report.same(
        "legacy: nothing was typed",
        legacy(LEGACY_CONSOLE_GETCHAR, [0; 5]).error,
        NOTHING_TYPED,
    );
    report.same(
        "legacy: an interrupt is sent by a mask in memory",
        legacy(LEGACY_SEND_IPI, [at, 0, 0, 0, 0]).error,
        0,
    );
    report.check("legacy: it comes", within_patience(|| is_pending(SOFTWARE)));
    legacy(LEGACY_CLEAR_IPI, [0; 5]);
    machine::write!("sip", 0);
    for (name, number) in [
        ("legacy: fence of instructions", LEGACY_REMOTE_FENCE_I),
        ("legacy: fence of translations", LEGACY_REMOTE_SFENCE_VMA),
        ("legacy: fence of one space", LEGACY_REMOTE_SFENCE_VMA_ASID),
    ] {
        report.same(name, legacy(number, [at, 0, usize::MAX, 1, 0]).error, 0);
        report.same(
            "legacy:   no mask is every hart",
            legacy(number, [0, 0, 4096, 1, 0]).error,
            0,
        );
    }
}
