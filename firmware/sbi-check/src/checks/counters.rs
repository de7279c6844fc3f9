//! SBI 2.0, chapter 11.

use sbi_spec::pmu::{
    COUNTER_CONFIG_MATCHING, COUNTER_GET_INFO, COUNTER_START, COUNTER_STOP, EID_PMU, NUM_COUNTERS,
};

use super::{INVALID_PARAM, is_fine};
use crate::calls::call;
use crate::machine;
use crate::report::Report;

const ALREADY_STARTED: usize = -7isize as usize;
const ALREADY_STOPPED: usize = -8isize as usize;
const CYCLES: usize = 1;
const INSTRUCTIONS: usize = 2;
const CSR_CYCLE: usize = 0xc00;
const CSR_INSTRET: usize = 0xc02;
const SET_INITIAL_VALUE: usize = 1;
const RESET: usize = 1;

pub fn run(report: &mut Report) {
    if !report.has("PMU", EID_PMU) {
        return;
    }
    let count = call(EID_PMU, NUM_COUNTERS, [0; 5]);
    report.check(
        "PMU: there are counters",
        is_fine(count) && count.value >= 2,
    );
    let last = count.value.min(usize::BITS as usize);
    let info = |counter| call(EID_PMU, COUNTER_GET_INFO, [counter, 0, 0, 0, 0]);
    report.same(
        "PMU: not more than it says",
        info(count.value).error,
        INVALID_PARAM,
    );
    let mask = (0..last)
        .filter(|&counter| is_fine(info(counter)))
        .fold(0, |mask, counter| mask | 1 << counter);
    call(EID_PMU, COUNTER_STOP, [0, mask, RESET, 0, 0]);
    for (name, event, csr) in [
        ("PMU: a counter counts cycles", CYCLES, CSR_CYCLE),
        (
            "PMU: a counter counts instructions",
            INSTRUCTIONS,
            CSR_INSTRET,
        ),
    ] {
        let found = call(EID_PMU, COUNTER_CONFIG_MATCHING, [0, mask, 0, event, 0]);
        let number = info(found.value).value & 0xfff;
        report.check(name, is_fine(found) && number == csr);
        run_one(report, found.value, csr);
    }
    let nonsense = 0xf_ffff;
    let answer = call(EID_PMU, COUNTER_CONFIG_MATCHING, [0, mask, 0, nonsense, 0]);
    report.check("PMU: an unknown event is refused", !is_fine(answer));
}

fn read(csr: usize) -> usize {
    if csr == CSR_CYCLE {
        machine::read!("cycle")
    } else {
        machine::read!("instret")
    }
}

fn run_one(report: &mut Report, counter: usize, csr: usize) {
    const START: usize = 1_000_000;
    let start = || {
        call(
            EID_PMU,
            COUNTER_START,
            [counter, 1, SET_INITIAL_VALUE, START, 0],
        )
    };
    let stop = || call(EID_PMU, COUNTER_STOP, [counter, 1, 0, 0, 0]);
    report.check("PMU:   it starts", is_fine(start()));
    let (first, second) = (read(csr), read(csr));
    report.check(
        "PMU:   at the value it is given",
        (START..START + 1_000_000).contains(&first),
    );
    report.check("PMU:   it counts", second > first);
    report.same("PMU:   it starts once", start().error, ALREADY_STARTED);
    report.check("PMU:   it stops", is_fine(stop()));
    report.same("PMU:   then it stands", read(csr), read(csr));
    report.same("PMU:   it stops once", stop().error, ALREADY_STOPPED);
}
