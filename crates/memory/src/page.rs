//! Physical pages and their flags.

/// log2 of the page size.
pub const PAGE_SHIFT: u32 = 12;
/// Bytes in a page.
pub const PAGE_SIZE: u64 = 1 << PAGE_SHIFT;

bitflags::bitflags! {
    /// What must happen when a physical page is stored to.
    ///
    /// A page that was never stored to has no bit at all, so that the flags of a large RAM cost
    /// nothing until its pages are used. Stores have a fast path only to pages in
    /// the state [`PageFlags::PLAIN`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PageFlags: u8 {
        /// Stored to at some time since the machine was built.
        const TOUCHED = 1;
        /// Stored to since the last checkpoint.
        const DIRTY = 1 << 1;
        /// Holds bytes that were decoded.
        const CODE = 1 << 2;
        /// Somebody watches loads and stores.
        const WATCHED = 1 << 3;
        /// Holds an address that stores to the host (`tohost`).
        const HOST_CALL = 1 << 4;
        /// An ordinary page: nothing happens at a store.
        const PLAIN = Self::TOUCHED.bits() | Self::DIRTY.bits();
    }
}
