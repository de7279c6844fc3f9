//! The physical memory map of the board: that of QEMU's `virt` machine, so that software built
//! for it runs here unmodified (see `docs/memory-map.md` for the picture).

/// A range of physical addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub base: u64,
    /// Length in bytes.
    pub size: u64,
}

impl Region {
    /// Whether `address` lies inside.
    #[must_use]
    pub const fn contains(self, address: u64) -> bool {
        address >= self.base && address - self.base < self.size
    }

    /// First byte after the region.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.base + self.size
    }
}

const fn region(base: u64, size: u64) -> Region {
    Region { base, size }
}

/// Reset ROM: every hart starts here.
pub const RESET_ROM: Region = region(0x1000, 0xf000);
/// SiFive test finisher: power-off, failure status, reset.
pub const TEST_FINISHER: Region = region(0x10_0000, 0x1000);
/// Goldfish real-time clock.
pub const RTC: Region = region(0x10_1000, 0x1000);
/// ACLINT in its CLINT layout: software interrupts and the machine timer.
pub const CLINT: Region = region(0x200_0000, 0x1_0000);
/// Platform-level interrupt controller.
pub const PLIC: Region = region(0xc00_0000, 0x60_0000);
/// NS16550A serial port.
pub const UART: Region = region(0x1000_0000, 0x100);
/// First of the eight virtio-mmio slots, each `VIRTIO_STRIDE` bytes.
pub const VIRTIO: Region = region(0x1000_1000, 0x8000);
/// Distance between virtio-mmio slots.
pub const VIRTIO_STRIDE: u64 = 0x1000;
/// Where RAM starts; its size is an option.
pub const RAM_BASE: u64 = 0x8000_0000;
/// Where an S-mode payload (kernel) is loaded, 2 MiB above the firmware.
pub const KERNEL_BASE: u64 = 0x8020_0000;

/// PLIC source of the first virtio slot; slot *n* has source `VIRTIO_IRQ + n`.
pub const VIRTIO_IRQ: u32 = 1;
/// PLIC source of the serial port.
pub const UART_IRQ: u32 = 10;
/// PLIC source of the real-time clock.
pub const RTC_IRQ: u32 = 11;
/// Number of PLIC sources, source 0 (none) included.
pub const PLIC_SOURCES: u32 = 96;

/// Most harts a machine can have.
pub const MAX_HARTS: usize = 8;
/// Frequency of `mtime` and the `time` CSR, in hertz.
pub const TIMEBASE_HZ: u64 = 10_000_000;
/// Guest nanoseconds in one tick of `mtime`.
pub const NANOS_PER_TICK: u64 = 1_000_000_000 / TIMEBASE_HZ;
