//! The board's registers, as far as the samples need them.

/// UART registers, a byte each.
pub const UART: usize = 0x1000_0000;
/// UART's source at the PLIC.
pub const UART_IRQ: u32 = 10;
/// Test finisher.
pub const FINISHER: usize = 0x10_0000;
/// Software-interrupt register of hart 0; the others follow, four bytes each.
pub const MSIP: usize = 0x200_0000;
/// Timer compare register of hart 0; the others follow, eight bytes each.
pub const MTIMECMP: usize = 0x200_4000;
/// Timer.
pub const MTIME: usize = 0x200_bff8;
/// PLIC priorities, four bytes a source.
pub const PLIC_PRIORITY: usize = 0xc00_0000;

/// PLIC enable bits of a context.
#[must_use]
pub const fn plic_enable(context: usize) -> usize {
    0xc00_2000 + 0x80 * context
}

/// PLIC threshold of a context; claim and complete are four bytes behind it.
#[must_use]
pub const fn plic_threshold(context: usize) -> usize {
    0xc20_0000 + 0x1000 * context
}

/// How many harts the machine has: each has a timer compare register that keeps what is written.
#[must_use]
pub fn harts() -> usize {
    let exists = |&hart: &usize| {
        let register = MTIMECMP + 8 * hart;
        write(register, u64::MAX);
        read::<u64>(register) == u64::MAX
    };
    (0..crate::start::MAX_HARTS).take_while(exists).count()
}

/// Reads a device register.
#[must_use]
pub fn read<T: Copy>(address: usize) -> T {
    // SAFETY: callers pass addresses of device registers, which are always mapped here.
    unsafe { core::ptr::read_volatile(address as *const T) }
}

/// Writes a device register.
pub fn write<T: Copy>(address: usize, value: T) {
    // SAFETY: callers pass addresses of device registers, which are always mapped here.
    unsafe { core::ptr::write_volatile(address as *mut T, value) }
}
