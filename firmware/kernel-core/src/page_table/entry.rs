//! One entry of a page table.

use bitflags::bitflags;

use crate::frame::FrameNumber;

bitflags! {
    /// What a program may do with a page. The bits are those of Linux's `PROT_READ`, `PROT_WRITE`, `PROT_EXEC`.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Permissions: u32 {
        /// Loads.
        const READ = 1;
        /// Stores.
        const WRITE = 2;
        /// Instruction fetches.
        const EXECUTE = 4;
    }
}

impl Permissions {
    /// True for what no page may be: writable and executable at once.
    pub const fn breaks_write_xor_execute(self) -> bool {
        self.contains(Self::WRITE.union(Self::EXECUTE))
    }
}

bitflags! {
    /// The low ten bits of an entry.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Flags: u64 {
        /// V: the entry means something.
        const VALID = 1 << 0;
        /// R: loads.
        const READ = 1 << 1;
        /// W: stores.
        const WRITE = 1 << 2;
        /// X: instruction fetches.
        const EXECUTE = 1 << 3;
        /// U: for the user, and not for the kernel.
        const USER = 1 << 4;
        /// G: in every address space.
        const GLOBAL = 1 << 5;
        /// A: has been accessed; always set here.
        const ACCESSED = 1 << 6;
        /// D: has been written; always set here.
        const DIRTY = 1 << 7;
        /// Software: others may hold the frame, so a write needs the kernel, which copies unless it finds that nobody does.
        const COPY_ON_WRITE = 1 << 8;
        /// Software: a shared mapping; fork shares the frame and leaves it writable.
        const SHARED = 1 << 9;
    }
}

impl Flags {
    /// A page of a program. Without any permission the page is there, but no access of the user succeeds.
    pub const fn user(permissions: Permissions) -> Self {
        Self::VALID
            .union(Self::ACCESSED)
            .union(Self::DIRTY)
            .with_permissions(permissions)
    }

    /// A page of the kernel, in every address space.
    pub const fn kernel(permissions: Permissions) -> Self {
        Self::user(permissions)
            .difference(Self::USER)
            .union(Self::GLOBAL)
    }

    /// The same marks with a program's other permissions. A page marked copy-on-write does not become writable;
    /// writable implies readable, since the format has no write-only page.
    pub const fn with_permissions(self, permissions: Permissions) -> Self {
        let access = Self::READ
            .union(Self::WRITE)
            .union(Self::EXECUTE)
            .union(Self::USER);
        let mut flags = self.difference(access);
        if permissions.is_empty() {
            return flags.union(Self::READ);
        }
        flags = flags.union(Self::USER);
        if permissions.intersects(Permissions::READ.union(Permissions::WRITE)) {
            flags = flags.union(Self::READ);
        }
        if permissions.contains(Permissions::WRITE) && !self.contains(Self::COPY_ON_WRITE) {
            flags = flags.union(Self::WRITE);
        }
        // Kept even beside WRITE, so that the table refuses the pair and does not quietly drop one of them.
        if permissions.contains(Permissions::EXECUTE) {
            flags = flags.union(Self::EXECUTE);
        }
        flags
    }

    /// The same page marked copy-on-write, and so not writable. Fork marks every private page, read-only ones too:
    /// `mprotect` may make them writable later.
    pub const fn copy_on_write(self) -> Self {
        self.union(Self::COPY_ON_WRITE).difference(Self::WRITE)
    }

    /// True for flags that a leaf may have here: readable or executable, never writable and executable,
    /// never writable and copy-on-write.
    pub const fn is_permitted(self) -> bool {
        let write_execute = Self::WRITE.union(Self::EXECUTE);
        let write_copy = Self::WRITE.union(Self::COPY_ON_WRITE);
        self.contains(Self::VALID)
            && self.intersects(Self::READ.union(Self::EXECUTE))
            && (self.contains(Self::READ) || !self.contains(Self::WRITE))
            && !self.contains(write_execute)
            && !self.contains(write_copy)
    }
}

/// An entry of a table: bits 53 to 10 are a frame's number, the low ten are [`Flags`].
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pte(pub u64);

impl Pte {
    /// The highest frame number that an entry can hold.
    pub const MAX_FRAME: u64 = (1 << 44) - 1;

    /// An entry for a page.
    pub const fn leaf(frame: FrameNumber, flags: Flags) -> Self {
        Self((frame.0 & Self::MAX_FRAME) << 10 | flags.bits())
    }

    /// An entry for a table of the next lower level.
    pub const fn table(frame: FrameNumber) -> Self {
        Self::leaf(frame, Flags::VALID)
    }

    /// The same page marked copy-on-write, and so not writable.
    pub const fn copy_on_write(self) -> Self {
        Self(self.0 & !Flags::WRITE.bits() | Flags::COPY_ON_WRITE.bits())
    }

    /// The frame of the page or the table.
    pub const fn frame(self) -> FrameNumber {
        FrameNumber(self.0 >> 10 & Self::MAX_FRAME)
    }

    /// The low ten bits.
    pub const fn flags(self) -> Flags {
        Flags::from_bits_truncate(self.0)
    }

    /// True when the entry means something.
    pub const fn is_valid(self) -> bool {
        self.flags().contains(Flags::VALID)
    }

    /// True when the entry is for a page.
    pub const fn is_leaf(self) -> bool {
        self.is_valid()
            && self
                .flags()
                .intersects(Flags::READ.union(Flags::WRITE).union(Flags::EXECUTE))
    }

    /// True when the entry is for a table of the next lower level.
    pub const fn is_table(self) -> bool {
        self.is_valid() && !self.is_leaf()
    }

    /// What a program may do with the page, as hardware sees it: nothing when the page is the kernel's.
    pub const fn permissions(self) -> Permissions {
        let flags = self.flags();
        if !self.is_leaf() || !flags.contains(Flags::USER) {
            return Permissions::empty();
        }
        // R, W and X lie one bit higher than Linux's PROT_ bits.
        Permissions::from_bits_truncate((flags.bits() >> 1) as u32)
    }
}
