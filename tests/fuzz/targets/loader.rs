//! Any bytes as a program file: they load, or are refused with a reason; what loads runs for a while.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machine::loader::{self, RamRange};
use machine::{Config, Machine};

const MEMORY: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let ram = RamRange {
        base: 0x8000_0000,
        size: MEMORY,
    };
    let Ok(image) = loader::parse("fuzzed", bytes, ram, None) else {
        return;
    };
    let _ = image.describe();
    let config = Config {
        memory: MEMORY,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("a small machine");
    if machine.load(image).is_ok() {
        machine.run(500);
    }
});
