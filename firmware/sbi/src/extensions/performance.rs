//! Performance monitoring (SBI 2.0, chapter 11): the counters every hart has, `cycle` and `instret`.
//!
//! There are no programmable and no firmware counters. A counter's number is its offset from `cycle` among the CSRs,
//! so counter 1 would be `time`, which counts no event and is none.

use sbi_spec::binary::SbiRet;
use sbi_spec::pmu::{
    COUNTER_CONFIG_MATCHING, COUNTER_FW_READ, COUNTER_FW_READ_HI, COUNTER_GET_INFO, COUNTER_START,
    COUNTER_STOP, NUM_COUNTERS, event_type, hardware_event,
};

use super::Call;
use crate::csr;

const CYCLE: usize = 0;
const INSTRET: usize = 2;
/// One more than the largest counter's number.
const COUNT: usize = 3;
/// A bit for each counter.
const COUNTERS: usize = 1 << CYCLE | 1 << INSTRET;
/// CSR number of `cycle`.
const FIRST_CSR: usize = 0xc00;

/// Flags of `counter_config_matching`, `counter_start` and `counter_stop`.
mod flag {
    pub const SKIP_MATCH: usize = 1 << 0;
    pub const CLEAR_VALUE: usize = 1 << 1;
    pub const AUTO_START: usize = 1 << 2;
    pub const KNOWN_CONFIGURATION: usize = 0xff;
    pub const INITIAL_VALUE: usize = 1 << 0;
    pub const RESET: usize = 1 << 0;
    /// Of start and stop; there is no shared memory.
    pub const SNAPSHOT: usize = 1 << 1;
}

/// Whether the counters can be stopped and started.
pub fn is_there() -> bool {
    csr::try_read!("0x320").is_some()
}

pub fn call(call: Call) -> SbiRet {
    if !is_there() {
        return SbiRet::not_supported();
    }
    let [a0, a1, a2, a3, ..] = call.arguments;
    let on_named = |flags, act: &dyn Fn(usize) -> SbiRet| match named(a0, a1) {
        Some(_) if flags & flag::SNAPSHOT != 0 => SbiRet::no_shmem(),
        Some(counters) if flags & !1 == 0 => act(counters),
        _ => SbiRet::invalid_param(),
    };
    match call.function {
        NUM_COUNTERS => SbiRet::success(COUNT),
        COUNTER_GET_INFO => info(a0),
        COUNTER_CONFIG_MATCHING => match named(a0, a1) {
            Some(counters) if a2 & !flag::KNOWN_CONFIGURATION == 0 => configure(counters, a2, a3),
            _ => SbiRet::invalid_param(),
        },
        COUNTER_START => on_named(a2, &|counters| start(counters, a2, a3)),
        COUNTER_STOP => on_named(a2, &|counters| stop(counters, a2)),
        // There is no firmware counter.
        COUNTER_FW_READ | COUNTER_FW_READ_HI => SbiRet::invalid_param(),
        _ => SbiRet::not_supported(),
    }
}

/// The counters that a base and a mask name, with or without number 1; none when there are no such counters.
fn named(base: usize, mask: usize) -> Option<usize> {
    let shift = u32::try_from(base)
        .ok()
        .filter(|&base| base < COUNT as u32)?;
    let in_range = mask <= ((1 << COUNT) - 1) >> shift;
    let counters = mask << shift & COUNTERS;
    (in_range && counters != 0).then_some(counters)
}

fn info(counter: usize) -> SbiRet {
    const WIDTH_SHIFT: usize = 12;
    if counter >= COUNT || COUNTERS & 1 << counter == 0 {
        return SbiRet::invalid_param();
    }
    SbiRet::success((FIRST_CSR + counter) | (63 << WIDTH_SHIFT))
}

fn configure(counters: usize, flags: usize, event: usize) -> SbiRet {
    let counter = if flags & flag::SKIP_MATCH != 0 {
        counters.trailing_zeros() as usize
    } else {
        let (kind, code) = (event >> 16 & 0xf, event & 0xffff);
        match (kind, code) {
            (event_type::HARDWARE_GENERAL, hardware_event::CPU_CYCLES) => CYCLE,
            (event_type::HARDWARE_GENERAL, hardware_event::INSTRUCTIONS) => INSTRET,
            _ => return SbiRet::not_supported(),
        }
    };
    if counters & 1 << counter == 0 {
        return SbiRet::not_supported();
    }
    if flags & flag::CLEAR_VALUE != 0 {
        write(counter, 0);
    }
    if flags & flag::AUTO_START != 0 {
        inhibit(0, 1 << counter);
    }
    SbiRet::success(counter)
}

fn start(counters: usize, flags: usize, value: usize) -> SbiRet {
    let stopped = inhibited() & counters;
    if stopped == 0 {
        return SbiRet::already_started();
    }
    for counter in [CYCLE, INSTRET] {
        if stopped & 1 << counter != 0 && flags & flag::INITIAL_VALUE != 0 {
            write(counter, value);
        }
    }
    inhibit(0, stopped);
    SbiRet::success(0)
}

fn stop(counters: usize, flags: usize) -> SbiRet {
    let running = counters & !inhibited();
    inhibit(running, 0);
    // Which event a counter counts is fixed, so that there is nothing to forget.
    if running == 0 && flags & flag::RESET == 0 {
        return SbiRet::already_stopped();
    }
    SbiRet::success(0)
}

fn write(counter: usize, value: usize) {
    match counter {
        CYCLE => csr::write!("mcycle", value),
        _ => csr::write!("minstret", value),
    }
}

fn inhibited() -> usize {
    csr::try_read!("0x320").unwrap_or(0)
}

/// Stops and starts counters, a bit each, in `mcountinhibit`.
fn inhibit(stop: usize, start: usize) {
    let _ = csr::try_write!("0x320", inhibited() & !start | stop);
}
