//! SiFive test finisher: how a guest switches the machine off, with a status, or resets it.

use memory::{BusFault, Device, DeviceContext, Effect, StateError, Width};

use crate::state;

const PASS: u64 = 0x5555;
const FAIL: u64 = 0x3333;
const RESET: u64 = 0x7777;

/// The device. It has no state: what is written to it happens.
#[derive(Debug, Default)]
pub struct Finisher;

impl Finisher {
    /// A finisher.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

/// Halfwords and words are accessed, aligned.
fn accept(offset: u64, width: Width) -> Result<(), BusFault> {
    let known = matches!(width, Width::Half | Width::Word);
    (known && width.aligned(offset))
        .then_some(())
        .ok_or(BusFault::Refused)
}

impl Device for Finisher {
    fn name(&self) -> &str {
        "finisher"
    }

    fn read(
        &mut self,
        offset: u64,
        width: Width,
        _: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault> {
        accept(offset, width)?;
        Ok(0)
    }

    fn write(
        &mut self,
        offset: u64,
        width: Width,
        value: u64,
        cx: &mut DeviceContext<'_>,
    ) -> Result<(), BusFault> {
        accept(offset, width)?;
        if offset != 0 {
            return Ok(());
        }
        let code = value >> 16 & 0xffff;
        match value & 0xffff {
            PASS => cx.effects.push(Effect::PowerOff { code: 0 }),
            // A failure without a code must not pass for success.
            FAIL => cx.effects.push(Effect::PowerOff { code: code.max(1) }),
            RESET => cx.effects.push(Effect::Reset),
            _ => {}
        }
        Ok(())
    }

    fn reset(&mut self, _: &mut DeviceContext<'_>) {}

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        state::restore("finisher", bytes)
    }
}
