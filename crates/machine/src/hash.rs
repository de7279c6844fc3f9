//! Machine state as something to compare: hashed, cloned, restored.

use xxhash_rust::xxh3::Xxh3;

use crate::{Machine, MachineError};

impl Machine {
    /// A hash of the whole state: harts (translations included), RAM, devices, clock, schedule.
    /// Equal states have equal hashes on every host; what is derived (decoded code, shortcuts)
    /// does not count.
    #[must_use]
    pub fn state_hash(&self) -> u128 {
        let mut hash = Xxh3::new();
        let mut word = |value: u64| hash.update(&value.to_le_bytes());
        word(self.bus.clock.steps);
        word(self.bus.clock.idle);
        self.schedule.words().for_each(&mut word);
        word(self.bus.ram.reservation().map_or(0, |set| set | 1));
        for hart in &self.harts {
            hart.words().for_each(&mut word);
        }
        for (page, bytes) in self.bus.ram.content() {
            hash.update(&u64::from(page).to_le_bytes());
            hash.update(bytes);
        }
        for (name, state) in self.bus.save_devices() {
            hash.update(name.as_bytes());
            hash.update(&(state.len() as u64).to_le_bytes());
            hash.update(&state);
        }
        hash.digest128()
    }

    /// A machine in the same state, with the same images, options and log.
    ///
    /// # Errors
    /// When the host has not enough address space for a second RAM.
    pub fn duplicate(&self) -> Result<Self, MachineError> {
        let mut copy = Self::new(self.config.clone())?;
        copy.install(self.images().to_vec())?;
        for (to, from) in copy.harts.iter_mut().zip(&self.harts) {
            *to = from.duplicate();
        }
        copy.bus.copy_ram(&self.bus);
        copy.bus.restore_devices(&self.bus.save_devices())?;
        copy.bus.clock = self.bus.clock;
        copy.bus.lines = self.bus.lines.clone();
        copy.schedule = self.schedule;
        copy.log = self.log.clone();
        copy.exit = self.exit;
        Ok(copy)
    }
}
