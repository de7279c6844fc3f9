//! How a guest ends the machine.

use memory::{BusFault, Effect, Width};

use crate::board::board;

const FINISHER: u64 = 0x10_0000;

fn effect_of(width: Width, value: u64) -> Vec<Effect> {
    let mut bus = board();
    bus.store(FINISHER, width, value).expect("a register");
    bus.effects
}

#[test]
fn pass_fail_and_reset() {
    let off = |code| vec![Effect::PowerOff { code }];
    assert_eq!(effect_of(Width::Word, 0x5555), off(0));
    assert_eq!(effect_of(Width::Word, 7 << 16 | 0x3333), off(7));
    assert_eq!(effect_of(Width::Word, 0xffff_3333), off(0xffff));
    assert_eq!(effect_of(Width::Word, 0x7777), [Effect::Reset]);
    assert_eq!(effect_of(Width::Half, 0x5555), off(0));
    assert_eq!(effect_of(Width::Word, 0x1234), []);
}

#[test]
fn failure_without_a_code_is_no_success() {
    let off = [Effect::PowerOff { code: 1 }];
    assert_eq!(effect_of(Width::Word, 0x3333), off);
}

#[test]
fn other_widths_are_refused_and_other_offsets_do_nothing() {
    let mut bus = board();
    for width in [Width::Byte, Width::Double] {
        assert_eq!(
            bus.store(FINISHER, width, 0x5555),
            Err(BusFault::Refused),
            "{width:?}"
        );
    }
    assert_eq!(bus.store(FINISHER + 4, Width::Word, 0x5555), Ok(()));
    assert_eq!(bus.load(FINISHER, Width::Word), Ok(0));
    assert_eq!(bus.effects, []);
}
