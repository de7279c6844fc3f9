//! The interrupt controller: gateways, priorities, claims.

use memory::lines::line;
use memory::{Bus, BusFault, Width};

use crate::board::{Guest, board};

const PLIC: u64 = 0xc00_0000;
const PENDING: u64 = PLIC + 0x1000;
/// Contexts of hart 0's M- and S-mode and of hart 1's S-mode.
const M0: u64 = 0;
const S0: u64 = 1;
const S1: u64 = 3;

const fn enable(context: u64) -> u64 {
    PLIC + 0x2000 + 0x80 * context
}

const fn threshold(context: u64) -> u64 {
    PLIC + 0x20_0000 + 0x1000 * context
}

const fn claim(context: u64) -> u64 {
    threshold(context) + 4
}

/// Drives a source as a device does; the controller looks after the next access to any device.
fn drive(bus: &mut Bus, source: u32, level: bool) {
    bus.lines.set_source(source, level);
    bus.word(PENDING);
}

/// Sources 3, 5 and 40 with priorities 2, 2 and 6, enabled for a context.
fn prepared(context: u64) -> Bus {
    let mut bus = board();
    for (source, priority) in [(3, 2), (5, 2), (40, 6)] {
        bus.set_word(PLIC + 4 * source, priority);
    }
    bus.set_word(enable(context), 1 << 3 | 1 << 5);
    bus.set_word(enable(context) + 4, 1 << 8);
    bus
}

#[test]
fn each_context_has_its_line() {
    for (context, hart, bit) in [
        (M0, 0, line::MEIP),
        (S0, 0, line::SEIP),
        (S1, 1, line::SEIP),
    ] {
        let mut bus = prepared(context);
        drive(&mut bus, 5, true);
        assert_eq!(bus.lines.into_hart(hart), 1 << bit);
        assert_eq!(bus.lines.into_hart(1 - hart), 0);
    }
}

#[test]
fn highest_priority_is_claimed_first_and_the_lowest_number_wins_a_tie() {
    let mut bus = prepared(S0);
    for source in [5, 40, 3] {
        drive(&mut bus, source, true);
    }
    let claims: Vec<u32> = (0..4).map(|_| bus.word(claim(S0))).collect();
    assert_eq!(claims, [40, 3, 5, 0]);
    assert!(!bus.line(0, line::SEIP));
}

#[test]
fn level_that_stays_high_is_a_new_request_after_completion() {
    let mut bus = prepared(S0);
    drive(&mut bus, 3, true);
    assert_eq!((bus.word(claim(S0)), bus.word(claim(S0))), (3, 0));
    assert_eq!(bus.word(PENDING), 0);
    bus.set_word(claim(S0), 3);
    assert!(bus.line(0, line::SEIP));
    assert_eq!(bus.word(claim(S0)), 3);
    drive(&mut bus, 3, false);
    bus.set_word(claim(S0), 3);
    assert!(!bus.line(0, line::SEIP));
}

#[test]
fn request_stays_pending_when_its_level_drops() {
    let mut bus = prepared(S0);
    drive(&mut bus, 3, true);
    drive(&mut bus, 3, false);
    assert_eq!(bus.word(PENDING), 1 << 3);
    assert_eq!(bus.word(claim(S0)), 3);
    assert_eq!(bus.word(PENDING), 0);
}

#[test]
fn threshold_holds_the_line_back_but_no_claim() {
    let mut bus = prepared(S0);
    drive(&mut bus, 3, true);
    bus.set_word(threshold(S0), 2);
    assert!(!bus.line(0, line::SEIP));
    bus.set_word(threshold(S0), 1);
    assert!(bus.line(0, line::SEIP));
    bus.set_word(threshold(S0), 7);
    assert_eq!(bus.word(claim(S0)), 3);
}

#[test]
fn priority_0_never_interrupts() {
    let mut bus = prepared(S0);
    bus.set_word(PLIC + 4 * 3, 0);
    drive(&mut bus, 3, true);
    assert!(!bus.line(0, line::SEIP));
    assert_eq!(bus.word(claim(S0)), 0);
}

#[test]
fn completion_by_a_context_without_the_source_is_ignored() {
    let mut bus = prepared(S0);
    drive(&mut bus, 3, true);
    assert_eq!(bus.word(claim(S0)), 3);
    bus.set_word(claim(S1), 3);
    assert!(!bus.line(0, line::SEIP));
    bus.set_word(claim(S0), 3);
    assert!(bus.line(0, line::SEIP));
}

#[test]
fn source_0_does_not_exist_and_fields_are_as_wide_as_they_are() {
    let mut bus = board();
    bus.set_word(PLIC, 7);
    bus.set_word(PLIC + 4, 0xf);
    bus.set_word(threshold(M0), 0xffff_ffff);
    bus.set_word(enable(M0), 0xffff_ffff);
    bus.set_word(enable(M0) + 8, 0xffff_ffff);
    bus.set_word(enable(M0) + 12, 0xffff_ffff);
    bus.set_word(PENDING, 0xffff_ffff);
    assert_eq!((bus.word(PLIC), bus.word(PLIC + 4)), (0, 7));
    assert_eq!(bus.word(threshold(M0)), 7);
    assert_eq!(bus.word(enable(M0)), 0xffff_fffe);
    assert_eq!(bus.word(enable(M0) + 8), 0xffff_ffff);
    assert_eq!(bus.word(enable(M0) + 12), 0, "sources end at 95");
    assert_eq!(bus.word(PENDING), 0);
    bus.set_word(claim(M0), 0xffff_ffff);
}

#[test]
fn only_aligned_words_are_accessed() {
    let mut bus = board();
    for (address, width) in [
        (PLIC, Width::Byte),
        (PLIC, Width::Double),
        (PLIC + 2, Width::Word),
    ] {
        assert_eq!(bus.load(address, width), Err(BusFault::Refused));
        assert_eq!(bus.store(address, width, 0), Err(BusFault::Refused));
    }
}

#[test]
fn reset_forgets_everything() {
    let mut bus = prepared(S0);
    drive(&mut bus, 3, true);
    bus.reset();
    assert_eq!(bus.lines.into_hart(0), 0);
    assert_eq!((bus.word(PENDING), bus.word(enable(S0))), (0, 0));
}
