//! Any accesses to the registers of every device, with time passing and bytes typed in between; saved states come back
//! as they were.
#![no_main]

use libfuzzer_sys::fuzz_target;
use machine::{Config, HostEvent, Machine};
use memory::Width;

/// Device, offset, width and direction, value.
type Access = (u8, u32, u8, u64);

fuzz_target!(|accesses: Vec<Access>| {
    let config = Config {
        memory: 1 << 16,
        harts: 2,
        input: Some(b"some input".to_vec()),
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("a small machine");
    let regions: Vec<_> = machine.bus().devices().map(|(region, _)| region).collect();
    for (device, offset, how, value) in accesses {
        let region = regions[usize::from(device) % regions.len()];
        // Mostly near the beginning, where the registers are, else anywhere, edges included.
        let range = if how & 0x40 != 0 { region.size } else { 0x40 };
        let address = region.base + u64::from(offset) % range;
        let width = [Width::Byte, Width::Half, Width::Word, Width::Double][usize::from(how & 3)];
        let bus = machine.bus_mut();
        match how >> 2 & 3 {
            0 => {
                let _ = bus.load(address, width);
            }
            1 => {
                let _ = bus.fetch_device(address);
            }
            2 if how & 0x80 != 0 => {
                bus.clock.idle += value % 1_000_000_000;
                bus.tick();
            }
            3 if how & 0x80 != 0 => {
                bus.event(&HostEvent::ConsoleInput(value.to_le_bytes().to_vec()));
            }
            _ => {
                let _ = bus.store(address, width, value);
            }
        }
    }
    let bus = machine.bus_mut();
    for (_, text) in bus.inspect_devices() {
        let _ = text.len();
    }
    let saved = bus.save_devices();
    bus.restore_devices(&saved)
        .expect("what was saved is restored");
    assert_eq!(saved, bus.save_devices());
});
