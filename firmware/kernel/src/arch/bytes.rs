//! The compiler's `memcpy` and `memset`, eight words at a time: its own go word by word.

use core::arch::global_asm;

// a0 = destination (and result), a1 = source, a2 = length. Words when both are aligned alike, else bytes.
global_asm!(
    ".pushsection .text",
    ".balign 4",
    ".global memcpy",
    "memcpy:",
    "  mv a4, a0",
    "  xor a3, a0, a1",
    "  andi a3, a3, 7",
    "  li a5, 8",
    "  bnez a3, 5f",
    "  bltu a2, a5, 6f",
    "1:", // bytes up to a word
    "  andi a3, a4, 7",
    "  beqz a3, 2f",
    "  lbu a3, 0(a1)",
    "  sb a3, 0(a4)",
    "  addi a1, a1, 1",
    "  addi a4, a4, 1",
    "  addi a2, a2, -1",
    "  j 1b",
    "2:",
    "  li a6, 64",
    "  bltu a2, a6, 4f",
    "3:",
    "  ld a3, 0(a1)",
    "  ld a7, 8(a1)",
    "  ld t0, 16(a1)",
    "  ld t1, 24(a1)",
    "  sd a3, 0(a4)",
    "  sd a7, 8(a4)",
    "  sd t0, 16(a4)",
    "  sd t1, 24(a4)",
    "  ld a3, 32(a1)",
    "  ld a7, 40(a1)",
    "  ld t0, 48(a1)",
    "  ld t1, 56(a1)",
    "  sd a3, 32(a4)",
    "  sd a7, 40(a4)",
    "  sd t0, 48(a4)",
    "  sd t1, 56(a4)",
    "  addi a1, a1, 64",
    "  addi a4, a4, 64",
    "  addi a2, a2, -64",
    "  bgeu a2, a6, 3b",
    "4:",
    "  bltu a2, a5, 6f",
    "  ld a3, 0(a1)",
    "  sd a3, 0(a4)",
    "  addi a1, a1, 8",
    "  addi a4, a4, 8",
    "  addi a2, a2, -8",
    "  j 4b",
    "5:", // eight bytes
    "  bltu a2, a5, 6f",
    ".irp n, 0,1,2,3,4,5,6,7",
    "  lbu a3, \\n(a1)",
    "  sb a3, \\n(a4)",
    ".endr",
    "  addi a1, a1, 8",
    "  addi a4, a4, 8",
    "  addi a2, a2, -8",
    "  j 5b",
    "6:",
    "  beqz a2, 7f",
    "  lbu a3, 0(a1)",
    "  sb a3, 0(a4)",
    "  addi a1, a1, 1",
    "  addi a4, a4, 1",
    "  addi a2, a2, -1",
    "  j 6b",
    "7:",
    "  ret",
    // a0 = destination (and result), a1 = byte, a2 = length
    ".balign 4",
    ".global memset",
    "memset:",
    "  mv a4, a0",
    "  li a5, 8",
    "  bltu a2, a5, 5f",
    "  andi a1, a1, 0xff",
    "  slli a3, a1, 8",
    "  or a1, a1, a3",
    "  slli a3, a1, 16",
    "  or a1, a1, a3",
    "  slli a3, a1, 32",
    "  or a1, a1, a3",
    "1:",
    "  andi a3, a4, 7",
    "  beqz a3, 2f",
    "  sb a1, 0(a4)",
    "  addi a4, a4, 1",
    "  addi a2, a2, -1",
    "  j 1b",
    "2:",
    "  li a6, 64",
    "  bltu a2, a6, 4f",
    "3:",
    ".irp n, 0,8,16,24,32,40,48,56",
    "  sd a1, \\n(a4)",
    ".endr",
    "  addi a4, a4, 64",
    "  addi a2, a2, -64",
    "  bgeu a2, a6, 3b",
    "4:",
    "  bltu a2, a5, 5f",
    "  sd a1, 0(a4)",
    "  addi a4, a4, 8",
    "  addi a2, a2, -8",
    "  j 4b",
    "5:",
    "  beqz a2, 6f",
    "  sb a1, 0(a4)",
    "  addi a4, a4, 1",
    "  addi a2, a2, -1",
    "  j 5b",
    "6:",
    "  ret",
    // a0 = a frame; 512 words in sixteen blocks
    ".balign 4",
    ".global zero_frame",
    "zero_frame:",
    "  li a1, 16",
    "1:",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "  sd zero, 8*\\n(a0)",
    ".endr",
    "  addi a0, a0, 256",
    "  addi a1, a1, -1",
    "  bnez a1, 1b",
    "  ret",
    // a0 = from, a1 = to: frames
    ".balign 4",
    ".global copy_frame",
    "copy_frame:",
    "  li a2, 16",
    "1:",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "  ld a3, 8*\\n(a0)",
    "  sd a3, 8*\\n(a1)",
    ".endr",
    "  addi a0, a0, 256",
    "  addi a1, a1, 256",
    "  addi a2, a2, -1",
    "  bnez a2, 1b",
    "  ret",
    ".popsection",
);

unsafe extern "C" {
    fn zero_frame(frame: *mut u64);
    fn copy_frame(from: *const u64, to: *mut u64);
}

/// Fills a page with zeros.
///
/// # Safety
/// `page` is 4 KiB of memory, aligned, that no reference leads to.
#[inline]
pub unsafe fn zero_page(page: *mut u64) {
    // SAFETY: the caller's promise.
    unsafe { zero_frame(page) };
}

/// Copies a page.
///
/// # Safety
/// Both are 4 KiB of memory, aligned, that no reference leads to, and the same or apart.
#[inline]
pub unsafe fn copy_page(from: *const u64, to: *mut u64) {
    // SAFETY: the caller's promise.
    unsafe { copy_frame(from, to) };
}
