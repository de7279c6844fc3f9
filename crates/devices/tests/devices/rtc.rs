//! Goldfish RTC.

use abi::memory_map::RTC_IRQ;
use memory::{Bus, BusFault, Width};

use crate::board::{Guest, RTC_BASE, board};

const RTC: u64 = 0x10_1000;
const ALARM_LOW: u64 = RTC + 8;
const ALARM_HIGH: u64 = RTC + 0xc;
const IRQ_ENABLED: u64 = RTC + 0x10;
const CLEAR_ALARM: u64 = RTC + 0x14;
const ALARM_STATUS: u64 = RTC + 0x18;
const CLEAR_INTERRUPT: u64 = RTC + 0x1c;

fn time(bus: &mut Bus) -> u64 {
    u64::from(bus.word(RTC)) | u64::from(bus.word(RTC + 4)) << 32
}

fn set_alarm(bus: &mut Bus, at: u64) {
    bus.set_word(ALARM_HIGH, (at >> 32) as u32);
    bus.set_word(ALARM_LOW, at as u32);
}

#[test]
fn time_is_base_and_guest_time() {
    let mut bus = board();
    bus.pass(1234);
    assert_eq!(time(&mut bus), RTC_BASE + 1234);
}

#[test]
fn reading_the_lower_half_latches_the_upper() {
    let mut bus = board();
    bus.set_word(RTC + 4, 7);
    bus.set_word(RTC, 0xffff_ffff);
    assert_eq!(bus.word(RTC), 0xffff_ffff);
    bus.pass(1);
    assert_eq!(bus.word(RTC + 4), 7, "latched before the carry");
    assert_eq!(time(&mut bus), 8 << 32);
}

#[test]
fn alarm_interrupts_once_and_until_it_is_cleared() {
    let mut bus = board();
    bus.set_word(IRQ_ENABLED, 1);
    set_alarm(&mut bus, RTC_BASE + 5000);
    assert_eq!((bus.word(ALARM_STATUS), bus.deadline()), (1, Some(5000)));
    bus.pass(4999);
    assert!(!bus.lines.source(RTC_IRQ));
    bus.pass(1);
    assert!(bus.lines.source(RTC_IRQ));
    assert_eq!(bus.word(ALARM_STATUS), 0);
    bus.set_word(CLEAR_INTERRUPT, 1);
    assert!(!bus.lines.source(RTC_IRQ));
    assert_eq!(bus.deadline(), None);
}

#[test]
fn alarm_in_the_past_strikes_at_once_and_waits_for_its_enable() {
    let mut bus = board();
    set_alarm(&mut bus, RTC_BASE - 1);
    assert!(!bus.lines.source(RTC_IRQ));
    bus.set_word(IRQ_ENABLED, 1);
    assert!(bus.lines.source(RTC_IRQ));
}

#[test]
fn cleared_alarm_does_not_strike() {
    let mut bus = board();
    bus.set_word(IRQ_ENABLED, 1);
    set_alarm(&mut bus, RTC_BASE + 5000);
    bus.set_word(CLEAR_ALARM, 1);
    bus.pass(10_000);
    assert!(!bus.lines.source(RTC_IRQ));
}

#[test]
fn alarm_beyond_the_end_of_time_has_no_deadline() {
    let mut bus = board();
    bus.set_word(RTC + 4, 0);
    bus.set_word(RTC, 0);
    set_alarm(&mut bus, u64::MAX);
    assert_eq!((bus.word(ALARM_STATUS), bus.deadline()), (1, None));
}

#[test]
fn only_aligned_words_are_accessed() {
    let mut bus = board();
    for (offset, width) in [(0, Width::Byte), (0, Width::Double), (2, Width::Word)] {
        assert_eq!(bus.load(RTC + offset, width), Err(BusFault::Refused));
    }
}
