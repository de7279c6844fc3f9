//! What a person does in time, one thing at a time.

use debugger::{
    Control, Event, Moment, Plain, Point, Register, Run, Settings, Space, Stopped, Target,
    TargetError, Timeline, WatchKind, Why,
};
use hartland_tests::{fawn_with, machine_with};

use crate::settings;

fn hello() -> Timeline {
    let image = guest_images::get("hello").expect("a sample");
    Timeline::new(machine_with(image, 1, false), settings(20))
}

/// Fawn's shell on two harts, with nobody at the keyboard yet.
fn shell() -> Timeline {
    let mut timeline = Timeline::new(fawn_with("", 2), settings(500_000));
    timeline.advance(10_000_000);
    timeline
}

fn run(timeline: &mut Timeline, how: Run) -> Stopped {
    timeline
        .run(how, &mut Plain)
        .unwrap_or_else(|error| panic!("{how:?}: {error}"))
}

fn at(step: u64) -> Moment {
    Moment { step, idle: 0 }
}

#[test]
fn edits_are_part_of_the_timeline_and_refused_in_the_past() {
    let mut timeline = hello();
    timeline.advance(100);
    let a5 = Register::X(15);
    timeline.set_register(0, a5, 0x1234).expect("the present");
    timeline
        .write(Space::Physical, 0x8000_8000, b"edited")
        .expect("RAM");
    let edited = timeline.state_hash();
    timeline.advance(50);
    let (end, hash) = (timeline.now(), timeline.state_hash());
    run(&mut timeline, Run::To(at(20)));
    assert_ne!(timeline.register(0, a5), Some(0x1234));
    assert_eq!(timeline.set_register(0, a5, 1), Err(TargetError::Past(20)));
    let refused = timeline.write(Space::Physical, 0x8000_8000, b"x");
    assert_eq!(refused, Err(TargetError::Past(20)));
    assert_eq!(timeline.give_input(b"x"), Err(TargetError::Past(20)));
    run(&mut timeline, Run::To(at(100)));
    assert_eq!(timeline.state_hash(), edited, "the edits enter again");
    run(&mut timeline, Run::To(end));
    assert_eq!(timeline.state_hash(), hash);
}

#[test]
fn a_branch_is_another_future_and_the_old_one_stays() {
    let mut timeline = hello();
    timeline.advance(u64::MAX);
    let (end, hash) = (timeline.now(), timeline.state_hash());
    let printed = timeline.console().to_vec();
    assert!(printed.starts_with(b"Hello"));
    run(&mut timeline, Run::To(at(200)));
    timeline.branch().expect("a branch");
    assert!(!timeline.is_past());
    // The program goes back to its beginning, and prints twice.
    timeline
        .set_register(0, Register::Pc, 0x8000_0000)
        .expect("the present");
    timeline.advance(u64::MAX);
    let (other_end, other_hash) = (timeline.now(), timeline.state_hash());
    let other_printed = timeline.console().to_vec();
    assert_ne!((other_end, other_hash), (end, hash));
    assert_ne!(other_printed, printed);
    assert_eq!(
        timeline.timelines(),
        [(0, end, false), (1, other_end, true)]
    );
    for _ in 0..2 {
        timeline.switch_timeline(0).expect("it was kept");
        assert_eq!(timeline.now(), at(200), "where they part");
        run(&mut timeline, Run::To(end));
        assert_eq!(
            (timeline.state_hash(), timeline.console()),
            (hash, &*printed)
        );
        timeline.switch_timeline(1).expect("it was kept");
        run(&mut timeline, Run::To(other_end));
        let came_to = (timeline.state_hash(), timeline.console());
        assert_eq!(came_to, (other_hash, &*other_printed));
    }
    timeline.drop_timeline(0).expect("it is another");
    assert_eq!(timeline.switch_timeline(0), Err(TargetError::NoTimeline(0)));
}

#[test]
fn branches_of_branches_find_their_way() {
    let mut timeline = hello();
    let mut ends = Vec::new();
    // Each parts earlier than the one before, and then differs.
    for (number, part) in [400, 300, 200, 100].into_iter().enumerate() {
        if number > 0 {
            run(&mut timeline, Run::To(at(part)));
            timeline.branch().expect("a branch");
        }
        timeline.advance(50);
        timeline
            .set_register(0, Register::X(31), number as u64)
            .expect("the present");
        timeline.advance(300);
        ends.push((timeline.now(), timeline.state_hash()));
    }
    for number in [0, 3, 1, 2, 0, 2, 3] {
        timeline.switch_timeline(number).expect("it was kept");
        let (end, hash) = ends[number];
        assert_eq!(timeline.present(), end, "timeline {number}");
        run(&mut timeline, Run::To(end));
        assert_eq!(timeline.state_hash(), hash, "timeline {number}");
    }
}

#[test]
fn what_was_typed_is_typed_again_and_printed_once() {
    let mut timeline = shell();
    timeline.give_input(b"echo first\r").expect("the present");
    timeline.advance(30_000_000);
    timeline.give_input(b"echo second\r").expect("the present");
    timeline.advance(30_000_000);
    let (end, hash) = (timeline.now(), timeline.state_hash());
    let shown = timeline.take_output();
    assert_eq!(shown, timeline.console());
    run(&mut timeline, Run::To(at(5_000_000)));
    assert!(timeline.console().len() < shown.len());
    run(&mut timeline, Run::To(end));
    assert_eq!((timeline.state_hash(), timeline.console()), (hash, &*shown));
    assert!(timeline.take_output().is_empty(), "nothing leaves twice");
}

#[test]
fn a_watchpoint_stops_behind_the_write_and_going_back_before_it() {
    let mut timeline = hello();
    timeline.advance(150);
    let sp = timeline.register(0, Register::X(2)).expect("sp");
    let address = (sp - 64) & !7;
    timeline.advance(u64::MAX);
    let write = timeline
        .last_write(address, 64, &mut Plain)
        .expect("nothing interrupts");
    let write = write.expect("the stack is used");
    let read = |timeline: &Timeline| {
        let mut bytes = [0; 64];
        timeline
            .read(Space::Physical, address, &mut bytes)
            .expect("RAM");
        bytes
    };
    let last = read(&timeline);
    let point = Point::Watch {
        address,
        len: 64,
        kind: WatchKind::Write,
    };
    let id = timeline.add_point(point).expect("RAM");
    let stopped = run(&mut timeline, Run::BackContinue);
    assert!(
        matches!(stopped.why, Why::Point(ref hit) if hit.id == id),
        "{stopped:?}"
    );
    assert_eq!(timeline.now().step, write.before.step);
    assert_eq!(timeline.register(0, Register::Pc), Some(write.pc));
    let before = read(&timeline);
    let stopped = run(&mut timeline, Run::Continue);
    let Why::Point(hit) = stopped.why else {
        panic!("{stopped:?}");
    };
    assert!(matches!(hit.event, Event::Access { access, .. } if access.write));
    assert_eq!(timeline.now().step, write.after.step);
    assert_eq!(read(&timeline), last, "nobody wrote afterwards");
    run(&mut timeline, Run::BackContinue);
    assert_eq!(read(&timeline), before);
    assert_eq!(
        timeline.now().step,
        write.before.step,
        "the same again, from behind it"
    );
}

#[test]
fn points_of_every_kind_are_hit_in_both_directions() {
    let image = guest_images::get("page-fault").expect("a sample");
    let mut timeline = Timeline::new(machine_with(image, 1, false), settings(50));
    timeline.advance(u64::MAX);
    let end = timeline.now();
    for point in [
        Point::Exception(None),
        Point::Privilege,
        Point::CsrWrite(isa::csr::MTVEC),
        Point::Output,
    ] {
        let id = timeline
            .add_point(point.clone())
            .expect("any machine has these");
        run(&mut timeline, Run::To(at(0)));
        let mut forward = Vec::new();
        while let Why::Point(hit) = run(&mut timeline, Run::Continue).why {
            assert_eq!(hit.id, id);
            forward.push(timeline.now().step - 1);
        }
        assert!(!forward.is_empty(), "{point:?}");
        run(&mut timeline, Run::To(end));
        let mut back = Vec::new();
        while let Why::Point(_) = run(&mut timeline, Run::BackContinue).why {
            back.push(timeline.now().step);
        }
        back.reverse();
        assert_eq!(forward, back, "{point:?}");
        timeline.remove_point(id).expect("it was added");
    }
}

#[test]
fn an_interrupted_way_back_leaves_everything_as_it_was() {
    struct Impatient(u32);
    impl Control for Impatient {
        fn poll(&mut self, _: u64, _: u64) -> bool {
            self.0 += 1;
            self.0 < 3
        }
    }
    let mut timeline = shell();
    let (now, hash) = (timeline.now(), timeline.state_hash());
    timeline
        .add_point(Point::Break(0x1234_5678))
        .expect("anywhere");
    let stopped = timeline.run(Run::BackContinue, &mut Impatient(0));
    assert_eq!(stopped.expect("it works").why, Why::Interrupted);
    assert_eq!((timeline.now(), timeline.state_hash()), (now, hash));
    assert_eq!(run(&mut timeline, Run::BackContinue).why, Why::Beginning);
    assert_eq!(timeline.now(), at(0));
}

#[test]
fn snapshots_stay_within_their_budget() {
    let budget = 16 << 20;
    let settings = Settings {
        budget,
        every_steps: Some(20_000),
        ..Settings::default()
    };
    let mut timeline = Timeline::new(fawn_with("quiet noecho -- /bin/storm", 2), settings);
    let mut most = 0;
    for _ in 0..30 {
        timeline.advance(1_000_000);
        most = most.max(timeline.snapshots().0);
    }
    assert!(most <= budget && most > 0, "{most} bytes");
    let (now, hash) = (timeline.now(), timeline.state_hash());
    run(&mut timeline, Run::BackStep { hart: 1, count: 5 });
    run(&mut timeline, Run::To(now));
    assert_eq!(timeline.state_hash(), hash);
}
