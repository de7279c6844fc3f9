//! The kernel's mappings: the upper half that every root shares.

use kernel_core::frame::FrameNumber;

use super::direct;
use crate::layout::{self, DIRECT_MAP, GUARD_BYTES, KERNEL_OFFSET, PAGE};
use crate::platform::Platform;
use crate::ranges::Ranges;

/// Bytes of the interrupt controller's registers that are used.
const PLIC_BYTES: u64 = 0x40_0000;

const VALID: u64 = 1;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
const EXECUTE: u64 = 1 << 3;
const GLOBAL: u64 = 1 << 5;
const ACCESSED: u64 = 1 << 6;
const DIRTY: u64 = 1 << 7;

const READ_ONLY: u64 = VALID | READ | GLOBAL | ACCESSED;
const READ_WRITE: u64 = READ_ONLY | WRITE | DIRTY;
const READ_EXECUTE: u64 = READ_ONLY | EXECUTE;

/// RAM ran out while the kernel was still building its own tables.
#[derive(Debug)]
pub struct NoMemory;

struct Builder<'r> {
    root: FrameNumber,
    free: &'r mut Ranges,
}

impl Builder<'_> {
    fn table(&mut self) -> Result<FrameNumber, NoMemory> {
        let frame = FrameNumber::containing(self.free.take(PAGE).ok_or(NoMemory)?);
        direct::zero_page(frame);
        Ok(frame)
    }

    /// Maps `bytes` (whole pages) at `address` with the largest pages that fit.
    fn map(
        &mut self,
        mut address: u64,
        mut physical: u64,
        bytes: u64,
        flags: u64,
    ) -> Result<(), NoMemory> {
        let end = address + bytes;
        while address < end {
            let level = (0..3)
                .rev()
                .find(|level| {
                    let size = PAGE << (9 * level);
                    (address | physical).is_multiple_of(size) && end - address >= size
                })
                .unwrap_or(0);
            self.set(address, level, physical >> 2 | flags)?;
            address += PAGE << (9 * level);
            physical += PAGE << (9 * level);
        }
        Ok(())
    }

    fn set(&mut self, address: u64, level: u32, entry: u64) -> Result<(), NoMemory> {
        let mut table = self.root;
        for above in (level + 1..3).rev() {
            let index = (address >> (12 + 9 * above) & 511) as usize;
            let found = direct::read_word(table, index);
            table = if found & VALID == 0 {
                let new = self.table()?;
                direct::write_word(table, index, new.0 << 10 | VALID);
                new
            } else {
                FrameNumber(found >> 10)
            };
        }
        direct::write_word(table, (address >> (12 + 9 * level) & 511) as usize, entry);
        Ok(())
    }
}

/// Builds the kernel's own root, whose upper half all others copy.
///
/// # Errors
/// There is too little RAM for the tables.
pub fn build(platform: &mut Platform) -> Result<FrameNumber, NoMemory> {
    let mut builder = Builder {
        root: FrameNumber(0),
        free: &mut platform.free,
    };
    builder.root = builder.table()?;
    let image = layout::image();
    let physical = |address: u64| address - KERNEL_OFFSET;
    builder.map(
        image.text,
        physical(image.text),
        image.rodata - image.text,
        READ_EXECUTE,
    )?;
    builder.map(
        image.rodata,
        physical(image.rodata),
        image.data - image.rodata,
        READ_ONLY,
    )?;
    builder.map(
        image.data,
        physical(image.data),
        image.end - image.data,
        READ_WRITE,
    )?;
    // The firmware's memory, below the kernel, is not shown; the kernel's code can be read but not written here too.
    let (code, data) = (physical(image.text), physical(image.data));
    builder.map(DIRECT_MAP + code, code, data - code, READ_ONLY)?;
    let end = platform.ram.1;
    builder.map(DIRECT_MAP + data, data, end - data, READ_WRITE)?;
    let uart = platform.uart & !(PAGE - 1);
    builder.map(DIRECT_MAP + uart, uart, PAGE, READ_WRITE)?;
    if platform.finisher != 0 {
        let finisher = platform.finisher & !(PAGE - 1);
        builder.map(DIRECT_MAP + finisher, finisher, PAGE, READ_WRITE)?;
    }
    if platform.plic.base != 0 {
        let base = platform.plic.base;
        builder.map(DIRECT_MAP + base, base, PLIC_BYTES, READ_WRITE)?;
    }
    for hart in 0..platform.hart_count {
        for (start, end) in [layout::stack_of(hart), layout::emergency_stack_of(hart)] {
            debug_assert!(start % layout::STACK_STRIDE >= GUARD_BYTES);
            let frames = builder.free.take(end - start).ok_or(NoMemory)?;
            builder.map(start, frames, end - start, READ_WRITE)?;
        }
    }
    Ok(builder.root)
}

/// Makes a frame a root: nothing in the user's half, and the kernel's, as the kernel's own root has it.
pub fn fill_root(kernel_root: FrameNumber, root: FrameNumber) {
    direct::copy_page(kernel_root, root);
}
