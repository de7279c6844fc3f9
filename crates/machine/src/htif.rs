//! HTIF: the host-target interface of Spike and of the public test suites.
//!
//! A guest stores a doubleword to `tohost`: device in bits 63 to 56, command in bits 55 to 48,
//! payload below. Device 0 ends the guest or makes a system call, device 1 is the console.
//!
//! 32-bit guests and some 64-bit ones write the two words one after the other. A low word is
//! acted on at once when its payload ends the guest (bit 0 set, upper word clear), since both orders
//! then mean the same; anything else waits until the upper word was written too.

use memory::{HostWrite, Ram, Width};

const CONSOLE: u64 = 1;
const CONSOLE_PUT: u64 = 1;
/// System-call number of `write`, as riscv-tests' benchmarks use it.
const SYS_WRITE: u64 = 64;
/// More than this a guest need not print in one call.
const MOST_BYTES: u64 = 1 << 20;

/// What a store to `tohost` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HtifOutcome {
    /// Nothing, or nothing yet.
    None,
    /// End the guest with this code.
    Exit(u64),
    /// Print this.
    Console(Vec<u8>),
}

/// Where a guest's HTIF registers are.
#[derive(Clone, Copy, Debug)]
pub struct Htif {
    tohost: u64,
    fromhost: Option<u64>,
}

impl Htif {
    /// With the physical addresses of the symbols.
    #[must_use]
    pub fn new(tohost: u64, fromhost: Option<u64>) -> Self {
        Self { tohost, fromhost }
    }

    /// Looks at `tohost` after stores to its page, and answers.
    pub fn poll(&self, ram: &mut Ram, writes: &[HostWrite]) -> HtifOutcome {
        let touches = |at: u64| {
            let hit = |w: &HostWrite| w.address < at + 4 && at < w.address + w.bytes;
            writes.iter().any(hit)
        };
        let (low, high) = (touches(self.tohost), touches(self.tohost + 4));
        let value = ram.load(self.tohost, Width::Double).unwrap_or(0);
        let ends = value >> 48 == 0 && value & 1 != 0;
        if value == 0 || !(high || low && ends) {
            return HtifOutcome::None;
        }
        let outcome = self.command(ram, value);
        if !matches!(outcome, HtifOutcome::Exit(_)) {
            ram.write(self.tohost, &[0; 8]);
        }
        outcome
    }

    fn command(&self, ram: &mut Ram, value: u64) -> HtifOutcome {
        let (device, command) = (value >> 56, value >> 48 & 0xff);
        let payload = value & ((1 << 48) - 1);
        match (device, command) {
            (0, 0) if payload & 1 != 0 => HtifOutcome::Exit(payload >> 1),
            (0, 0) => self.system_call(ram, payload),
            (CONSOLE, CONSOLE_PUT) => HtifOutcome::Console(vec![payload as u8]),
            _ => HtifOutcome::None,
        }
    }

    /// A block of eight doublewords at `block`: number and arguments; the result goes to the first.
    fn system_call(&self, ram: &mut Ram, block: u64) -> HtifOutcome {
        let argument = |i: u64| ram.load(block + 8 * i, Width::Double).unwrap_or(0);
        let (number, address, len) = (argument(0), argument(2), argument(3));
        let bytes = ram.bytes(address, len.min(MOST_BYTES)).map(<[u8]>::to_vec);
        let (result, outcome) = match (number, bytes) {
            (SYS_WRITE, Some(bytes)) => (bytes.len() as u64, HtifOutcome::Console(bytes)),
            _ => (u64::MAX, HtifOutcome::None),
        };
        ram.write(block, &result.to_le_bytes());
        if let Some(fromhost) = self.fromhost {
            ram.write(fromhost, &1u64.to_le_bytes());
        }
        outcome
    }
}
