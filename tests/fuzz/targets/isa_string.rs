//! Any text as an ISA string: refused, or read, written and read again to the same.
#![no_main]

use isa::IsaConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match IsaConfig::parse(text) {
        Ok(isa) => assert_eq!(IsaConfig::parse(&isa.to_string()), Ok(isa), "{text}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
