//! Where things are in the memory of a random program.

/// The harness: start-up code, trap handler, digest.
pub const HARNESS: u64 = 0x8000_0000;
/// What the handler saves and counts.
pub const SAVE: u64 = 0x8001_0000;
/// The handler in S-mode: calls of M-mode's handler, and an `sret`.
pub const S_HANDLER: u64 = 0x8002_0000;
/// The `sret` of that page.
pub const S_RETURN: u64 = S_HANDLER + 0x200;

/// The code of the block that runs, where M- and S-mode see it.
pub const WINDOW: u64 = 0x8020_0000;
/// The same pages where U-mode sees them when translation is on.
pub const WINDOW_USER: u64 = 0x8021_0000;
/// Bytes of the window.
pub const WINDOW_BYTES: u64 = 4 << 12;

/// Pages that blocks load and store.
pub const DATA: u64 = 0x8040_0000;
/// How many bytes of them there are.
pub const DATA_BYTES: u64 = 4 << 12;

/// Page tables: first those that blocks change.
pub const TABLES: u64 = 0x8060_0000;
/// The level-1 table.
pub const LEVEL_1: u64 = TABLES;
/// Leaves of the code window.
pub const LEAVES_CODE: u64 = TABLES + 0x1000;
/// Leaves of the data pages.
pub const LEAVES_DATA: u64 = TABLES + 0x2000;
/// Leaves that alias the data pages.
pub const LEAVES_ALIAS: u64 = TABLES + 0x3000;
/// Bytes of the tables above, which stand anew before each block and are part of its digest.
pub const TABLES_BYTES: u64 = 4 << 12;
/// Roots: Sv39, Sv48, Sv57.
pub const ROOTS: [u64; 3] = [TABLES + 0x4000, TABLES + 0x5000, TABLES + 0x6000];

/// Virtual addresses that alias the data pages, in steps of a page.
pub const ALIASES: u64 = 0x9000_0000;
/// Mapped by a superpage of two mebibytes.
pub const SUPERPAGE: u64 = 0x9020_0000;
/// Mapped by a superpage whose physical address is not aligned.
pub const BROKEN_SUPERPAGE: u64 = 0x9040_0000;
/// Nothing is mapped here.
pub const UNMAPPED: u64 = 0x9060_0000;
/// Behind an entry that points to its own table: entries of that are leaves here, first those of [`SUPERPAGE`] and
/// [`BROKEN_SUPERPAGE`].
pub const SELF_MAPPED: u64 = 0x9088_1000;
/// What to add to see the same in the upper half of the address space.
pub const UPPER_HALF: u64 = 0xffff_ffff_8000_0000 - 0x8000_0000;

/// Records of the blocks.
pub const RECORDS: u64 = 0x8080_0000;

/// The CLINT's `msip` of hart 0.
pub const MSIP: u64 = 0x0200_0000;
/// The CLINT's `mtimecmp` of hart 0.
pub const MTIMECMP: u64 = 0x0200_4000;
/// The UART.
pub const UART: u64 = 0x1000_0000;
/// The test finisher.
pub const FINISHER: u64 = 0x0010_0000;

/// RAM of the machine.
pub const MEMORY: u64 = 128 << 20;
