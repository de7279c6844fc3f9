//! Physical address → RAM or device.

use abi::memory_map::Region;

use crate::{
    BusFault, Clock, Device, DeviceContext, Effect, HostEvent, Lines, Nanos, Ram, StateError, Width,
};

/// The board's devices could not be placed.
#[derive(Debug, thiserror::Error)]
#[error("device `{new}` at {base:#x}+{size:#x} overlaps `{old}`")]
pub struct OverlapError {
    new: String,
    old: String,
    base: u64,
    size: u64,
}

struct Slot {
    region: Region,
    device: Box<dyn Device>,
}

/// Everything that a physical address can reach, and what the things on it share.
pub struct Bus {
    /// Guest memory.
    pub ram: Ram,
    /// Guest time.
    pub clock: Clock,
    /// Interrupt wires.
    pub lines: Lines,
    /// What leaves the machine, in order; the machine drains it.
    pub effects: Vec<Effect>,
    slots: Vec<Slot>,
    deadline: Option<Nanos>,
    attention: bool,
}

impl Bus {
    /// A bus with RAM and nothing else.
    #[must_use]
    pub fn new(ram: Ram) -> Self {
        Self {
            ram,
            clock: Clock::default(),
            lines: Lines::default(),
            effects: Vec::new(),
            slots: Vec::new(),
            deadline: None,
            attention: false,
        }
    }

    /// Places a device.
    ///
    /// # Errors
    /// When its region overlaps RAM or another device.
    pub fn attach(&mut self, region: Region, device: Box<dyn Device>) -> Result<(), OverlapError> {
        let ram = Region {
            base: self.ram.base(),
            size: self.ram.size(),
        };
        let overlaps = |other: Region| region.base < other.end() && other.base < region.end();
        let old = if overlaps(ram) {
            Some("RAM")
        } else {
            let slot = self.slots.iter().find(|slot| overlaps(slot.region));
            slot.map(|slot| slot.device.name())
        };
        if let Some(old) = old {
            return Err(OverlapError {
                new: device.name().to_owned(),
                old: old.to_owned(),
                base: region.base,
                size: region.size,
            });
        }
        self.slots.push(Slot { region, device });
        self.slots.sort_by_key(|slot| slot.region.base);
        self.refresh_deadline();
        Ok(())
    }

    /// Puts another device in the place of the one whose region is `region`, or attaches it.
    ///
    /// # Errors
    /// When the region overlaps RAM or another device.
    pub fn replace(&mut self, region: Region, device: Box<dyn Device>) -> Result<(), OverlapError> {
        self.slots.retain(|slot| slot.region != region);
        self.attach(region, device)
    }

    /// Takes over the content of another bus's RAM of the same size; decoded code is forgotten.
    pub fn copy_ram(&mut self, from: &Self) {
        self.ram.copy_content(&from.ram);
    }

    fn slot_of(&self, address: u64, bytes: u64) -> Result<(usize, u64), BusFault> {
        let after = self
            .slots
            .partition_point(|slot| slot.region.base <= address);
        let index = after.checked_sub(1).ok_or(BusFault::Unmapped)?;
        let region = self.slots[index].region;
        let offset = address - region.base;
        if offset < region.size && bytes <= region.size - offset {
            Ok((index, offset))
        } else {
            Err(BusFault::Unmapped)
        }
    }

    /// Loads a value; the upper bits of the result are zero.
    ///
    /// # Errors
    /// When nothing answers there, or a device refuses.
    #[inline]
    pub fn load(&mut self, address: u64, width: Width) -> Result<u64, BusFault> {
        match self.ram.load(address, width) {
            Some(value) => {
                self.ram.note_load(address, width.bytes());
                Ok(value)
            }
            None => self.load_device(address, width),
        }
    }

    #[cold]
    fn load_device(&mut self, address: u64, width: Width) -> Result<u64, BusFault> {
        let (index, offset) = self.slot_of(address, width.bytes())?;
        let value = self.with_device(index, |device, cx| device.read(offset, width, cx))?;
        Ok(value & width.mask())
    }

    /// Stores the low `width` bytes of `value`.
    ///
    /// # Errors
    /// When nothing answers there, or a device refuses.
    #[inline]
    pub fn store(&mut self, address: u64, width: Width, value: u64) -> Result<(), BusFault> {
        if self.ram.store(address, width, value) {
            Ok(())
        } else {
            self.store_device(address, width, value & width.mask())
        }
    }

    #[cold]
    fn store_device(&mut self, address: u64, width: Width, value: u64) -> Result<(), BusFault> {
        let (index, offset) = self.slot_of(address, width.bytes())?;
        self.with_device(index, |device, cx| device.write(offset, width, value, cx))
    }

    /// Fetches a halfword of an instruction from a device (RAM is fetched from directly).
    ///
    /// # Errors
    /// When no executable device answers there.
    pub fn fetch_device(&mut self, address: u64) -> Result<u16, BusFault> {
        let (index, offset) = self.slot_of(address, 2)?;
        if !self.slots[index].device.executable() {
            return Err(BusFault::Refused);
        }
        let value = self.with_device(index, |device, cx| device.read(offset, Width::Half, cx))?;
        Ok(value as u16)
    }

    /// Whether a device (not RAM) answers at `address`.
    #[must_use]
    pub fn is_device(&self, address: u64) -> bool {
        self.slot_of(address, 1).is_ok()
    }

    fn with_device<T>(
        &mut self,
        index: usize,
        access: impl FnOnce(&mut dyn Device, &mut DeviceContext<'_>) -> T,
    ) -> T {
        let mut cx = DeviceContext {
            clock: &mut self.clock,
            lines: &mut self.lines,
            ram: &mut self.ram,
            effects: &mut self.effects,
        };
        let result = access(self.slots[index].device.as_mut(), &mut cx);
        self.attention = true;
        self.settle();
        result
    }

    /// Lets interrupt controllers see source changes, and finds the next deadline.
    fn settle(&mut self) {
        if self.lines.take_changed() {
            self.for_each_device(|device, cx| device.lines_changed(cx));
            self.lines.take_changed();
        }
        self.refresh_deadline();
    }

    fn for_each_device(&mut self, mut f: impl FnMut(&mut dyn Device, &mut DeviceContext<'_>)) {
        let mut cx = DeviceContext {
            clock: &mut self.clock,
            lines: &mut self.lines,
            ram: &mut self.ram,
            effects: &mut self.effects,
        };
        for slot in &mut self.slots {
            f(slot.device.as_mut(), &mut cx);
        }
    }

    fn refresh_deadline(&mut self) {
        self.deadline = self.slots.iter().filter_map(|s| s.device.deadline()).min();
    }

    /// Guest time of the next thing a device must do by itself.
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Nanos> {
        self.deadline
    }

    /// Whether a device was accessed since this was last asked: interrupts are then sampled and
    /// effects looked at before the next instruction.
    #[inline]
    pub fn take_attention(&mut self) -> bool {
        std::mem::take(&mut self.attention)
    }

    /// Whether a device was accessed and nobody has looked yet.
    #[inline(always)]
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.attention
    }

    /// Lets the machine look before the next instruction.
    #[inline]
    pub fn raise_attention(&mut self) {
        self.attention = true;
    }

    /// Reads a byte of a device that can be looked at without changing it (a ROM), as a debugger does.
    #[must_use]
    pub fn peek_device(&self, address: u64) -> Option<u8> {
        let (index, offset) = self.slot_of(address, 1).ok()?;
        self.slots[index].device.peek(offset)
    }

    /// Lets every device whose deadline is due act.
    pub fn tick(&mut self) {
        let now = self.clock.now();
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return;
        }
        self.for_each_device(|device, cx| {
            if device.deadline().is_some_and(|deadline| deadline <= now) {
                device.tick(cx);
            }
        });
        self.settle();
    }

    /// Hands an event from outside to the devices. Returns whether one of them took it.
    pub fn event(&mut self, event: &HostEvent) -> bool {
        let mut taken = false;
        self.for_each_device(|device, cx| taken |= device.event(event, cx));
        self.settle();
        taken
    }

    /// Resets every device.
    pub fn reset(&mut self) {
        self.lines = Lines::default();
        self.for_each_device(|device, cx| device.reset(cx));
        self.settle();
    }

    /// The state of every device by name.
    #[must_use]
    pub fn save_devices(&self) -> Vec<(String, Vec<u8>)> {
        let state = |slot: &Slot| (slot.device.name().to_owned(), slot.device.save());
        self.slots.iter().map(state).collect()
    }

    /// Takes over device states that [`Bus::save_devices`] gave.
    ///
    /// # Errors
    /// When a device is not on this board or its state is not readable.
    pub fn restore_devices(&mut self, states: &[(String, Vec<u8>)]) -> Result<(), StateError> {
        for (name, state) in states {
            let slot = self.slots.iter_mut().find(|s| s.device.name() == name);
            let slot = slot.ok_or_else(|| StateError {
                device: name.clone(),
                reason: "no such device on this board".to_owned(),
            })?;
            slot.device.restore(state)?;
        }
        self.refresh_deadline();
        Ok(())
    }

    /// Bytes from outside that wait in some device for the guest to read them.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.slots.iter().map(|slot| slot.device.backlog()).sum()
    }

    /// The state of every device that has something to say, by name, for a person to read.
    pub fn inspect_devices(&self) -> impl Iterator<Item = (&str, String)> {
        self.slots
            .iter()
            .map(|slot| (slot.device.name(), slot.device.inspect()))
            .filter(|(_, text)| !text.is_empty())
    }

    /// The board's devices, by ascending address.
    pub fn devices(&self) -> impl Iterator<Item = (Region, &str)> {
        self.slots.iter().map(|s| (s.region, s.device.name()))
    }
}
