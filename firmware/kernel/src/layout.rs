//! The kernel's half of every address space (Sv39), and how it is reached from physical memory.
//!
//! | From | What |
//! |---|---|
//! | `0xffff_ffc0_0000_0000` | direct map: physical address + this, RAM and devices, never executable |
//! | `0xffff_ffe0_0000_0000` | stacks of the harts, with guard pages |
//! | `0xffff_ffff_8020_0000` | the kernel's image: text, read-only data, data |
//!
//! Every root has the same upper half, filled at boot and never changed; the lower half, up to [`USER_END`], is the process's.

/// What to add to a physical address to get its place in the direct map.
pub const DIRECT_MAP: u64 = 0xffff_ffc0_0000_0000;
/// First physical address that the direct map cannot show.
pub const DIRECT_MAP_LIMIT: u64 = 1 << 37;
/// The kernel's image: virtual minus physical address.
pub const KERNEL_OFFSET: u64 = 0xffff_ffff_0000_0000;
/// Where the image lies: where S-mode payloads are loaded.
pub const KERNEL_PHYSICAL: u64 = abi::memory_map::KERNEL_BASE;
/// The stacks' region.
pub const STACKS: u64 = 0xffff_ffe0_0000_0000;
/// Distance from one hart's stacks to the next one's.
pub const STACK_STRIDE: u64 = 0x2_0000;
/// The stack that a hart runs the kernel on: above one guard page.
pub const STACK_BYTES: u64 = 0x1_0000;
/// The stack for reporting that the kernel failed: above another guard page.
pub const EMERGENCY_STACK_BYTES: u64 = 0x4000;
/// The boot hart's first stack, in the image.
pub const BOOT_STACK_BYTES: usize = 0x4000;
/// Pages left unmapped below each stack.
pub const GUARD_BYTES: u64 = 0x1000;
/// First address behind the user's half.
pub const USER_END: u64 = 1 << 38;
/// Where `mmap` puts what may be anywhere: from here downwards.
pub const MMAP_END: u64 = USER_END - 0x1000_0000;
/// As far as here.
pub const MMAP_FLOOR: u64 = 0x10_0000;
/// A page of every program in which handlers of signals return to the kernel.
pub const TRAMPOLINE: u64 = USER_END - 2 * PAGE;
/// Bytes in a page.
pub const PAGE: u64 = 4096;

/// A hart's stack: from its lowest byte to its end.
pub const fn stack_of(hart: usize) -> (u64, u64) {
    let start = STACKS + hart as u64 * STACK_STRIDE + GUARD_BYTES;
    (start, start + STACK_BYTES)
}

/// A hart's emergency stack.
pub const fn emergency_stack_of(hart: usize) -> (u64, u64) {
    let start = stack_of(hart).1 + GUARD_BYTES;
    (start, start + EMERGENCY_STACK_BYTES)
}

/// Where the linker put things.
pub struct Image {
    /// Start of the code.
    pub text: u64,
    /// End of the code, start of what is read-only.
    pub rodata: u64,
    /// End of what is read-only, start of what is not.
    pub data: u64,
    /// End of the image.
    pub end: u64,
}

unsafe extern "C" {
    static _text_start: u8;
    static _text_end: u8;
    static _rodata_end: u8;
    static _kernel_end: u8;
}

/// Where the linker put the kernel's parts (virtual addresses, whole pages).
pub fn image() -> Image {
    Image {
        text: &raw const _text_start as u64,
        rodata: &raw const _text_end as u64,
        data: &raw const _rodata_end as u64,
        end: &raw const _kernel_end as u64,
    }
}
