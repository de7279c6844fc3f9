//! Every sample program gives the output and the status that its folder says, by both engines.

mod campaign;
mod kill;
mod samples;
mod system;
mod transports;

use guest_images::{Kind, of_kind};
use hartland_tests::machine_with;
use machine::{Stop, StuckReason};

/// No sample takes so many steps.
const LIMIT: u64 = 50_000_000;

fn check(plain: bool) {
    let mut checked = 0;
    for image in of_kind(Kind::Sample) {
        let expected = &image.expected;
        let mut machine = machine_with(image, usize::from(expected.harts), plain);
        let stop = machine.run(LIMIT);
        let output = String::from_utf8_lossy(&machine.take_output()).into_owned();
        assert_eq!(output, expected.output, "{}", image.name);
        match (expected.status, stop) {
            (Some(status), Stop::Exit(exit)) => {
                assert_eq!(exit.code, u64::from(status), "{}", image.name);
            }
            (None, Stop::Stuck(_)) => {}
            (_, stop) => panic!("{}: {stop:?}, expected {:?}", image.name, expected.status),
        }
        checked += 1;
    }
    assert!(checked >= 14, "only {checked} samples");
}

#[test]
fn samples_do_what_they_say_by_the_threaded_engine() {
    check(false);
}

#[test]
fn samples_do_what_they_say_by_the_plain_engine() {
    check(true);
}

#[test]
fn guests_that_can_never_go_on_are_named() {
    let reason = |name: &str| {
        let image = guest_images::get(name).expect("a sample of that name");
        match machine_with(image, 1, false).run(LIMIT) {
            Stop::Stuck(stuck) => stuck.reason,
            stop => panic!("{name}: {stop:?}"),
        }
    };
    assert!(matches!(reason("trap-loop"), StuckReason::TrapLoop { .. }));
    assert_eq!(reason("wfi-forever"), StuckReason::WaitsForNothing);
}

#[test]
fn every_number_of_harts_takes_its_turn() {
    let image = guest_images::get("harts").expect("a sample of that name");
    for harts in 1..=8 {
        let mut machine = machine_with(image, harts, false);
        let stop = machine.run(LIMIT);
        assert!(
            matches!(stop, Stop::Exit(exit) if exit.code == 0),
            "{harts} harts: {stop:?}"
        );
        let mentions = machine
            .take_output()
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        assert!(
            mentions > harts.min(2),
            "{harts} harts spoke in {mentions} lines"
        );
    }
}
