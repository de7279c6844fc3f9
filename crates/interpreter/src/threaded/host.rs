//! Access to guest RAM through host addresses.

/// Loads `BYTES` little-endian bytes, zero-extended.
///
/// # Safety
/// `address` comes from a load shortcut whose tag matched an access of `BYTES` bytes: it lies,
/// with all its bytes, in the mapping of guest RAM, which lives as long as the bus that
/// every hart using the shortcut runs on.
#[inline(always)]
pub(super) unsafe fn load<const BYTES: usize>(address: u64) -> u64 {
    let pointer = address as *const u8;
    // SAFETY: the caller's promise. Guest RAM is only ever accessed by this thread while a hart runs.
    unsafe {
        match BYTES {
            1 => u64::from(pointer.read()),
            2 => u64::from(u16::from_le(pointer.cast::<u16>().read_unaligned())),
            4 => u64::from(u32::from_le(pointer.cast::<u32>().read_unaligned())),
            _ => u64::from_le(pointer.cast::<u64>().read_unaligned()),
        }
    }
}

/// Stores the low `BYTES` bytes of `value`, little-endian.
///
/// # Safety
/// As for [`load`], with a store shortcut.
#[inline(always)]
pub(super) unsafe fn store<const BYTES: usize>(address: u64, value: u64) {
    let pointer = address as *mut u8;
    // SAFETY: the caller's promise. Guest RAM is only ever accessed by this thread while a hart runs.
    unsafe {
        match BYTES {
            1 => pointer.write(value as u8),
            2 => pointer
                .cast::<u16>()
                .write_unaligned((value as u16).to_le()),
            4 => pointer
                .cast::<u32>()
                .write_unaligned((value as u32).to_le()),
            _ => pointer.cast::<u64>().write_unaligned(value.to_le()),
        }
    }
}
