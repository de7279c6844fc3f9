//! Any bytes as a device tree given by the user: edited, or refused with a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machine::{Boot, Config, Machine};

fuzz_target!(|input: (Vec<u8>, String)| {
    let (tree, arguments) = input;
    let config = Config {
        memory: 4 << 20,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("a small machine");
    let boot = Boot {
        device_tree: Some(tree),
        arguments,
        initrd: Some(vec![1; 5000]),
        ..Boot::default()
    };
    if machine.boot(boot).is_ok() {
        assert!(!machine.device_tree().is_empty());
    }
});
