//! The parameters of a call: a block of doublewords in guest memory, and what they point to.

use super::GuestMemory;
use super::errno::Errno;

/// A call moves at most so many bytes; the guest sees that not all were moved.
pub(super) const MOST_BYTES: u64 = 16 << 20;
/// A call that asks for more is refused: no guest has so much memory.
const LARGEST_REQUEST: u64 = 1 << 40;
/// Longest path, without its NUL.
const LONGEST_PATH: u64 = 4096;
/// Guest memory is looked at in pieces that do not cross a page.
const PIECE: u64 = 256;
const PAGE: u64 = memory::PAGE_SIZE;

/// The parameter of a call, which most calls take for the address of a block.
pub(super) struct Block<'a> {
    pub parameter: u64,
    pub memory: &'a dyn GuestMemory,
}

impl Block<'_> {
    /// The block's field number `index`.
    pub fn word(&self, index: u64) -> Result<u64, Errno> {
        let mut bytes = [0; 8];
        if self.memory.read(self.field(index), &mut bytes) {
            Ok(u64::from_le_bytes(bytes))
        } else {
            Err(Errno::EFAULT)
        }
    }

    /// Where field number `index` is.
    pub fn field(&self, index: u64) -> u64 {
        self.parameter.wrapping_add(8 * index)
    }

    /// The byte that the parameter points to.
    pub fn byte(&self) -> Result<u8, Errno> {
        let mut byte = [0];
        self.memory
            .read(self.parameter, &mut byte)
            .then_some(byte[0])
            .ok_or(Errno::EFAULT)
    }

    /// How many of `len` bytes at `address` can be moved by one call: none is an error, unless
    /// none was asked for.
    pub fn reachable(&self, address: u64, len: u64) -> Result<u64, Errno> {
        if len > LARGEST_REQUEST {
            return Err(Errno::EINVAL);
        }
        let wanted = len.min(MOST_BYTES);
        let mut found = 0;
        while found < wanted {
            let at = address.wrapping_add(found);
            if !self.memory.read(at, &mut [0]) {
                break;
            }
            found += PAGE - at % PAGE;
        }
        if found == 0 && len > 0 {
            Err(Errno::EFAULT)
        } else {
            Ok(found.min(wanted))
        }
    }

    /// At most `len` bytes at `address`.
    pub fn bytes(&self, address: u64, len: u64) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; self.reachable(address, len)? as usize];
        if self.memory.read(address, &mut bytes) {
            Ok(bytes)
        } else {
            Err(Errno::EFAULT)
        }
    }

    /// A path of known length.
    pub fn path(&self, address: u64, len: u64) -> Result<String, Errno> {
        if len > LONGEST_PATH {
            return Err(Errno::ENAMETOOLONG);
        }
        let bytes = self.bytes(address, len)?;
        if bytes.len() as u64 != len {
            return Err(Errno::EFAULT);
        }
        let path = String::from_utf8(bytes).map_err(|_| Errno::EINVAL)?;
        if path.contains('\0') {
            Err(Errno::EINVAL)
        } else {
            Ok(path)
        }
    }

    /// The text that the parameter points to, up to its NUL.
    pub fn text(&self) -> Result<Vec<u8>, Errno> {
        let mut text = Vec::new();
        while (text.len() as u64) < MOST_BYTES {
            let at = self.parameter.wrapping_add(text.len() as u64);
            let mut piece = [0; PIECE as usize];
            let piece = &mut piece[..(PIECE - at % PIECE) as usize];
            if !self.memory.read(at, piece) {
                return Err(Errno::EFAULT);
            }
            if let Some(len) = piece.iter().position(|&byte| byte == 0) {
                text.extend(&piece[..len]);
                return Ok(text);
            }
            text.extend(&*piece);
        }
        Err(Errno::EINVAL)
    }
}
