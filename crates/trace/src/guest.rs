//! The guest's memory, seen from a hart.

use machine::Bus;
use machine::hart::{Access, Hart, Privilege};

const PAGE: u64 = 4096;

/// Memory as one hart addresses it at one moment. Reading changes nothing.
#[derive(Clone, Copy)]
pub struct Guest<'a> {
    /// The hart.
    pub hart: &'a Hart,
    /// Its bus.
    pub bus: &'a Bus,
}

impl Guest<'_> {
    /// Reads virtual memory as a mode sees it; how many bytes there were before the first that cannot be read.
    pub fn read(&self, privilege: Privilege, address: u64, into: &mut [u8]) -> usize {
        let mut done = 0;
        while done < into.len() {
            let at = address.wrapping_add(done as u64);
            let part = ((PAGE - at % PAGE) as usize).min(into.len() - done);
            let Some(bytes) = self.page_part(privilege, at, part as u64) else {
                break;
            };
            into[done..done + part].copy_from_slice(bytes);
            done += part;
        }
        done
    }

    fn page_part(&self, privilege: Privilege, at: u64, len: u64) -> Option<&[u8]> {
        let leaf = self
            .hart
            .peek_translation(self.bus, at, Access::Load, privilege);
        self.bus.ram.bytes(leaf.ok()?.physical, len)
    }

    /// A little-endian word of the kernel's.
    #[must_use]
    pub fn kernel_word<const BYTES: usize>(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        let part = bytes.get_mut(..BYTES)?;
        (self.read(Privilege::Supervisor, address, part) == BYTES)
            .then(|| u64::from_le_bytes(bytes))
    }

    /// A text that ends with a zero, at most `most` bytes of it.
    #[must_use]
    pub fn user_text(&self, address: u64, most: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; most];
        let read = self.read(Privilege::User, address, &mut bytes);
        bytes.truncate(read);
        let end = bytes.iter().position(|&byte| byte == 0);
        if read < most && end.is_none() {
            return None;
        }
        bytes.truncate(end.unwrap_or(read));
        Some(bytes)
    }
}
