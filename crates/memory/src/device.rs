//! What the bus asks of a device, and what a device may touch.

use crate::{BusFault, Clock, Effect, HostEvent, Lines, Nanos, Ram, Width};

/// A saved device state could not be read back.
#[derive(Debug, thiserror::Error)]
#[error("the saved state of device `{device}` cannot be read: {reason}")]
pub struct StateError {
    /// Whose state it was.
    pub device: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a device may see and touch while it handles an access, a deadline or an event.
pub struct DeviceContext<'a> {
    /// Guest time; `clock.steps` is the number of steps completed before this one.
    pub clock: &'a mut Clock,
    /// Interrupt wires.
    pub lines: &'a mut Lines,
    /// RAM, for devices that do DMA (through [`Ram::dma_write`], never another door).
    pub ram: &'a mut Ram,
    /// What leaves the machine.
    pub effects: &'a mut Vec<Effect>,
}

/// A memory-mapped device.
///
/// A device sees offsets into its own region, never absolute addresses, and must answer every
/// offset, width and value without panicking: a guest may do anything.
pub trait Device: Send {
    /// Short name for messages and saved state, unique on the board.
    fn name(&self) -> &str;

    /// Reads `width` bytes at `offset`; only the low `width` bytes of the result count.
    ///
    /// # Errors
    /// When nothing answers to this width or offset.
    fn read(
        &mut self,
        offset: u64,
        width: Width,
        cx: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault>;

    /// Writes the low `width` bytes of `value` at `offset`.
    ///
    /// # Errors
    /// When nothing answers to this width or offset.
    fn write(
        &mut self,
        offset: u64,
        width: Width,
        value: u64,
        cx: &mut DeviceContext<'_>,
    ) -> Result<(), BusFault>;

    /// Whether instructions can be fetched from it (a ROM).
    fn executable(&self) -> bool {
        false
    }

    /// Guest time at which [`Device::tick`] must be called next.
    fn deadline(&self) -> Option<Nanos> {
        None
    }

    /// The deadline is due.
    fn tick(&mut self, _cx: &mut DeviceContext<'_>) {}

    /// Interrupt sources changed; only interrupt controllers care.
    fn lines_changed(&mut self, _cx: &mut DeviceContext<'_>) {}

    /// Something came in from outside. Returns whether the event was meant for this device.
    fn event(&mut self, _event: &HostEvent, _cx: &mut DeviceContext<'_>) -> bool {
        false
    }

    /// Bytes from outside that wait for the guest to read them.
    fn backlog(&self) -> usize {
        0
    }

    /// A byte as a debugger sees it; none where looking would change something.
    fn peek(&self, _offset: u64) -> Option<u8> {
        None
    }

    /// Its state for a person to read, in whole lines; empty when there is nothing to say.
    fn inspect(&self) -> String {
        String::new()
    }

    /// Puts the device into its state at power-on; inputs that it was built with stay.
    fn reset(&mut self, cx: &mut DeviceContext<'_>);

    /// The whole state, in a form that equals another's exactly when the states are equal.
    fn save(&self) -> Vec<u8>;

    /// Takes over a state that [`Device::save`] gave.
    ///
    /// # Errors
    /// When the bytes are not such a state; the device is then unchanged.
    fn restore(&mut self, state: &[u8]) -> Result<(), StateError>;
}
