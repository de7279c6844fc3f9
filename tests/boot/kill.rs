//! A process is killed at one instruction after another of a send, a receive, a fork and an execve: the kernel lives, and everything
//! that the process had comes back.
//!
//! Every instruction: `HARTLAND_KILL_STRIDE=1 cargo test --release -p hartland-tests --test boot kill`.

use hartland_tests::fawn_with;
use machine::{HostEvent, Machine, Stop};

/// Steps between two places, unless the environment says another number: a prime, so that places fall everywhere.
const STRIDE: u64 = 499;
/// No run takes so many steps.
const LIMIT: u64 = 200_000_000;
const CTRL_C: u8 = 3;

/// Runs step by small step until the guest has printed a text.
fn run_to(machine: &mut Machine, text: &str) {
    let mut printed = String::new();
    for _ in 0..LIMIT / 100 {
        let stop = machine.run(100);
        printed += &String::from_utf8_lossy(&machine.take_output());
        if printed.contains(text) {
            return;
        }
        assert_eq!(stop, Stop::Budget, "before `{text}`: {printed}");
    }
    panic!("`{text}` was not printed: {printed}");
}

#[test]
fn whatever_a_process_was_doing_everything_comes_back() {
    let stride = std::env::var("HARTLAND_KILL_STRIDE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(STRIDE);
    let mut start = fawn_with("quiet noecho -- /bin/victim", 1);
    run_to(&mut start, "go");
    let mut whole = start.duplicate().expect("a second machine");
    run_to(&mut whole, "everything has come back");
    let length = whole.steps() - start.steps();
    assert!(length > 50_000, "only {length} steps");
    let mut killed = 0;
    for at in (0..length).step_by(usize::try_from(stride).expect("a stride")) {
        let mut machine = start.duplicate().expect("a second machine");
        assert_eq!(machine.run(at), Stop::Budget);
        machine.inject(HostEvent::ConsoleInput(vec![CTRL_C]));
        let stop = machine.run(LIMIT);
        let output = String::from_utf8_lossy(&machine.take_output()).into_owned();
        assert!(
            output.contains("everything has come back"),
            "killed {at} steps after the start: {stop:?}\n{output}"
        );
        killed += 1;
    }
    assert!(killed > 0);
}
