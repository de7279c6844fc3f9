//! What whole-system tests share: a machine with a program, run to its end by either engine.

pub mod program;

use guest_images::GuestImage;
use machine::loader::{self, RamRange};
use machine::semihosting::SemihostingConfig;
use machine::{Config, Machine};

/// RAM that the sample programs get.
pub const MEMORY: u64 = 64 << 20;

/// A machine with a sample program loaded, as its table says it must be run.
///
/// # Panics
/// When the program does not load: then a test has found something.
#[must_use]
pub fn machine_with(image: &GuestImage, harts: usize, plain_engine: bool) -> Machine {
    let ram = RamRange {
        base: abi::memory_map::RAM_BASE,
        size: MEMORY,
    };
    let program = loader::parse(image.name, image.bytes, ram, None).expect("a sample loads");
    let config = Config {
        memory: MEMORY,
        harts,
        input: Some(image.expected.input.as_bytes().to_vec()),
        semihosting: Some(SemihostingConfig::default()),
        plain_engine,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("the host has so much address space");
    machine.load(program).expect("a sample fits");
    machine
}
