//! Any bytes as a guest's code, by both engines, whole and in pieces: the same steps to the same state.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machine::{Config, Machine};

const BASE: u64 = 0x8000_0000;

fuzz_target!(|input: (u16, Vec<u16>)| {
    let (piece, halves) = input;
    let code: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
    if code.len() > 0x4000 {
        return;
    }
    let run = |plain_engine, piece: u64| {
        let config = Config {
            memory: 1 << 16,
            plain_engine,
            ..Config::default()
        };
        let mut machine = Machine::new(config).expect("a small machine");
        machine.bus_mut().ram.write(BASE, &code);
        // Code that traps goes on in its middle.
        if let Some(hart) = machine.hart_mut(0) {
            for register in 1..32 {
                hart.set_reg(register, BASE + 0x2000 + u64::from(register) * 0x101);
            }
        }
        let mut left = 2000;
        while left > 0 {
            let part = piece.clamp(1, left);
            if machine.run(part) != machine::Stop::Budget {
                break;
            }
            left -= part;
        }
        (machine.steps(), machine.state_hash(), machine.take_output())
    };
    let plain = run(true, 2000);
    assert_eq!(plain, run(false, 2000));
    assert_eq!(plain, run(false, u64::from(piece)));
});
