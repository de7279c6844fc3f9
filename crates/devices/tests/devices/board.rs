//! A board with every device and no harts.

use abi::memory_map as map;
use devices::{Clint, Finisher, GoldfishRtc, Plic, Uart, rom};
use memory::lines::line;
use memory::{Bus, Effect, Nanos, Ram, Width};

/// Where the RTC starts: 2001-09-09 01:46:40 UTC.
pub const RTC_BASE: u64 = 1_000_000_000_000_000_000;
/// Harts that the timer and the interrupt controller are built for.
pub const HARTS: usize = 2;

/// A board at whose serial port `input` arrives.
pub fn board_with(input: &[u8]) -> Bus {
    let ram = Ram::new(map::RAM_BASE, 4096).expect("one page of RAM");
    let mut bus = Bus::new(ram);
    let mut attach = |region, device| bus.attach(region, device).expect("regions do not overlap");
    attach(
        map::RESET_ROM,
        Box::new(rom::reset_rom(0x8000_0000, 0x8020_0000)),
    );
    attach(map::TEST_FINISHER, Box::new(Finisher::new()));
    attach(map::RTC, Box::new(GoldfishRtc::new(RTC_BASE)));
    attach(map::CLINT, Box::new(Clint::new(HARTS)));
    attach(map::PLIC, Box::new(Plic::new(HARTS)));
    attach(map::UART, Box::new(Uart::with_input(input.to_vec())));
    bus
}

/// A board at which nothing arrives.
pub fn board() -> Bus {
    board_with(&[])
}

/// Accesses and time, as short as tests want them.
pub trait Guest {
    /// Lets guest time pass, device by device deadline.
    fn pass(&mut self, nanos: Nanos);
    fn byte(&mut self, address: u64) -> u8;
    fn set_byte(&mut self, address: u64, value: u8);
    fn word(&mut self, address: u64) -> u32;
    fn set_word(&mut self, address: u64, value: u32);
    fn double(&mut self, address: u64) -> u64;
    fn set_double(&mut self, address: u64, value: u64);
    /// Whether `mip` bit `bit` of a hart is driven.
    fn line(&self, hart: usize, bit: u32) -> bool;
    /// What was printed since the last call.
    fn printed(&mut self) -> Vec<u8>;
}

impl Guest for Bus {
    fn pass(&mut self, nanos: Nanos) {
        let end = self.clock.now() + nanos;
        while let Some(at) = self.deadline().filter(|&at| at <= end) {
            let now = self.clock.now();
            assert!(at > now, "a deadline at {at} is behind the time {now}");
            self.clock.idle += at - now;
            self.tick();
        }
        self.clock.idle += end - self.clock.now();
    }

    fn byte(&mut self, address: u64) -> u8 {
        self.load(address, Width::Byte).expect("a byte register") as u8
    }

    fn set_byte(&mut self, address: u64, value: u8) {
        self.store(address, Width::Byte, value.into())
            .expect("a byte register");
    }

    fn word(&mut self, address: u64) -> u32 {
        self.load(address, Width::Word).expect("a word register") as u32
    }

    fn set_word(&mut self, address: u64, value: u32) {
        self.store(address, Width::Word, value.into())
            .expect("a word register");
    }

    fn double(&mut self, address: u64) -> u64 {
        self.load(address, Width::Double).expect("a doubleword")
    }

    fn set_double(&mut self, address: u64, value: u64) {
        self.store(address, Width::Double, value)
            .expect("a doubleword");
    }

    fn line(&self, hart: usize, bit: u32) -> bool {
        assert!([line::MSIP, line::MTIP, line::SEIP, line::MEIP].contains(&bit));
        self.lines.into_hart(hart) >> bit & 1 != 0
    }

    fn printed(&mut self) -> Vec<u8> {
        let effects = std::mem::take(&mut self.effects).into_iter();
        effects
            .map(|effect| match effect {
                Effect::Console(byte) => byte,
                other => panic!("{other:?} is not console output"),
            })
            .collect()
    }
}
