//! Time travel: however a run is stopped, stepped back, leaped through and watched, the same steps lead to the same states.

mod travel;
mod waking;

use debugger::Settings;
use guest_images::{Kind, of_kind};
use hartland_tests::wander::{Wander, undisturbed};
use hartland_tests::{fawn_with, machine_with};

const LIMIT: u64 = 3_000_000;

/// Snapshots at the same steps on every host.
pub(crate) fn settings(every_steps: u64) -> Settings {
    Settings {
        every_steps: Some(every_steps),
        ..Settings::default()
    }
}

#[test]
fn random_stops_and_steps_back_change_nothing_on_any_sample() {
    for (seed, image) in of_kind(Kind::Sample).enumerate() {
        for plain in [false, true] {
            let harts = usize::from(image.expected.harts);
            let machine = || machine_with(image, harts, plain);
            let limit = if plain { LIMIT / 10 } else { LIMIT };
            let expected = undisturbed(machine(), limit);
            let stride = (expected.end.step / 40).max(1);
            let wander = Wander::new(machine(), limit, seed as u64, settings(stride * 2));
            assert_eq!(wander.run(80, stride), expected, "{}", image.name);
        }
    }
}

#[test]
fn random_stops_and_steps_back_change_nothing_on_fawn() {
    for (harts, program) in [(1, "/bin/race"), (2, "/bin/taking-turns"), (4, "/bin/race")] {
        let machine = || fawn_with(&format!("quiet noecho -- {program}"), harts);
        let expected = undisturbed(machine(), 400_000_000);
        let stride = expected.end.step / 30;
        let wander = Wander::new(machine(), 400_000_000, harts as u64, settings(stride / 2));
        assert_eq!(wander.run(60, stride), expected, "{program}, {harts} harts");
    }
}
