//! However a run is cut, watched or repeated, and whichever engine runs it: the same steps, the
//! same state hash.

mod watching;

use guest_images::{GuestImage, Kind, of_kind};
use hartland_tests::machine_with;
use hartland_tests::program::{BASE, Program};
use isa::{Insn, Opcode, encode};
use machine::hart::{Hart, Trap};
use machine::{Bus, Config, HostEvent, Machine, Observer, Stop};

const LIMIT: u64 = 3_000_000;

/// Steps, hash and output: what must agree.
fn outcome(machine: &mut Machine) -> (u64, u128, Vec<u8>) {
    (machine.steps(), machine.state_hash(), machine.take_output())
}

fn samples() -> impl Iterator<Item = &'static GuestImage> {
    of_kind(Kind::Sample)
}

fn run_whole(image: &GuestImage, harts: usize, plain: bool) -> (u64, u128, Vec<u8>) {
    let mut machine = machine_with(image, harts, plain);
    machine.run(LIMIT);
    outcome(&mut machine)
}

/// Runs in pieces whose lengths `next` gives.
fn run_in_pieces(
    image: &GuestImage,
    harts: usize,
    mut next: impl FnMut() -> u64,
) -> (u64, u128, Vec<u8>) {
    let mut machine = machine_with(image, harts, false);
    while machine.steps() < LIMIT {
        let left = LIMIT - machine.steps();
        if machine.run(next().min(left)) != Stop::Budget {
            break;
        }
    }
    outcome(&mut machine)
}

#[test]
fn both_engines_agree() {
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        let (threaded, plain) = (
            run_whole(image, harts, false),
            run_whole(image, harts, true),
        );
        assert_eq!(threaded, plain, "{}", image.name);
    }
}

/// A machine with a benchmark's workload, which needs more RAM than samples do.
fn workload_machine(image: &GuestImage, plain_engine: bool) -> Machine {
    let memory = 256 << 20;
    let ram = machine::loader::RamRange {
        base: BASE,
        size: memory,
    };
    let program =
        machine::loader::parse(image.name, image.bytes, ram, None).expect("a workload loads");
    let config = Config {
        memory,
        plain_engine,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("the host has so much address space");
    machine.load(program).expect("a workload fits");
    machine
}

/// The beginning of each workload: system calls, interrupts, page faults, switches and flushes by the
/// thousand, whole and in pieces that end anywhere. `hartland bench --verify` runs them to their ends.
#[test]
fn engines_agree_on_workloads() {
    const STEPS: u64 = 600_000;
    let mut random = 11u64;
    for image in of_kind(Kind::Workload) {
        let mut plain = workload_machine(image, true);
        plain.run(STEPS);
        let expected = outcome(&mut plain);
        let mut whole = workload_machine(image, false);
        whole.run(STEPS);
        assert_eq!(outcome(&mut whole), expected, "{}", image.name);
        let mut pieces = workload_machine(image, false);
        while pieces.steps() < STEPS {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let left = STEPS - pieces.steps();
            if pieces.run(left.min(1 + (random >> 33) % 97)) != Stop::Budget {
                break;
            }
        }
        assert_eq!(outcome(&mut pieces), expected, "{} in pieces", image.name);
    }
}

#[test]
fn two_runs_agree() {
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        assert_eq!(
            run_whole(image, harts, false),
            run_whole(image, harts, false),
            "{}",
            image.name
        );
    }
}

#[test]
fn pieces_of_any_length_make_the_same_whole() {
    let mut random = 7u64;
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        let pieces = run_in_pieces(image, harts, || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            1 + (random >> 33) % 5000
        });
        assert_eq!(pieces, run_whole(image, harts, false), "{}", image.name);
    }
}

#[test]
fn single_steps_make_the_same_whole() {
    for name in [
        "hello",
        "interrupts-m",
        "interrupts-s",
        "page-fault",
        "htif",
    ] {
        let image = guest_images::get(name).expect("a sample of that name");
        assert_eq!(
            run_in_pieces(image, 1, || 1),
            run_whole(image, 1, false),
            "{name}"
        );
    }
}

/// Counts what it sees.
#[derive(Default)]
struct Counter {
    retired: u64,
    trapped: u64,
    interrupted: u64,
}

impl Observer for Counter {
    fn before(&mut self, _: &Hart, _: &Bus, _: &isa::Insn, _: u32) {}
    fn retired(&mut self, _: &Hart, _: &Bus, _: u64, _: &isa::Insn, _: u32) {
        self.retired += 1;
    }
    fn trapped(&mut self, _: &Hart, _: &Bus, _: u64, _: Trap) {
        self.trapped += 1;
    }
    fn interrupted(&mut self, _: &Hart, _: &Bus, _: u64, _: isa::trap::Interrupt) {
        self.interrupted += 1;
    }
}

#[test]
fn watching_changes_nothing_and_sees_every_step() {
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        let mut machine = machine_with(image, harts, false);
        let mut counter = Counter::default();
        machine.run_observed(LIMIT, &mut counter);
        let seen = counter.retired + counter.trapped + counter.interrupted;
        let (steps, hash, output) = outcome(&mut machine);
        assert_eq!(seen, steps, "{}", image.name);
        assert_eq!(
            (steps, hash, output),
            run_whole(image, harts, false),
            "{}",
            image.name
        );
    }
}

#[test]
fn a_duplicate_goes_on_as_the_original_does() {
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        let mut original = machine_with(image, harts, false);
        original.run(2_500);
        let mut copy = original.duplicate().expect("room for a second RAM");
        assert_eq!(copy.state_hash(), original.state_hash(), "{}", image.name);
        original.take_output();
        original.run(100_000);
        copy.run(100_000);
        assert_eq!(outcome(&mut copy), outcome(&mut original), "{}", image.name);
    }
}

/// What is typed enters through the log; replaying the log gives the same run.
#[test]
fn a_log_replays_to_the_same_state() {
    let image = guest_images::get("interrupts-m").expect("a sample of that name");
    let run = |events: Option<Vec<memory::LoggedEvent>>| {
        let mut machine = machine_with(image, 1, false);
        machine.set_interactive(true);
        match events {
            Some(events) => machine.replay(events),
            None => {
                machine.run(1_234);
                machine.inject(HostEvent::ConsoleInput(b"typed early\n".to_vec()));
            }
        }
        let mut stop = machine.run(LIMIT);
        while let Stop::Idle(Some(until)) = stop {
            machine.pass_idle_until(until);
            stop = machine.run(LIMIT);
        }
        let log = machine.log().entered().to_vec();
        (outcome(&mut machine), log)
    };
    let (first, log) = run(None);
    assert!(!log.is_empty());
    let (again, _) = run(Some(log));
    assert_eq!(first, again);
}

/// A loop whose code leads from page to page by an instruction that straddles the two, and by one that the decoder
/// leaves to the reference engine.
fn straddling_loop() -> Vec<u8> {
    let addi = encode(&Insn {
        rd: 5,
        rs1: 5,
        imm: 1,
        ..Insn::new(Opcode::Addi)
    })
    .expect("addi has an encoding");
    const C_NOP: u32 = 1;
    Program::new()
        .up_to(BASE + 0xffc)
        .word(C_NOP | addi << 16)
        .word(addi >> 16 | C_NOP << 16)
        .i(Opcode::Jal, "zero", "zero", -0x14)
        .bytes()
}

#[test]
fn a_budget_is_kept_wherever_it_ends() {
    for plain_engine in [false, true] {
        let config = Config {
            memory: 1 << 20,
            plain_engine,
            ..Config::default()
        };
        let mut machine = Machine::new(config).expect("a small machine");
        machine.bus_mut().ram.write(BASE, &straddling_loop());
        machine.run(1200);
        // The loop has seven steps: each budget ends at each of them.
        for budget in (1..24).flat_map(|budget| [budget, 1].repeat(7)) {
            let before = machine.steps();
            assert_eq!(machine.run(budget), Stop::Budget);
            assert_eq!(machine.steps() - before, budget, "plain: {plain_engine}");
        }
    }
}
