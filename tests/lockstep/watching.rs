//! Traps watched at full speed are those that every step watched shows; seeded interleavings repeat like any other.

use guest_images::GuestImage;
use hartland_tests::{MEMORY, machine_with};
use isa::trap::Interrupt;
use machine::hart::{Hart, Trap};
use machine::loader::{self, RamRange};
use machine::schedule::SeededSchedule;
use machine::{Bus, Machine, Observer, Stop};

use super::{LIMIT, outcome, run_whole, samples};

/// What was told, and when.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told(Vec<(u64, u64, &'static str, u64)>);

impl Told {
    fn note(&mut self, hart: &Hart, bus: &Bus, what: &'static str, value: u64) {
        self.0.push((bus.clock.steps, hart.id(), what, value));
    }
}

impl Observer for Told {
    fn before(&mut self, _: &Hart, _: &Bus, _: &isa::Insn, _: u32) {}
    fn retired(&mut self, _: &Hart, _: &Bus, _: u64, _: &isa::Insn, _: u32) {}
    fn trapped(&mut self, hart: &Hart, bus: &Bus, pc: u64, trap: Trap) {
        self.note(hart, bus, trap.cause.name(), pc ^ trap.tval);
    }
    fn interrupted(&mut self, hart: &Hart, bus: &Bus, pc: u64, interrupt: Interrupt) {
        self.note(hart, bus, interrupt.name(), pc);
    }
    fn returned(&mut self, hart: &Hart, bus: &Bus) {
        self.note(hart, bus, "return", hart.pc);
    }
    fn waits(&mut self, hart: &Hart, bus: &Bus) {
        self.note(hart, bus, "wait", hart.pc);
    }
    fn wakes(&mut self, hart: &Hart, bus: &Bus) {
        self.note(hart, bus, "wake", hart.pc);
    }
}

#[test]
fn traps_are_told_alike_by_both_engines_and_change_nothing() {
    let mut told = 0;
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        let run = |plain, every: bool| {
            let mut machine = machine_with(image, harts, plain);
            let mut seen = Told::default();
            if every {
                machine.run_observed(LIMIT, &mut seen);
            } else {
                machine.run_watching_traps(LIMIT, &mut seen);
            }
            (outcome(&mut machine), seen)
        };
        let threaded = run(false, false);
        assert_eq!(threaded.0, run_whole(image, harts, false), "{}", image.name);
        assert_eq!(threaded, run(true, false), "{}", image.name);
        assert_eq!(threaded, run(false, true), "{}", image.name);
        told += threaded.1.0.len();
    }
    assert!(told > 100, "{told}");
}

fn seeded(image: &GuestImage, harts: usize, plain: bool, seed: u64) -> Machine {
    let mut config = machine_with(image, harts, plain).config().clone();
    config.interleaving = Some(SeededSchedule::always(seed));
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: MEMORY,
    };
    let program = loader::parse(image.name, image.bytes, ram, None).expect("a sample loads");
    let mut machine = Machine::new(config).expect("the host has so much address space");
    machine.load(program).expect("a sample fits");
    machine
}

#[test]
fn seeded_interleavings_repeat_however_they_are_cut() {
    let mut differ = 0;
    for image in samples() {
        let harts = usize::from(image.expected.harts);
        for seed in [1, 2] {
            let run = |plain: bool, piece: u64| {
                let mut machine = seeded(image, harts, plain, seed);
                while machine.steps() < LIMIT {
                    let left = LIMIT - machine.steps();
                    if machine.run(piece.min(left)) != Stop::Budget {
                        break;
                    }
                }
                outcome(&mut machine)
            };
            let whole = run(false, u64::MAX);
            assert_eq!(whole, run(true, u64::MAX), "{} {seed}", image.name);
            assert_eq!(whole, run(false, 777), "{} {seed}", image.name);
            differ += usize::from(whole != run_whole(image, harts, false));
        }
    }
    assert!(differ > 4, "a seed chooses something: {differ}");
}
