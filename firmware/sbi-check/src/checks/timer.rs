//! SBI 2.0, chapter 6.

use sbi_spec::time::{EID_TIME, SET_TIMER};

use super::is_fine;
use crate::calls::call;
use crate::machine::{self, TIMER, time, within_patience};
use crate::report::Report;

pub fn run(report: &mut Report) {
    if !report.has("TIME", EID_TIME) {
        return;
    }
    let set = |at| call(EID_TIME, SET_TIMER, [at, 0, 0, 0, 0]);
    let is_pending = || machine::read!("sip") & TIMER != 0;
    let deadline = time() + 20_000;
    let answer = set(deadline);
    let early = is_pending() && time() < deadline;
    report.check("TIME: a timer can be set", is_fine(answer) && !early);
    report.check("TIME: its interrupt comes", within_patience(is_pending));
    report.check("TIME: not before its time", time() >= deadline);
    set(usize::MAX);
    report.check("TIME: a later timer takes it back", !is_pending());
    set(0);
    report.check(
        "TIME: one in the past comes at once",
        within_patience(is_pending),
    );
    set(usize::MAX);
}
