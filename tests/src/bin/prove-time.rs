//! `cargo xtask prove time`: the long form of the tests of time travel, and its figures.

#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use debugger::{
    Control, Event, Hit, Plain, Point, Run, Settings, Target, Timeline, WatchKind, Why,
};
use guest_images::Kind;
use hartland_tests::wander::{Wander, undisturbed};
use hartland_tests::{fawn_with, kernel_with, machine_with};
use machine::Machine;

/// Figures that must hold.
const STEP_BACK: Duration = Duration::from_millis(500);
const BACK_TO_WATCHPOINT: Duration = Duration::from_secs(5);
const BUDGET: u64 = 256 << 20;
const LEAST_THROUGHPUT: f64 = 0.95;

#[derive(clap::Parser)]
struct Arguments {
    /// Fewer and shorter wanderings, for CI
    #[arg(long)]
    quick: bool,
    /// Figures only
    #[arg(long)]
    figures: bool,
    /// A kernel to wander through, with --initrd
    #[arg(long, requires = "initrd")]
    kernel: Option<PathBuf>,
    /// Its RAM disk; its first program ends the machine
    #[arg(long)]
    initrd: Option<PathBuf>,
}

#[derive(Default)]
struct Verdict {
    failed: bool,
}

impl Verdict {
    fn say(&mut self, holds: bool, what: &str) {
        self.failed |= !holds;
        println!("{} {what}", if holds { "ok    " } else { "FAILED" });
    }
}

fn main() -> ExitCode {
    let arguments = <Arguments as clap::Parser>::parse();
    let mut verdict = Verdict::default();
    throughput(&mut verdict);
    far_back(&mut verdict);
    watchpoint_on_fawn(&mut verdict);
    if !arguments.figures {
        wander_through_samples(&mut verdict, arguments.quick);
        wander_through_fawn(&mut verdict, arguments.quick);
        if let (Some(kernel), Some(initrd)) = (&arguments.kernel, &arguments.initrd) {
            wander_through_kernel(&mut verdict, kernel, initrd, arguments.quick);
        }
    }
    match verdict.failed {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    }
}

fn workload(name: &str) -> Machine {
    let image = guest_images::get(name).expect("a workload of that name");
    machine_with(image, 1, false)
}

/// Time that this thread was on a processor, where the host tells; else time on the wall.
fn on_processor(begun: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| begun.elapsed(), Duration::from_nanos)
}

/// With snapshots being taken, beside a plain run, alternately: the best time of each, since what else the host does only
/// ever adds.
fn throughput(verdict: &mut Verdict) {
    const PAIRS: usize = 9;
    for name in ["integer", "coremark-like", "stream"] {
        let begun = Instant::now();
        let (mut bare, mut watched) = (Duration::MAX, Duration::MAX);
        let (mut held, mut steps) = (0, 0);
        for _ in 0..PAIRS {
            let mut plain = workload(name);
            let before = on_processor(begun);
            plain.run(u64::MAX);
            bare = bare.min(on_processor(begun) - before);
            steps = plain.steps();
            let mut timeline = Timeline::new(workload(name), Settings::default());
            let before = on_processor(begun);
            timeline.advance(u64::MAX);
            watched = watched.min(on_processor(begun) - before);
            held = timeline.snapshots().0;
        }
        let ratio = bare.as_secs_f64() / watched.as_secs_f64();
        let text = format!(
            "{name}: with snapshots {ratio:.3} of the plain speed ({bare:.2?} plain), {steps} steps; they hold {} MiB",
            held >> 20,
        );
        verdict.say(ratio >= LEAST_THROUGHPUT && held <= BUDGET, &text);
    }
}

/// A step back, and then ten more, from as far as a workload goes and from 10^9 steps.
fn far_back(verdict: &mut Verdict) {
    type Make = Box<dyn Fn() -> Machine>;
    let machines: [(&str, Make); 4] = [
        ("integer", Box::new(|| workload("integer"))),
        ("stream", Box::new(|| workload("stream"))),
        (
            "Fawn, 1 hart",
            Box::new(|| fawn_with("quiet noecho -- /bin/timeshare", 1)),
        ),
        (
            "Fawn, 4 harts",
            Box::new(|| fawn_with("quiet noecho -- /bin/timeshare", 4)),
        ),
    ];
    for (name, machine) in machines {
        let mut timeline = Timeline::new(machine(), Settings::default());
        timeline.advance(1_000_000_000);
        let steps = timeline.now().step;
        let mut worst = Duration::ZERO;
        let mut first = Duration::ZERO;
        for count in 0..11 {
            let hart = timeline.current_hart();
            let begun = Instant::now();
            let stopped = timeline.run(Run::BackStep { hart, count: 1 }, &mut Plain);
            let took = begun.elapsed();
            assert!(
                matches!(stopped, Ok(ref stopped) if stopped.why == Why::Done),
                "{stopped:?}"
            );
            if count == 0 {
                first = took;
            } else {
                worst = worst.max(took);
            }
        }
        let (bytes, count) = timeline.snapshots();
        let text = format!(
            "{name}: a step back after {steps} steps took {first:.1?}, each of ten more at most {worst:.1?}; {count} snapshots, {} MiB",
            bytes >> 20
        );
        verdict.say(
            first < STEP_BACK && worst < STEP_BACK && bytes <= BUDGET,
            &text,
        );
    }
}

/// Back to a write that lies far behind, found again by its address alone.
fn watchpoint_on_fawn(verdict: &mut Verdict) {
    const BEHIND: u64 = 100_000_000;
    for harts in [1, 4] {
        let machine = fawn_with("quiet noecho -- /bin/timeshare", harts);
        let mut timeline = Timeline::new(machine, Settings::default());
        timeline.advance(2_000_000);
        let candidates = written_now(&mut timeline);
        timeline.advance(BEHIND);
        // A few of them, from all over.
        let stride = (candidates.len() / 40).max(1);
        let found = candidates.iter().step_by(stride).find_map(|&address| {
            let write = timeline.last_write(address, 8, &mut Plain).ok()??;
            let behind = timeline.now().step - write.before.step;
            (behind >= BEHIND).then_some(address)
        });
        let Some(address) = found else {
            verdict.say(false, "Fawn: everything that was written is written again");
            continue;
        };
        let (len, kind) = (8, WatchKind::Write);
        let point = Point::Watch { address, len, kind };
        timeline.add_point(point).expect("RAM");
        let (from, begun) = (timeline.now().step, Instant::now());
        let stopped = timeline
            .run(Run::BackContinue, &mut Plain)
            .expect("it was written");
        let took = begun.elapsed();
        let distance = from - timeline.now().step;
        let found = matches!(stopped.why, Why::Point(_));
        let text =
            format!("Fawn, {harts} hart(s): back to a write {distance} steps ago took {took:.2?}");
        verdict.say(
            found && distance >= BEHIND && took < BACK_TO_WATCHPOINT,
            &text,
        );
    }
}

/// Addresses that the next steps write.
fn written_now(timeline: &mut Timeline) -> Vec<u64> {
    struct Collect(Vec<u64>);
    impl Control for Collect {
        fn accept(&mut self, _: &dyn Target, hit: &Hit) -> bool {
            if let Event::Access { access, .. } = hit.event {
                self.0.push(access.address & !7);
            }
            false
        }
    }
    let ram = &timeline.bus().ram;
    let all = Point::Watch {
        address: ram.base(),
        len: ram.size(),
        kind: WatchKind::Write,
    };
    let id = timeline.add_point(all).expect("RAM");
    let mut collect = Collect(Vec::new());
    timeline
        .run(Run::For(20_000), &mut collect)
        .expect("forward");
    timeline.remove_point(id).expect("it was added");
    collect.0.sort_unstable();
    collect.0.dedup();
    collect.0
}

fn wander(
    verdict: &mut Verdict,
    name: &str,
    machine: impl Fn() -> Machine,
    limit: u64,
    (acts, seed, budget): (u64, u64, u64),
) {
    let begun = Instant::now();
    let expected = undisturbed(machine(), limit);
    let stride = (expected.end.step / 60).max(1);
    let settings = Settings {
        every_steps: Some((stride / 3).max(1)),
        budget,
        ..Settings::default()
    };
    let came_to = Wander::new(machine(), limit, seed, settings).run(acts, stride);
    let same = came_to == expected;
    let text = format!(
        "{name}: {acts} random stops and steps back over {} steps, same state {:032x} ({:.1?})",
        expected.end.step,
        expected.state,
        begun.elapsed()
    );
    verdict.say(same, &text);
    if !same {
        println!("       expected {expected:?}\n       came to  {came_to:?}");
    }
}

fn wander_through_samples(verdict: &mut Verdict, quick: bool) {
    let acts = if quick { 100 } else { 1_000 };
    for (seed, image) in guest_images::of_kind(Kind::Sample).enumerate() {
        for plain in [false, true] {
            let harts = usize::from(image.expected.harts);
            let engine = if plain { "plain" } else { "threaded" };
            let name = format!("{}, {engine} engine", image.name);
            let machine = || machine_with(image, harts, plain);
            wander(
                verdict,
                &name,
                machine,
                3_000_000,
                (acts, seed as u64, BUDGET),
            );
        }
    }
}

fn fawn_samples() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sample-programs/fawn");
    let entries = std::fs::read_dir(folder).expect("the samples");
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_sample = path.join("expected.txt").exists();
            is_sample.then(|| path.file_name()?.to_str().map(str::to_owned))?
        })
        .collect();
    names.sort();
    names
}

fn wander_through_fawn(verdict: &mut Verdict, quick: bool) {
    for (seed, sample) in fawn_samples().into_iter().enumerate() {
        let all: &[usize] = if quick { &[2] } else { &[1, 2, 4] };
        for &harts in all {
            let machine = || fawn_with(&format!("quiet noecho -- /bin/{sample}"), harts);
            let acts = if quick { 40 } else { 1_000 };
            let name = format!("Fawn, {harts} hart(s), {sample}");
            wander(
                verdict,
                &name,
                machine,
                1_000_000_000,
                (acts, seed as u64, BUDGET),
            );
        }
    }
}

fn wander_through_kernel(
    verdict: &mut Verdict,
    kernel: &std::path::Path,
    initrd: &std::path::Path,
    quick: bool,
) {
    let kernel = std::fs::read(kernel).expect("the kernel's file");
    let initrd = std::fs::read(initrd).expect("the RAM disk's file");
    for harts in [1, 2] {
        let machine = || kernel_with(&kernel, &initrd, "console=ttyS0", harts);
        let acts = if quick { 20 } else { 1_000 };
        let name = format!("another kernel, {harts} hart(s)");
        // It uses more memory than two snapshots of the default budget hold.
        let budget = 8 * BUDGET;
        wander(
            verdict,
            &name,
            machine,
            20_000_000_000,
            (acts, harts as u64, budget),
        );
    }
}
