//! Software interrupts and the machine timer.

use memory::lines::line;
use memory::{BusFault, Width};

use crate::board::{Guest, board};

const MSIP: u64 = 0x200_0000;
const MTIMECMP: u64 = 0x200_4000;
const MTIME: u64 = 0x200_bff8;

#[test]
fn software_interrupts_follow_bit_0_of_each_hart() {
    let mut bus = board();
    bus.set_word(MSIP + 4, 0xffff_ffff);
    assert_eq!(bus.word(MSIP + 4), 1);
    assert!(bus.line(1, line::MSIP) && !bus.line(0, line::MSIP));
    bus.set_word(MSIP + 4, 0xffff_fffe);
    assert!(!bus.line(1, line::MSIP));
}

#[test]
fn no_timer_is_armed_at_reset() {
    let mut bus = board();
    assert_eq!(bus.double(MTIMECMP), u64::MAX);
    assert_eq!(bus.deadline(), None);
}

#[test]
fn timer_strikes_on_its_tick_and_not_before() {
    let mut bus = board();
    bus.set_double(MTIMECMP + 8, 5);
    assert_eq!(bus.deadline(), Some(500));
    bus.pass(499);
    assert!(!bus.line(1, line::MTIP));
    bus.pass(1);
    assert!(bus.line(1, line::MTIP) && !bus.line(0, line::MTIP));
    assert_eq!(bus.deadline(), None);
    bus.set_double(MTIMECMP + 8, 6);
    assert!(!bus.line(1, line::MTIP));
}

#[test]
fn earliest_of_several_timers_is_the_deadline() {
    let mut bus = board();
    bus.set_double(MTIMECMP, 9);
    bus.set_double(MTIMECMP + 8, 7);
    assert_eq!(bus.deadline(), Some(700));
    bus.pass(700);
    assert_eq!(bus.deadline(), Some(900));
}

#[test]
fn halves_of_the_timer_are_words() {
    let mut bus = board();
    bus.set_word(MTIMECMP, 0x1234_5678);
    assert_eq!(bus.double(MTIMECMP), 0xffff_ffff_1234_5678);
    bus.set_word(MTIMECMP + 4, 0x9abc_def0);
    assert_eq!(bus.double(MTIMECMP), 0x9abc_def0_1234_5678);
    assert_eq!(bus.word(MTIMECMP + 4), 0x9abc_def0);
}

#[test]
fn mtime_is_writable_and_deadlines_follow() {
    let mut bus = board();
    bus.set_double(MTIMECMP, 1000);
    bus.set_word(MTIME, 990);
    assert_eq!((bus.double(MTIME), bus.clock.ticks()), (990, 990));
    assert_eq!(bus.deadline(), Some(1000));
    bus.pass(1000);
    assert!(bus.line(0, line::MTIP));
    bus.set_double(MTIME, 0);
    assert!(!bus.line(0, line::MTIP), "the level follows time back");
}

#[test]
fn timer_beyond_the_end_of_time_has_no_deadline() {
    let mut bus = board();
    bus.set_double(MTIMECMP, u64::MAX - 1);
    assert_eq!(bus.deadline(), None);
}

#[test]
fn reset_disarms_everything_and_restarts_mtime() {
    let mut bus = board();
    bus.pass(12_345);
    bus.set_double(MTIMECMP, 1);
    bus.set_word(MSIP, 1);
    bus.reset();
    assert!(!bus.line(0, line::MTIP) && !bus.line(0, line::MSIP));
    assert_eq!((bus.word(MSIP), bus.double(MTIME)), (0, 0));
}

#[test]
fn other_widths_and_alignments_are_refused() {
    let mut bus = board();
    let refused = Err(BusFault::Refused);
    for (address, width) in [
        (MSIP, Width::Byte),
        (MSIP, Width::Double),
        (MTIMECMP, Width::Half),
        (MTIMECMP + 2, Width::Word),
        (MTIMECMP + 4, Width::Double),
    ] {
        assert_eq!(bus.load(address, width), refused, "{address:#x} {width:?}");
    }
    assert_eq!(bus.load(MTIME + 8, Width::Word), Err(BusFault::Unmapped));
    assert_eq!(
        bus.word(MSIP + 4 * 7),
        0,
        "a hart that is not there reads as 0"
    );
}
