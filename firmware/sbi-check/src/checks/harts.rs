//! SBI 2.0, chapters 7, 8 and 9: the other harts.

use core::sync::atomic::Ordering;

use sbi_spec::hsm::hart_state::{STARTED, STOPPED, SUSPENDED};
use sbi_spec::hsm::{EID_HSM, HART_GET_STATUS, HART_START, HART_SUSPEND};
use sbi_spec::rfnc::{EID_RFNC, REMOTE_FENCE_I, REMOTE_SFENCE_VMA, REMOTE_SFENCE_VMA_ASID};
use sbi_spec::spi::{EID_SPI, SEND_IPI};

use super::{ALREADY_AVAILABLE, INVALID_ADDRESS, INVALID_PARAM, is_fine};
use crate::calls::call;
use crate::harts::{OTHERS, Order, Other, started};
use crate::machine::{self, MAX_HARTS, SOFTWARE, other_entry, within_patience};
use crate::report::Report;

/// Names every hart.
const EVERY: usize = usize::MAX;
const FIRMWARE: usize = 0x8000_0000;

pub fn run(report: &mut Report) {
    interrupts(report);
    if !report.has("HSM", EID_HSM) {
        return;
    }
    let me = report.hart;
    report.same("HSM: this hart is started", status(me), Some(STARTED));
    report.same(
        "HSM: a hart that is not there has no state",
        status(4095),
        None,
    );
    let start = |hart, address| call(EID_HSM, HART_START, [hart, address, 0, 0, 0]).error;
    let entry = other_entry as *const () as usize;
    report.same(
        "HSM: nor can it be started",
        start(4095, entry),
        INVALID_PARAM,
    );
    report.same(
        "HSM: this hart is available already",
        start(me, entry),
        ALREADY_AVAILABLE,
    );
    let suspend = |kind| call(EID_HSM, HART_SUSPEND, [kind, 0, 0, 0, 0]);
    report.same(
        "HSM: a reserved suspension is invalid",
        suspend(1).error,
        INVALID_PARAM,
    );
    let others = || {
        (0..MAX_HARTS)
            .filter(move |&hart| hart != me && status(hart).is_some())
            .map(|hart| (hart, &OTHERS[hart]))
    };
    let mut each = |what: &str, act: &dyn Fn(usize, &Other) -> bool| {
        let holds = others().fold(true, |all, (hart, other)| act(hart, other) && all);
        report.check(what, holds);
    };
    each("HSM: every other hart is stopped", &|hart, _| {
        status(hart) == Some(STOPPED)
    });
    each("HSM: none starts in the firmware", &|hart, _| {
        call(EID_HSM, HART_START, [hart, FIRMWARE, 0, 0, 0]).error == INVALID_ADDRESS
    });
    for round in 1..=2 {
        each("HSM: every other hart starts", &|hart, other| {
            start_one(hart, other, round)
        });
        each("IPI: every other hart gets one", &|hart, other| {
            interrupt_one(hart, other)
        });
        each("RFENCE: every hart at once", &|_, _| fence_all());
        each(
            "HSM: every other hart suspends and goes on",
            &|hart, other| suspend_one(hart, other, Order::Suspend),
        );
        each("HSM: or suspends and begins anew", &|hart, other| {
            suspend_one(hart, other, Order::SuspendAndForget)
        });
        each("HSM: every other hart stops", &|hart, other| {
            other.tell(Order::Stop);
            within_patience(|| status(hart) == Some(STOPPED))
        });
    }
    let patience = suspend_self();
    report.check("HSM: this hart suspends until its interrupt", patience);
}

fn interrupts(report: &mut Report) {
    if !report.has("IPI", EID_SPI) {
        return;
    }
    let me = report.hart;
    let is_pending = || machine::read!("sip") & SOFTWARE != 0;
    report.check(
        "IPI: this hart can interrupt itself",
        is_fine(send(1, me)) && within_patience(is_pending),
    );
    machine::write!("sip", 0);
    report.check("IPI: and takes it back", !is_pending());
    report.check("IPI: nobody is a fine receiver", is_fine(send(0, 0)));
    report.same(
        "IPI: a hart that is not there is invalid",
        send(1, 4095).error,
        INVALID_PARAM,
    );
    report.check(
        "IPI: base -1 is every hart",
        is_fine(send(0, EVERY)) && within_patience(is_pending),
    );
    machine::write!("sip", 0);
}

fn send(mask: usize, base: usize) -> sbi_spec::binary::SbiRet {
    call(EID_SPI, SEND_IPI, [mask, base, 0, 0, 0])
}

fn status(hart: usize) -> Option<usize> {
    let answer = call(EID_HSM, HART_GET_STATUS, [hart, 0, 0, 0, 0]);
    is_fine(answer).then_some(answer.value)
}

fn start_one(hart: usize, other: &Other, round: usize) -> bool {
    let entry = other_entry as *const () as usize;
    let then = started as *const () as usize;
    let asked = is_fine(call(EID_HSM, HART_START, [hart, entry, then, 0, 0]));
    let came = within_patience(|| other.started.load(Ordering::Acquire) == round);
    asked && came && status(hart) == Some(STARTED)
}

fn interrupt_one(hart: usize, other: &Other) -> bool {
    other.tell(Order::AwaitInterrupt);
    is_fine(send(1, hart)) && within_patience(|| other.is_done())
}

fn fence_all() -> bool {
    [
        (REMOTE_FENCE_I, 0),
        (REMOTE_SFENCE_VMA, 0x2000),
        (REMOTE_SFENCE_VMA, usize::MAX),
        (REMOTE_SFENCE_VMA_ASID, 0x2000),
        (REMOTE_SFENCE_VMA_ASID, usize::MAX),
    ]
    .into_iter()
    .all(|(function, size)| is_fine(call(EID_RFNC, function, [0, EVERY, 0, size, 1])))
}

fn suspend_one(hart: usize, other: &Other, order: Order) -> bool {
    let before = other.resumed.load(Ordering::Acquire);
    other.tell(order);
    let suspended = within_patience(|| status(hart) == Some(SUSPENDED));
    let woken = is_fine(send(1, hart));
    let done = within_patience(|| other.is_done());
    suspended && woken && done && other.resumed.load(Ordering::Acquire) == before + 1
}

fn suspend_self() -> bool {
    use sbi_spec::time::{EID_TIME, SET_TIMER};
    machine::write!("sie", machine::TIMER);
    let deadline = machine::time() + 20_000;
    call(EID_TIME, SET_TIMER, [deadline, 0, 0, 0, 0]);
    let answer = call(EID_HSM, HART_SUSPEND, [0; 5]);
    let woken = machine::time() >= deadline;
    machine::write!("sie", 0);
    call(EID_TIME, SET_TIMER, [usize::MAX, 0, 0, 0, 0]);
    is_fine(answer) && woken
}
