//! The other harts: what they are told to do, and what they saw.

use core::sync::atomic::{AtomicUsize, Ordering};

use sbi_spec::hsm::{EID_HSM, HART_STOP, HART_SUSPEND, suspend_type};

use crate::machine::{self, MAX_HARTS, SOFTWARE};
use crate::{calls, machine::other_entry};

/// What a hart is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Order {
    /// Nothing; what it was told is done.
    None,
    /// Wait for a software interrupt and clear it.
    AwaitInterrupt,
    /// Suspend and come back here.
    Suspend,
    /// Suspend and come back through [`resumed`].
    SuspendAndForget,
    /// Stop.
    Stop,
}

/// A hart as the others see it.
pub struct Other {
    order: AtomicUsize,
    /// How often it was started as the specification says.
    pub started: AtomicUsize,
    /// How often it came back from a suspension as the specification says.
    pub resumed: AtomicUsize,
}

impl Other {
    const fn new() -> Self {
        Self {
            order: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            resumed: AtomicUsize::new(0),
        }
    }

    /// Tells it.
    pub fn tell(&self, order: Order) {
        self.order.store(order as usize, Ordering::Release);
    }

    /// Whether it has done what it was told.
    pub fn is_done(&self) -> bool {
        self.order.load(Ordering::Acquire) == Order::None as usize
    }
}

/// All of them, by id.
pub static OTHERS: [Other; MAX_HARTS] = [const { Other::new() }; MAX_HARTS];

/// Whether a hart starts as it must: no translation, no interrupts.
fn is_clean() -> bool {
    const INTERRUPTS_ON: usize = 1 << 1;
    machine::read!("satp") == 0 && machine::read!("sstatus") & INTERRUPTS_ON == 0
}

/// Where a started hart begins.
pub extern "C" fn started(hart: usize) -> ! {
    if is_clean() {
        OTHERS[hart].started.fetch_add(1, Ordering::AcqRel);
    }
    obey(hart)
}

/// Where a hart continues that forgot everything in its suspension.
pub extern "C" fn resumed(hart: usize) -> ! {
    if is_clean() {
        OTHERS[hart].resumed.fetch_add(1, Ordering::AcqRel);
    }
    machine::write!("sip", 0);
    OTHERS[hart].tell(Order::None);
    obey(hart)
}

fn obey(hart: usize) -> ! {
    let me = &OTHERS[hart];
    loop {
        let order = me.order.load(Ordering::Acquire);
        if order == Order::AwaitInterrupt as usize {
            while machine::read!("sip") & SOFTWARE == 0 {
                core::hint::spin_loop();
            }
            machine::write!("sip", 0);
            me.tell(Order::None);
        } else if order == Order::Suspend as usize {
            machine::write!("sie", SOFTWARE);
            let kind = suspend_type::RETENTIVE as usize;
            let answer = calls::call(EID_HSM, HART_SUSPEND, [kind, 0, 0, 0, 0]);
            if answer.error == 0 && machine::read!("sip") & SOFTWARE != 0 {
                me.resumed.fetch_add(1, Ordering::AcqRel);
            }
            machine::write!("sip", 0);
            me.tell(Order::None);
        } else if order == Order::SuspendAndForget as usize {
            machine::write!("sie", SOFTWARE);
            let kind = suspend_type::NON_RETENTIVE as usize;
            let entry = other_entry as *const () as usize;
            let then = resumed as *const () as usize;
            calls::call(EID_HSM, HART_SUSPEND, [kind, entry, then, 0, 0]);
        } else if order == Order::Stop as usize {
            me.tell(Order::None);
            calls::call(EID_HSM, HART_STOP, [0; 5]);
        }
        core::hint::spin_loop();
    }
}
