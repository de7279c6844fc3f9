//! The short forms of the long trials: `cargo xtask campaign` has the long ones.

use hartland_tests::campaign::{hostile, storm};

#[test]
fn hostile_calls_harm_nobody_and_every_call_is_among_them() {
    let mut coverage = hostile::Coverage::new();
    for (harts, seed, wild) in [(1, 1, false), (2, 2, true), (4, 3, false)] {
        let trial = hostile::Trial {
            calls: 20_000,
            seed,
            harts,
            wild,
        };
        hostile::attack(trial, None, &mut coverage).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
    assert!(coverage.len() > 80, "only {} calls", coverage.len());
    assert_eq!(hostile::gaps(&coverage), [""; 0]);
}

#[test]
fn a_storm_of_messages_loses_none() {
    for seed in 1..=2 {
        let killed = storm::blow(20_000, seed, 4, None).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(killed > 0, "nobody was killed at work with seed {seed}");
    }
}
