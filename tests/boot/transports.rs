//! However mailboxes are made, by the boot option `mailbox=`, programs say the same.

use crate::samples::{check_each, samples};

/// Samples that do a lot, and of that little with mailboxes.
const LONG: &[&str] = &["hostile", "storm", "timeshare", "fork-bomb", "taking-turns"];
/// What shows that pages are shared, which a ring does not do.
const SHARING: &[&str] = &["big-message"];
/// What shows how much room a mailbox has, when a rendezvous has none: a message that waits for its receiver, a full mailbox, faults told to a supervisor.
const ROOM: &[&str] = &[
    "fault-isolation",
    "client-server",
    "deadline",
    "dining",
    "handles",
    "supervisor",
    "victim",
];

fn check_by(option: &str, but: &[&str]) {
    let mut samples = samples();
    samples.retain(|(name, _)| !LONG.contains(&name.as_str()) && !but.contains(&name.as_str()));
    assert!(samples.len() >= 12, "only {} samples", samples.len());
    check_each(&samples, option, 2);
}

#[test]
fn copied_messages_tell_the_same() {
    check_by("mailbox=ring", SHARING);
}

#[test]
fn messages_by_pages_tell_the_same() {
    check_by("mailbox=pages", &[]);
}

#[test]
fn a_rendezvous_tells_the_same() {
    check_by("mailbox=rendezvous", ROOM);
}
