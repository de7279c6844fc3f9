//! Reset ROM: the first instructions of every hart.

use memory::{BusFault, Device, DeviceContext, StateError, Width};

/// Read-only memory that instructions can be fetched from. Writes are lost.
#[derive(Debug)]
pub struct Rom {
    bytes: Vec<u8>,
}

/// Where `fw_dynamic_info` stands in the reset ROM, from its start.
pub const FW_DYNAMIC_INFO: u64 = 0x28;
/// "OSBI": how `fw_dynamic_info` begins.
const FW_DYNAMIC_MAGIC: u64 = 0x4942_534f;
const FW_DYNAMIC_VERSION: u64 = 2;
/// `next_mode`: S-mode.
const NEXT_MODE_SUPERVISOR: u64 = 1;

/// The ROM that QEMU's board has: a0 = hart id, a1 = device tree, a2 = `fw_dynamic_info`, then on to
/// `entry`.
#[must_use]
pub fn reset_rom(entry: u64, device_tree: u64) -> Rom {
    reset_rom_for_payload(entry, device_tree, 0)
}

/// The same, with the address of the S-mode payload that firmware shall start next.
#[must_use]
pub fn reset_rom_for_payload(entry: u64, device_tree: u64, next: u64) -> Rom {
    let code: [u32; 6] = [
        0x0000_0297, // auipc t0, 0
        0x0282_8613, // addi  a2, t0, 0x28     fw_dynamic_info
        0xf140_2573, // csrr  a0, mhartid
        0x0202_b583, // ld    a1, 0x20(t0)     device tree
        0x0182_b283, // ld    t0, 0x18(t0)     entry
        0x0002_8067, // jr    t0
    ];
    let info = [
        FW_DYNAMIC_MAGIC,
        FW_DYNAMIC_VERSION,
        next,
        NEXT_MODE_SUPERVISOR,
        0, // options
        0, // boot hart
    ];
    let mut bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    for value in [entry, device_tree].into_iter().chain(info) {
        bytes.extend(value.to_le_bytes());
    }
    Rom { bytes }
}

impl Device for Rom {
    fn name(&self) -> &str {
        "rom"
    }

    fn read(
        &mut self,
        offset: u64,
        width: Width,
        _: &mut DeviceContext<'_>,
    ) -> Result<u64, BusFault> {
        let byte = |i: u64| {
            let at = usize::try_from(offset + i).ok();
            at.and_then(|at| self.bytes.get(at)).copied().unwrap_or(0)
        };
        let bytes = (0..width.bytes()).rev();
        Ok(bytes.fold(0, |value, i| value << 8 | u64::from(byte(i))))
    }

    fn write(
        &mut self,
        _: u64,
        _: Width,
        _: u64,
        _: &mut DeviceContext<'_>,
    ) -> Result<(), BusFault> {
        Ok(())
    }

    fn peek(&self, offset: u64) -> Option<u8> {
        self.bytes.get(usize::try_from(offset).ok()?).copied()
    }

    fn executable(&self) -> bool {
        true
    }

    fn reset(&mut self, _: &mut DeviceContext<'_>) {}

    /// Its content derives from what was loaded, and counts as state all the same.
    fn save(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        self.bytes = bytes.to_vec();
        Ok(())
    }
}
