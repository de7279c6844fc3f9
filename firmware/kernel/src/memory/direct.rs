//! The direct map: physical memory as the kernel touches it. All of the kernel's access to frames is here.

use kernel_core::frame::FrameNumber;

use crate::arch::bytes;
use crate::layout::{DIRECT_MAP, PAGE};

/// Where a physical address is in the direct map.
pub const fn to_virtual(physical: u64) -> u64 {
    DIRECT_MAP + physical
}

/// The words of a frame.
fn words(frame: FrameNumber) -> *mut u64 {
    to_virtual(frame.address()) as *mut u64
}

/// Reads a word of a frame; `index` counts words and is taken modulo the frame.
#[inline]
pub fn read_word(frame: FrameNumber, index: usize) -> u64 {
    // SAFETY: frames that the kernel works with are RAM, which the direct map shows whole; the index stays in the frame.
    unsafe { words(frame).add(index % 512).read_volatile() }
}

/// Writes a word of a frame; `index` counts words and is taken modulo the frame.
#[inline]
pub fn write_word(frame: FrameNumber, index: usize, value: u64) {
    // SAFETY: as in `read_word`; no Rust reference to a frame's content outlives a call into this module, but those that
    // `slice` gave out for good, whose frames the pool never owns.
    unsafe { words(frame).add(index % 512).write_volatile(value) };
}

/// Fills a frame with zeros.
pub fn zero_page(frame: FrameNumber) {
    // SAFETY: frames that the kernel works with are RAM, which the direct map shows whole; no reference to a frame's content outlives a
    // call into this module, but those that were given out for good, whose frames the pool never owns.
    unsafe { bytes::zero_page(words(frame)) };
}

/// Copies a frame.
pub fn copy_page(from: FrameNumber, to: FrameNumber) {
    // SAFETY: as in `zero_page`; two frames are the same or apart.
    unsafe { bytes::copy_page(words(from), words(to)) };
}

/// Copies bytes into a frame from `offset` on, as many as fit; says how many.
pub fn write_bytes(frame: FrameNumber, offset: usize, bytes: &[u8]) -> usize {
    let offset = offset % PAGE as usize;
    let length = bytes.len().min(PAGE as usize - offset);
    // SAFETY: within one frame, which is RAM; `bytes` is the kernel's own memory, never a user's frame.
    unsafe {
        let at = words(frame).cast::<u8>().add(offset);
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), at, length);
    }
    length
}

/// Copies bytes out of a frame from `offset` on, as many as there are; says how many.
pub fn read_bytes(frame: FrameNumber, offset: usize, bytes: &mut [u8]) -> usize {
    let offset = offset % PAGE as usize;
    let length = bytes.len().min(PAGE as usize - offset);
    // SAFETY: as in `write_bytes`.
    unsafe {
        let at = words(frame).cast::<u8>().add(offset);
        core::ptr::copy_nonoverlapping(at, bytes.as_mut_ptr(), length);
    }
    length
}

/// Memory that was there before the kernel and stays as it is: the device tree, the initrd.
///
/// # Safety
/// `physical..physical + length` is RAM within the direct map that nothing writes from now on.
pub unsafe fn bytes(physical: u64, length: usize) -> &'static [u8] {
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(to_virtual(physical) as *const u8, length) }
}

/// A table carved out of RAM for good: `count` values that `make` gives.
///
/// # Safety
/// `physical` is page-aligned, and the frames from there on that `count` values fill are RAM within the direct map that
/// nothing else uses, now or later.
pub unsafe fn carve<T>(
    physical: u64,
    count: usize,
    mut make: impl FnMut() -> T,
) -> &'static mut [T] {
    const { assert!(align_of::<T>() <= 4096) };
    let first = to_virtual(physical) as *mut T;
    for index in 0..count {
        // SAFETY: the caller's promise.
        unsafe { first.add(index).write(make()) };
    }
    // SAFETY: the caller's promise; every value was just written.
    unsafe { core::slice::from_raw_parts_mut(first, count) }
}

/// Reads a byte-wide device register.
pub fn read_device(physical: u64) -> u8 {
    // SAFETY: the callers are drivers, which name registers of their device; the direct map shows it.
    unsafe { (to_virtual(physical) as *const u8).read_volatile() }
}

/// Writes a byte-wide device register.
pub fn write_device(physical: u64, value: u8) {
    // SAFETY: as in `read_device`.
    unsafe { (to_virtual(physical) as *mut u8).write_volatile(value) };
}

/// Reads a word-wide device register.
pub fn read_device32(physical: u64) -> u32 {
    // SAFETY: as in `read_device`.
    unsafe { (to_virtual(physical) as *const u32).read_volatile() }
}

/// Writes a word-wide device register.
pub fn write_device32(physical: u64, value: u32) {
    // SAFETY: as in `read_device`.
    unsafe { (to_virtual(physical) as *mut u32).write_volatile(value) };
}
