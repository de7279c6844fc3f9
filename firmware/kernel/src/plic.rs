//! The interrupt controller: which device interrupts, and that it was looked at. All of them go to the boot hart.

use crate::memory::direct;

/// UART and nothing else, so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plic {
    /// Physical address of its registers; 0 when there is none.
    pub base: u64,
    /// The boot hart's S-mode context.
    pub context: u64,
    /// The source of the console.
    pub uart: u32,
}

const ENABLE: u64 = 0x2000;
const ENABLE_STRIDE: u64 = 0x80;
const CONTEXT: u64 = 0x20_0000;
const CONTEXT_STRIDE: u64 = 0x1000;
const CLAIM: u64 = 4;

impl Plic {
    /// Lets the console's interrupts through.
    pub fn enable(&self) {
        if self.base == 0 || self.uart == 0 {
            return;
        }
        let source = u64::from(self.uart);
        let enable = self.base + ENABLE + self.context * ENABLE_STRIDE + source / 32 * 4;
        direct::write_device32(self.base + 4 * source, 1);
        direct::write_device32(enable, direct::read_device32(enable) | 1 << (source % 32));
        direct::write_device32(self.context_register(0), 0);
    }

    fn context_register(&self, register: u64) -> u64 {
        self.base + CONTEXT + self.context * CONTEXT_STRIDE + register
    }

    /// Which source interrupts; it does not again before [`Plic::complete`].
    pub fn claim(&self) -> Option<u32> {
        if self.base == 0 {
            return None;
        }
        match direct::read_device32(self.context_register(CLAIM)) {
            0 => None,
            source => Some(source),
        }
    }

    /// The source's interrupt was dealt with.
    pub fn complete(&self, source: u32) {
        direct::write_device32(self.context_register(CLAIM), source);
    }
}
